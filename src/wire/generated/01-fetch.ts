// Generated from schema/01-fetch.schema by scripts/generate-codecs.mjs: change that.
// Fetch: record batches from an offset on, waiting for enough of them; consumers and followers alike.
//
// v7 sessions   v9 leader epoch check   v12 flexible, diverging epoch   v13 topic ids   v15 replica state   v16 leader
// endpoints   v17 replica directory   v18 the follower's high watermark

import { ZERO_UUID } from '../../model/uuid.ts'
import { TWO_32 } from '../../lib/int64.ts'
import type { Reader } from '../reader.ts'
import { type Row, RowStore, Rows } from '../rows.ts'
import type { RecordsSource, Writer } from '../writer.ts'

export const fetchApi = { key: 1, name: 'Fetch', minVersion: 4, maxVersion: 18, flexibleFrom: 12 } as const

export class FetchRequest implements Row {
  clusterId: string | null = null
  replicaId = -1
  readonly replicaState = new ReplicaState()
  maxWaitMs = 0
  minBytes = 0
  maxBytes = 2147483647
  isolationLevel = 0
  sessionId = 0
  sessionEpoch = -1
  readonly topics: Rows<FetchTopic>
  readonly forgottenTopicsData: Rows<ForgottenTopic>
  rackId = ''
  private readonly stores = new FetchRequestStores()

  constructor() {
    this.topics = new Rows(this.stores.fetchTopic)
    this.forgottenTopicsData = new Rows(this.stores.forgottenTopic)
  }

  reset(): void {
    this.stores.clear()
    this.clusterId = null
    this.replicaId = -1
    this.replicaState.reset()
    this.maxWaitMs = 0
    this.minBytes = 0
    this.maxBytes = 2147483647
    this.isolationLevel = 0
    this.sessionId = 0
    this.sessionEpoch = -1
    this.topics.clear()
    this.forgottenTopicsData.clear()
    this.rackId = ''
  }
}

class FetchRequestStores {
  readonly fetchTopic = new RowStore(() => new FetchTopic(this))
  readonly fetchPartition = new RowStore(() => new FetchPartition())
  readonly forgottenTopic = new RowStore(() => new ForgottenTopic())

  clear(): void {
    this.fetchTopic.clear()
    this.fetchPartition.clear()
    this.forgottenTopic.clear()
  }
}

export function readFetchRequest(reader: Reader, version: number, into: FetchRequest): FetchRequest {
  const flexible = version >= 12
  into.reset()
  const { view } = reader
  if (version <= 14) into.replicaId = reader.readInt32()
  const at = reader.take(13)
  into.maxWaitMs = view.getInt32(at)
  into.minBytes = view.getInt32(at + 4)
  into.maxBytes = view.getInt32(at + 8)
  into.isolationLevel = view.getInt8(at + 12)
  if (version >= 7) {
    const at2 = reader.take(8)
    into.sessionId = view.getInt32(at2)
    into.sessionEpoch = view.getInt32(at2 + 4)
  }
  for (let count = reader.readArrayCount(flexible, 3, 96); count > 0; count--) {
    readFetchTopic(reader, version, into.topics.add())
  }
  if (version >= 7) {
    for (let count = reader.readArrayCount(flexible, 3, 96); count > 0; count--) {
      readForgottenTopic(reader, version, into.forgottenTopicsData.add())
    }
  }
  if (version >= 11) into.rackId = reader.readInternedString(flexible)
  if (flexible) {
    for (let tags = reader.readTagCount(); tags > 0; tags--) {
      const tag = reader.readUnsignedVarint()
      const tagEnd = reader.readTagEnd()
      if (tag === 0) {
        into.clusterId = reader.readNullableString(true)
      } else if (tag === 1 && version >= 15) {
        readReplicaState(reader, version, into.replicaState)
      } else reader.position = tagEnd
      reader.endTag(tagEnd)
    }
  }
  return into
}

