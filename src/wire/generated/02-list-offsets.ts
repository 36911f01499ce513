// Generated from schema/02-list-offsets.schema by scripts/generate-codecs.mjs: change that.
// ListOffsets: the offset at a timestamp, or at one of the marks below zero (earliest, latest, max timestamp ...).
//
// v4 leader epoch   v6 flexible   v7 max timestamp   v8 earliest local   v9 latest tiered   v10 timeout
// v11 earliest pending upload

import { getInt64, setInt64 } from '../../lib/int64.ts'
import { type Reader, readItems } from '../reader.ts'
import type { Writer } from '../writer.ts'

export const listOffsetsApi = { key: 2, name: 'ListOffsets', minVersion: 1, maxVersion: 11, flexibleFrom: 6 } as const

export interface ListOffsetsRequest {
  replicaId: number
  isolationLevel: number
  topics: ListOffsetsTopic[]
  timeoutMs: number
}

export function readListOffsetsRequest(reader: Reader, version: number): ListOffsetsRequest {
  const flexible = version >= 6
  const into: ListOffsetsRequest = {
    replicaId: 0,
    isolationLevel: 0,
    topics: [],
    timeoutMs: 0,
  }
  into.replicaId = reader.readInt32()
  if (version >= 2) into.isolationLevel = reader.readInt8()
  into.topics = readItems(reader, version, reader.readArrayCount(flexible, 3, 88), readListOffsetsTopic)
  if (version >= 10) into.timeoutMs = reader.readInt32()
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeListOffsetsRequest(writer: Writer, version: number, value: ListOffsetsRequest): void {
  const flexible = version >= 6
  writer.writeInt32(value.replicaId)
  if (version >= 2) writer.writeInt8(value.isolationLevel)
  writer.writeArrayCount(value.topics.length, flexible)
  for (const item of value.topics) writeListOffsetsTopic(writer, version, item)
  if (version >= 10) writer.writeInt32(value.timeoutMs)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface ListOffsetsTopic {
  name: string
  partitions: ListOffsetsPartition[]
}

function readListOffsetsTopic(reader: Reader, version: number): ListOffsetsTopic {
  const flexible = version >= 6
  const into: ListOffsetsTopic = {
    name: '',
    partitions: [],
  }
  into.name = reader.readInternedString(flexible)
  into.partitions = readItems(reader, version, reader.readArrayCount(flexible, 12, 80), readListOffsetsPartition)
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeListOffsetsTopic(writer: Writer, version: number, value: ListOffsetsTopic): void {
  const flexible = version >= 6
  writer.writeInternedString(value.name, flexible)
  writer.writeArrayCount(value.partitions.length, flexible)
  for (const item of value.partitions) writeListOffsetsPartition(writer, version, item)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface ListOffsetsPartition {
  partitionIndex: number
  currentLeaderEpoch: number
  timestamp: number
}

function readListOffsetsPartition(reader: Reader, version: number): ListOffsetsPartition {
  const flexible = version >= 6
  const into: ListOffsetsPartition = {
    partitionIndex: 0,
    currentLeaderEpoch: -1,
    timestamp: 0,
  }
  const { view } = reader
  into.partitionIndex = reader.readInt32()
  if (version >= 4) into.currentLeaderEpoch = reader.readInt32()
  const at = reader.take(8)
  into.timestamp = getInt64(view, at)
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeListOffsetsPartition(writer: Writer, version: number, value: ListOffsetsPartition): void {
  const flexible = version >= 6
  writer.writeInt32(value.partitionIndex)
  if (version >= 4) writer.writeInt32(value.currentLeaderEpoch)
  const at = writer.reserve(8)
  setInt64(writer.view, at, value.timestamp)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface ListOffsetsResponse {
  throttleTimeMs: number
  topics: ListOffsetsTopicResponse[]
}

export function readListOffsetsResponse(reader: Reader, version: number): ListOffsetsResponse {
  const flexible = version >= 6
  const into: ListOffsetsResponse = {
    throttleTimeMs: 0,
    topics: [],
  }
  if (version >= 2) into.throttleTimeMs = reader.readInt32()
  into.topics = readItems(reader, version, reader.readArrayCount(flexible, 3, 88), readListOffsetsTopicResponse)
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeListOffsetsResponse(writer: Writer, version: number, value: ListOffsetsResponse): void {
  const flexible = version >= 6
  if (version >= 2) writer.writeInt32(value.throttleTimeMs)
  writer.writeArrayCount(value.topics.length, flexible)
  for (const item of value.topics) writeListOffsetsTopicResponse(writer, version, item)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface ListOffsetsTopicResponse {
  name: string
  partitions: ListOffsetsPartitionResponse[]
}

function readListOffsetsTopicResponse(reader: Reader, version: number): ListOffsetsTopicResponse {
  const flexible = version >= 6
  const into: ListOffsetsTopicResponse = {
    name: '',
    partitions: [],
  }
  into.name = reader.readInternedString(flexible)
  into.partitions = readItems(
    reader,
    version,
    reader.readArrayCount(flexible, 22, 112),
    readListOffsetsPartitionResponse,
  )
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeListOffsetsTopicResponse(writer: Writer, version: number, value: ListOffsetsTopicResponse): void {
  const flexible = version >= 6
  writer.writeInternedString(value.name, flexible)
  writer.writeArrayCount(value.partitions.length, flexible)
  for (const item of value.partitions) writeListOffsetsPartitionResponse(writer, version, item)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface ListOffsetsPartitionResponse {
  partitionIndex: number
  errorCode: number
  timestamp: number
  offset: number
  leaderEpoch: number
}

function readListOffsetsPartitionResponse(reader: Reader, version: number): ListOffsetsPartitionResponse {
  const flexible = version >= 6
  const into: ListOffsetsPartitionResponse = {
    partitionIndex: 0,
    errorCode: 0,
    timestamp: -1,
    offset: -1,
    leaderEpoch: -1,
  }
  const { view } = reader
  const at = reader.take(22)
  into.partitionIndex = view.getInt32(at)
  into.errorCode = view.getInt16(at + 4)
  into.timestamp = getInt64(view, at + 6)
  into.offset = getInt64(view, at + 14)
  if (version >= 4) into.leaderEpoch = reader.readInt32()
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeListOffsetsPartitionResponse(writer: Writer, version: number, value: ListOffsetsPartitionResponse): void {
  const flexible = version >= 6
  const at = writer.reserve(22)
  writer.view.setInt32(at, value.partitionIndex)
  writer.view.setInt16(at + 4, value.errorCode)
  setInt64(writer.view, at + 6, value.timestamp)
  setInt64(writer.view, at + 14, value.offset)
  if (version >= 4) writer.writeInt32(value.leaderEpoch)
  if (flexible) writer.writeUnsignedVarint(0)
}
