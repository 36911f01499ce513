// What does it cost to read a request header, a produce or a fetch request, and to answer? (ns a message)
//
//   npm run build:ts && node bench/wire/codecs.bench.mjs [--small]
//
// `--small` does each thing a few times only, to see that it still runs.

import { bench, do_not_optimize, run } from 'mitata'

const wire = new URL('../../dist/wire/', import.meta.url)
const load = (path) => import(new URL(path, wire).href)
const { ProduceRequest, ProduceResponse, readProduceRequest, writeProduceRequest, writeProduceResponse } =
  await load('generated/00-produce.js')
const { FetchRequest, FetchResponse, readFetchRequest, writeFetchRequest, writeFetchResponse } =
  await load('generated/01-fetch.js')
const { readMetadataResponse, writeMetadataResponse } = await load('generated/03-metadata.js')
const { nameTable, uuidTable } = await load('intern.js')
const { Reader } = await load('reader.js')
const { RecordBatchBuilder } = await load('record-batch-builder.js')
const { RecordCursor } = await load('record-cursor.js')
const { RequestHeader, readRequestHeader, writeRequestHeader } = await load('request-header.js')
const { Writer } = await load('writer.js')

const topicId = 'AAECAwQFBgcICQoLDA0ODw'
const topicName = 'orders-by-customer'
const names = nameTable(1000)
const uuids = uuidTable(1000)
names.add(topicName)
uuids.add(topicId)

/** A frame in the middle of a shared arena, as the reactor leaves it. */
function frameOf(write) {
  const writer = new Writer()
  write(writer)
  const arena = new Uint8Array(new SharedArrayBuffer(1 << 16))
  const view = new DataView(arena.buffer)
  const offset = 4096
  arena.set(writer.written(), offset)
  const end = offset + writer.written().length
  const reader = new Reader(names, uuids)
  return () => {
    reader.reset(arena, view, offset, end, 1 << 20)
    return reader
  }
}

function produceRequest(partitions) {
  const request = new ProduceRequest()
  request.acks = -1
  request.timeoutMs = 30_000
  const topic = request.topicData.add()
  topic.name = topicName
  topic.topicId = topicId
  for (let i = 0; i < partitions; i++) {
    const partition = topic.partitionData.add()
    partition.index = i
    partition.records = new Uint8Array(200)
  }
  return request
}

function fetchRequest(partitions) {
  const request = new FetchRequest()
  const topic = request.topics.add()
  topic.topic = topicName
  topic.topicId = topicId
  for (let i = 0; i < partitions; i++) {
    const partition = topic.partitions.add()
    partition.partition = i
    partition.fetchOffset = 2 ** 40 + i
  }
  return request
}

const measured = []
const measure = (name, once) => {
  measured.push(once)
  bench(name, () => do_not_optimize(once()))
}

const header = new RequestHeader()
header.requestApiVersion = 13
header.clientId = 'consumer-orders-7'
const headerFrame = frameOf((writer) => writeRequestHeader(writer, 2, header))
const headerInto = new RequestHeader()
measure('read a request header v2', () => readRequestHeader(headerFrame(), headerInto))

const produceInto = new ProduceRequest()
for (const [version, partitions] of [
  [9, 1],
  [13, 1],
  [13, 10],
]) {
  const frame = frameOf((writer) => writeProduceRequest(writer, version, produceRequest(partitions)))
  measure(`read a produce request v${version}, ${partitions} partitions`, () =>
    readProduceRequest(frame(), version, produceInto),
  )
}

const fetchInto = new FetchRequest()
for (const [version, partitions] of [
  [12, 1],
  [18, 1],
  [18, 10],
]) {
  const frame = frameOf((writer) => writeFetchRequest(writer, version, fetchRequest(partitions)))
  measure(`read a fetch request v${version}, ${partitions} partitions`, () =>
    readFetchRequest(frame(), version, fetchInto),
  )
}

const writer = new Writer(new Uint8Array(1 << 20), names, uuids)
const produceResponse = new ProduceResponse()
measure('build and write a produce response v13, 1 partition', () => {
  produceResponse.reset()
  const topic = produceResponse.responses.add()
  topic.topicId = topicId
  const partition = topic.partitionResponses.add()
  partition.baseOffset = 2 ** 40
  partition.logStartOffset = 0
  writer.rewind()
  writeProduceResponse(writer, 13, produceResponse)
})

const fetchResponse = new FetchResponse()
const records = new Uint8Array(200)
measure('build and write a fetch response v18, 1 partition', () => {
  fetchResponse.reset()
  const topic = fetchResponse.responses.add()
  topic.topicId = topicId
  const partition = topic.partitions.add()
  partition.highWatermark = 2 ** 40
  partition.abortedTransactions.setNull()
  partition.records = records
  writer.rewind()
  writeFetchResponse(writer, 18, fetchResponse)
})

const metadata = {
  throttleTimeMs: 0,
  brokers: [{ nodeId: 1, host: 'broker-1.example', port: 9092, rack: null }],
  clusterId: 'MkU3OEVBNTcwNTJENDM2Qg',
  controllerId: 1,
  topics: Array.from({ length: 100 }, (_, t) => ({
    errorCode: 0,
    name: `topic-${t}`,
    topicId,
    isInternal: false,
    partitions: Array.from({ length: 10 }, (_, partitionIndex) => ({
      errorCode: 0,
      partitionIndex,
      leaderId: 1,
      leaderEpoch: 7,
      replicaNodes: [1, 2, 3],
      isrNodes: [1, 2, 3],
      offlineReplicas: [],
    })),
    topicAuthorizedOperations: -2147483648,
  })),
  clusterAuthorizedOperations: -2147483648,
  errorCode: 0,
}
measure('write a metadata response v13, 1000 partitions', () => {
  writer.rewind()
  writeMetadataResponse(writer, 13, metadata)
})
const metadataFrame = frameOf((writer) => writeMetadataResponse(writer, 13, metadata))
measure('read a metadata response v13, 1000 partitions', () => {
  const reader = metadataFrame()
  reader.charge(-(1 << 24))
  return readMetadataResponse(reader, 13)
})

const builder = new RecordBatchBuilder(() => 0).begin()
for (let i = 0; i < 100; i++) builder.add({ timestampMs: 1_700_000_000_000 + i, value: new Uint8Array(100) })
const batch = builder.finish().slice()
const batchView = new DataView(batch.buffer)
const cursor = new RecordCursor()
measure('walk a batch of 100 records', () => {
  cursor.reset(batch, batchView, 0, batch.length)
  let bytes = 0
  while (cursor.next()) bytes += cursor.valueLength
  return bytes
})

const isSmall = process.argv.includes('--small') || process.env.MILLRACE_BENCH === 'small'
if (isSmall) for (let i = 0; i < 10; i++) for (const once of measured) once()
else await run()
