// A client on a raw socket and the broker's own codecs: many requests in flight, nothing retried behind one's back.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { AnswerFrames, answerReader, requestFrame } from '../../src/client/frames.ts'
import { type FetchBounds, fetchRequest, produceRequest } from '../../src/client/record-requests.ts'
import { ZERO_UUID } from '../../src/model/uuid.ts'
import { crc32c } from '../../src/native/stand-in/crc32c.ts'
import {
  type PartitionProduceResponse,
  ProduceResponse,
  produceApi,
  readProduceResponse,
  writeProduceRequest,
} from '../../src/wire/generated/00-produce.ts'
import { FetchResponse, fetchApi, readFetchResponse, writeFetchRequest } from '../../src/wire/generated/01-fetch.ts'
import {
  listOffsetsApi,
  readListOffsetsResponse,
  writeListOffsetsRequest,
} from '../../src/wire/generated/02-list-offsets.ts'
import { metadataApi, readMetadataResponse, writeMetadataRequest } from '../../src/wire/generated/03-metadata.ts'
import {
  createTopicsApi,
  readCreateTopicsResponse,
  writeCreateTopicsRequest,
} from '../../src/wire/generated/19-create-topics.ts'
import {
  deleteTopicsApi,
  readDeleteTopicsResponse,
  writeDeleteTopicsRequest,
} from '../../src/wire/generated/20-delete-topics.ts'
import {
  deleteRecordsApi,
  readDeleteRecordsResponse,
  writeDeleteRecordsRequest,
} from '../../src/wire/generated/21-delete-records.ts'
import {
  offsetForLeaderEpochApi,
  readOffsetForLeaderEpochResponse,
  writeOffsetForLeaderEpochRequest,
} from '../../src/wire/generated/23-offset-for-leader-epoch.ts'
import {
  incrementalAlterConfigsApi,
  readIncrementalAlterConfigsResponse,
  writeIncrementalAlterConfigsRequest,
} from '../../src/wire/generated/44-incremental-alter-configs.ts'
import type { Reader } from '../../src/wire/reader.ts'
import { type BatchOptions, RecordBatchBuilder } from '../../src/wire/record-batch-builder.ts'
import { RecordCursor } from '../../src/wire/record-cursor.ts'
import type { Writer } from '../../src/wire/writer.ts'

/** The last ones with topics by name. */
const PRODUCE_BY_NAME = 12
const FETCH_BY_NAME = 12
const CLIENT_ID = 'test'

export class ConnectionEnded extends Error {
  override name = 'ConnectionEnded'
}

interface Waiting {
  apiKey: number
  version: number
  correlationId: number
  resolve: (reader: Reader) => void
  reject: (error: Error) => void
}

export class Client {
  readonly socket: Socket
  /** Resolves when the broker, or we, have closed the connection. */
  readonly closed: Promise<unknown>
  #correlationId = 1
  #waiting: Waiting[] = []
  readonly #answers = new AnswerFrames()
  #isEnded = false

