import { expect, test } from 'vitest'
import {
  bucketEndMicros,
  bucketOf,
  createHistogramsMemory,
  HISTOGRAM,
  Histograms,
  sumOf,
  TickClock,
} from '../../src/observe/histograms.ts'

test('every duration is below the end of its bucket, and not below that of the one before', () => {
  for (let micros = 0; micros < 2 ** 31; micros += 1 + (micros >> 7)) {
    const bucket = bucketOf(micros)
    if (micros >= bucketEndMicros(bucket)) expect.fail(`${micros} is in ${bucket}`)
    if (bucket > 0 && micros < bucketEndMicros(bucket - 1)) expect.fail(`${micros} is in ${bucket}`)
  }
  expect(bucketEndMicros(bucketOf(2 ** 31 - 1))).toBe(Number.POSITIVE_INFINITY)
})

test('a duration is right across the wrap of the clock', () => {
  const clock = new TickClock()
  const histograms = new Histograms(createHistogramsMemory(1), 0)
  clock.read(2 ** 31 / 1000 - 1)
  const before = clock.micros
  clock.read(2 ** 31 / 1000 + 1)
  expect(clock.micros).toBeLessThan(0)
  histograms.observe(HISTOGRAM.sync, before, clock.micros)
  expect(histograms.read(HISTOGRAM.sync).sumMicros).toBe(2000)
})

test('threads write tables of their own, and are read together', () => {
  const memory = createHistogramsMemory(2)
  const tables = [new Histograms(memory, 0), new Histograms(memory, 1)]
  tables[0]!.observeRequest(0, 0, 10, 100, 300)
  tables[1]!.observeRequest(0, 0, 0, 0, 5)
  tables[1]!.observeRequest(1, 0, 0, 0, 7)
  const { counts, sumMicros } = sumOf(tables, HISTOGRAM.request)
  expect(sumMicros).toBe(305)
  expect(counts.reduce((sum, count) => sum + count)).toBe(2)
  expect(sumOf(tables, HISTOGRAM.request + 1).sumMicros).toBe(7)
  expect(sumOf(tables, HISTOGRAM.queue).sumMicros).toBe(10)
  expect(sumOf(tables, HISTOGRAM.send).sumMicros).toBe(205)
})
