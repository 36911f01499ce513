// The series and the health of a broker that only seems to be there.
import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { BrokerMetrics, type BrokerMetricsOptions } from '../src/broker-metrics.ts'
import { MetadataImage } from '../src/metadata/image.ts'
import { COUNTER, Counters, createCountersMemory } from '../src/observe/counters.ts'
import { createHistogramsMemory, Histograms } from '../src/observe/histograms.ts'
import { counter, render } from '../src/observe/prometheus.ts'

const never = new Promise<never>(() => undefined)
const NO_LAGS = { lags: [], leftOut: 0 }
const NO_OFFSETS = { offsets: [], leftOut: 0 }
const STATE = {
  connections: [2],
  requestsInFlight: 3,
  arenaHeldBytes: 1 << 20,
  groupHeldBytes: 2048,
  isRetentionHeld: true,
}

type Shard = BrokerMetricsOptions['shards'][number]

function shardWith(answers: Partial<Shard>): Shard {
  return {
    state: () => Promise.resolve(STATE),
    groupLags: () => Promise.resolve(NO_LAGS),
    partitionOffsets: () => Promise.resolve(NO_OFFSETS),
    ...answers,
  }
}

const late: Shard = { state: () => never, groupLags: () => never, partitionOffsets: () => never }

function stage(options: Partial<BrokerMetricsOptions> = {}) {
  const counters = new Counters(createCountersMemory(1), 0)
  const histograms = new Histograms(createHistogramsMemory(1), 0)
  const metrics = new BrokerMetrics({
    image: new MetadataImage(),
    shards: [shardWith({})],
    groupLagsMax: 3,
    partitionOffsetsMax: 2,
    counters: [counters],
    histograms: [histograms],
    arenaBytes: 16 << 20,
    listenerNames: ['PLAINTEXT', 'INSIDE'],
    logDirectory: tmpdir(),
    stateTimeoutMs: 10,
    failure: () => null,
    ...options,
  })
  return { metrics, counters, histograms }
}

const linesOf = (text: string, series: string) => text.split('\n').filter((line) => line.startsWith(series))

test('counters, gauges and histograms, each with its type', async () => {
  const { metrics, counters, histograms } = stage()
  counters.set(COUNTER.receivedBytes, 5_000_000_000)
  histograms.observeRequest(0, 0, 0, 50, 100)
  histograms.observeRequest(0, 0, 0, 0, 1_000_000)
  const text = await metrics.text()
  expect(text).toContain(
    '# TYPE millrace_received_bytes_total counter\nmillrace_received_bytes_total{shard="0"} 5000000000\n',
  )
  expect(linesOf(text, 'millrace_connections{')).toEqual([
    'millrace_connections{listener="PLAINTEXT",shard="0"} 2',
    'millrace_connections{listener="INSIDE",shard="0"} 0',
  ])
  expect(linesOf(text, 'millrace_requests_in_flight')).toEqual(['millrace_requests_in_flight{shard="0"} 3'])
  expect(linesOf(text, 'millrace_retention_held')).toEqual(['millrace_retention_held{shard="0"} 1'])
  const buckets = linesOf(text, 'millrace_request_seconds_bucket{api="Produce"')
  expect(buckets[0]).toBe('millrace_request_seconds_bucket{api="Produce",le="0.000064"} 0')
  expect(buckets[2]).toBe('millrace_request_seconds_bucket{api="Produce",le="0.000128"} 1')
  expect(buckets.at(-1)).toBe('millrace_request_seconds_bucket{api="Produce",le="+Inf"} 2')
  expect(text).toContain('millrace_request_seconds_sum{api="Produce"} 1.0001\n')
  expect(text).toContain('millrace_request_seconds_count{api="Produce"} 2\n')
  expect(text).not.toContain('api="Fetch"')
})

