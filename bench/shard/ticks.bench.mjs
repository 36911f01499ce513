// What does a shard pay for a produce request, from its frame to its answer, by how many share a tick? And for a fetch that
// waits and is woken by one?
//
//   npm run build:ts && node bench/shard/ticks.bench.mjs [--small]
//
// No sockets and no disk (see hand-driven.mjs): a group is durable in the next tick. So the figures are the JavaScript's,
// with the copy of a frame to where it is received, validation and the journal's checksum. Heap: a batch has an object of
// 160 bytes until it is drained, which takes a megabyte of its partition; then the object is used again.
import { frameOf, HandDriven } from '../hand-driven.mjs'
import { fromDist, question, row } from '../micro.mjs'

const { fetchRequest, produceRequest } = await fromDist('client/record-requests')
const { loadNative } = await fromDist('native/load')
const { produceApi, writeProduceRequest } = await fromDist('wire/generated/00-produce')
const { fetchApi, writeFetchRequest } = await fromDist('wire/generated/01-fetch')
const { RecordBatchBuilder } = await fromDist('wire/record-batch-builder')

const VERSION = 12
const PARTITIONS = 100
const ACKS_ALL = -1

function batchOf(records, valueBytes) {
  const builder = new RecordBatchBuilder(loadNative().crc32c).begin()
  for (let i = 0; i < records; i++) builder.add({ timestampMs: 1_700_000_000_000, value: new Uint8Array(valueBytes) })
  return builder.finish().slice()
}

/** A batch for each of `partitions`. */
function produceFrame(partitions, batch, acks = ACKS_ALL) {
  const batches = partitions.map((partition) => [partition, batch])
  const request = produceRequest(HandDriven.topic, batches, acks)
  return frameOf(produceApi, VERSION, (writer) => writeProduceRequest(writer, VERSION, request))
}

function fetchFrame(partition, offset) {
  const request = fetchRequest(HandDriven.topic, [[partition, offset]], { maxWaitMs: 1_000_000_000 })
  return frameOf(fetchApi, VERSION, (writer) => writeFetchRequest(writer, VERSION, request))
}

const WAITING = { mayWait: true }

question('Ticks of a shard')
const small = batchOf(1, 100)
{
  const shard = await HandDriven.start(PARTITIONS)
  await row('a tick in which nothing comes', () => shard.tick([]), 1, WAITING)
  const each = (count, frame) => Array.from({ length: count }, (_, i) => [shard.connect(), frame(i)])
  for (const count of [1, 10, 100]) {
    const frames = each(count, (i) => produceFrame([i % PARTITIONS], small))
    await row(`a produce of one record, ${count} a tick`, () => shard.tick(frames), count, WAITING)
  }
  const acked = each(100, (i) => produceFrame([i], small, 1))
  await row('the same with acks=1, 100 a tick', () => shard.tick(acked), 100, WAITING)
  const one = each(100, () => produceFrame([0], small))
  await row('the same to one partition, 100 a tick', () => shard.tick(one), 100, WAITING)
  const many = each(1, () =>
    produceFrame(
      Array.from({ length: PARTITIONS }, (_, i) => i),
      small,
    ),
  )
  await row('a batch in a produce to 100 partitions', () => shard.tick(many), PARTITIONS, WAITING)
  const large = each(8, (i) => produceFrame([i], batchOf(128, 1000)))
  await row('a produce of 128 records of 1 KB, 8 a tick', () => shard.tick(large), 8, WAITING)
  const before = shard.answers
  for (let i = 0; i < 4; i++) await shard.tick([])
  if (shard.answers - before > 8) throw new Error('answers were behind')
  await shard.close()
}
for (const consumers of [1, 100]) {
  const shard = await HandDriven.start(PARTITIONS)
  const producers = Array.from({ length: consumers }, (_, i) => [shard.connect(), produceFrame([i], small)])
  const fetches = Array.from({ length: consumers }, (_, i) => [shard.connect(), fetchFrame(i, 0)])
  let offset = 0
  const both = [...fetches, ...producers]
  // The offset is all that changes: it stands where a fetch from 0 and one from 1 differ.
  const place = fetchFrame(0, 0).findIndex((byte, i) => fetchFrame(0, 1)[i] !== byte) - 7
  let expected = shard.answers
  const round = () => {
    for (const [, frame] of fetches) frame.writeBigInt64BE(BigInt(offset), place)
    offset++
    expected += 2 * consumers
    // The fetch waits, the batch is durable a tick later and wakes it.
    const first = shard.tick(both)
    const second = shard.tick([])
    if (shard.answers !== expected) throw new Error(`${expected - shard.answers} answers are missing`)
    return first ?? second
  }
  await row(`a fetch that waits and the produce that wakes it, ${consumers} a tick`, round, consumers, WAITING)
  await shard.close()
}
