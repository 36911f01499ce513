// A small client on the broker's own codecs: many requests in flight on one socket, and nothing retried behind one's back.
import { once } from 'node:events'
import { connect } from 'node:net'
import { AnswerFrames, answerReader, requestFrame as frameOf } from '../../../dist/client/frames.js'
import { fetchRequest, produceRequest } from '../../../dist/client/record-requests.js'
import { loadNative } from '../../../dist/native/load.js'
import {
  ProduceResponse,
  produceApi,
  readProduceResponse,
  writeProduceRequest,
} from '../../../dist/wire/generated/00-produce.js'
import { FetchResponse, fetchApi, readFetchResponse, writeFetchRequest } from '../../../dist/wire/generated/01-fetch.js'
import {
  createTopicsApi,
  readCreateTopicsResponse,
  writeCreateTopicsRequest,
} from '../../../dist/wire/generated/19-create-topics.js'
import {
  initProducerIdApi,
  readInitProducerIdResponse,
  writeInitProducerIdRequest,
} from '../../../dist/wire/generated/22-init-producer-id.js'
import {
  BATCH_CRC_FROM,
  BATCH_OVERHEAD_BYTES,
  batchBaseOffset,
  batchBytes,
  batchCompression,
  batchCrc,
  batchRecordCount,
} from '../../../dist/wire/record-batch.js'
import { RecordBatchBuilder } from '../../../dist/wire/record-batch-builder.js'
import { RecordCursor } from '../../../dist/wire/record-cursor.js'

/** The last ones with topics by name. */
export const PRODUCE_VERSION = 12
export const FETCH_VERSION = 12
/** By their number in a batch's attributes. */
export const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const CLIENT_ID = 'millrace-verify'

export const { crc32c } = loadNative()

export class ConnectionEnded extends Error {}

export class Client {
  #socket
  #correlationId = 1
  /** Answers come in the order of requests. */
  #waiting = []
  #answers = new AnswerFrames()
  #ended = null

  static async connect(port) {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    await once(socket, 'connect')
    return new Client(socket)
  }