  static async connect(port: number): Promise<Client> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true })
    await once(socket, 'connect')
    return new Client(socket)
  }

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (bytes) => this.#answers.take(bytes, (frame) => this.#onFrame(frame)))
    socket.on('end', () => socket.destroy())
    socket.on('error', () => undefined)
    this.closed = new Promise((resolve) => socket.on('close', resolve))
    this.closed.then(() => this.#end())
  }

  close(): void {
    this.socket.destroy()
  }

  /** Resolves to a reader that stands at the answer's body. */
  request(apiKey: number, version: number, write: (writer: Writer) => void): Promise<Reader> {
    const correlationId = this.#correlationId++
    return new Promise((resolve, reject) => {
      if (this.#isEnded) reject(new ConnectionEnded('the connection has ended'))
      this.#waiting.push({ apiKey, version, correlationId, resolve, reject })
      this.socket.write(requestFrame(apiKey, version, correlationId, CLIENT_ID, write))
    })
  }

  /** Sends a request that is not answered. */
  send(apiKey: number, version: number, write: (writer: Writer) => void): void {
    this.socket.write(requestFrame(apiKey, version, this.#correlationId++, CLIENT_ID, write))
  }

  #onFrame(frame: Buffer): void {
    const { apiKey, version, correlationId, resolve, reject } = this.#waiting.shift()!
    try {
      resolve(answerReader(frame, apiKey, version, correlationId))
    } catch (error) {
      reject(error as Error)
    }
  }

  #end(): void {
    this.#isEnded = true
    for (const { reject } of this.#waiting) reject(new ConnectionEnded('the connection ended'))
    this.#waiting = []
  }
}

export function rows<Row>(of: { count: number; at(i: number): Row }): Row[] {
  return Array.from({ length: of.count }, (_, i) => of.at(i))
}

// --- topics -----------------------------------------------------------------------------------------------------------

export async function createTopic(
  client: Client,
  name: string,
  numPartitions: number,
  configs: Record<string, string | number> = {},
): Promise<{ errorCode: number; topicId: string }> {
  const version = createTopicsApi.maxVersion
  const topic = {
    name,
    numPartitions,
    replicationFactor: 1,
    assignments: [],
    configs: Object.entries(configs).map(([key, value]) => ({ name: key, value: `${value}` })),
  }
  const reader = await client.request(createTopicsApi.key, version, (writer) =>
    writeCreateTopicsRequest(writer, version, { topics: [topic], timeoutMs: 30_000, validateOnly: false }),
  )
  const { errorCode, topicId } = readCreateTopicsResponse(reader, version).topics[0]!
  return { errorCode, topicId }
}

export async function deleteTopic(client: Client, name: string): Promise<number> {
  const version = 5
  const reader = await client.request(deleteTopicsApi.key, version, (writer) =>
    writeDeleteTopicsRequest(writer, version, { topics: [], topicNames: [name], timeoutMs: 30_000 }),
  )
  return readDeleteTopicsResponse(reader, version).responses[0]!.errorCode
}

/** Null: the default again. */
export async function alterTopic(
  client: Client,
  topic: string,
  configs: Record<string, string | number | null>,
): Promise<number> {
  const version = incrementalAlterConfigsApi.maxVersion
  const changes = Object.entries(configs).map(([name, value]) => ({
    name,
    configOperation: value === null ? 1 : 0,
    value: value === null ? null : `${value}`,
  }))
  const resources = [{ resourceType: 2, resourceName: topic, configs: changes }]
  const reader = await client.request(incrementalAlterConfigsApi.key, version, (writer) =>
    writeIncrementalAlterConfigsRequest(writer, version, { resources, validateOnly: false }),
  )
  return readIncrementalAlterConfigsResponse(reader, version).responses[0]!.errorCode
}

export async function metadata(client: Client, names: string[], allowAutoTopicCreation = false) {
  const version = 12
  const topics = names.map((name) => ({ topicId: ZERO_UUID, name }))
  const reader = await client.request(metadataApi.key, version, (writer) =>
    writeMetadataRequest(writer, version, {
      topics,
      allowAutoTopicCreation,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    }),
  )
  return readMetadataResponse(reader, version)
}

// --- produce ----------------------------------------------------------------------------------------------------------

export interface TestRecord {
  value: string | Uint8Array
  timestampMs?: number
}

const text = new TextEncoder()

/** An uncompressed batch, as bytes of its own. */
export function batchOf(records: readonly (string | TestRecord)[], options: BatchOptions = {}): Buffer {
  const builder = new RecordBatchBuilder(crc32c).begin(options)
  for (const record of records) {
    const { value, timestampMs } = typeof record === 'string' ? { value: record, timestampMs: undefined } : record
    const bytes = typeof value === 'string' ? text.encode(value) : value
    builder.add({ timestampMs: timestampMs ?? 1_700_000_000_000, value: bytes })
  }
  return Buffer.from(builder.finish())
}

export interface ProduceOptions {
  acks?: number
  version?: number
  topicId?: string
}

function writeProduce(
  topic: string,
  batches: readonly (readonly [number, Uint8Array])[],
  { acks = -1, version = PRODUCE_BY_NAME, topicId }: ProduceOptions,
): (writer: Writer) => void {
  const request = produceRequest(topic, batches, acks)
  if (topicId !== undefined) request.topicData.at(0).topicId = topicId
  return (writer) => writeProduceRequest(writer, version, request)
}

export type Produced = Pick<
  PartitionProduceResponse,
  'index' | 'errorCode' | 'baseOffset' | 'logAppendTimeMs' | 'logStartOffset'
>

/** One request with a batch for each of the partitions; resolves to their answers in request order. */
export async function produceAll(
  client: Client,
  topic: string,
  batches: readonly (readonly [number, Uint8Array])[],
  options: ProduceOptions = {},
): Promise<Produced[]> {
  const version = options.version ?? PRODUCE_BY_NAME
  const reader = await client.request(produceApi.key, version, writeProduce(topic, batches, options))
  const { responses } = readProduceResponse(reader, version, new ProduceResponse())
  return rows(responses).flatMap(({ partitionResponses }) =>
    rows(partitionResponses).map(({ index, errorCode, baseOffset, logAppendTimeMs, logStartOffset }) => {
      return { index, errorCode, baseOffset, logAppendTimeMs, logStartOffset }
    }),
  )
}

export async function produce(
  client: Client,
  topic: string,
  partition: number,
  batch: Uint8Array,
  options: ProduceOptions = {},
): Promise<Produced> {
  return (await produceAll(client, topic, [[partition, batch]], options))[0]!
}

/** Why a batch is refused, and for which of its records. */
export async function produceErrors(client: Client, topic: string, partition: number, batch: Uint8Array) {
  const write = writeProduce(topic, [[partition, batch]], {})
  const reader = await client.request(produceApi.key, PRODUCE_BY_NAME, write)
  const { responses } = readProduceResponse(reader, PRODUCE_BY_NAME, new ProduceResponse())
  const { errorCode, errorMessage, recordErrors } = responses.at(0).partitionResponses.at(0)
  return { errorCode, errorMessage, recordErrors: rows(recordErrors) }
}

export function produceSilently(client: Client, topic: string, partition: number, batch: Uint8Array): void {
  client.send(produceApi.key, PRODUCE_BY_NAME, writeProduce(topic, [[partition, batch]], { acks: 0 }))
}

// --- fetch ------------------------------------------------------------------------------------------------------------

export interface FetchOptions extends FetchBounds {
  sessionId?: number
  sessionEpoch?: number
  version?: number
  topicId?: string
  currentLeaderEpoch?: number
  lastFetchedEpoch?: number
}

export interface Fetched {
  partition: number
  errorCode: number
  highWatermark: number
  logStartOffset: number
  divergingEpoch: number
  /** The batches as they came. */
  bytes: Buffer
}

export interface FetchAnswer {
  errorCode: number
  sessionId: number
  partitions: Fetched[]
}

/** `offsets`: [partition, offset] pairs. */
export async function fetchAll(
  client: Client,
  topic: string,
  offsets: readonly (readonly [number, number])[],
  options: FetchOptions = {},
): Promise<FetchAnswer> {
  const version = options.version ?? FETCH_BY_NAME
  const request = fetchRequest(topic, offsets, { maxBytes: 64 << 20, ...options })
  request.sessionId = options.sessionId ?? 0
  request.sessionEpoch = options.sessionEpoch ?? -1
  for (const asked of rows(request.topics)) {
    if (options.topicId !== undefined) asked.topicId = options.topicId
    for (const row of rows(asked.partitions)) {
      row.currentLeaderEpoch = options.currentLeaderEpoch ?? -1
      row.lastFetchedEpoch = options.lastFetchedEpoch ?? -1
    }
  }
  const reader = await client.request(fetchApi.key, version, (writer) => writeFetchRequest(writer, version, request))
  const response = readFetchResponse(reader, version, new FetchResponse())
  const partitions = rows(response.responses).flatMap((topic) =>
    rows(topic.partitions).map((data) => ({
      partition: data.partitionIndex,
      errorCode: data.errorCode,
      highWatermark: data.highWatermark,
      logStartOffset: data.logStartOffset,
      divergingEpoch: data.divergingEpoch.epoch,
      bytes: Buffer.from(
        reader.bytes.subarray(data.recordsOffset, data.recordsOffset + Math.max(0, data.recordsLength)),
      ),
    })),
  )
  return { errorCode: response.errorCode, sessionId: response.sessionId, partitions }
}

export async function fetch(
  client: Client,
  topic: string,
  partition: number,
  offset: number,
  options: FetchOptions = {},
): Promise<Fetched> {
  return (await fetchAll(client, topic, [[partition, offset]], options)).partitions[0]!
}

export interface FetchedRecord {
  offset: number
  timestampMs: number
  value: string
}

/** Every record of uncompressed batches; throws on a batch that is cut short. */
export function recordsIn(bytes: Buffer): FetchedRecord[] {
  const records: FetchedRecord[] = []
  const cursor = new RecordCursor()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let at = 0; at < bytes.length; ) {
    const length = view.getInt32(at + 8) + 12
    if (at + length > bytes.length) throw new Error(`a batch of ${length} bytes ends after ${bytes.length - at}`)
    if (crc32c(bytes, at + 21, length - 21, 0) !== view.getUint32(at + 17)) throw new Error(`a bad CRC at ${at}`)
    const baseOffset = Number(view.getBigInt64(at))
    const baseTimestamp = Number(view.getBigInt64(at + 27))
    cursor.reset(bytes, view, at, at + length)
    while (cursor.next()) {
      records.push({
        offset: baseOffset + cursor.offsetDelta,
        timestampMs: baseTimestamp + cursor.timestampDelta,
        value: bytes.toString('utf8', cursor.valueOffset, cursor.valueOffset + Math.max(0, cursor.valueLength)),
      })
    }
    at += length
  }
  return records
}

