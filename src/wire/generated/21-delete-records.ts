// Generated from schema/21-delete-records.schema by scripts/generate-codecs.mjs: change that.
// DeleteRecords: partitions lose what is before an offset.

import { getInt64, setInt64 } from '../../lib/int64.ts'
import { type Reader, readItems } from '../reader.ts'
import type { Writer } from '../writer.ts'

export const deleteRecordsApi = {
  key: 21,
  name: 'DeleteRecords',
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 2,
} as const

export interface DeleteRecordsRequest {
  topics: DeleteRecordsTopic[]
  timeoutMs: number
}

export function readDeleteRecordsRequest(reader: Reader, version: number): DeleteRecordsRequest {
  const flexible = version >= 2
  const into: DeleteRecordsRequest = {
    topics: [],
    timeoutMs: 0,
  }
  into.topics = readItems(reader, version, reader.readArrayCount(flexible, 3, 88), readDeleteRecordsTopic)
  into.timeoutMs = reader.readInt32()
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeDeleteRecordsRequest(writer: Writer, version: number, value: DeleteRecordsRequest): void {
  const flexible = version >= 2
  writer.writeArrayCount(value.topics.length, flexible)
  for (const item of value.topics) writeDeleteRecordsTopic(writer, version, item)
  writer.writeInt32(value.timeoutMs)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface DeleteRecordsTopic {
  name: string
  partitions: DeleteRecordsPartition[]
}

function readDeleteRecordsTopic(reader: Reader, version: number): DeleteRecordsTopic {
  const flexible = version >= 2
  const into: DeleteRecordsTopic = {
    name: '',
    partitions: [],
  }
  into.name = reader.readString(flexible)
  into.partitions = readItems(reader, version, reader.readArrayCount(flexible, 12, 72), readDeleteRecordsPartition)
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeDeleteRecordsTopic(writer: Writer, version: number, value: DeleteRecordsTopic): void {
  const flexible = version >= 2
  writer.writeString(value.name, flexible)
  writer.writeArrayCount(value.partitions.length, flexible)
  for (const item of value.partitions) writeDeleteRecordsPartition(writer, version, item)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface DeleteRecordsPartition {
  partitionIndex: number
  offset: number
}

function readDeleteRecordsPartition(reader: Reader, version: number): DeleteRecordsPartition {
  const flexible = version >= 2
  const into: DeleteRecordsPartition = {
    partitionIndex: 0,
    offset: 0,
  }
  const { view } = reader
  const at = reader.take(12)
  into.partitionIndex = view.getInt32(at)
  into.offset = getInt64(view, at + 4)
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeDeleteRecordsPartition(writer: Writer, version: number, value: DeleteRecordsPartition): void {
  const flexible = version >= 2
  const at = writer.reserve(12)
  writer.view.setInt32(at, value.partitionIndex)
  setInt64(writer.view, at + 4, value.offset)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface DeleteRecordsResponse {
  throttleTimeMs: number
  topics: DeleteRecordsTopicResult[]
}

export function readDeleteRecordsResponse(reader: Reader, version: number): DeleteRecordsResponse {
  const flexible = version >= 2
  const into: DeleteRecordsResponse = {
    throttleTimeMs: 0,
    topics: [],
  }
  into.throttleTimeMs = reader.readInt32()
  into.topics = readItems(reader, version, reader.readArrayCount(flexible, 3, 88), readDeleteRecordsTopicResult)
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeDeleteRecordsResponse(writer: Writer, version: number, value: DeleteRecordsResponse): void {
  const flexible = version >= 2
  writer.writeInt32(value.throttleTimeMs)
  writer.writeArrayCount(value.topics.length, flexible)
  for (const item of value.topics) writeDeleteRecordsTopicResult(writer, version, item)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface DeleteRecordsTopicResult {
  name: string
  partitions: DeleteRecordsPartitionResult[]
}

function readDeleteRecordsTopicResult(reader: Reader, version: number): DeleteRecordsTopicResult {
  const flexible = version >= 2
  const into: DeleteRecordsTopicResult = {
    name: '',
    partitions: [],
  }
  into.name = reader.readString(flexible)
  into.partitions = readItems(
    reader,
    version,
    reader.readArrayCount(flexible, 14, 80),
    readDeleteRecordsPartitionResult,
  )
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeDeleteRecordsTopicResult(writer: Writer, version: number, value: DeleteRecordsTopicResult): void {
  const flexible = version >= 2
  writer.writeString(value.name, flexible)
  writer.writeArrayCount(value.partitions.length, flexible)
  for (const item of value.partitions) writeDeleteRecordsPartitionResult(writer, version, item)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface DeleteRecordsPartitionResult {
  partitionIndex: number
  lowWatermark: number
  errorCode: number
}

function readDeleteRecordsPartitionResult(reader: Reader, version: number): DeleteRecordsPartitionResult {
  const flexible = version >= 2
  const into: DeleteRecordsPartitionResult = {
    partitionIndex: 0,
    lowWatermark: 0,
    errorCode: 0,
  }
  const { view } = reader
  const at = reader.take(14)
  into.partitionIndex = view.getInt32(at)
  into.lowWatermark = getInt64(view, at + 4)
  into.errorCode = view.getInt16(at + 12)
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeDeleteRecordsPartitionResult(writer: Writer, version: number, value: DeleteRecordsPartitionResult): void {
  const flexible = version >= 2
  const at = writer.reserve(14)
  writer.view.setInt32(at, value.partitionIndex)
  setInt64(writer.view, at + 4, value.lowWatermark)
  writer.view.setInt16(at + 12, value.errorCode)
  if (flexible) writer.writeUnsignedVarint(0)
}
