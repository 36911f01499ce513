// A small client on the broker's own codecs: many requests in flight on one socket, and nothing retried behind one's back.
import { once } from 'node:events'
import { connect } from 'node:net'
import { loadNative } from '../../../dist/native/load.js'
import {
  ProduceRequest,
  ProduceResponse,
  produceApi,
  readProduceResponse,
  writeProduceRequest,
} from '../../../dist/wire/generated/00-produce.js'
import {
  FetchRequest,
  FetchResponse,
  fetchApi,
  readFetchResponse,
  writeFetchRequest,
} from '../../../dist/wire/generated/01-fetch.js'
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
import { requestHeaderVersion, responseHeaderVersion } from '../../../dist/wire/generated/apis.js'
import {
  RequestHeader,
  ResponseHeader,
  readResponseHeader,
  writeRequestHeader,
} from '../../../dist/wire/generated/headers.js'
import { Reader } from '../../../dist/wire/reader.js'
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
import { Writer } from '../../../dist/wire/writer.js'

/** The last ones with topics by name. */
export const PRODUCE_VERSION = 12
export const FETCH_VERSION = 12
/** By their number in a batch's attributes. */
export const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const DECODE_BYTES_MAX = 2 ** 26

export const { crc32c } = loadNative()

export class ConnectionEnded extends Error {}

export class Client {
  #socket
  #correlationId
  /** Answers come in the order of requests. */
  #waiting = []
  #chunks = []
  #length = 0
  #ended = null

  static async connect(port, { firstCorrelationId = 1 } = {}) {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    await once(socket, 'connect')
    return new Client(socket, firstCorrelationId)
  }

  constructor(socket, firstCorrelationId) {
    this.#socket = socket
    this.#correlationId = firstCorrelationId
    socket.on('data', (bytes) => this.#onData(bytes))
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

  #onData(bytes) {
    this.#chunks.push(bytes)
    this.#length += bytes.length
    if (this.#length < 4 || this.#length < this.#peekSize() + 4) return
    let all = this.#chunks.length === 1 ? bytes : Buffer.concat(this.#chunks)
    while (all.length >= 4 && all.length >= all.readInt32BE(0) + 4) {
      const size = all.readInt32BE(0)
      this.#onFrame(all.subarray(4, 4 + size))
      all = all.subarray(4 + size)
    }
    this.#chunks = [all]
    this.#length = all.length
  }

  #peekSize() {
    if (this.#chunks[0].length < 4) this.#chunks = [Buffer.concat(this.#chunks)]
    return this.#chunks[0].readInt32BE(0)
  }

  #onFrame(frame) {
    const { apiKey, version, correlationId, resolve } = this.#waiting.shift()
    resolve(readAnswer(frame, apiKey, version, correlationId))
  }

  #end() {
    this.#ended = new ConnectionEnded('the connection ended')
    for (const { reject } of this.#waiting) reject(this.#ended)
    this.#waiting = []
  }
}

/** A whole request as it goes over the wire. */
export function requestFrame(apiKey, version, correlationId, write) {
  const writer = new FrameWriter()
  writer.writeInt32(0)
  const header = new RequestHeader()
  header.requestApiKey = apiKey
  header.requestApiVersion = version
  header.correlationId = correlationId
  header.clientId = 'millrace-verify'
  writeRequestHeader(writer, requestHeaderVersion(apiKey, version), header)
  write(writer)
  writer.patchInt32(0, writer.mark - 4)
  return Buffer.from(writer.written())
}

/** A reader at the body of an answer without its size. */
export function readAnswer(frame, apiKey, version, correlationId) {
  const reader = new Reader()
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length)
  reader.reset(frame, view, 0, frame.length, DECODE_BYTES_MAX)
  const header = readResponseHeader(reader, responseHeaderVersion(apiKey, version), new ResponseHeader())
  if (correlationId !== undefined && header.correlationId !== correlationId) {
    throw new Error(`answer ${header.correlationId} came where ${correlationId} was due`)
  }
  return reader
}

class FrameWriter extends Writer {
  constructor() {
    super(new Uint8Array(1024))
  }
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
  const request = new ProduceRequest()
  request.acks = acks
  request.timeoutMs = 30_000
  const data = request.topicData.add()
  data.name = topic
  for (const [partition, bytes] of batches) {
    const entry = data.partitionData.add()
    entry.index = partition
    entry.records = bytes
  }
  writeProduceRequest(writer, PRODUCE_VERSION, request)
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
  const response = readProduceResponse(reader, PRODUCE_VERSION, new ProduceResponse())
  const found = []
  for (let i = 0; i < response.responses.count; i++) {
    const { partitionResponses } = response.responses.at(i)
    for (let j = 0; j < partitionResponses.count; j++) {
      const { index, errorCode, baseOffset } = partitionResponses.at(j)
      found.push({ partition: index, errorCode, baseOffset })
    }
  }
  return found
}

/** The body of a fetch request, outside of any session: [partition, offset] pairs. */
export function writeFetch(writer, topic, offsets, { maxWaitMs = 0, minBytes = 1, bytesMax = 4 << 20 } = {}) {
  const request = new FetchRequest()
  request.maxWaitMs = maxWaitMs
  request.minBytes = minBytes
  request.maxBytes = bytesMax
  const asked = request.topics.add()
  asked.topic = topic
  for (const [partition, offset] of offsets) {
    const entry = asked.partitions.add()
    entry.partition = partition
    entry.fetchOffset = offset
    entry.partitionMaxBytes = bytesMax
  }
  writeFetchRequest(writer, FETCH_VERSION, request)
}

/** Resolves to { partition, highWatermark, records } of every partition; an error throws. */
export async function fetch(client, topic, offsets, options) {
  const reader = await client.request(fetchApi.key, FETCH_VERSION, (writer) =>
    writeFetch(writer, topic, offsets, options),
  )
  const response = readFetchResponse(reader, FETCH_VERSION, new FetchResponse())
  if (response.errorCode !== 0) throw new Error(`fetch: error ${response.errorCode}`)
  const found = []
  for (let i = 0; i < response.responses.count; i++) {
    const { partitions } = response.responses.at(i)
    for (let j = 0; j < partitions.count; j++) {
      const { partitionIndex, errorCode, highWatermark, recordsOffset, recordsLength } = partitions.at(j)
      if (errorCode !== 0) throw new Error(`fetch of partition ${partitionIndex}: error ${errorCode}`)
      const records = reader.bytes.subarray(recordsOffset, recordsOffset + Math.max(0, recordsLength))
      found.push({ partition: partitionIndex, highWatermark, records })
    }
  }
  return found
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
