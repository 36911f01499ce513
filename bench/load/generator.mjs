// The load generator and the null broker from JavaScript: built when they are out of date, started as processes of
// their own, bounded in time, ended by their pid. README.md beside this file lists the options.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { buildLoad } from '../../scripts/build-load.mjs'

/** What a run may take beyond its own seconds: connecting, draining, and a machine that has other work. */
const SPARE_MS = 60_000

/**
 * Runs one load. `options` are the program's own, `mode` among them; resolves to what it reports. Rejects with the
 * program's words if it fails or does not end in time. `onMeasuring` is called when the warm-up is over.
 */
export async function runLoad({ mode, onMeasuring, ...options }) {
  const { load } = buildLoad()
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  const words = given.map(([name, value]) => `${name}=${value === true ? 1 : value === false ? 0 : value}`)
  if (onMeasuring !== undefined) words.push('announce=1')
  const child = spawn(load, [mode, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  const { seconds = 10, warmup = 0, drain = 5, timeout = 10 } = options
  const deadline = setTimeout(
    () => child.kill('SIGKILL'),
    SPARE_MS + (Number(seconds) + Number(warmup) + Number(drain) + Number(timeout)) * 1000,
  )
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    if (onMeasuring !== undefined && text.startsWith('measuring\n')) onMeasuring()
    errors += text
  })
  try {
    const ended = once(child, 'close')
    const output = await textOf(child.stdout)
    const [code, killedBy] = await ended
    if (code !== 0) throw new Error(errors.replace('measuring\n', '').trim() || `load ended by ${killedBy}`)
    return JSON.parse(output)
  } finally {
    clearTimeout(deadline)
  }
}

/** Starts a null broker; its options are in the head of null_broker.cc. `stop()` resolves when it has ended. */
export async function startNullBroker(options = {}) {
  const { nullBroker } = buildLoad()
  const words = Object.entries(options).map(([name, value]) => `${name}=${value === true ? 1 : value}`)
  const child = spawn(nullBroker, words, { stdio: ['pipe', 'pipe', 'pipe'] })
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors += text
  })
  const exited = once(child, 'exit')
  const port = Number(
    await Promise.race([
      once(child.stdout, 'data'),
      exited.then(([code]) => Promise.reject(new Error(`null-broker ended with ${code}: ${errors}`))),
    ]),
  )
  return {
    pid: child.pid,
    port,
    async stop() {
      child.stdin.end()
      const [code] = await exited
      if (code !== 0) throw new Error(`null-broker ended with ${code}: ${errors}`)
    },
  }
}

async function textOf(stream) {
  let all = ''
  for await (const chunk of stream.setEncoding('utf8')) all += chunk
  return all
}
