// millrace/pino under pino itself, in a process of its own.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

type Package = typeof import('../../src/index.ts')
const { Engine } = (await import(new URL('../../dist/index.js', import.meta.url).href)) as Package

test('each line that is logged is a record, also those of the last moment', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-pino-'))
  try {
    const logger = fileURLToPath(new URL('./logger.mjs', import.meta.url))
    await promisify(execFile)(process.execPath, [logger, dir])
    const engine = await Engine.open({ dir })
    const log = await engine.topic('lines')
    const records = []
    for await (const batch of log.read(1)) for (const { value } of batch) records.push(JSON.parse(`${value}`))
    await engine.close()
    expect([log.partitions, log.durability]).toEqual([2, 'os'])
    expect(records.map(({ msg, count }) => [msg, count])).toEqual(
      Array.from({ length: 1000 }, (_, count) => ['größer\nals eins', count]),
    )
  } finally {
    rmSync(dir, { recursive: true })
  }
})
