// Child processes with a time limit.
import { spawn } from 'node:child_process'
import { once } from 'node:events'

const SECONDS_MAX = 120

/** Runs a command to its end and resolves to its stdout; rejects, with what it said, if it fails. */
export async function runToEnd(command, { input, env = {}, cwd } = {}) {
  const child = spawn('timeout', ['-k', '5', `${SECONDS_MAX}`, ...command], { cwd, env: { ...process.env, ...env } })
  const out = []
  let errors = ''
  child.stdout.on('data', (bytes) => out.push(bytes))
  child.stderr.on('data', (text) => {
    errors += text
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const [code] = await once(child, 'close')
  const said = Buffer.concat(out).toString()
  if (code !== 0) throw new Error(`${command[0]}: exit ${code}: ${`${said}${errors}`.trim().slice(-1500)}`)
  return said
}

/** Resolves to what `work` does, or rejects after a while. */
export async function within(ms, what, work) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${typeof what === 'string' ? what : what()} (waited ${ms / 1000} s)`)),
      ms,
    )
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
