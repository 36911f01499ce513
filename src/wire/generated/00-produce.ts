// Generated from schema/00-produce.schema by scripts/generate-codecs.mjs: change that.
// Produce: append record batches to partitions.
//
// v9 flexible   v10 current leader and its endpoint in the answer (KIP-951)   v12 transactions V2   v13 topic ids

import { ZERO_UUID } from '../../model/uuid.ts'
import { TWO_32 } from '../../lib/int64.ts'
import type { Reader } from '../reader.ts'
import { type Row, RowStore, Rows } from '../rows.ts'
import type { RecordsSource, Writer } from '../writer.ts'

export const produceApi = { key: 0, name: 'Produce', minVersion: 3, maxVersion: 13, flexibleFrom: 9 } as const

export class ProduceRequest implements Row {
  transactionalId: string | null = null
  acks = 0
  timeoutMs = 0
  readonly topicData: Rows<TopicProduceData>
  private readonly stores = new ProduceRequestStores()

  constructor() {
    this.topicData = new Rows(this.stores.topicProduceData)
  }

  reset(): void {
    this.stores.clear()
    this.transactionalId = null
    this.acks = 0
    this.timeoutMs = 0
    this.topicData.clear()
  }
}

class ProduceRequestStores {
  readonly topicProduceData = new RowStore(() => new TopicProduceData(this))
  readonly partitionProduceData = new RowStore(() => new PartitionProduceData())

  clear(): void {
    this.topicProduceData.clear()
    this.partitionProduceData.clear()
  }
}

