// Generated from schema/08-offset-commit.schema by scripts/generate-codecs.mjs: change that.
// OffsetCommit: a group's positions, by a member of it or by anyone if the group has no members.
//
// v5 no retention time   v6 leader epoch   v7 static members   v8 flexible   v9 members of KIP-848   v10 topic ids

import { ZERO_UUID } from '../../model/uuid.ts'
import { getInt64, setInt64 } from '../../lib/int64.ts'
import { type Reader, readItems } from '../reader.ts'
import type { Writer } from '../writer.ts'

export const offsetCommitApi = { key: 8, name: 'OffsetCommit', minVersion: 2, maxVersion: 10, flexibleFrom: 8 } as const

export interface OffsetCommitRequest {
  groupId: string
  generationIdOrMemberEpoch: number
  memberId: string
  groupInstanceId: string | null
  retentionTimeMs: number
  topics: OffsetCommitRequestTopic[]
}

export function readOffsetCommitRequest(reader: Reader, version: number): OffsetCommitRequest {
  const flexible = version >= 8
  const into: OffsetCommitRequest = {
    groupId: '',
    generationIdOrMemberEpoch: -1,
    memberId: '',
    groupInstanceId: null,
    retentionTimeMs: -1,
    topics: [],
  }
  const { view } = reader
  into.groupId = reader.readString(flexible)
  into.generationIdOrMemberEpoch = reader.readInt32()
  into.memberId = reader.readString(flexible)
  if (version >= 7) into.groupInstanceId = reader.readNullableString(flexible)
  if (version <= 4) {
    const at = reader.take(8)
    into.retentionTimeMs = getInt64(view, at)
  }
  into.topics = readItems(reader, version, reader.readArrayCount(flexible, 3, 96), readOffsetCommitRequestTopic)
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeOffsetCommitRequest(writer: Writer, version: number, value: OffsetCommitRequest): void {
  const flexible = version >= 8
  writer.writeString(value.groupId, flexible)
  writer.writeInt32(value.generationIdOrMemberEpoch)
  writer.writeString(value.memberId, flexible)
  if (version >= 7) writer.writeNullableString(value.groupInstanceId, flexible)
  if (version <= 4) {
    const at = writer.reserve(8)
    setInt64(writer.view, at, value.retentionTimeMs)
  }
  writer.writeArrayCount(value.topics.length, flexible)
  for (const item of value.topics) writeOffsetCommitRequestTopic(writer, version, item)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface OffsetCommitRequestTopic {
  name: string
  topicId: string
  partitions: OffsetCommitRequestPartition[]
}

function readOffsetCommitRequestTopic(reader: Reader, version: number): OffsetCommitRequestTopic {
  const flexible = version >= 8
  const into: OffsetCommitRequestTopic = {
    name: '',
    topicId: ZERO_UUID,
    partitions: [],
  }
  if (version <= 9) into.name = reader.readString(flexible)
  if (version >= 10) into.topicId = reader.readUuid()
  into.partitions = readItems(
    reader,
    version,
    reader.readArrayCount(flexible, 14, 88),
    readOffsetCommitRequestPartition,
  )
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeOffsetCommitRequestTopic(writer: Writer, version: number, value: OffsetCommitRequestTopic): void {
  const flexible = version >= 8
  if (version <= 9) writer.writeString(value.name, flexible)
  if (version >= 10) writer.writeUuid(value.topicId)
  writer.writeArrayCount(value.partitions.length, flexible)
  for (const item of value.partitions) writeOffsetCommitRequestPartition(writer, version, item)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface OffsetCommitRequestPartition {
  partitionIndex: number
  committedOffset: number
  committedLeaderEpoch: number
  committedMetadata: string | null
}

function readOffsetCommitRequestPartition(reader: Reader, version: number): OffsetCommitRequestPartition {
  const flexible = version >= 8
  const into: OffsetCommitRequestPartition = {
    partitionIndex: 0,
    committedOffset: 0,
    committedLeaderEpoch: -1,
    committedMetadata: '',
  }
  const { view } = reader
  const at = reader.take(12)
  into.partitionIndex = view.getInt32(at)
  into.committedOffset = getInt64(view, at + 4)
  if (version >= 6) into.committedLeaderEpoch = reader.readInt32()
  into.committedMetadata = reader.readNullableString(flexible)
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeOffsetCommitRequestPartition(writer: Writer, version: number, value: OffsetCommitRequestPartition): void {
  const flexible = version >= 8
  const at = writer.reserve(12)
  writer.view.setInt32(at, value.partitionIndex)
  setInt64(writer.view, at + 4, value.committedOffset)
  if (version >= 6) writer.writeInt32(value.committedLeaderEpoch)
  writer.writeNullableString(value.committedMetadata, flexible)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface OffsetCommitResponse {
  throttleTimeMs: number
  topics: OffsetCommitResponseTopic[]
}

export function readOffsetCommitResponse(reader: Reader, version: number): OffsetCommitResponse {
  const flexible = version >= 8
  const into: OffsetCommitResponse = {
    throttleTimeMs: 0,
    topics: [],
  }
  if (version >= 3) into.throttleTimeMs = reader.readInt32()
  into.topics = readItems(reader, version, reader.readArrayCount(flexible, 3, 96), readOffsetCommitResponseTopic)
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeOffsetCommitResponse(writer: Writer, version: number, value: OffsetCommitResponse): void {
  const flexible = version >= 8
  if (version >= 3) writer.writeInt32(value.throttleTimeMs)
  writer.writeArrayCount(value.topics.length, flexible)
  for (const item of value.topics) writeOffsetCommitResponseTopic(writer, version, item)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface OffsetCommitResponseTopic {
  name: string
  topicId: string
  partitions: OffsetCommitResponsePartition[]
}

function readOffsetCommitResponseTopic(reader: Reader, version: number): OffsetCommitResponseTopic {
  const flexible = version >= 8
  const into: OffsetCommitResponseTopic = {
    name: '',
    topicId: ZERO_UUID,
    partitions: [],
  }
  if (version <= 9) into.name = reader.readString(flexible)
  if (version >= 10) into.topicId = reader.readUuid()
  into.partitions = readItems(
    reader,
    version,
    reader.readArrayCount(flexible, 6, 56),
    readOffsetCommitResponsePartition,
  )
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeOffsetCommitResponseTopic(writer: Writer, version: number, value: OffsetCommitResponseTopic): void {
  const flexible = version >= 8
  if (version <= 9) writer.writeString(value.name, flexible)
  if (version >= 10) writer.writeUuid(value.topicId)
  writer.writeArrayCount(value.partitions.length, flexible)
  for (const item of value.partitions) writeOffsetCommitResponsePartition(writer, version, item)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface OffsetCommitResponsePartition {
  partitionIndex: number
  errorCode: number
}

function readOffsetCommitResponsePartition(reader: Reader, version: number): OffsetCommitResponsePartition {
  const flexible = version >= 8
  const into: OffsetCommitResponsePartition = {
    partitionIndex: 0,
    errorCode: 0,
  }
  const { view } = reader
  const at = reader.take(6)
  into.partitionIndex = view.getInt32(at)
  into.errorCode = view.getInt16(at + 4)
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeOffsetCommitResponsePartition(
  writer: Writer,
  version: number,
  value: OffsetCommitResponsePartition,
): void {
  const flexible = version >= 8
  const at = writer.reserve(6)
  writer.view.setInt32(at, value.partitionIndex)
  writer.view.setInt16(at + 4, value.errorCode)
  if (flexible) writer.writeUnsignedVarint(0)
}
