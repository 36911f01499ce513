import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const script = fileURLToPath(new URL('../../bench/compare.mjs', import.meta.url))

/** Once and briefly, beside the null broker, for no Kafka is on a fresh machine; a row for each kind of load and of life. */
test('bench/compare.mjs', () => {
  const rows = [1, 6, 8, 10, 17]
  const options = ['--rows', rows.join(), '--peers', 'null', '--pairs', '1', '--small']
  const output = execFileSync(process.execPath, [script, ...options], { encoding: 'utf8' })
  for (const row of rows) expect(output).toMatch(new RegExp(`^## ${row}: .* — null broker`, 'm'))
  expect(output).toMatch(/^\| throughput, MB\/s \| [\d.,]+ \| [\d.,]+ \| [\d.,]+ /m)
  expect(output).toMatch(/^\| p99\.9, ms \| [\d.,]+ \| [\d.,]+ \| /m)
  expect(output).toMatch(/^\| first start, s \| [\d.,]+ \| [\d.,]+ \| /m)
  expect(output).not.toContain('failed')
}, 300_000)
