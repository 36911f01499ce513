// What the micro-benchmarks share: mitata measures, one line tells it. Of each thing: nanoseconds (the median of many
// samples, the 25th to the 75th percentile beside it) and bytes of heap, 0 where it must be free of allocation.
//
// `--small` (or MILLRACE_BENCH=small) does each thing a few times only, to see that it still runs.
import { cpus, release } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { measure } from 'mitata'

export const isSmall = process.argv.includes('--small') || process.env.MILLRACE_BENCH === 'small'

/** Until the compiler has done its work. */
const WARM_UP_MS = isSmall ? 0 : 300
const SAMPLES_MIN = isSmall ? 3 : 12
const CPU_NANOSECONDS_MIN = isSmall ? 2e6 : 400e6
const HEAP_SLICES = isSmall ? 5 : 61
const HEAP_SLICE_NANOSECONDS = 300_000
const HEAP_SLICE_CALLS_MAX = isSmall ? 10 : 1000
/** mitata times thousands of calls at once of what takes less. Two threads on one core take long for a few of some. */
const TOGETHER_BELOW_NANOSECONDS = isSmall ? 0 : 65_536

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')

/** The compiled module of a path below src/. */
export function fromDist(path) {
  return import(new URL(`../dist/${path}.js`, import.meta.url).href)
}

export function question(text) {
  process.stdout.write(`# ${text}\n# ${cpus()[0].model}, ${cpus().length} cores, Linux ${release()}, `)
  process.stdout.write(`Node ${process.version}\n`)
}

/** Measures `once`, which does `count` of what is named. `mayWait`: now and then it returns a promise. */
export async function row(name, once, count = 1, { mayWait = false } = {}) {
  const warmAt = performance.now() + WARM_UP_MS
  do await once()
  while (performance.now() < warmAt)
  const options = {
    min_cpu_time: CPU_NANOSECONDS_MIN,
    min_samples: SAMPLES_MIN,
    batch_threshold: TOGETHER_BELOW_NANOSECONDS,
  }
  const { p25, p50, p75 } = await measure(mayWait ? firstWaiting(once) : once, options)
  const heapBytes = Math.max(0, (await allocatedBytes(once, p50)) - (await allocatedBytes(() => undefined, p50)))
  const [low, middle, high] = [p25, p50, p75].map((nanoseconds) => figure(nanoseconds / count))
  const time = `${middle.padStart(10)} ns  (${low} to ${high})`
  process.stdout.write(`${name.padEnd(64)}${time.padEnd(36)}${figure(heapBytes / count).padStart(9)} B\n`)
}

/** mitata awaits what returned a promise when it was first called. */
function firstWaiting(once) {
  let isFirst = true
  return () => {
    const result = once()
    if (!isFirst) return result
    isFirst = false
    return Promise.resolve(result)
  }
}

/** By the collector's books: the median of slices in which nothing was freed. */
async function allocatedBytes(once, nanoseconds) {
  const calls = Math.max(1, Math.min(HEAP_SLICE_CALLS_MAX, Math.round(HEAP_SLICE_NANOSECONDS / nanoseconds)))
  const grown = []
  collect()
  for (let slice = 0; slice < HEAP_SLICES; slice++) {
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < calls; i++) {
      const result = once()
      if (result instanceof Promise) await result
    }
    grown.push((process.memoryUsage().heapUsed - before) / calls)
  }
  const whole = grown.filter((bytes) => bytes >= 0).sort((a, b) => a - b)
  return whole[whole.length >> 1] ?? 0
}

function figure(value) {
  return value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en').replaceAll(',', ' ')
}
