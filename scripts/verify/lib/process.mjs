// Child processes with a time limit.
import { spawn } from 'node:child_process'
import { once } from 'node:events'

const SECONDS_MAX = 120
const ERROR_CHARACTERS_MAX = 1500

/**
 * Runs a command to its end, with `input` on stdin; resolves to its exit code and what it printed. `onOutput` gets stdout
 * as it comes, and then it is not kept.
 */
export async function run(command, { input, onOutput, env = {}, secondsMax = SECONDS_MAX } = {}) {
  const child = spawn('timeout', ['-k', '5', `${secondsMax}`, ...command], { env: { ...process.env, ...env } })
  const stdout = []
  const stderr = []
  child.stdout.on('data', onOutput ?? ((bytes) => stdout.push(bytes)))
  child.stderr.on('data', (bytes) => stderr.push(bytes))
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const [code] = await once(child, 'close')
  return { code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }
}

/** The same, resolves to its stdout; rejects, with what it said, if it fails. */
export async function runToEnd(command, options) {
  const { code, stdout, stderr } = await run(command, options)
  if (code === 0) return stdout
  throw new Error(`${command[0]}: exit ${code}: ${`${stdout}${stderr}`.trim().slice(-ERROR_CHARACTERS_MAX)}`)
}
