// kcat as a child process, with a time limit on every call.
import { spawn } from 'node:child_process'
import { once } from 'node:events'

const SECONDS_MAX = 120

/** Runs kcat with `input` on stdin. `onOutput` gets stdout as it comes. */
export async function kcat(port, parameters, { input, onOutput } = {}) {
  const child = spawn('timeout', [`${SECONDS_MAX}`, 'kcat', '-b', `127.0.0.1:${port}`, ...parameters])
  let errors = ''
  child.stderr.on('data', (text) => {
    errors += text
  })
  child.stdout.on('data', (bytes) => onOutput?.(bytes))
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`kcat ${parameters.join(' ')}: exit ${code}\n${errors}`)
}

/** Produces each of the parts, one message a line, into the partition of its number: a producer for each, all at once. */
export async function produceParts(port, topic, parts, parameters = []) {
  await Promise.all(
    parts.map(({ bytes }, partition) =>
      kcat(port, ['-P', '-t', topic, '-p', `${partition}`, ...parameters], { input: bytes }),
    ),
  )
}
