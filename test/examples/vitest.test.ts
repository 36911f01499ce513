// The example in examples/vitest, run as its reader would run it.
import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

test('a test file with a broker of its own passes', async () => {
  const folder = fileURLToPath(new URL('../../examples/vitest', import.meta.url))
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
  const { stdout } = await promisify(execFile)(process.execPath, [vitest, 'run', '--reporter=json'], { cwd: folder })
  expect(JSON.parse(stdout)).toMatchObject({ success: true, numPassedTests: 1 })
})