/** Reads a partition from `offset` to its high watermark: the values, their offsets checked to have no gap. */
export async function readAll(client: Client, topic: string, partition: number, options: FetchOptions = {}) {
  const values: string[] = []
  for (;;) {
    const { errorCode, highWatermark, bytes } = await fetch(client, topic, partition, values.length, options)
    if (errorCode !== 0) throw new Error(`fetch ${topic}-${partition} at ${values.length}: error ${errorCode}`)
    for (const { offset, value } of recordsIn(bytes)) {
      if (offset < values.length) continue
      if (offset > values.length) throw new Error(`offset ${values.length} is missing: ${offset} came`)
      values.push(value)
    }
    if (values.length >= highWatermark) return values
  }
}

// --- questions ----------------------------------------------------------------------------------------------------------

export async function offsetAt(client: Client, topic: string, partition: number, timestamp: number) {
  const version = 8
  const reader = await client.request(listOffsetsApi.key, version, (writer) =>
    writeListOffsetsRequest(writer, version, {
      replicaId: -1,
      isolationLevel: 0,
      topics: [{ name: topic, partitions: [{ partitionIndex: partition, currentLeaderEpoch: -1, timestamp }] }],
      timeoutMs: 0,
    }),
  )
  const { errorCode, offset, timestamp: found } = readListOffsetsResponse(reader, version).topics[0]!.partitions[0]!
  return { errorCode, offset, timestamp: found }
}

