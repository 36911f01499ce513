// What code allocates, by the collector's own books.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/** Bytes that stay allocated for as long as the result of `make` is held. */
export function retainedBytes(make: () => unknown): number {
  collect()
  const before = process.memoryUsage().heapUsed
  const held = make()
  collect()
  const after = process.memoryUsage().heapUsed
  return held === undefined ? 0 : after - before
}

/**
 * Bytes allocated by one call of `run` once it is warm: the median over slices of a thousand calls in which no collection
 * freed more than they made, so that neither that nor the optimising compiler at work counts.
 */
export function allocatedBytesPerRun(run: () => void): number {
  const slice = 1000
  for (let i = 0; i < 20 * slice; i++) run()
  collect()
  const grown: number[] = []
  for (let done = 0; done < 80; done++) {
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < slice; i++) run()
    grown.push((process.memoryUsage().heapUsed - before) / slice)
  }
  const whole = grown.filter((bytes) => bytes >= 0).sort((a, b) => a - b)
  return whole[whole.length >> 1]!
}