  constructor(socket) {
    this.#socket = socket
    socket.on('data', (bytes) => this.#answers.take(bytes, (frame) => this.#onFrame(frame)))
    socket.on('error', () => undefined)
    socket.on('close', () => this.#end())
  }

  /** The socket's own port, by which a trace names the connection. */
  get localPort() {
    return this.#socket.localPort
  }

  close() {
    this.#socket.destroy()
  }

  /** Sends a request whose body `write` writes; resolves to a reader that stands at the answer's body. */
  request(apiKey, version, write) {
    if (this.#ended !== null) return Promise.reject(this.#ended)
    const correlationId = this.#correlationId++
    this.#socket.write(requestFrame(apiKey, version, correlationId, write))
    return new Promise((resolve, reject) => {
      this.#waiting.push({ apiKey, version, correlationId, resolve, reject })
    })
  }

  #onFrame(frame) {
    const { apiKey, version, correlationId, resolve } = this.#waiting.shift()
    resolve(answerReader(frame, apiKey, version, correlationId))
  }

  #end() {
    this.#ended = new ConnectionEnded('the connection ended')
    for (const { reject } of this.#waiting) reject(this.#ended)
    this.#waiting = []
  }
}

/** A whole request as it goes over the wire. */
export function requestFrame(apiKey, version, correlationId, write) {
  return frameOf(apiKey, version, correlationId, CLIENT_ID, write)
}

export async function createTopic(client, name, numPartitions, configs = {}) {
  const topic = {
    name,
    numPartitions,
    replicationFactor: 1,
    assignments: [],
    configs: Object.entries(configs).map(([key, value]) => ({ name: key, value: `${value}` })),
  }
  const version = createTopicsApi.maxVersion
  const reader = await client.request(createTopicsApi.key, version, (writer) =>
    writeCreateTopicsRequest(writer, version, { topics: [topic], timeoutMs: 30_000, validateOnly: false }),
  )
  const [{ errorCode, errorMessage }] = readCreateTopicsResponse(reader, version).topics
  if (errorCode !== 0) throw new Error(`create ${name}: error ${errorCode} ${errorMessage}`)
}

export async function initProducerId(client) {
  const version = 4
  const request = { transactionalId: null, transactionTimeoutMs: 60_000, producerId: -1, producerEpoch: -1 }
  const reader = await client.request(initProducerIdApi.key, version, (writer) =>
    writeInitProducerIdRequest(writer, version, request),
  )
  const { errorCode, producerId, producerEpoch } = readInitProducerIdResponse(reader, version)
  if (errorCode !== 0) throw new Error(`InitProducerId: error ${errorCode}`)
  return { producerId, producerEpoch }
}

/** A batch of the given values, as bytes of its own. */
export function recordBatch(values, options = {}) {
  const builder = new RecordBatchBuilder(crc32c).begin(options)
  const timestampMs = Date.now()
  for (const value of values) builder.add({ timestampMs, value })
  return Buffer.from(builder.finish())
}

/** The body of a produce request with one batch for each of `batches`' partitions: [partition, bytes] pairs. */
export function writeProduce(writer, topic, acks, batches) {
  writeProduceRequest(writer, PRODUCE_VERSION, produceRequest(topic, batches, acks))
}

/** Resolves to the answer for the one partition. */
export async function produce(client, topic, partition, acks, bytes) {
  const reader = await client.request(produceApi.key, PRODUCE_VERSION, (writer) =>
    writeProduce(writer, topic, acks, [[partition, bytes]]),
  )
  return producedPartitions(reader)[0]
}

/** { partition, errorCode, baseOffset } of every partition in a produce answer. */
export function producedPartitions(reader) {
  const { responses } = readProduceResponse(reader, PRODUCE_VERSION, new ProduceResponse())
  return rows(responses).flatMap(({ partitionResponses }) =>
    rows(partitionResponses).map(({ index, errorCode, baseOffset }) => ({ partition: index, errorCode, baseOffset })),
  )
}

function rows(of) {
  return Array.from({ length: of.count }, (_, i) => of.at(i))
}

/** The body of a fetch request, outside of any session: [partition, offset] pairs. */
export function writeFetch(writer, topic, offsets, { bytesMax = 4 << 20, ...bounds } = {}) {
  writeFetchRequest(writer, FETCH_VERSION, fetchRequest(topic, offsets, { ...bounds, maxBytes: bytesMax }))
}

/** Resolves to { partition, highWatermark, records } of every partition; an error throws. */
export async function fetch(client, topic, offsets, options) {
  const reader = await client.request(fetchApi.key, FETCH_VERSION, (writer) =>
    writeFetch(writer, topic, offsets, options),
  )
  const response = readFetchResponse(reader, FETCH_VERSION, new FetchResponse())
  if (response.errorCode !== 0) throw new Error(`fetch: error ${response.errorCode}`)
  return rows(response.responses).flatMap(({ partitions }) =>
    rows(partitions).map(({ partitionIndex: partition, errorCode, highWatermark, recordsOffset, recordsLength }) => {
      if (errorCode !== 0) throw new Error(`fetch of partition ${partition}: error ${errorCode}`)
      const records = reader.bytes.subarray(recordsOffset, recordsOffset + Math.max(0, recordsLength))
      return { partition, highWatermark, records }
    }),
  )
}

/** Calls `onBatch(view, at, length)` for every whole batch; a fetch may end within one. */
export function forEachBatch(records, onBatch) {
  const view = new DataView(records.buffer, records.byteOffset, records.length)
  for (let at = 0; at + BATCH_OVERHEAD_BYTES <= records.length; ) {
    const bytes = batchBytes(view, at)
    if (at + bytes > records.length) return
    onBatch(view, at, bytes)
    at += bytes
  }
}

/** The codecs of what a fetch of every partition's beginning brings. A batch that would not shrink is sent as it is. */
export async function storedCodecs(client, topic, partitions) {
  const starts = Array.from({ length: partitions }, (_, partition) => [partition, 0])
  const codecs = new Set()
  for (const { records } of await fetch(client, topic, starts)) {
    forEachBatch(records, (view, at) => codecs.add(CODECS[batchCompression(view, at)]))
  }
  if (codecs.size > 1) codecs.delete('none')
  return [...codecs].join(', ')
}

/**
 * Reads a partition from its first offset to its end and calls `onRecord(bytes, offset, length, recordOffset, batchBase)`
 * for each record, the value lying at `offset`. Checks every batch's CRC. Resolves to the high watermark.
 */
export async function readPartition(client, topic, partition, onRecord) {
  const cursor = new RecordCursor()
  for (let next = 0; ; ) {
    const [{ highWatermark, records }] = await fetch(client, topic, [[partition, next]])
    if (next >= highWatermark) return highWatermark
    const before = next
    forEachBatch(records, (view, at, bytes) => {
      const crc = crc32c(records, at + BATCH_CRC_FROM, bytes - BATCH_CRC_FROM, 0)
      const base = batchBaseOffset(view, at)
      if (crc >>> 0 !== batchCrc(view, at)) throw new Error(`partition ${partition}: bad CRC at offset ${base}`)
      cursor.reset(records, view, at, records.length)
      while (cursor.next()) {
        onRecord(records, cursor.valueOffset, cursor.valueLength, base + cursor.offsetDelta, base)
      }
      next = base + batchRecordCount(view, at)
    })
    if (next === before) throw new Error(`partition ${partition}: nothing to read at ${next} below ${highWatermark}`)
  }
}
