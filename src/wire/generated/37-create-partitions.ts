// Generated from schema/37-create-partitions.schema by scripts/generate-codecs.mjs: change that.
// CreatePartitions: raise a topic's partition count.

import { type Reader, readItems } from '../reader.ts'
import type { Writer } from '../writer.ts'

export const createPartitionsApi = {
  key: 37,
  name: 'CreatePartitions',
  minVersion: 0,
  maxVersion: 3,
  flexibleFrom: 2,
} as const

export interface CreatePartitionsRequest {
  topics: CreatePartitionsTopic[]
  timeoutMs: number
  validateOnly: boolean
}

export function readCreatePartitionsRequest(reader: Reader, version: number): CreatePartitionsRequest {
  const flexible = version >= 2
  const into: CreatePartitionsRequest = {
    topics: [],
    timeoutMs: 0,
    validateOnly: false,
  }
  const { view } = reader
  into.topics = readItems(reader, version, reader.readArrayCount(flexible, 7, 96), readCreatePartitionsTopic)
  const at = reader.take(5)
  into.timeoutMs = view.getInt32(at)
  into.validateOnly = view.getInt8(at + 4) !== 0
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeCreatePartitionsRequest(writer: Writer, version: number, value: CreatePartitionsRequest): void {
  const flexible = version >= 2
  writer.writeArrayCount(value.topics.length, flexible)
  for (const item of value.topics) writeCreatePartitionsTopic(writer, version, item)
  const at = writer.reserve(5)
  writer.view.setInt32(at, value.timeoutMs)
  writer.view.setInt8(at + 4, value.validateOnly ? 1 : 0)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface CreatePartitionsTopic {
  name: string
  count: number
  assignments: CreatePartitionsAssignment[] | null
}

function readCreatePartitionsTopic(reader: Reader, version: number): CreatePartitionsTopic {
  const flexible = version >= 2
  const into: CreatePartitionsTopic = {
    name: '',
    count: 0,
    assignments: [],
  }
  into.name = reader.readString(flexible)
  into.count = reader.readInt32()
  const assignmentsCount = reader.readNullableArrayCount(flexible, 2, 80)
  into.assignments =
    assignmentsCount < 0
      ? null
      : readItems(reader, version, assignmentsCount, readCreatePartitionsAssignment)
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeCreatePartitionsTopic(writer: Writer, version: number, value: CreatePartitionsTopic): void {
  const flexible = version >= 2
  writer.writeString(value.name, flexible)
  writer.writeInt32(value.count)
  writer.writeNullableArrayCount(value.assignments === null ? -1 : value.assignments.length, flexible)
  if (value.assignments !== null) {
    for (const item of value.assignments) writeCreatePartitionsAssignment(writer, version, item)
  }
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface CreatePartitionsAssignment {
  brokerIds: number[]
}

function readCreatePartitionsAssignment(reader: Reader, version: number): CreatePartitionsAssignment {
  const flexible = version >= 2
  const into: CreatePartitionsAssignment = {
    brokerIds: [],
  }
  into.brokerIds = reader.readInt32s(reader.readArrayCount(flexible, 4, 16))
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeCreatePartitionsAssignment(writer: Writer, version: number, value: CreatePartitionsAssignment): void {
  const flexible = version >= 2
  writer.writeArrayCount(value.brokerIds.length, flexible)
  writer.writeInt32s(value.brokerIds)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface CreatePartitionsResponse {
  throttleTimeMs: number
  results: CreatePartitionsTopicResult[]
}

export function readCreatePartitionsResponse(reader: Reader, version: number): CreatePartitionsResponse {
  const flexible = version >= 2
  const into: CreatePartitionsResponse = {
    throttleTimeMs: 0,
    results: [],
  }
  into.throttleTimeMs = reader.readInt32()
  into.results = readItems(reader, version, reader.readArrayCount(flexible, 5, 64), readCreatePartitionsTopicResult)
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeCreatePartitionsResponse(writer: Writer, version: number, value: CreatePartitionsResponse): void {
  const flexible = version >= 2
  writer.writeInt32(value.throttleTimeMs)
  writer.writeArrayCount(value.results.length, flexible)
  for (const item of value.results) writeCreatePartitionsTopicResult(writer, version, item)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface CreatePartitionsTopicResult {
  name: string
  errorCode: number
  errorMessage: string | null
}

function readCreatePartitionsTopicResult(reader: Reader, version: number): CreatePartitionsTopicResult {
  const flexible = version >= 2
  const into: CreatePartitionsTopicResult = {
    name: '',
    errorCode: 0,
    errorMessage: null,
  }
  into.name = reader.readString(flexible)
  into.errorCode = reader.readInt16()
  into.errorMessage = reader.readNullableString(flexible)
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeCreatePartitionsTopicResult(writer: Writer, version: number, value: CreatePartitionsTopicResult): void {
  const flexible = version >= 2
  writer.writeString(value.name, flexible)
  writer.writeInt16(value.errorCode)
  writer.writeNullableString(value.errorMessage, flexible)
  if (flexible) writer.writeUnsignedVarint(0)
}
