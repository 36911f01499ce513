// What does a partition log's bookkeeping cost for each batch, and a look-up in it? And what is a new segment?
//
//   npm run build:ts && node bench/log/log.bench.mjs [--small]
//
// No byte of a batch is touched here: validation and copies are in bench/native.
import { fromDist, question, row } from '../micro.mjs'

const { PartitionLog } = await fromDist('log/partition-log')
const { Segment } = await fromDist('log/segment')
const { LeaderEpochs } = await fromDist('log/leader-epochs')
const { OffsetIndex } = await fromDist('log/offset-index')
const { ProducerState } = await fromDist('log/producer-state')
const { TimeIndex } = await fromDist('log/time-index')
const { Batch } = await fromDist('log/batch')

const IDENTITY = { topic: 't', topicId: 'AAAAAAAAAAAAAAAAAAAAEQ', partition: 0, directory: 'data/t-0' }
const ROOMY = {
  segmentBytes: 2 ** 30,
  segmentMs: 2 ** 40,
  segmentJitterMs: 0,
  segmentIndexBytes: 10 << 20,
  indexIntervalBytes: 4096,
}
const ROLLS = { wallMs: 0, chance: () => 0 }
const BATCH_BYTES = 1000
const RECORDS = 10

function emptyLog(config) {
  return new PartitionLog(
    IDENTITY,
    new Int32Array(4),
    { ...ROOMY, ...config },
    {
      leaderEpoch: 3,
      logStartOffset: 0,
      endOffset: 0,
      segments: [new Segment(IDENTITY, 0, 0)],
      leaderEpochs: new LeaderEpochs(),
      producers: null,
    },
    ROLLS,
  )
}

function batchOf(length) {
  const batch = new Batch()
  batch.length = length
  batch.maxTimestamp = 1
  return batch
}

/** Appends the same batch again and again, and drains it; the log keeps one segment. */
function appender(config, length) {
  const log = emptyLog(config)
  const batch = batchOf(length)
  return () => {
    batch.maxTimestamp++
    log.append(batch, RECORDS, 3)
    log.advanceDurable(log.endOffset)
    log.advanceHighWatermark(log.endOffset)
    log.tail.shift()
    if (log.segments.length > 1) log.segments.shift()
  }
}

question('One partition')
await row('append a batch, make it durable and drain it', appender({}, BATCH_BYTES))
await row('the same with an index entry each time', appender({ indexIntervalBytes: 0 }, BATCH_BYTES))
await row('the same with a new segment each time', appender({ segmentBytes: BATCH_BYTES }, BATCH_BYTES))

for (const count of [10, 1000, 100_000]) {
  const log = emptyLog({})
  for (let i = 0; i < count; i++) log.append(batchOf(BATCH_BYTES), RECORDS, 3)
  let offset = 0
  await row(`find a batch in memory by offset, among ${count}`, () => {
    offset = (offset + 7919) % (count * RECORDS)
    return log.tail.indexOf(offset)
  })
}
for (const count of [1000, 250_000]) {
  const index = new OffsetIndex()
  const times = new TimeIndex()
  for (let i = 0; i < count; i++) {
    index.append(i * 10, i * 10 + 9, i * 4096)
    times.maybeAppend(i + 1, i * 10 + 9)
  }
  let offset = 0
  await row(`find an offset in an index of ${count} entries`, () => {
    offset = (offset + 79_193) % (count * 10)
    return index.floorPosition(offset)
  })
  await row(`find a time in an index of ${count} entries`, () => {
    offset = (offset + 79_193) % count
    return times.floorOffset(offset)
  })
}
for (const producers of [1, 10_000]) {
  const state = new ProducerState()
  const sequences = new Int32Array(producers)
  let producer = 0
  await row(`check and note a batch of an idempotent producer, one of ${producers}`, () => {
    producer = (producer + 7919) % producers
    const sequence = sequences[producer]
    if (state.check(producer, 0, sequence, RECORDS) !== 0) throw new Error('out of order')
    state.record(producer, 0, sequence, RECORDS, sequence, 1, 1)
    sequences[producer] = (sequence + RECORDS) % 2 ** 31
  })
}
