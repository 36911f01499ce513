import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { addonPath } from '../../src/native/load.ts'

/** Runs a benchmark with a few rounds only: that it still runs, not what it measures. */
test.each([
  ['crc32c', /65536 bytes {2}instructions [\d.]+ GB\/s/],
  ['batch', /1 KB records: [\d.]+ us a batch/],
  ['reactor', /echo +[\d.]+ us\/request/],
  ['disk-queue', /1 MiB groups, aligned: [\d.]+ CPU-s\/GB/],
])('bench/native/%s.bench.mjs', (name, expected) => {
  const script = fileURLToPath(new URL(`../../bench/native/${name}.bench.mjs`, import.meta.url))
  const environment = { ...process.env, MILLRACE_ADDON: addonPath() }
  const output = execFileSync(process.execPath, [script, '--small'], { encoding: 'utf8', env: environment })
  expect(output).toMatch(expected)
})
