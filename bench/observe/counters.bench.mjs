// What does it cost to count, and to note how long something took? A request does four of the one and three of the other.
//
//   npm run build:ts && node bench/observe/counters.bench.mjs [--small]
import { fromDist, question, row } from '../micro.mjs'

const { COUNTER, Counters, createCountersMemory } = await fromDist('observe/counters')
const { createHistogramsMemory, HISTOGRAM, Histograms, sumOf, TickClock } = await fromDist('observe/histograms')

const SHARDS = 4

question('Counters and histograms in shared memory')
const counters = new Counters(createCountersMemory(1), 0)
await row('add to a counter', () => counters.add(COUNTER.frames, 1))

const memory = createHistogramsMemory(SHARDS)
const histograms = new Histograms(memory, 0)
const tick = new TickClock()
let micros = 0
await row('observe one duration', () => {
  micros = (micros + 7919) % 20_000_000
  histograms.observe(HISTOGRAM.append, 0, micros)
})
await row('observe a request: whole, queued, sent', () => {
  micros = (micros + 7919) % 20_000_000
  histograms.observeRequest(0, 0, 1, 2, micros)
})
let nowMs = 1000
await row("read the tick's clock", () => {
  nowMs++
  tick.read(nowMs)
})
const tables = Array.from({ length: SHARDS }, (_, shard) => new Histograms(memory, shard))
await row(`sum one histogram over ${SHARDS} shards, for a scrape`, () => sumOf(tables, HISTOGRAM.append))
