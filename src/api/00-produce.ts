// Produce (key 0), versions 3-13: append record batches to partitions.
//
// Records stay bytes from socket to journal: nothing here looks into them. Each partition's batch goes to the shard that
// owns the partition, and the answer waits for the slowest. acks 0 is never answered (an error closes the connection), 1
// is answered once the batch survives the leader's process, -1 once it is below the high watermark.
//
//   v8  which records are at fault (KIP-467)
//   v9  flexible encoding      v10  current leader in the answer (KIP-951)      v13  topic ids (KIP-516)

import type { TopicSettings } from '../config/topic-configs.ts'
import { List } from '../lib/list.ts'
import type { Pool } from '../lib/pool.ts'
import { ErrorCode } from '../model/error-codes.ts'
import {
  type PartitionProduceResponse,
  ProduceRequest,
  ProduceResponse,
  type TopicProduceData,
  writeProduceResponse,
} from '../wire/generated/00-produce.ts'
import { ROWS_KEPT_MAX } from '../wire/rows.ts'
import type { Writer } from '../wire/writer.ts'
import { Call } from './call.ts'
import { errorOfRecords, isOfRecords, nameRecords } from './record-errors.ts'
import type { PartitionRoute, Routes, TopicRoute } from './routes.ts'

const TOPIC_IDS_FROM = 13
const ZSTD_FROM = 7
const RECORD_ERRORS_FROM = 8
/** Of one answer: a record takes seven bytes of a request, and would take some seventy of its answer. */
const RECORD_ERRORS_MAX = 1024

export interface ProduceContext {
  readonly routes: Routes
  readonly nodeId: number
  /** The own arena, where the records lie. */
  readonly arena: { readonly bytes: Uint8Array; readonly view: DataView }
  /** What is configured of a topic. Not for every batch. */
  settingsOf(topic: string): TopicSettings
  /**
   * Appends the records at `[offset, offset + length)` of the own arena to the partition, wherever it lives; then
   * `call.onAppended(row, …)`, once, perhaps before this returns.
   */
  append(call: ProduceCall, row: number, route: PartitionRoute, offset: number, length: number): void
}

export class ProduceCall extends Call {
  readonly request = new ProduceRequest()
  readonly #response = new ProduceResponse()
  readonly #pool: Pool<ProduceCall>
  /** The answer's partitions in request order: `row` counts through them. */
  readonly #rows = new List<PartitionProduceResponse>()
  #context!: ProduceContext
  #pending = 0
  #recordErrors = 0
  /** The block of the frame that the records lie in. */
  block = 0

  constructor(pool: Pool<ProduceCall>) {
    super()
    this.#pool = pool
  }

  get acks(): number {
    return this.request.acks
  }

  get takesZstd(): boolean {
    return this.apiVersion >= ZSTD_FROM
  }

  start(context: ProduceContext): void {
    const { request } = this
    this.#context = context
    this.isSilent = request.acks === 0
    this.#response.reset()
    this.#rows.clear()
    this.#recordErrors = 0
    // Held until every partition is on its way: an append may be answered before the next is looked at.
    this.#pending = 1
    for (let i = 0; i < request.topicData.count; i++) this.#startTopic(context, request.topicData.at(i))
    this.#settle()
  }

  onAppended(row: number, error: number, baseOffset: number, appendTimeMs: number, logStartOffset: number): void {
    const answer = this.#rows.at(row)
    answer.errorCode = errorOfRecords(error)
    if (isOfRecords(error) && this.apiVersion >= RECORD_ERRORS_FROM) this.#nameRecords(row, error, appendTimeMs)
    answer.baseOffset = error === ErrorCode.None ? baseOffset : -1
    answer.logAppendTimeMs = error === ErrorCode.None ? appendTimeMs : -1
    answer.logStartOffset = error === ErrorCode.None ? logStartOffset : -1
    if (this.isSilent && error !== ErrorCode.None) this.mustClose = true
    this.#settle()
  }

  override encode(writer: Writer): void {
    writeProduceResponse(writer, this.apiVersion, this.#response)
  }

  override finish(): void {
    this.#rows.clearAndKeep(ROWS_KEPT_MAX)
    this.clearCall()
    this.#pool.give(this)
  }

  #startTopic(context: ProduceContext, data: TopicProduceData): void {
    const byId = this.apiVersion >= TOPIC_IDS_FROM
    const topic = byId ? context.routes.topicById(data.topicId) : context.routes.topicByName(data.name)
    const answer = this.#response.responses.add()
    answer.name = data.name
    answer.topicId = data.topicId
    for (let i = 0; i < data.partitionData.count; i++) {
      const { index, recordsOffset, recordsLength } = data.partitionData.at(i)
      const partition = answer.partitionResponses.add()
      partition.index = index
      const row = this.#rows.count
      this.#rows.push(partition)
      this.#pending++
      const error = this.#refusal(context, topic, index, recordsLength)
      if (error === ErrorCode.None) context.append(this, row, topic!.partitions[index]!, recordsOffset, recordsLength)
      else this.onAppended(row, error, -1, -1, -1)
    }
  }

  #refusal(context: ProduceContext, topic: TopicRoute | undefined, partition: number, recordsLength: number): number {
    const { acks, transactionalId } = this.request
    if (acks < -1 || acks > 1) return ErrorCode.InvalidRequiredAcks
    if (topic === undefined) {
      return this.apiVersion >= TOPIC_IDS_FROM ? ErrorCode.UnknownTopicId : ErrorCode.UnknownTopicOrPartition
    }
    const image = topic.image.partitions[partition]
    if (image === undefined) return ErrorCode.UnknownTopicOrPartition
    if (topic.isInternal) return ErrorCode.InvalidTopicException
    if (image.leader !== context.nodeId) return ErrorCode.NotLeaderOrFollower
    if (transactionalId !== null) return ErrorCode.InvalidTxnState
    if (recordsLength <= 0) return ErrorCode.InvalidRecord
    return ErrorCode.None
  }

  #nameRecords(row: number, error: number, judgedAtMs: number): void {
    const { topicData } = this.request
    let topic = 0
    let partition = row
    while (partition >= topicData.at(topic).partitionData.count) partition -= topicData.at(topic++).partitionData.count
    const { name, topicId, partitionData } = topicData.at(topic)
    const { recordsOffset, recordsLength } = partitionData.at(partition)
    const { arena, routes } = this.#context
    const route = this.apiVersion >= TOPIC_IDS_FROM ? routes.topicById(topicId) : routes.topicByName(name)
    const batch = { ...arena, at: recordsOffset, end: recordsOffset + recordsLength }
    const settings = this.#context.settingsOf(route?.image.name ?? name)
    const countMax = RECORD_ERRORS_MAX - this.#recordErrors
    const answer = this.#rows.at(row)
    nameRecords(answer, error, batch, { settings, judgedAtMs }, countMax)
    this.#recordErrors += answer.recordErrors.count
  }

  #settle(): void {
    if (--this.#pending === 0) this.ready()
  }
}