export function writeFetchRequest(writer: Writer, version: number, value: FetchRequest): void {
  const flexible = version >= 12
  if (version <= 14) writer.writeInt32(value.replicaId)
  const at = writer.reserve(13)
  writer.view.setInt32(at, value.maxWaitMs)
  writer.view.setInt32(at + 4, value.minBytes)
  writer.view.setInt32(at + 8, value.maxBytes)
  writer.view.setInt8(at + 12, value.isolationLevel)
  if (version >= 7) {
    const at2 = writer.reserve(8)
    writer.view.setInt32(at2, value.sessionId)
    writer.view.setInt32(at2 + 4, value.sessionEpoch)
  }
  writer.writeArrayCount(value.topics.count, flexible)
  for (let i = 0; i < value.topics.count; i++) {
    writeFetchTopic(writer, version, value.topics.at(i))
  }
  if (version >= 7) {
    writer.writeArrayCount(value.forgottenTopicsData.count, flexible)
    for (let i = 0; i < value.forgottenTopicsData.count; i++) {
      writeForgottenTopic(writer, version, value.forgottenTopicsData.at(i))
    }
  }
  if (version >= 11) writer.writeInternedString(value.rackId, flexible)
  if (flexible) {
    const tagsMark = writer.beginTags()
    let tags = 0
    if (value.clusterId !== null) {
      const mark = writer.beginTag(0)
      writer.writeNullableString(value.clusterId, true)
      writer.endTag(mark)
      tags++
    }
    if (version >= 15 && (value.replicaState.replicaId !== -1 || value.replicaState.replicaEpoch !== -1)) {
      const mark = writer.beginTag(1)
      writeReplicaState(writer, version, value.replicaState)
      writer.endTag(mark)
      tags++
    }
    writer.endTags(tagsMark, tags)
  }
}

export class ReplicaState implements Row {
  replicaId = -1
  replicaEpoch = -1

  reset(): void {
    this.replicaId = -1
    this.replicaEpoch = -1
  }
}

function readReplicaState(reader: Reader, _version: number, into: ReplicaState): void {
  const { view } = reader
  const at = reader.take(12)
  into.replicaId = view.getInt32(at)
  into.replicaEpoch = view.getInt32(at + 4) * TWO_32 + view.getUint32(at + 8)
  reader.skipTaggedFields()
}

function writeReplicaState(writer: Writer, _version: number, value: ReplicaState): void {
  const at = writer.reserve(12)
  writer.view.setInt32(at, value.replicaId)
  writer.view.setInt32(at + 4, Math.min(Math.floor(value.replicaEpoch / TWO_32), 0x7fffffff))
  writer.view.setUint32(at + 8, value.replicaEpoch)
  writer.writeUnsignedVarint(0)
}

export class FetchTopic implements Row {
  topic = ''
  topicId = ZERO_UUID
  readonly partitions: Rows<FetchPartition>

  constructor(stores: FetchRequestStores) {
    this.partitions = new Rows(stores.fetchPartition)
  }

  reset(): void {
    this.topic = ''
    this.topicId = ZERO_UUID
    this.partitions.clear()
  }
}

function readFetchTopic(reader: Reader, version: number, into: FetchTopic): void {
  const flexible = version >= 12
  if (version <= 12) into.topic = reader.readInternedString(flexible)
  if (version >= 13) into.topicId = reader.readInternedUuid()
  for (let count = reader.readArrayCount(flexible, 16, 152); count > 0; count--) {
    readFetchPartition(reader, version, into.partitions.add())
  }
  if (flexible) reader.skipTaggedFields()
}

function writeFetchTopic(writer: Writer, version: number, value: FetchTopic): void {
  const flexible = version >= 12
  if (version <= 12) writer.writeInternedString(value.topic, flexible)
  if (version >= 13) writer.writeUuid(value.topicId)
  writer.writeArrayCount(value.partitions.count, flexible)
  for (let i = 0; i < value.partitions.count; i++) {
    writeFetchPartition(writer, version, value.partitions.at(i))
  }
  if (flexible) writer.writeUnsignedVarint(0)
}

export class FetchPartition implements Row {
  partition = 0
  currentLeaderEpoch = -1
  fetchOffset = 0
  lastFetchedEpoch = -1
  logStartOffset = -1
  partitionMaxBytes = 0
  replicaDirectoryId = ZERO_UUID
  highWatermark = 2 ** 63