test('every line is one that Prometheus can read, and no series comes twice', async () => {
  const { metrics, histograms } = stage({ listenerNames: ['a"b\\c\nd'] })
  for (let key = 0; key < 61; key++) histograms.observeRequest(key, 0, 0, 0, 1)
  const text = await metrics.text()
  const comment = /^# (HELP|TYPE) millrace_[a-z_]+ \S.*$/
  const sample =
    /^millrace_[a-z_]+(\{[a-z]+="([^"\\\n]|\\["\\n])*"(,[a-z]+="([^"\\\n]|\\["\\n])*")*\})? (\d[\d.e+-]*|\+Inf)$/
  const lines = text.trimEnd().split('\n')
  expect(lines.filter((line) => !comment.test(line) && !sample.test(line))).toEqual([])
  const series = lines.filter((line) => sample.test(line)).map((line) => line.slice(0, line.lastIndexOf(' ')))
  expect(series.length).toBe(new Set(series).size)
  const words = render([counter('words_total', 'Words.', [{ labels: { word: '"' }, value: 1 }])])
  expect(words).toContain('millrace_words_total{word="\\""} 1\n')
})

test('a broker is well while its shards answer and its directory is there', async () => {
  expect(await stage().metrics.problems()).toEqual([])
  expect(await stage({ shards: [late] }).metrics.problems()).toEqual(['shard 0 did not answer in 10 ms'])
  expect(await stage({ logDirectory: '/nowhere/at/all' }).metrics.problems()).toEqual([
    expect.stringMatching(/^\/nowhere\/at\/all cannot be reached: ENOENT/),
  ])
  expect(await stage({ failure: () => new Error('fdatasync: EIO') }).metrics.problems()).toEqual([
    'the broker has failed: fdatasync: EIO',
  ])
})

test('a shard that does not answer is shown as down, and the rest without it', async () => {
  const text = await stage({ shards: [late] }).metrics.text()
  expect(text).toContain('millrace_shard_up{shard="0"} 0\n')
  expect(text).not.toContain('millrace_connections')
  expect(text).toContain('millrace_received_bytes_total')
})

test('the lag of groups is shown of so many partitions, and how many more there are', async () => {
  const lag = (group: string, partition: number, committedOffset: number, endOffset: number) => {
    return { group, topic: 'orders', partition, committedOffset, endOffset }
  }
  const shard = (lags: ReturnType<typeof lag>[], leftOut: number) =>
    shardWith({ groupLags: () => Promise.resolve({ lags, leftOut }) })
  const shards = [
    shard([lag('a"', 0, 4, 10), lag('a"', 1, 12, 10)], 5),
    late,
    shard([lag('b', 0, 0, 0), lag('c', 0, 1, 1)], 0),
  ]
  const text = await stage({ shards, groupLagsMax: 3 }).metrics.text()
  expect(linesOf(text, 'millrace_group_')).toEqual([
    'millrace_group_lag{group="a\\"",topic="orders",partition="0"} 6',
    'millrace_group_lag{group="a\\"",topic="orders",partition="1"} 0',
    'millrace_group_lag{group="b",topic="orders",partition="0"} 0',
    'millrace_group_committed_offset{group="a\\"",topic="orders",partition="0"} 4',
    'millrace_group_committed_offset{group="a\\"",topic="orders",partition="1"} 12',
    'millrace_group_committed_offset{group="b",topic="orders",partition="0"} 0',
    'millrace_group_lags_left_out 6',
  ])
})

test('how far partitions are durable, readable and written is shown of so many', async () => {
  const offsets = (partition: number, durableOffset: number, highWatermark: number, logEndOffset: number) => {
    return { topic: 'orders', partition, durableOffset, highWatermark, logEndOffset }
  }
  const shard = (all: ReturnType<typeof offsets>[], leftOut: number) =>
    shardWith({ partitionOffsets: () => Promise.resolve({ offsets: all, leftOut }) })
  const shards = [shard([offsets(0, 4, 9, 10)], 5), late, shard([offsets(1, 7, 7, 7), offsets(2, 1, 1, 1)], 0)]
  const text = await stage({ shards }).metrics.text()
  expect(linesOf(text, 'millrace_partition_')).toEqual([
    'millrace_partition_durable_offset{topic="orders",partition="0"} 4',
    'millrace_partition_durable_offset{topic="orders",partition="1"} 7',
    'millrace_partition_high_watermark{topic="orders",partition="0"} 9',
    'millrace_partition_high_watermark{topic="orders",partition="1"} 7',
    'millrace_partition_log_end_offset{topic="orders",partition="0"} 10',
    'millrace_partition_log_end_offset{topic="orders",partition="1"} 7',
    'millrace_partition_offsets_left_out 6',
  ])
})
