// Generated from schema/47-offset-delete.schema by scripts/generate-codecs.mjs: change that.
// OffsetDelete: committed positions of topics that a group does not consume now.

import { type Reader, readItems } from '../reader.ts'
import type { Writer } from '../writer.ts'

export const offsetDeleteApi = {
  key: 47,
  name: 'OffsetDelete',
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: Infinity,
} as const

export interface OffsetDeleteRequest {
  groupId: string
  topics: OffsetDeleteRequestTopic[]
}

export function readOffsetDeleteRequest(reader: Reader, version: number): OffsetDeleteRequest {
  const into: OffsetDeleteRequest = {
    groupId: '',
    topics: [],
  }
  into.groupId = reader.readString(false)
  into.topics = readItems(reader, version, reader.readArrayCount(false, 6, 88), readOffsetDeleteRequestTopic)
  return into
}

export function writeOffsetDeleteRequest(writer: Writer, version: number, value: OffsetDeleteRequest): void {
  writer.writeString(value.groupId, false)
  writer.writeArrayCount(value.topics.length, false)
  for (const item of value.topics) writeOffsetDeleteRequestTopic(writer, version, item)
}

export interface OffsetDeleteRequestTopic {
  name: string
  partitions: OffsetDeleteRequestPartition[]
}

function readOffsetDeleteRequestTopic(reader: Reader, version: number): OffsetDeleteRequestTopic {
  const into: OffsetDeleteRequestTopic = {
    name: '',
    partitions: [],
  }
  into.name = reader.readString(false)
  into.partitions = readItems(reader, version, reader.readArrayCount(false, 4, 48), readOffsetDeleteRequestPartition)
  return into
}

function writeOffsetDeleteRequestTopic(writer: Writer, version: number, value: OffsetDeleteRequestTopic): void {
  writer.writeString(value.name, false)
  writer.writeArrayCount(value.partitions.length, false)
  for (const item of value.partitions) writeOffsetDeleteRequestPartition(writer, version, item)
}

export interface OffsetDeleteRequestPartition {
  partitionIndex: number
}

function readOffsetDeleteRequestPartition(reader: Reader, _version: number): OffsetDeleteRequestPartition {
  const into: OffsetDeleteRequestPartition = {
    partitionIndex: 0,
  }
  into.partitionIndex = reader.readInt32()
  return into
}

function writeOffsetDeleteRequestPartition(
  writer: Writer,
  _version: number,
  value: OffsetDeleteRequestPartition,
): void {
  writer.writeInt32(value.partitionIndex)
}

export interface OffsetDeleteResponse {
  errorCode: number
  throttleTimeMs: number
  topics: OffsetDeleteResponseTopic[]
}

export function readOffsetDeleteResponse(reader: Reader, version: number): OffsetDeleteResponse {
  const into: OffsetDeleteResponse = {
    errorCode: 0,
    throttleTimeMs: 0,
    topics: [],
  }
  const { view } = reader
  const at = reader.take(6)
  into.errorCode = view.getInt16(at)
  into.throttleTimeMs = view.getInt32(at + 2)
  into.topics = readItems(reader, version, reader.readArrayCount(false, 6, 88), readOffsetDeleteResponseTopic)
  return into
}

export function writeOffsetDeleteResponse(writer: Writer, version: number, value: OffsetDeleteResponse): void {
  const at = writer.reserve(6)
  writer.view.setInt16(at, value.errorCode)
  writer.view.setInt32(at + 2, value.throttleTimeMs)
  writer.writeArrayCount(value.topics.length, false)
  for (const item of value.topics) writeOffsetDeleteResponseTopic(writer, version, item)
}

export interface OffsetDeleteResponseTopic {
  name: string
  partitions: OffsetDeleteResponsePartition[]
}

function readOffsetDeleteResponseTopic(reader: Reader, version: number): OffsetDeleteResponseTopic {
  const into: OffsetDeleteResponseTopic = {
    name: '',
    partitions: [],
  }
  into.name = reader.readString(false)
  into.partitions = readItems(reader, version, reader.readArrayCount(false, 6, 56), readOffsetDeleteResponsePartition)
  return into
}

function writeOffsetDeleteResponseTopic(writer: Writer, version: number, value: OffsetDeleteResponseTopic): void {
  writer.writeString(value.name, false)
  writer.writeArrayCount(value.partitions.length, false)
  for (const item of value.partitions) writeOffsetDeleteResponsePartition(writer, version, item)
}

export interface OffsetDeleteResponsePartition {
  partitionIndex: number
  errorCode: number
}

function readOffsetDeleteResponsePartition(reader: Reader, _version: number): OffsetDeleteResponsePartition {
  const into: OffsetDeleteResponsePartition = {
    partitionIndex: 0,
    errorCode: 0,
  }
  const { view } = reader
  const at = reader.take(6)
  into.partitionIndex = view.getInt32(at)
  into.errorCode = view.getInt16(at + 4)
  return into
}

function writeOffsetDeleteResponsePartition(
  writer: Writer,
  _version: number,
  value: OffsetDeleteResponsePartition,
): void {
  const at = writer.reserve(6)
  writer.view.setInt32(at, value.partitionIndex)
  writer.view.setInt16(at + 4, value.errorCode)
}