  reset(): void {
    this.partition = 0
    this.currentLeaderEpoch = -1
    this.fetchOffset = 0
    this.lastFetchedEpoch = -1
    this.logStartOffset = -1
    this.partitionMaxBytes = 0
    this.replicaDirectoryId = ZERO_UUID
    this.highWatermark = 2 ** 63
  }
}

function readFetchPartition(reader: Reader, version: number, into: FetchPartition): void {
  const flexible = version >= 12
  const { view } = reader
  into.partition = reader.readInt32()
  if (version >= 9) into.currentLeaderEpoch = reader.readInt32()
  const at = reader.take(8)
  into.fetchOffset = view.getInt32(at) * TWO_32 + view.getUint32(at + 4)
  if (version >= 12) into.lastFetchedEpoch = reader.readInt32()
  if (version >= 5) {
    const at2 = reader.take(8)
    into.logStartOffset = view.getInt32(at2) * TWO_32 + view.getUint32(at2 + 4)
  }
  into.partitionMaxBytes = reader.readInt32()
  if (flexible) {
    for (let tags = reader.readTagCount(); tags > 0; tags--) {
      const tag = reader.readUnsignedVarint()
      const tagEnd = reader.readTagEnd()
      if (tag === 0 && version >= 17) {
        into.replicaDirectoryId = reader.readInternedUuid()
      } else if (tag === 1 && version >= 18) {
        const at = reader.take(8)
        into.highWatermark = view.getInt32(at) * TWO_32 + view.getUint32(at + 4)
      } else reader.position = tagEnd
      reader.endTag(tagEnd)
    }
  }
}

function writeFetchPartition(writer: Writer, version: number, value: FetchPartition): void {
  const flexible = version >= 12
  writer.writeInt32(value.partition)
  if (version >= 9) writer.writeInt32(value.currentLeaderEpoch)
  const at = writer.reserve(8)
  writer.view.setInt32(at, Math.min(Math.floor(value.fetchOffset / TWO_32), 0x7fffffff))
  writer.view.setUint32(at + 4, value.fetchOffset)
  if (version >= 12) writer.writeInt32(value.lastFetchedEpoch)
  if (version >= 5) {
    const at2 = writer.reserve(8)
    writer.view.setInt32(at2, Math.min(Math.floor(value.logStartOffset / TWO_32), 0x7fffffff))
    writer.view.setUint32(at2 + 4, value.logStartOffset)
  }
  writer.writeInt32(value.partitionMaxBytes)
  if (flexible) {
    const tagsMark = writer.beginTags()
    let tags = 0
    if (version >= 17 && value.replicaDirectoryId !== ZERO_UUID) {
      const mark = writer.beginTag(0)
      writer.writeUuid(value.replicaDirectoryId)
      writer.endTag(mark)
      tags++
    }
    if (version >= 18 && value.highWatermark !== 2 ** 63) {
      const mark = writer.beginTag(1)
      const at = writer.reserve(8)
      writer.view.setInt32(at, Math.min(Math.floor(value.highWatermark / TWO_32), 0x7fffffff))
      writer.view.setUint32(at + 4, value.highWatermark)
      writer.endTag(mark)
      tags++
    }
    writer.endTags(tagsMark, tags)
  }
}

export class ForgottenTopic implements Row {
  topic = ''
  topicId = ZERO_UUID
  partitions: number[] = []

  reset(): void {
    this.topic = ''
    this.topicId = ZERO_UUID
    if (this.partitions.length > 0) this.partitions = []
  }
}

function readForgottenTopic(reader: Reader, version: number, into: ForgottenTopic): void {
  const flexible = version >= 12
  if (version <= 12) into.topic = reader.readInternedString(flexible)
  if (version >= 13) into.topicId = reader.readInternedUuid()
  into.partitions = reader.readInt32s(reader.readArrayCount(flexible, 4, 16))
  if (flexible) reader.skipTaggedFields()
}

function writeForgottenTopic(writer: Writer, version: number, value: ForgottenTopic): void {
  const flexible = version >= 12
  if (version <= 12) writer.writeInternedString(value.topic, flexible)
  if (version >= 13) writer.writeUuid(value.topicId)
  writer.writeArrayCount(value.partitions.length, flexible)
  writer.writeInt32s(value.partitions)
  if (flexible) writer.writeUnsignedVarint(0)
}