/** `offsets`: [partition, offset] pairs; resolves to [error, low watermark] of each. */
export async function deleteRecords(
  client: Client,
  topic: string,
  offsets: readonly (readonly [number, number])[],
): Promise<[errorCode: number, lowWatermark: number][]> {
  const version = deleteRecordsApi.maxVersion
  const partitions = offsets.map(([partitionIndex, offset]) => ({ partitionIndex, offset }))
  const reader = await client.request(deleteRecordsApi.key, version, (writer) =>
    writeDeleteRecordsRequest(writer, version, { topics: [{ name: topic, partitions }], timeoutMs: 30_000 }),
  )
  const [answer] = readDeleteRecordsResponse(reader, version).topics
  return answer!.partitions.map(({ errorCode, lowWatermark }) => [errorCode, lowWatermark])
}

export async function epochEnd(client: Client, topic: string, partition: number, leaderEpoch: number) {
  const version = 4
  const reader = await client.request(offsetForLeaderEpochApi.key, version, (writer) =>
    writeOffsetForLeaderEpochRequest(writer, version, {
      replicaId: -1,
      topics: [{ topic, partitions: [{ partition, currentLeaderEpoch: -1, leaderEpoch }] }],
    }),
  )
  return readOffsetForLeaderEpochResponse(reader, version).topics[0]!.partitions[0]!
}
