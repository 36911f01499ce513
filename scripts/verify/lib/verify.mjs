// What every verify script shares: its arguments, its scratch directory, what it has found, and its exit code.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { killBrokers } from './broker.mjs'

/**
 * Runs a script's `body`. Every claim it checks and every figure it measured is a line of output; the exit code is 1 if
 * a claim does not hold or the body throws. Brokers that still run then are killed, by their pids.
 */
export async function verify(name, options, body) {
  const { values } = parseArgs({
    options: { small: { type: 'boolean', default: false }, keep: { type: 'boolean', default: false }, ...options },
  })
  const directory = mkdtempSync(join(process.env.MILLRACE_VERIFY_DIR ?? tmpdir(), `millrace-${name}-`))
  const startedAt = performance.now()
  let failures = 0
  const report = {
    directory,
    say: (line) => console.log(`  ${line}`),
    check(holds, claim) {
      console.log(`  ${holds ? 'ok  ' : 'FAIL'} ${claim}`)
      if (!holds) failures++
    },
  }
  console.log(`${name}${values.small ? ' (small)' : ''}`)
  try {
    await body(values, report)
  } catch (error) {
    failures++
    console.log(`  FAIL ${error.stack}`)
  } finally {
    await killBrokers()
    if (values.keep || failures > 0) console.log(`  kept: ${directory}`)
    else rmSync(directory, { recursive: true, force: true })
  }
  console.log(
    `${name}: ${failures === 0 ? 'passed' : 'FAILED'} in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`,
  )
  process.exit(failures === 0 ? 0 : 1)
}

export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`

/** The same numbers for the same seed (mulberry32): [0, 1). */
export function seededRandom(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
