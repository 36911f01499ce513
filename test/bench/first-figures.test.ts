import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { buildLoad } from '../../scripts/build-load.mjs'

beforeAll(() => {
  buildLoad()
}, 300_000)

/** Once and briefly: that it still runs against the built broker, not what it measures. */
test('bench/first-figures.mjs', () => {
  const script = fileURLToPath(new URL('../../bench/first-figures.mjs', import.meta.url))
  const output = execFileSync(process.execPath, [script, '--small'], { encoding: 'utf8' })
  expect(output).toMatch(/produce acks=all warm +[\d.]+ \[.*CPU-s\/GB.*floor/)
  expect(output).toMatch(/fetch page cache +[\d.]+ \[.*CPU-s\/GB/)
  expect(output).toMatch(/produce \+ tail fetch +[\d.]+ \[.*CPU-s\/GB/)
  expect(output).toMatch(/small acks=1 +[\d.]+ \[.*us\/request.*floor/)
}, 60_000)