export class FetchResponse implements Row {
  throttleTimeMs = 0
  errorCode = 0
  sessionId = 0
  readonly responses: Rows<FetchableTopicResponse>
  readonly nodeEndpoints: Rows<NodeEndpoint>
  private readonly stores = new FetchResponseStores()

  constructor() {
    this.responses = new Rows(this.stores.fetchableTopicResponse)
    this.nodeEndpoints = new Rows(this.stores.nodeEndpoint)
  }

  reset(): void {
    this.stores.clear()
    this.throttleTimeMs = 0
    this.errorCode = 0
    this.sessionId = 0
    this.responses.clear()
    this.nodeEndpoints.clear()
  }
}

class FetchResponseStores {
  readonly fetchableTopicResponse = new RowStore(() => new FetchableTopicResponse(this))
  readonly partitionData = new RowStore(() => new PartitionData(this))
  readonly abortedTransaction = new RowStore(() => new AbortedTransaction())
  readonly nodeEndpoint = new RowStore(() => new NodeEndpoint())

  clear(): void {
    this.fetchableTopicResponse.clear()
    this.partitionData.clear()
    this.abortedTransaction.clear()
    this.nodeEndpoint.clear()
  }
}

export function readFetchResponse(reader: Reader, version: number, into: FetchResponse): FetchResponse {
  const flexible = version >= 12
  into.reset()
  const { view } = reader
  into.throttleTimeMs = reader.readInt32()
  if (version >= 7) {
    const at = reader.take(6)
    into.errorCode = view.getInt16(at)
    into.sessionId = view.getInt32(at + 2)
  }
  for (let count = reader.readArrayCount(flexible, 3, 96); count > 0; count--) {
    readFetchableTopicResponse(reader, version, into.responses.add())
  }
  if (flexible) {
    for (let tags = reader.readTagCount(); tags > 0; tags--) {
      const tag = reader.readUnsignedVarint()
      const tagEnd = reader.readTagEnd()
      if (tag === 0 && version >= 16) {
        for (let count = reader.readArrayCount(true, 11, 72); count > 0; count--) {
          readNodeEndpoint(reader, version, into.nodeEndpoints.add())
        }
      } else reader.position = tagEnd
      reader.endTag(tagEnd)
    }
  }
  return into
}

