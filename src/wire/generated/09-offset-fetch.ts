// Generated from schema/09-offset-fetch.schema by scripts/generate-codecs.mjs: change that.
// OffsetFetch: a group's committed positions; topics null asks for all of them.
//
// v2 all topics, group error   v5 leader epoch   v6 flexible   v7 require stable   v8 several groups
// v9 members of KIP-848   v10 topic ids

import { ZERO_UUID } from '../../model/uuid.ts'
import { getInt64, setInt64 } from '../../lib/int64.ts'
import { type Reader, readItems } from '../reader.ts'
import { present, type Writer } from '../writer.ts'

export const offsetFetchApi = { key: 9, name: 'OffsetFetch', minVersion: 1, maxVersion: 10, flexibleFrom: 6 } as const

export interface OffsetFetchRequest {
  groupId: string
  topics: OffsetFetchRequestTopic[] | null
  groups: OffsetFetchRequestGroup[]
  requireStable: boolean
}

export function readOffsetFetchRequest(reader: Reader, version: number): OffsetFetchRequest {
  const flexible = version >= 6
  const into: OffsetFetchRequest = {
    groupId: '',
    topics: [],
    groups: [],
    requireStable: false,
  }
  if (version <= 7) {
    into.groupId = reader.readString(flexible)
    const topicsCount =
      version >= 2
        ? reader.readNullableArrayCount(flexible, 3, 88)
        : reader.readArrayCount(flexible, 3, 88)
    into.topics = topicsCount < 0 ? null : readItems(reader, version, topicsCount, readOffsetFetchRequestTopic)
  }
  if (version >= 8) {
    into.groups = readItems(reader, version, reader.readArrayCount(true, 3, 104), readOffsetFetchRequestGroup)
  }
  if (version >= 7) into.requireStable = reader.readBool()
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeOffsetFetchRequest(writer: Writer, version: number, value: OffsetFetchRequest): void {
  const flexible = version >= 6
  if (version <= 7) {
    writer.writeString(value.groupId, flexible)
    if (version >= 2) writer.writeNullableArrayCount(value.topics === null ? -1 : value.topics.length, flexible)
    else writer.writeArrayCount(present(value.topics).length, flexible)
    if (value.topics !== null) {
      for (const item of value.topics) writeOffsetFetchRequestTopic(writer, version, item)
    }
  }
  if (version >= 8) {
    writer.writeArrayCount(value.groups.length, true)
    for (const item of value.groups) writeOffsetFetchRequestGroup(writer, version, item)
  }
  if (version >= 7) writer.writeBool(value.requireStable)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface OffsetFetchRequestTopic {
  name: string
  partitionIndexes: number[]
}

function readOffsetFetchRequestTopic(reader: Reader, version: number): OffsetFetchRequestTopic {
  const flexible = version >= 6
  const into: OffsetFetchRequestTopic = {
    name: '',
    partitionIndexes: [],
  }
  into.name = reader.readString(flexible)
  into.partitionIndexes = reader.readInt32s(reader.readArrayCount(flexible, 4, 16))
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeOffsetFetchRequestTopic(writer: Writer, version: number, value: OffsetFetchRequestTopic): void {
  const flexible = version >= 6
  writer.writeString(value.name, flexible)
  writer.writeArrayCount(value.partitionIndexes.length, flexible)
  writer.writeInt32s(value.partitionIndexes)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface OffsetFetchRequestGroup {
  groupId: string
  memberId: string | null
  memberEpoch: number
  topics: OffsetFetchRequestTopics[] | null
}

function readOffsetFetchRequestGroup(reader: Reader, version: number): OffsetFetchRequestGroup {
  const into: OffsetFetchRequestGroup = {
    groupId: '',
    memberId: null,
    memberEpoch: -1,
    topics: [],
  }
  into.groupId = reader.readString(true)
  if (version >= 9) {
    into.memberId = reader.readNullableString(true)
    into.memberEpoch = reader.readInt32()
  }
  const topicsCount = reader.readNullableArrayCount(true, 3, 96)
  into.topics = topicsCount < 0 ? null : readItems(reader, version, topicsCount, readOffsetFetchRequestTopics)
  reader.skipTaggedFields()
  return into
}

function writeOffsetFetchRequestGroup(writer: Writer, version: number, value: OffsetFetchRequestGroup): void {
  writer.writeString(value.groupId, true)
  if (version >= 9) {
    writer.writeNullableString(value.memberId, true)
    writer.writeInt32(value.memberEpoch)
  }
  writer.writeNullableArrayCount(value.topics === null ? -1 : value.topics.length, true)
  if (value.topics !== null) {
    for (const item of value.topics) writeOffsetFetchRequestTopics(writer, version, item)
  }
  writer.writeUnsignedVarint(0)
}

export interface OffsetFetchRequestTopics {
  name: string
  topicId: string
  partitionIndexes: number[]
}

function readOffsetFetchRequestTopics(reader: Reader, version: number): OffsetFetchRequestTopics {
  const into: OffsetFetchRequestTopics = {
    name: '',
    topicId: ZERO_UUID,
    partitionIndexes: [],
  }
  if (version <= 9) into.name = reader.readString(true)
  if (version >= 10) into.topicId = reader.readUuid()
  into.partitionIndexes = reader.readInt32s(reader.readArrayCount(true, 4, 16))
  reader.skipTaggedFields()
  return into
}

function writeOffsetFetchRequestTopics(writer: Writer, version: number, value: OffsetFetchRequestTopics): void {
  if (version <= 9) writer.writeString(value.name, true)
  if (version >= 10) writer.writeUuid(value.topicId)
  writer.writeArrayCount(value.partitionIndexes.length, true)
  writer.writeInt32s(value.partitionIndexes)
  writer.writeUnsignedVarint(0)
}

export interface OffsetFetchResponse {
  throttleTimeMs: number
  topics: OffsetFetchResponseTopic[]
  errorCode: number
  groups: OffsetFetchResponseGroup[]
}

export function readOffsetFetchResponse(reader: Reader, version: number): OffsetFetchResponse {
  const flexible = version >= 6
  const into: OffsetFetchResponse = {
    throttleTimeMs: 0,
    topics: [],
    errorCode: 0,
    groups: [],
  }
  if (version >= 3) into.throttleTimeMs = reader.readInt32()
  if (version <= 7) {
    into.topics = readItems(reader, version, reader.readArrayCount(flexible, 3, 88), readOffsetFetchResponseTopic)
  }
  if (version >= 2 && version <= 7) into.errorCode = reader.readInt16()
  if (version >= 8) {
    into.groups = readItems(reader, version, reader.readArrayCount(true, 5, 96), readOffsetFetchResponseGroup)
  }
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeOffsetFetchResponse(writer: Writer, version: number, value: OffsetFetchResponse): void {
  const flexible = version >= 6
  if (version >= 3) writer.writeInt32(value.throttleTimeMs)
  if (version <= 7) {
    writer.writeArrayCount(value.topics.length, flexible)
    for (const item of value.topics) writeOffsetFetchResponseTopic(writer, version, item)
  }
  if (version >= 2 && version <= 7) writer.writeInt16(value.errorCode)
  if (version >= 8) {
    writer.writeArrayCount(value.groups.length, true)
    for (const item of value.groups) writeOffsetFetchResponseGroup(writer, version, item)
  }
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface OffsetFetchResponseTopic {
  name: string
  partitions: OffsetFetchResponsePartition[]
}

function readOffsetFetchResponseTopic(reader: Reader, version: number): OffsetFetchResponseTopic {
  const flexible = version >= 6
  const into: OffsetFetchResponseTopic = {
    name: '',
    partitions: [],
  }
  into.name = reader.readString(flexible)
  into.partitions = readItems(
    reader,
    version,
    reader.readArrayCount(flexible, 16, 96),
    readOffsetFetchResponsePartition,
  )
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeOffsetFetchResponseTopic(writer: Writer, version: number, value: OffsetFetchResponseTopic): void {
  const flexible = version >= 6
  writer.writeString(value.name, flexible)
  writer.writeArrayCount(value.partitions.length, flexible)
  for (const item of value.partitions) writeOffsetFetchResponsePartition(writer, version, item)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface OffsetFetchResponsePartition {
  partitionIndex: number
  committedOffset: number
  committedLeaderEpoch: number
  metadata: string | null
  errorCode: number
}

function readOffsetFetchResponsePartition(reader: Reader, version: number): OffsetFetchResponsePartition {
  const flexible = version >= 6
  const into: OffsetFetchResponsePartition = {
    partitionIndex: 0,
    committedOffset: 0,
    committedLeaderEpoch: -1,
    metadata: '',
    errorCode: 0,
  }
  const { view } = reader
  const at = reader.take(12)
  into.partitionIndex = view.getInt32(at)
  into.committedOffset = getInt64(view, at + 4)
  if (version >= 5) into.committedLeaderEpoch = reader.readInt32()
  into.metadata = reader.readNullableString(flexible)
  into.errorCode = reader.readInt16()
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeOffsetFetchResponsePartition(writer: Writer, version: number, value: OffsetFetchResponsePartition): void {
  const flexible = version >= 6
  const at = writer.reserve(12)
  writer.view.setInt32(at, value.partitionIndex)
  setInt64(writer.view, at + 4, value.committedOffset)
  if (version >= 5) writer.writeInt32(value.committedLeaderEpoch)
  writer.writeNullableString(value.metadata, flexible)
  writer.writeInt16(value.errorCode)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface OffsetFetchResponseGroup {
  groupId: string
  topics: OffsetFetchResponseTopics[]
  errorCode: number
}

function readOffsetFetchResponseGroup(reader: Reader, version: number): OffsetFetchResponseGroup {
  const into: OffsetFetchResponseGroup = {
    groupId: '',
    topics: [],
    errorCode: 0,
  }
  into.groupId = reader.readString(true)
  into.topics = readItems(reader, version, reader.readArrayCount(true, 3, 96), readOffsetFetchResponseTopics)
  into.errorCode = reader.readInt16()
  reader.skipTaggedFields()
  return into
}

function writeOffsetFetchResponseGroup(writer: Writer, version: number, value: OffsetFetchResponseGroup): void {
  writer.writeString(value.groupId, true)
  writer.writeArrayCount(value.topics.length, true)
  for (const item of value.topics) writeOffsetFetchResponseTopics(writer, version, item)
  writer.writeInt16(value.errorCode)
  writer.writeUnsignedVarint(0)
}

export interface OffsetFetchResponseTopics {
  name: string
  topicId: string
  partitions: OffsetFetchResponsePartitions[]
}

function readOffsetFetchResponseTopics(reader: Reader, version: number): OffsetFetchResponseTopics {
  const into: OffsetFetchResponseTopics = {
    name: '',
    topicId: ZERO_UUID,
    partitions: [],
  }
  if (version <= 9) into.name = reader.readString(true)
  if (version >= 10) into.topicId = reader.readUuid()
  into.partitions = readItems(reader, version, reader.readArrayCount(true, 20, 96), readOffsetFetchResponsePartitions)
  reader.skipTaggedFields()
  return into
}

function writeOffsetFetchResponseTopics(writer: Writer, version: number, value: OffsetFetchResponseTopics): void {
  if (version <= 9) writer.writeString(value.name, true)
  if (version >= 10) writer.writeUuid(value.topicId)
  writer.writeArrayCount(value.partitions.length, true)
  for (const item of value.partitions) writeOffsetFetchResponsePartitions(writer, version, item)
  writer.writeUnsignedVarint(0)
}

export interface OffsetFetchResponsePartitions {
  partitionIndex: number
  committedOffset: number
  committedLeaderEpoch: number
  metadata: string | null
  errorCode: number
}

function readOffsetFetchResponsePartitions(reader: Reader, _version: number): OffsetFetchResponsePartitions {
  const into: OffsetFetchResponsePartitions = {
    partitionIndex: 0,
    committedOffset: 0,
    committedLeaderEpoch: -1,
    metadata: '',
    errorCode: 0,
  }
  const { view } = reader
  const at = reader.take(16)
  into.partitionIndex = view.getInt32(at)
  into.committedOffset = getInt64(view, at + 4)
  into.committedLeaderEpoch = view.getInt32(at + 12)
  into.metadata = reader.readNullableString(true)
  into.errorCode = reader.readInt16()
  reader.skipTaggedFields()
  return into
}

function writeOffsetFetchResponsePartitions(
  writer: Writer,
  _version: number,
  value: OffsetFetchResponsePartitions,
): void {
  const at = writer.reserve(16)
  writer.view.setInt32(at, value.partitionIndex)
  setInt64(writer.view, at + 4, value.committedOffset)
  writer.view.setInt32(at + 12, value.committedLeaderEpoch)
  writer.writeNullableString(value.metadata, true)
  writer.writeInt16(value.errorCode)
  writer.writeUnsignedVarint(0)
}
