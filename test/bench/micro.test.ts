import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const bench = fileURLToPath(new URL('../../bench/', import.meta.url))

/** Each benchmark of a part of src/, and how many figures it must print. Those of bench/native are in test/native. */
const FIGURES: Record<string, number> = {
  'coordinator/groups': 10,
  'engine/appends': 2,
  'journal/journal': 8,
  'lib/deadlines': 9,
  'log/log': 12,
  'memory/arena': 15,
  'metadata/image': 8,
  'net/requests': 8,
  'observe/counters': 5,
  'raft/quorum': 2,
  'ring/ring': 9,
  'shard/ticks': 10,
}

test('every benchmark is in a test', () => {
  const files = readdirSync(bench, { recursive: true, encoding: 'utf8' })
  const found = files.filter((file) => file.endsWith('.bench.mjs') && !file.startsWith('native/'))
  const named = [...Object.keys(FIGURES), 'wire/codecs'].map((name) => `${name}.bench.mjs`)
  expect(found.sort()).toEqual(named.sort())
})

/** Small: that it still runs against the built code, not what it measures. */
async function runSmall(name: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [`${bench}${name}.bench.mjs`, '--small'])
  return stdout
}

test.each(Object.entries(FIGURES))('bench/%s.bench.mjs prints %i figures', async (name, count) => {
  const lines = (await runSmall(name)).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  for (const line of lines) expect(line).toMatch(/^\S.* +[\d. ]+ ns {2}\([\d. ]+ to [\d. ]+\) +[\d. ]+ B$/)
  expect(lines).toHaveLength(count)
})

test('bench/wire/codecs.bench.mjs', async () => {
  await expect(runSmall('wire/codecs')).resolves.toBeDefined()
})
