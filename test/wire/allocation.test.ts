// Hot messages allocate nothing once their like has been seen; cold ones no more than they were charged for.

import { expect, test } from 'vitest'
import {
  ProduceRequest,
  ProduceResponse,
  readProduceRequest,
  writeProduceRequest,
  writeProduceResponse,
} from '../../src/wire/generated/00-produce.ts'
import {
  FetchRequest,
  FetchResponse,
  readFetchRequest,
  writeFetchRequest,
  writeFetchResponse,
} from '../../src/wire/generated/01-fetch.ts'
import { readMetadataRequest, writeMetadataRequest } from '../../src/wire/generated/03-metadata.ts'
import { readCreateTopicsRequest, writeCreateTopicsRequest } from '../../src/wire/generated/19-create-topics.ts'
import { nameTable, uuidTable } from '../../src/wire/intern.ts'
import { Reader } from '../../src/wire/reader.ts'
import { RequestHeader, readRequestHeader, writeRequestHeader } from '../../src/wire/request-header.ts'
import { Writer } from '../../src/wire/writer.ts'
import { allocatedBytesPerRun, retainedBytes } from './support/heap.ts'

/** The measurement's own noise, far below one number on the heap (16 bytes). */
const NOTHING = 1

const names = nameTable(16)
const uuids = uuidTable(16)
const topicId = 'AAECAwQFBgcICQoLDA0ODw'
names.add('orders')
uuids.add(topicId)

const offset = 2 ** 40 + 7

function produceRequest(name: string): ProduceRequest {
  const request = new ProduceRequest()
  request.acks = -1
  request.timeoutMs = 30_000
  const topic = request.topicData.add()
  topic.name = name
  topic.topicId = topicId
  for (let i = 0; i < 3; i++) {
    const partition = topic.partitionData.add()
    partition.index = i
    partition.records = new Uint8Array(200)
  }
  return request
}

function fetchRequest(): FetchRequest {
  const request = new FetchRequest()
  request.maxWaitMs = 500
  const topic = request.topics.add()
  topic.topic = 'orders'
  topic.topicId = topicId
  for (let i = 0; i < 3; i++) {
    const partition = topic.partitions.add()
    partition.partition = i
    partition.fetchOffset = offset
    partition.highWatermark = offset
  }
  return request
}

function readerOver(writer: Writer): () => Reader {
  const bytes = writer.written().slice()
  const view = new DataView(bytes.buffer)
  const reader = new Reader(names, uuids)
  return () => {
    reader.reset(bytes, view, 0, bytes.length, 100_000)
    return reader
  }
}

test.each([3, 8, 9, 13])('reading a produce request v%i', (version) => {
  const writer = new Writer()
  writeProduceRequest(writer, version, produceRequest('orders'))
  const reader = readerOver(writer)
  const into = new ProduceRequest()
  expect(allocatedBytesPerRun(() => readProduceRequest(reader(), version, into))).toBeLessThan(NOTHING)
  expect(into.topicData.at(0).partitionData.at(2).recordsLength).toBe(200)
})

test.each([4, 11, 12, 13, 18])('reading a fetch request v%i', (version) => {
  const writer = new Writer()
  writeFetchRequest(writer, version, fetchRequest())
  const reader = readerOver(writer)
  const into = new FetchRequest()
  expect(allocatedBytesPerRun(() => readFetchRequest(reader(), version, into))).toBeLessThan(NOTHING)
  expect(into.topics.at(0).partitions.at(2).fetchOffset).toBe(offset)
})

test('reading a name that no table knows does allocate, and is seen to', () => {
  const writer = new Writer()
  writeProduceRequest(writer, 9, produceRequest('a name of somebody else'))
  const reader = readerOver(writer)
  const into = new ProduceRequest()
  expect(allocatedBytesPerRun(() => readProduceRequest(reader(), 9, into))).toBeGreaterThan(16)
})

test('reading a request header, whatever the client id', () => {
  const header = new RequestHeader()
  header.requestApiVersion = 13
  header.clientId = 'a client that nobody knows'
  const writer = new Writer()
  writeRequestHeader(writer, 2, header)
  const reader = readerOver(writer)
  const into = new RequestHeader()
  expect(allocatedBytesPerRun(() => readRequestHeader(reader(), into))).toBeLessThan(NOTHING)
})

test('building and writing a produce response', () => {
  const response = new ProduceResponse()
  const writer = new Writer(new Uint8Array(4096))
  const respond = (): void => {
    response.reset()
    const topic = response.responses.add()
    topic.topicId = topicId
    for (let i = 0; i < 3; i++) {
      const partition = topic.partitionResponses.add()
      partition.index = i
      partition.baseOffset = offset
      partition.logStartOffset = 0
    }
    writer.rewind()
    writeProduceResponse(writer, 13, response)
  }
  expect(allocatedBytesPerRun(respond)).toBeLessThan(NOTHING)
})

test('building and writing a fetch response', () => {
  const response = new FetchResponse()
  const writer = new Writer(new Uint8Array(4096))
  const records = new Uint8Array(200)
  const respond = (): void => {
    response.reset()
    const topic = response.responses.add()
    topic.topicId = topicId
    for (let i = 0; i < 3; i++) {
      const partition = topic.partitions.add()
      partition.partitionIndex = i
      partition.highWatermark = offset
      partition.abortedTransactions.setNull()
      partition.records = records
    }
    writer.rewind()
    writeFetchResponse(writer, 18, response)
  }
  expect(allocatedBytesPerRun(respond)).toBeLessThan(NOTHING)
})

const many = <T>(item: T): T[] => new Array(50_000).fill(item)

const cold: [string, (writer: Writer) => void, (reader: Reader) => unknown][] = [
  [
    'a metadata request',
    (w) => writeMetadataRequest(w, 13, { topics: many({ topicId, name: 'some-topic' }), ...authorized }),
    (r) => readMetadataRequest(r, 13),
  ],
  [
    'a request for a great many empty topics',
    (w) => writeCreateTopicsRequest(w, 7, { topics: many(emptyTopic), timeoutMs: 0, validateOnly: false }),
    (r) => readCreateTopicsRequest(r, 7),
  ],
]
const authorized = {
  allowAutoTopicCreation: false,
  includeClusterAuthorizedOperations: false,
  includeTopicAuthorizedOperations: false,
}
const emptyTopic = { name: '', numPartitions: 0, replicationFactor: 0, assignments: [], configs: [] }

test.each(cold)('%s takes no more memory than it is charged for', (_name, write, read) => {
  const writer = new Writer()
  write(writer)
  const reader = new Reader()
  const budgetBytes = 64 * 1024 * 1024
  const retained = retainedBytes(() => {
    reader.reset(writer.bytes, writer.view, 0, writer.position, budgetBytes)
    return read(reader)
  })
  expect(retained).toBeGreaterThan(50_000 * 16)
  expect(retained).toBeLessThanOrEqual(budgetBytes - reader.budgetBytes)
})
