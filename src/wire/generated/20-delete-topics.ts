// Generated from schema/20-delete-topics.schema by scripts/generate-codecs.mjs: change that.
// DeleteTopics: by name, or from v6 by name or id.

import { ZERO_UUID } from '../../model/uuid.ts'
import { type Reader, readItems } from '../reader.ts'
import { present, type Writer } from '../writer.ts'

export const deleteTopicsApi = { key: 20, name: 'DeleteTopics', minVersion: 1, maxVersion: 6, flexibleFrom: 4 } as const

export interface DeleteTopicsRequest {
  topics: DeleteTopicState[]
  topicNames: string[]
  timeoutMs: number
}

export function readDeleteTopicsRequest(reader: Reader, version: number): DeleteTopicsRequest {
  const flexible = version >= 4
  const into: DeleteTopicsRequest = {
    topics: [],
    topicNames: [],
    timeoutMs: 0,
  }
  if (version >= 6) into.topics = readItems(reader, version, reader.readArrayCount(true, 18, 56), readDeleteTopicState)
  if (version <= 5) into.topicNames = reader.readStrings(reader.readArrayCount(flexible, 1, 16), flexible)
  into.timeoutMs = reader.readInt32()
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeDeleteTopicsRequest(writer: Writer, version: number, value: DeleteTopicsRequest): void {
  const flexible = version >= 4
  if (version >= 6) {
    writer.writeArrayCount(value.topics.length, true)
    for (const item of value.topics) writeDeleteTopicState(writer, version, item)
  }
  if (version <= 5) {
    writer.writeArrayCount(value.topicNames.length, flexible)
    writer.writeStrings(value.topicNames, flexible)
  }
  writer.writeInt32(value.timeoutMs)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface DeleteTopicState {
  name: string | null
  topicId: string
}

function readDeleteTopicState(reader: Reader, _version: number): DeleteTopicState {
  const into: DeleteTopicState = {
    name: null,
    topicId: ZERO_UUID,
  }
  into.name = reader.readNullableString(true)
  into.topicId = reader.readUuid()
  reader.skipTaggedFields()
  return into
}

function writeDeleteTopicState(writer: Writer, _version: number, value: DeleteTopicState): void {
  writer.writeNullableString(value.name, true)
  writer.writeUuid(value.topicId)
  writer.writeUnsignedVarint(0)
}

export interface DeleteTopicsResponse {
  throttleTimeMs: number
  responses: DeletableTopicResult[]
}

export function readDeleteTopicsResponse(reader: Reader, version: number): DeleteTopicsResponse {
  const flexible = version >= 4
  const into: DeleteTopicsResponse = {
    throttleTimeMs: 0,
    responses: [],
  }
  into.throttleTimeMs = reader.readInt32()
  into.responses = readItems(reader, version, reader.readArrayCount(flexible, 4, 72), readDeletableTopicResult)
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeDeleteTopicsResponse(writer: Writer, version: number, value: DeleteTopicsResponse): void {
  const flexible = version >= 4
  writer.writeInt32(value.throttleTimeMs)
  writer.writeArrayCount(value.responses.length, flexible)
  for (const item of value.responses) writeDeletableTopicResult(writer, version, item)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface DeletableTopicResult {
  name: string | null
  topicId: string
  errorCode: number
  errorMessage: string | null
}

function readDeletableTopicResult(reader: Reader, version: number): DeletableTopicResult {
  const flexible = version >= 4
  const into: DeletableTopicResult = {
    name: '',
    topicId: ZERO_UUID,
    errorCode: 0,
    errorMessage: null,
  }
  into.name = version >= 6 ? reader.readNullableString(flexible) : reader.readString(flexible)
  if (version >= 6) into.topicId = reader.readUuid()
  into.errorCode = reader.readInt16()
  if (version >= 5) into.errorMessage = reader.readNullableString(true)
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeDeletableTopicResult(writer: Writer, version: number, value: DeletableTopicResult): void {
  const flexible = version >= 4
  if (version >= 6) writer.writeNullableString(value.name, flexible)
  else writer.writeString(present(value.name), flexible)
  if (version >= 6) writer.writeUuid(value.topicId)
  writer.writeInt16(value.errorCode)
  if (version >= 5) writer.writeNullableString(value.errorMessage, true)
  if (flexible) writer.writeUnsignedVarint(0)
}
