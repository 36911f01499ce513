// Generated from schema/23-offset-for-leader-epoch.schema by scripts/generate-codecs.mjs: change that.
// OffsetForLeaderEpoch: where a leader epoch ended, for a client or follower that looks for the point of divergence.

import { getInt64, setInt64 } from '../../lib/int64.ts'
import { type Reader, readItems } from '../reader.ts'
import type { Writer } from '../writer.ts'

export const offsetForLeaderEpochApi = {
  key: 23,
  name: 'OffsetForLeaderEpoch',
  minVersion: 2,
  maxVersion: 4,
  flexibleFrom: 4,
} as const

export interface OffsetForLeaderEpochRequest {
  replicaId: number
  topics: OffsetForLeaderTopic[]
}

export function readOffsetForLeaderEpochRequest(reader: Reader, version: number): OffsetForLeaderEpochRequest {
  const flexible = version >= 4
  const into: OffsetForLeaderEpochRequest = {
    replicaId: -2,
    topics: [],
  }
  if (version >= 3) into.replicaId = reader.readInt32()
  into.topics = readItems(reader, version, reader.readArrayCount(flexible, 3, 88), readOffsetForLeaderTopic)
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeOffsetForLeaderEpochRequest(
  writer: Writer,
  version: number,
  value: OffsetForLeaderEpochRequest,
): void {
  const flexible = version >= 4
  if (version >= 3) writer.writeInt32(value.replicaId)
  writer.writeArrayCount(value.topics.length, flexible)
  for (const item of value.topics) writeOffsetForLeaderTopic(writer, version, item)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface OffsetForLeaderTopic {
  topic: string
  partitions: OffsetForLeaderPartition[]
}

function readOffsetForLeaderTopic(reader: Reader, version: number): OffsetForLeaderTopic {
  const flexible = version >= 4
  const into: OffsetForLeaderTopic = {
    topic: '',
    partitions: [],
  }
  into.topic = reader.readInternedString(flexible)
  into.partitions = readItems(reader, version, reader.readArrayCount(flexible, 12, 64), readOffsetForLeaderPartition)
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeOffsetForLeaderTopic(writer: Writer, version: number, value: OffsetForLeaderTopic): void {
  const flexible = version >= 4
  writer.writeInternedString(value.topic, flexible)
  writer.writeArrayCount(value.partitions.length, flexible)
  for (const item of value.partitions) writeOffsetForLeaderPartition(writer, version, item)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface OffsetForLeaderPartition {
  partition: number
  currentLeaderEpoch: number
  leaderEpoch: number
}

function readOffsetForLeaderPartition(reader: Reader, version: number): OffsetForLeaderPartition {
  const flexible = version >= 4
  const into: OffsetForLeaderPartition = {
    partition: 0,
    currentLeaderEpoch: -1,
    leaderEpoch: 0,
  }
  const { view } = reader
  const at = reader.take(12)
  into.partition = view.getInt32(at)
  into.currentLeaderEpoch = view.getInt32(at + 4)
  into.leaderEpoch = view.getInt32(at + 8)
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeOffsetForLeaderPartition(writer: Writer, version: number, value: OffsetForLeaderPartition): void {
  const flexible = version >= 4
  const at = writer.reserve(12)
  writer.view.setInt32(at, value.partition)
  writer.view.setInt32(at + 4, value.currentLeaderEpoch)
  writer.view.setInt32(at + 8, value.leaderEpoch)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface OffsetForLeaderEpochResponse {
  throttleTimeMs: number
  topics: OffsetForLeaderTopicResult[]
}

export function readOffsetForLeaderEpochResponse(reader: Reader, version: number): OffsetForLeaderEpochResponse {
  const flexible = version >= 4
  const into: OffsetForLeaderEpochResponse = {
    throttleTimeMs: 0,
    topics: [],
  }
  into.throttleTimeMs = reader.readInt32()
  into.topics = readItems(reader, version, reader.readArrayCount(flexible, 3, 88), readOffsetForLeaderTopicResult)
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeOffsetForLeaderEpochResponse(
  writer: Writer,
  version: number,
  value: OffsetForLeaderEpochResponse,
): void {
  const flexible = version >= 4
  writer.writeInt32(value.throttleTimeMs)
  writer.writeArrayCount(value.topics.length, flexible)
  for (const item of value.topics) writeOffsetForLeaderTopicResult(writer, version, item)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface OffsetForLeaderTopicResult {
  topic: string
  partitions: EpochEndOffset[]
}

function readOffsetForLeaderTopicResult(reader: Reader, version: number): OffsetForLeaderTopicResult {
  const flexible = version >= 4
  const into: OffsetForLeaderTopicResult = {
    topic: '',
    partitions: [],
  }
  into.topic = reader.readInternedString(flexible)
  into.partitions = readItems(reader, version, reader.readArrayCount(flexible, 18, 88), readEpochEndOffset)
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeOffsetForLeaderTopicResult(writer: Writer, version: number, value: OffsetForLeaderTopicResult): void {
  const flexible = version >= 4
  writer.writeInternedString(value.topic, flexible)
  writer.writeArrayCount(value.partitions.length, flexible)
  for (const item of value.partitions) writeEpochEndOffset(writer, version, item)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface EpochEndOffset {
  errorCode: number
  partition: number
  leaderEpoch: number
  endOffset: number
}

function readEpochEndOffset(reader: Reader, version: number): EpochEndOffset {
  const flexible = version >= 4
  const into: EpochEndOffset = {
    errorCode: 0,
    partition: 0,
    leaderEpoch: -1,
    endOffset: -1,
  }
  const { view } = reader
  const at = reader.take(18)
  into.errorCode = view.getInt16(at)
  into.partition = view.getInt32(at + 2)
  into.leaderEpoch = view.getInt32(at + 6)
  into.endOffset = getInt64(view, at + 10)
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeEpochEndOffset(writer: Writer, version: number, value: EpochEndOffset): void {
  const flexible = version >= 4
  const at = writer.reserve(18)
  writer.view.setInt16(at, value.errorCode)
  writer.view.setInt32(at + 2, value.partition)
  writer.view.setInt32(at + 6, value.leaderEpoch)
  setInt64(writer.view, at + 10, value.endOffset)
  if (flexible) writer.writeUnsignedVarint(0)
}
