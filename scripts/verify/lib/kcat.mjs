// kcat as a child process.
import { runToEnd } from './process.mjs'

/** Runs kcat; `options` are of runToEnd. */
export async function kcat(port, parameters, options) {
  await runToEnd(['kcat', '-b', `127.0.0.1:${port}`, ...parameters], options)
}

/** Produces each of the parts, one message a line, into the partition of its number: a producer for each, all at once. */
export async function produceParts(port, topic, parts, parameters = []) {
  await Promise.all(
    parts.map(({ bytes }, partition) =>
      kcat(port, ['-P', '-t', topic, '-p', `${partition}`, ...parameters], { input: bytes }),
    ),
  )
}
