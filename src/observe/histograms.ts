// How long things took, in shared memory: one row of counts for each histogram, a table for each thread.
//
// One writer a table; readers see each number whole, but not all as of one moment. Times are microseconds as 32-bit
// integers that wrap, taken from one reading of the clock a tick (TickClock): so a duration is exact to a tick, and what is
// begun and done within one tick took 0. Hot: a histogram is two additions to a typed array.
//
// Buckets double, with one step between: below 64 µs, 96, 128, 192 … to 17 s, and all beyond.

const FIRST_EXPONENT = 6
const LAST_EXPONENT = 24
const BUCKETS = (LAST_EXPONENT - FIRST_EXPONENT) * 2 + 2
/** The buckets, then the sum of all durations. */
const ROW_WORDS = BUCKETS + 1

/** API keys; a request's histogram is its key. */
const API_KEYS = 128
/** Whose stages are told apart: Produce, Fetch, and all others together. */
const STAGED = ['Produce', 'Fetch', 'other'] as const

/** The histograms, by place. Those of three are one for each of `STAGED`. */
export const HISTOGRAM = {
  /** From the tick that a request's frame came in to the tick that its answer left, or its last slice had left. */
  request: 0,
  /** From there until it was begun: behind others of its connection. */
  queue: API_KEYS,
  /** From when it could be answered until its answer had left: behind earlier answers, and the socket. */
  send: API_KEYS + STAGED.length,
  /** A batch, from when it was accepted until its journal group was handed to the disk. */
  append: API_KEYS + 2 * STAGED.length,
  /** A batch, from there until it was durable. */
  sync: API_KEYS + 2 * STAGED.length + 1,
  /** A journal group's write and sync. */
  journalSync: API_KEYS + 2 * STAGED.length + 2,
} as const
const HISTOGRAMS = API_KEYS + 2 * STAGED.length + 3

/** The tick's reading of the clock. */
export class TickClock {
  /** Microseconds, modulo 2^32. */
  micros = 0

  read(nowMs: number): void {
    this.micros = (nowMs * 1000) | 0
  }
}

export function createHistogramsMemory(threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer(threads * HISTOGRAMS * ROW_WORDS * 8)
}

export class Histograms {
  readonly #table: Float64Array

  constructor(memory: SharedArrayBuffer, thread: number) {
    const words = HISTOGRAMS * ROW_WORDS
    this.#table = new Float64Array(memory, thread * words * 8, words)
  }

  /** Both are readings of a TickClock. */
  observe(histogram: number, from: number, to: number): void {
    const micros = (to - from) | 0
    const row = histogram * ROW_WORDS
    this.#table[row + bucketOf(micros)]! += 1
    this.#table[row + BUCKETS]! += micros
  }

  /** A request that is over, by its call's readings. */
  observeRequest(apiKey: number, arrivedAt: number, begunAt: number, readyAt: number, endedAt: number): void {
    const staged = apiKey === 0 ? 0 : apiKey === 1 ? 1 : 2
    this.observe(HISTOGRAM.request + apiKey, arrivedAt, endedAt)
    this.observe(HISTOGRAM.queue + staged, arrivedAt, begunAt)
    this.observe(HISTOGRAM.send + staged, readyAt, endedAt)
  }

  read(histogram: number): Distribution {
    const row = histogram * ROW_WORDS
    return { counts: this.#table.slice(row, row + BUCKETS), sumMicros: this.#table[row + BUCKETS]! }
  }
}

/** How often a duration fell into each bucket. */
export interface Distribution {
  readonly counts: Float64Array
  readonly sumMicros: number
}

/** Of all threads together. */
export function sumOf(tables: readonly Histograms[], histogram: number): Distribution {
  const counts = new Float64Array(BUCKETS)
  let sumMicros = 0
  for (const table of tables) {
    const own = table.read(histogram)
    for (let i = 0; i < BUCKETS; i++) counts[i]! += own.counts[i]!
    sumMicros += own.sumMicros
  }
  return { counts, sumMicros }
}

/** The stages that belong to requests, with the API that each histogram is of. */
export function stagesOf(): { stage: string; api: string; histogram: number }[] {
  return [
    ...STAGED.map((api, i) => ({ stage: 'queue', api, histogram: HISTOGRAM.queue + i })),
    { stage: 'append', api: 'Produce', histogram: HISTOGRAM.append },
    { stage: 'sync', api: 'Produce', histogram: HISTOGRAM.sync },
    ...STAGED.map((api, i) => ({ stage: 'send', api, histogram: HISTOGRAM.send + i })),
  ]
}

export function bucketOf(micros: number): number {
  if (micros < 1 << FIRST_EXPONENT) return 0
  const exponent = 31 - Math.clz32(micros)
  if (exponent >= LAST_EXPONENT) return BUCKETS - 1
  return 1 + (exponent - FIRST_EXPONENT) * 2 + ((micros >> (exponent - 1)) & 1)
}

/** What the durations in the bucket are below; Infinity for the last. */
export function bucketEndMicros(bucket: number): number {
  if (bucket === BUCKETS - 1) return Number.POSITIVE_INFINITY
  const step = bucket + 1
  return 2 ** (FIRST_EXPONENT + (bucket >> 1)) * (step % 2 === 1 ? 1 : 1.5)
}