export function writeFetchResponse(writer: Writer, version: number, value: FetchResponse): void {
  const flexible = version >= 12
  writer.writeInt32(value.throttleTimeMs)
  if (version >= 7) {
    const at = writer.reserve(6)
    writer.view.setInt16(at, value.errorCode)
    writer.view.setInt32(at + 2, value.sessionId)
  }
  writer.writeArrayCount(value.responses.count, flexible)
  for (let i = 0; i < value.responses.count; i++) {
    writeFetchableTopicResponse(writer, version, value.responses.at(i))
  }
  if (flexible) {
    const tagsMark = writer.beginTags()
    let tags = 0
    if (version >= 16 && value.nodeEndpoints.count !== 0) {
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

export class FetchableTopicResponse implements Row {
  topic = ''
  topicId = ZERO_UUID
  readonly partitions: Rows<PartitionData>

  constructor(stores: FetchResponseStores) {
    this.partitions = new Rows(stores.partitionData)
  }

  reset(): void {
    this.topic = ''
    this.topicId = ZERO_UUID
    this.partitions.clear()
  }
}

function readFetchableTopicResponse(reader: Reader, version: number, into: FetchableTopicResponse): void {
  const flexible = version >= 12
  if (version <= 12) into.topic = reader.readInternedString(flexible)
  if (version >= 13) into.topicId = reader.readInternedUuid()
  for (let count = reader.readArrayCount(flexible, 30, 360); count > 0; count--) {
    readPartitionData(reader, version, into.partitions.add())
  }
  if (flexible) reader.skipTaggedFields()
}

function writeFetchableTopicResponse(writer: Writer, version: number, value: FetchableTopicResponse): void {
  const flexible = version >= 12
  if (version <= 12) writer.writeInternedString(value.topic, flexible)
  if (version >= 13) writer.writeUuid(value.topicId)
  writer.writeArrayCount(value.partitions.count, flexible)
  for (let i = 0; i < value.partitions.count; i++) {
    writePartitionData(writer, version, value.partitions.at(i))
  }
  if (flexible) writer.writeUnsignedVarint(0)
}

export class PartitionData implements Row {
  partitionIndex = 0
  errorCode = 0
  highWatermark = 0
  lastStableOffset = -1
  logStartOffset = -1
  readonly divergingEpoch = new EpochEndOffset()
  readonly currentLeader = new LeaderIdAndEpoch()
  readonly snapshotId = new SnapshotId()
  readonly abortedTransactions: Rows<AbortedTransaction>
  preferredReadReplica = -1
  /** To be written. */
  records: RecordsSource | null = null
  /** As read: where they lie in the arena; length -1 for null. */
  recordsOffset = 0
  recordsLength = -1

  constructor(stores: FetchResponseStores) {
    this.abortedTransactions = new Rows(stores.abortedTransaction)
  }

  reset(): void {
    this.partitionIndex = 0
    this.errorCode = 0
    this.highWatermark = 0
    this.lastStableOffset = -1
    this.logStartOffset = -1
    this.divergingEpoch.reset()
    this.currentLeader.reset()
    this.snapshotId.reset()
    this.abortedTransactions.clear()
    this.preferredReadReplica = -1
    this.records = null
    this.recordsOffset = 0
    this.recordsLength = -1
  }
}

function readPartitionData(reader: Reader, version: number, into: PartitionData): void {
  const flexible = version >= 12
  const { view } = reader
  const at = reader.take(22)
  into.partitionIndex = view.getInt32(at)
  into.errorCode = view.getInt16(at + 4)
  into.highWatermark = view.getInt32(at + 6) * TWO_32 + view.getUint32(at + 10)
  into.lastStableOffset = view.getInt32(at + 14) * TWO_32 + view.getUint32(at + 18)
  if (version >= 5) {
    const at2 = reader.take(8)
    into.logStartOffset = view.getInt32(at2) * TWO_32 + view.getUint32(at2 + 4)
  }
  const abortedTransactionsCount = reader.readNullableArrayCount(flexible, 16, 88)
  if (abortedTransactionsCount < 0) into.abortedTransactions.setNull()
  for (let i = 0; i < abortedTransactionsCount; i++) {
    readAbortedTransaction(reader, version, into.abortedTransactions.add())
  }
  if (version >= 11) into.preferredReadReplica = reader.readInt32()
  reader.readNullableSpan(flexible)
  into.recordsOffset = reader.spanOffset
  into.recordsLength = reader.spanLength
  if (flexible) {
    for (let tags = reader.readTagCount(); tags > 0; tags--) {
      const tag = reader.readUnsignedVarint()
      const tagEnd = reader.readTagEnd()
      if (tag === 0) {
        readEpochEndOffset(reader, version, into.divergingEpoch)
      } else if (tag === 1) {
        readLeaderIdAndEpoch(reader, version, into.currentLeader)
      } else if (tag === 2) {
        readSnapshotId(reader, version, into.snapshotId)
      } else reader.position = tagEnd
      reader.endTag(tagEnd)
    }
  }
}

function writePartitionData(writer: Writer, version: number, value: PartitionData): void {
  const flexible = version >= 12
  const at = writer.reserve(22)
  writer.view.setInt32(at, value.partitionIndex)
  writer.view.setInt16(at + 4, value.errorCode)
  writer.view.setInt32(at + 6, Math.min(Math.floor(value.highWatermark / TWO_32), 0x7fffffff))
  writer.view.setUint32(at + 10, value.highWatermark)
  writer.view.setInt32(at + 14, Math.min(Math.floor(value.lastStableOffset / TWO_32), 0x7fffffff))
  writer.view.setUint32(at + 18, value.lastStableOffset)
  if (version >= 5) {
    const at2 = writer.reserve(8)
    writer.view.setInt32(at2, Math.min(Math.floor(value.logStartOffset / TWO_32), 0x7fffffff))
    writer.view.setUint32(at2 + 4, value.logStartOffset)
  }
  writer.writeNullableArrayCount(value.abortedTransactions.count, flexible)
  for (let i = 0; i < value.abortedTransactions.count; i++) {
    writeAbortedTransaction(writer, version, value.abortedTransactions.at(i))
  }
  if (version >= 11) writer.writeInt32(value.preferredReadReplica)
  writer.writeNullableRecords(value.records, flexible)
  if (flexible) {
    const tagsMark = writer.beginTags()
    let tags = 0
    if (value.divergingEpoch.epoch !== -1 || value.divergingEpoch.endOffset !== -1) {
      const mark = writer.beginTag(0)
      writeEpochEndOffset(writer, version, value.divergingEpoch)
      writer.endTag(mark)
      tags++
    }
    if (value.currentLeader.leaderId !== -1 || value.currentLeader.leaderEpoch !== -1) {
      const mark = writer.beginTag(1)
      writeLeaderIdAndEpoch(writer, version, value.currentLeader)
      writer.endTag(mark)
      tags++
    }
    if (value.snapshotId.endOffset !== -1 || value.snapshotId.epoch !== -1) {
      const mark = writer.beginTag(2)
      writeSnapshotId(writer, version, value.snapshotId)
      writer.endTag(mark)
      tags++
    }
    writer.endTags(tagsMark, tags)
  }
}

export class EpochEndOffset implements Row {
  epoch = -1
  endOffset = -1

  reset(): void {
    this.epoch = -1
    this.endOffset = -1
  }
}

function readEpochEndOffset(reader: Reader, _version: number, into: EpochEndOffset): void {
  const { view } = reader
  const at = reader.take(12)
  into.epoch = view.getInt32(at)
  into.endOffset = view.getInt32(at + 4) * TWO_32 + view.getUint32(at + 8)
  reader.skipTaggedFields()
}

function writeEpochEndOffset(writer: Writer, _version: number, value: EpochEndOffset): void {
  const at = writer.reserve(12)
  writer.view.setInt32(at, value.epoch)
  writer.view.setInt32(at + 4, Math.min(Math.floor(value.endOffset / TWO_32), 0x7fffffff))
  writer.view.setUint32(at + 8, value.endOffset)
  writer.writeUnsignedVarint(0)
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

export class SnapshotId implements Row {
  endOffset = -1
  epoch = -1

  reset(): void {
    this.endOffset = -1
    this.epoch = -1
  }
}

function readSnapshotId(reader: Reader, _version: number, into: SnapshotId): void {
  const { view } = reader
  const at = reader.take(12)
  into.endOffset = view.getInt32(at) * TWO_32 + view.getUint32(at + 4)
  into.epoch = view.getInt32(at + 8)
  reader.skipTaggedFields()
}

function writeSnapshotId(writer: Writer, _version: number, value: SnapshotId): void {
  const at = writer.reserve(12)
  writer.view.setInt32(at, Math.min(Math.floor(value.endOffset / TWO_32), 0x7fffffff))
  writer.view.setUint32(at + 4, value.endOffset)
  writer.view.setInt32(at + 8, value.epoch)
  writer.writeUnsignedVarint(0)
}

export class AbortedTransaction implements Row {
  producerId = 0
  firstOffset = 0

  reset(): void {
    this.producerId = 0
    this.firstOffset = 0
  }
}

function readAbortedTransaction(reader: Reader, version: number, into: AbortedTransaction): void {
  const flexible = version >= 12
  const { view } = reader
  const at = reader.take(16)
  into.producerId = view.getInt32(at) * TWO_32 + view.getUint32(at + 4)
  into.firstOffset = view.getInt32(at + 8) * TWO_32 + view.getUint32(at + 12)
  if (flexible) reader.skipTaggedFields()
}

function writeAbortedTransaction(writer: Writer, version: number, value: AbortedTransaction): void {
  const flexible = version >= 12
  const at = writer.reserve(16)
  writer.view.setInt32(at, Math.min(Math.floor(value.producerId / TWO_32), 0x7fffffff))
  writer.view.setUint32(at + 4, value.producerId)
  writer.view.setInt32(at + 8, Math.min(Math.floor(value.firstOffset / TWO_32), 0x7fffffff))
  writer.view.setUint32(at + 12, value.firstOffset)
  if (flexible) writer.writeUnsignedVarint(0)
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