export function readProduceRequest(reader: Reader, version: number, into: ProduceRequest): ProduceRequest {
  const flexible = version >= 9
  into.reset()
  const { view } = reader
  into.transactionalId = reader.readNullableString(flexible)
  const at = reader.take(6)
  into.acks = view.getInt16(at)
  into.timeoutMs = view.getInt32(at + 2)
  for (let count = reader.readArrayCount(flexible, 3, 96); count > 0; count--) {
    readTopicProduceData(reader, version, into.topicData.add())
  }
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeProduceRequest(writer: Writer, version: number, value: ProduceRequest): void {
  const flexible = version >= 9
  writer.writeNullableString(value.transactionalId, flexible)
  const at = writer.reserve(6)
  writer.view.setInt16(at, value.acks)
  writer.view.setInt32(at + 2, value.timeoutMs)
  writer.writeArrayCount(value.topicData.count, flexible)
  for (let i = 0; i < value.topicData.count; i++) {
    writeTopicProduceData(writer, version, value.topicData.at(i))
  }
  if (flexible) writer.writeUnsignedVarint(0)
}

export class TopicProduceData implements Row {
  name = ''
  topicId = ZERO_UUID
  readonly partitionData: Rows<PartitionProduceData>

  constructor(stores: ProduceRequestStores) {
    this.partitionData = new Rows(stores.partitionProduceData)
  }

  reset(): void {
    this.name = ''
    this.topicId = ZERO_UUID
    this.partitionData.clear()
  }
}

function readTopicProduceData(reader: Reader, version: number, into: TopicProduceData): void {
  const flexible = version >= 9
  if (version <= 12) into.name = reader.readInternedString(flexible)
  if (version >= 13) into.topicId = reader.readInternedUuid()
  for (let count = reader.readArrayCount(flexible, 6, 56); count > 0; count--) {
    readPartitionProduceData(reader, version, into.partitionData.add())
  }
  if (flexible) reader.skipTaggedFields()
}

function writeTopicProduceData(writer: Writer, version: number, value: TopicProduceData): void {
  const flexible = version >= 9
  if (version <= 12) writer.writeInternedString(value.name, flexible)
  if (version >= 13) writer.writeUuid(value.topicId)
  writer.writeArrayCount(value.partitionData.count, flexible)
  for (let i = 0; i < value.partitionData.count; i++) {
    writePartitionProduceData(writer, version, value.partitionData.at(i))
  }
  if (flexible) writer.writeUnsignedVarint(0)
}

export class PartitionProduceData implements Row {
  index = 0
  /** To be written. */
  records: RecordsSource | null = null
  /** As read: where they lie in the arena; length -1 for null. */
  recordsOffset = 0
  recordsLength = -1

  reset(): void {
    this.index = 0
    this.records = null
    this.recordsOffset = 0
    this.recordsLength = -1
  }
}

function readPartitionProduceData(reader: Reader, version: number, into: PartitionProduceData): void {
  const flexible = version >= 9
  into.index = reader.readInt32()
  reader.readNullableSpan(flexible)
  into.recordsOffset = reader.spanOffset
  into.recordsLength = reader.spanLength
  if (flexible) reader.skipTaggedFields()
}

function writePartitionProduceData(writer: Writer, version: number, value: PartitionProduceData): void {
  const flexible = version >= 9
  writer.writeInt32(value.index)
  writer.writeNullableRecords(value.records, flexible)
  if (flexible) writer.writeUnsignedVarint(0)
}

export class ProduceResponse implements Row {
  readonly responses: Rows<TopicProduceResponse>
  throttleTimeMs = 0
  readonly nodeEndpoints: Rows<NodeEndpoint>
  private readonly stores = new ProduceResponseStores()

  constructor() {
    this.responses = new Rows(this.stores.topicProduceResponse)
    this.nodeEndpoints = new Rows(this.stores.nodeEndpoint)
  }

  reset(): void {
    this.stores.clear()
    this.responses.clear()
    this.throttleTimeMs = 0
    this.nodeEndpoints.clear()
  }
}

class ProduceResponseStores {
  readonly topicProduceResponse = new RowStore(() => new TopicProduceResponse(this))
  readonly partitionProduceResponse = new RowStore(() => new PartitionProduceResponse(this))
  readonly batchIndexAndErrorMessage = new RowStore(() => new BatchIndexAndErrorMessage())
  readonly nodeEndpoint = new RowStore(() => new NodeEndpoint())

  clear(): void {
    this.topicProduceResponse.clear()
    this.partitionProduceResponse.clear()
    this.batchIndexAndErrorMessage.clear()
    this.nodeEndpoint.clear()
  }
}

export function readProduceResponse(reader: Reader, version: number, into: ProduceResponse): ProduceResponse {
  const flexible = version >= 9
  into.reset()
  for (let count = reader.readArrayCount(flexible, 3, 96); count > 0; count--) {
    readTopicProduceResponse(reader, version, into.responses.add())
  }
  into.throttleTimeMs = reader.readInt32()
  if (flexible) {
    for (let tags = reader.readTagCount(); tags > 0; tags--) {
      const tag = reader.readUnsignedVarint()
      const tagEnd = reader.readTagEnd()
      if (tag === 0 && version >= 10) {
        for (let count = reader.readArrayCount(true, 11, 72); count > 0; count--) {
          readNodeEndpoint(reader, version, into.nodeEndpoints.add())
        }
      } else reader.position = tagEnd
      reader.endTag(tagEnd)
    }
  }
  return into
}

export function writeProduceResponse(writer: Writer, version: number, value: ProduceResponse): void {
  const flexible = version >= 9
  writer.writeArrayCount(value.responses.count, flexible)
  for (let i = 0; i < value.responses.count; i++) {
    writeTopicProduceResponse(writer, version, value.responses.at(i))
  }
  writer.writeInt32(value.throttleTimeMs)
  if (flexible) {
    const tagsMark = writer.beginTags()
    let tags = 0
    if (version >= 10 && value.nodeEndpoints.count !== 0) {
      const mark = writer.beginTag(0)
      writer.writeArrayCount(value.nodeEndpoints.count, true)
      for (let i = 0; i < value.nodeEndpoints.count; i++) {
        writeNodeEndpoint(writer, version, value.nodeEndpoints.at(i))
      }
      writer.endTag(mark)
      tags++
    }
    writer.endTags(tagsMark, tags)
  }
}

export class TopicProduceResponse implements Row {
  name = ''
  topicId = ZERO_UUID
  readonly partitionResponses: Rows<PartitionProduceResponse>

  constructor(stores: ProduceResponseStores) {
    this.partitionResponses = new Rows(stores.partitionProduceResponse)
  }

  reset(): void {
    this.name = ''
    this.topicId = ZERO_UUID
    this.partitionResponses.clear()
  }
}

function readTopicProduceResponse(reader: Reader, version: number, into: TopicProduceResponse): void {
  const flexible = version >= 9
  if (version <= 12) into.name = reader.readInternedString(flexible)
  if (version >= 13) into.topicId = reader.readInternedUuid()
  for (let count = reader.readArrayCount(flexible, 22, 224); count > 0; count--) {
    readPartitionProduceResponse(reader, version, into.partitionResponses.add())
  }
  if (flexible) reader.skipTaggedFields()
}

function writeTopicProduceResponse(writer: Writer, version: number, value: TopicProduceResponse): void {
  const flexible = version >= 9
  if (version <= 12) writer.writeInternedString(value.name, flexible)
  if (version >= 13) writer.writeUuid(value.topicId)
  writer.writeArrayCount(value.partitionResponses.count, flexible)
  for (let i = 0; i < value.partitionResponses.count; i++) {
    writePartitionProduceResponse(writer, version, value.partitionResponses.at(i))
  }
  if (flexible) writer.writeUnsignedVarint(0)
}

export class PartitionProduceResponse implements Row {
  index = 0
  errorCode = 0
  baseOffset = 0
  logAppendTimeMs = -1
  logStartOffset = -1
  readonly recordErrors: Rows<BatchIndexAndErrorMessage>
  errorMessage: string | null = null
  readonly currentLeader = new LeaderIdAndEpoch()

  constructor(stores: ProduceResponseStores) {
    this.recordErrors = new Rows(stores.batchIndexAndErrorMessage)
  }

  reset(): void {
    this.index = 0
    this.errorCode = 0
    this.baseOffset = 0
    this.logAppendTimeMs = -1
    this.logStartOffset = -1
    this.recordErrors.clear()
    this.errorMessage = null
    this.currentLeader.reset()
  }
}

function readPartitionProduceResponse(reader: Reader, version: number, into: PartitionProduceResponse): void {
  const flexible = version >= 9
  const { view } = reader
  const at = reader.take(22)
  into.index = view.getInt32(at)
  into.errorCode = view.getInt16(at + 4)
  into.baseOffset = view.getInt32(at + 6) * TWO_32 + view.getUint32(at + 10)
  into.logAppendTimeMs = view.getInt32(at + 14) * TWO_32 + view.getUint32(at + 18)
  if (version >= 5) {
    const at2 = reader.take(8)
    into.logStartOffset = view.getInt32(at2) * TWO_32 + view.getUint32(at2 + 4)
  }
  if (version >= 8) {
    for (let count = reader.readArrayCount(flexible, 6, 56); count > 0; count--) {
      readBatchIndexAndErrorMessage(reader, version, into.recordErrors.add())
    }
    into.errorMessage = reader.readNullableString(flexible)
  }
  if (flexible) {
    for (let tags = reader.readTagCount(); tags > 0; tags--) {
      const tag = reader.readUnsignedVarint()
      const tagEnd = reader.readTagEnd()
      if (tag === 0 && version >= 10) {
        readLeaderIdAndEpoch(reader, version, into.currentLeader)
      } else reader.position = tagEnd
      reader.endTag(tagEnd)
    }
  }
}

function writePartitionProduceResponse(writer: Writer, version: number, value: PartitionProduceResponse): void {
  const flexible = version >= 9
  const at = writer.reserve(22)
  writer.view.setInt32(at, value.index)
  writer.view.setInt16(at + 4, value.errorCode)
  writer.view.setInt32(at + 6, Math.min(Math.floor(value.baseOffset / TWO_32), 0x7fffffff))
  writer.view.setUint32(at + 10, value.baseOffset)
  writer.view.setInt32(at + 14, Math.min(Math.floor(value.logAppendTimeMs / TWO_32), 0x7fffffff))
  writer.view.setUint32(at + 18, value.logAppendTimeMs)
  if (version >= 5) {
    const at2 = writer.reserve(8)
    writer.view.setInt32(at2, Math.min(Math.floor(value.logStartOffset / TWO_32), 0x7fffffff))
    writer.view.setUint32(at2 + 4, value.logStartOffset)
  }
  if (version >= 8) {
    writer.writeArrayCount(value.recordErrors.count, flexible)
    for (let i = 0; i < value.recordErrors.count; i++) {
      writeBatchIndexAndErrorMessage(writer, version, value.recordErrors.at(i))
    }
    writer.writeNullableString(value.errorMessage, flexible)
  }
  if (flexible) {
    const tagsMark = writer.beginTags()
    let tags = 0
    if (version >= 10 && (value.currentLeader.leaderId !== -1 || value.currentLeader.leaderEpoch !== -1)) {
      const mark = writer.beginTag(0)
      writeLeaderIdAndEpoch(writer, version, value.currentLeader)
      writer.endTag(mark)
      tags++
    }
    writer.endTags(tagsMark, tags)
  }
}

export class BatchIndexAndErrorMessage implements Row {
  batchIndex = 0
  batchIndexErrorMessage: string | null = null

  reset(): void {
    this.batchIndex = 0
    this.batchIndexErrorMessage = null
  }
}

function readBatchIndexAndErrorMessage(reader: Reader, version: number, into: BatchIndexAndErrorMessage): void {
  const flexible = version >= 9
  into.batchIndex = reader.readInt32()
  into.batchIndexErrorMessage = reader.readNullableString(flexible)
  if (flexible) reader.skipTaggedFields()
}

function writeBatchIndexAndErrorMessage(writer: Writer, version: number, value: BatchIndexAndErrorMessage): void {
  const flexible = version >= 9
  writer.writeInt32(value.batchIndex)
  writer.writeNullableString(value.batchIndexErrorMessage, flexible)
  if (flexible) writer.writeUnsignedVarint(0)
}

export class LeaderIdAndEpoch implements Row {
  leaderId = -1
  leaderEpoch = -1

  reset(): void {
    this.leaderId = -1
    this.leaderEpoch = -1
  }
}

function readLeaderIdAndEpoch(reader: Reader, _version: number, into: LeaderIdAndEpoch): void {
  const { view } = reader
  const at = reader.take(8)
  into.leaderId = view.getInt32(at)
  into.leaderEpoch = view.getInt32(at + 4)
  reader.skipTaggedFields()
}

function writeLeaderIdAndEpoch(writer: Writer, _version: number, value: LeaderIdAndEpoch): void {
  const at = writer.reserve(8)
  writer.view.setInt32(at, value.leaderId)
  writer.view.setInt32(at + 4, value.leaderEpoch)
  writer.writeUnsignedVarint(0)
}

export class NodeEndpoint implements Row {
  nodeId = 0
  host = ''
  port = 0
  rack: string | null = null

  reset(): void {
    this.nodeId = 0
    this.host = ''
    this.port = 0
    this.rack = null
  }
}

function readNodeEndpoint(reader: Reader, _version: number, into: NodeEndpoint): void {
  into.nodeId = reader.readInt32()
  into.host = reader.readString(true)
  into.port = reader.readInt32()
  into.rack = reader.readNullableString(true)
  reader.skipTaggedFields()
}

function writeNodeEndpoint(writer: Writer, _version: number, value: NodeEndpoint): void {
  writer.writeInt32(value.nodeId)
  writer.writeString(value.host, true)
  writer.writeInt32(value.port)
  writer.writeNullableString(value.rack, true)
  writer.writeUnsignedVarint(0)
}
