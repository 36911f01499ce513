// Generated from schema/19-create-topics.schema by scripts/generate-codecs.mjs: change that.
// CreateTopics: topics by partition count or by manual assignment.
//
// v5 flexible, configs in the answer   v7 topic id

import { ZERO_UUID } from '../../model/uuid.ts'
import { type Reader, readItems } from '../reader.ts'
import type { Writer } from '../writer.ts'

export const createTopicsApi = { key: 19, name: 'CreateTopics', minVersion: 2, maxVersion: 7, flexibleFrom: 5 } as const

export interface CreateTopicsRequest {
  topics: CreatableTopic[]
  timeoutMs: number
  validateOnly: boolean
}

export function readCreateTopicsRequest(reader: Reader, version: number): CreateTopicsRequest {
  const flexible = version >= 5
  const into: CreateTopicsRequest = {
    topics: [],
    timeoutMs: 60000,
    validateOnly: false,
  }
  const { view } = reader
  into.topics = readItems(reader, version, reader.readArrayCount(flexible, 10, 144), readCreatableTopic)
  const at = reader.take(5)
  into.timeoutMs = view.getInt32(at)
  into.validateOnly = view.getInt8(at + 4) !== 0
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeCreateTopicsRequest(writer: Writer, version: number, value: CreateTopicsRequest): void {
  const flexible = version >= 5
  writer.writeArrayCount(value.topics.length, flexible)
  for (const item of value.topics) writeCreatableTopic(writer, version, item)
  const at = writer.reserve(5)
  writer.view.setInt32(at, value.timeoutMs)
  writer.view.setInt8(at + 4, value.validateOnly ? 1 : 0)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface CreatableTopic {
  name: string
  numPartitions: number
  replicationFactor: number
  assignments: CreatableReplicaAssignment[]
  configs: CreatableTopicConfig[]
}

function readCreatableTopic(reader: Reader, version: number): CreatableTopic {
  const flexible = version >= 5
  const into: CreatableTopic = {
    name: '',
    numPartitions: 0,
    replicationFactor: 0,
    assignments: [],
    configs: [],
  }
  const { view } = reader
  into.name = reader.readString(flexible)
  const at = reader.take(6)
  into.numPartitions = view.getInt32(at)
  into.replicationFactor = view.getInt16(at + 4)
  into.assignments = readItems(reader, version, reader.readArrayCount(flexible, 6, 88), readCreatableReplicaAssignment)
  into.configs = readItems(reader, version, reader.readArrayCount(flexible, 3, 56), readCreatableTopicConfig)
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeCreatableTopic(writer: Writer, version: number, value: CreatableTopic): void {
  const flexible = version >= 5
  writer.writeString(value.name, flexible)
  const at = writer.reserve(6)
  writer.view.setInt32(at, value.numPartitions)
  writer.view.setInt16(at + 4, value.replicationFactor)
  writer.writeArrayCount(value.assignments.length, flexible)
  for (const item of value.assignments) writeCreatableReplicaAssignment(writer, version, item)
  writer.writeArrayCount(value.configs.length, flexible)
  for (const item of value.configs) writeCreatableTopicConfig(writer, version, item)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface CreatableReplicaAssignment {
  partitionIndex: number
  brokerIds: number[]
}

function readCreatableReplicaAssignment(reader: Reader, version: number): CreatableReplicaAssignment {
  const flexible = version >= 5
  const into: CreatableReplicaAssignment = {
    partitionIndex: 0,
    brokerIds: [],
  }
  into.partitionIndex = reader.readInt32()
  into.brokerIds = reader.readInt32s(reader.readArrayCount(flexible, 4, 16))
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeCreatableReplicaAssignment(writer: Writer, version: number, value: CreatableReplicaAssignment): void {
  const flexible = version >= 5
  writer.writeInt32(value.partitionIndex)
  writer.writeArrayCount(value.brokerIds.length, flexible)
  writer.writeInt32s(value.brokerIds)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface CreatableTopicConfig {
  name: string
  value: string | null
}

function readCreatableTopicConfig(reader: Reader, version: number): CreatableTopicConfig {
  const flexible = version >= 5
  const into: CreatableTopicConfig = {
    name: '',
    value: '',
  }
  into.name = reader.readString(flexible)
  into.value = reader.readNullableString(flexible)
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeCreatableTopicConfig(writer: Writer, version: number, value: CreatableTopicConfig): void {
  const flexible = version >= 5
  writer.writeString(value.name, flexible)
  writer.writeNullableString(value.value, flexible)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface CreateTopicsResponse {
  throttleTimeMs: number
  topics: CreatableTopicResult[]
}

export function readCreateTopicsResponse(reader: Reader, version: number): CreateTopicsResponse {
  const flexible = version >= 5
  const into: CreateTopicsResponse = {
    throttleTimeMs: 0,
    topics: [],
  }
  into.throttleTimeMs = reader.readInt32()
  into.topics = readItems(reader, version, reader.readArrayCount(flexible, 6, 136), readCreatableTopicResult)
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeCreateTopicsResponse(writer: Writer, version: number, value: CreateTopicsResponse): void {
  const flexible = version >= 5
  writer.writeInt32(value.throttleTimeMs)
  writer.writeArrayCount(value.topics.length, flexible)
  for (const item of value.topics) writeCreatableTopicResult(writer, version, item)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface CreatableTopicResult {
  name: string
  topicId: string
  errorCode: number
  errorMessage: string | null
  topicConfigErrorCode: number
  numPartitions: number
  replicationFactor: number
  configs: CreatableTopicConfigs[] | null
}

function readCreatableTopicResult(reader: Reader, version: number): CreatableTopicResult {
  const flexible = version >= 5
  const into: CreatableTopicResult = {
    name: '',
    topicId: ZERO_UUID,
    errorCode: 0,
    errorMessage: '',
    topicConfigErrorCode: 0,
    numPartitions: -1,
    replicationFactor: -1,
    configs: [],
  }
  const { view } = reader
  into.name = reader.readString(flexible)
  if (version >= 7) into.topicId = reader.readUuid()
  into.errorCode = reader.readInt16()
  into.errorMessage = reader.readNullableString(flexible)
  if (version >= 5) {
    const at = reader.take(6)
    into.numPartitions = view.getInt32(at)
    into.replicationFactor = view.getInt16(at + 4)
    const configsCount = reader.readNullableArrayCount(true, 6, 80)
    into.configs = configsCount < 0 ? null : readItems(reader, version, configsCount, readCreatableTopicConfigs)
  }
  if (flexible) {
    for (let tags = reader.readTagCount(); tags > 0; tags--) {
      const tag = reader.readUnsignedVarint()
      const tagEnd = reader.readTagEnd()
      if (tag === 0) {
        into.topicConfigErrorCode = reader.readInt16()
      } else reader.position = tagEnd
      reader.endTag(tagEnd)
    }
  }
  return into
}

function writeCreatableTopicResult(writer: Writer, version: number, value: CreatableTopicResult): void {
  const flexible = version >= 5
  writer.writeString(value.name, flexible)
  if (version >= 7) writer.writeUuid(value.topicId)
  writer.writeInt16(value.errorCode)
  writer.writeNullableString(value.errorMessage, flexible)
  if (version >= 5) {
    const at = writer.reserve(6)
    writer.view.setInt32(at, value.numPartitions)
    writer.view.setInt16(at + 4, value.replicationFactor)
    writer.writeNullableArrayCount(value.configs === null ? -1 : value.configs.length, true)
    if (value.configs !== null) {
      for (const item of value.configs) writeCreatableTopicConfigs(writer, version, item)
    }
  }
  if (flexible) {
    const tagsMark = writer.beginTags()
    let tags = 0
    if (value.topicConfigErrorCode !== 0) {
      const mark = writer.beginTag(0)
      writer.writeInt16(value.topicConfigErrorCode)
      writer.endTag(mark)
      tags++
    }
    writer.endTags(tagsMark, tags)
  }
}

export interface CreatableTopicConfigs {
  name: string
  value: string | null
  readOnly: boolean
  configSource: number
  isSensitive: boolean
}

function readCreatableTopicConfigs(reader: Reader, _version: number): CreatableTopicConfigs {
  const into: CreatableTopicConfigs = {
    name: '',
    value: '',
    readOnly: false,
    configSource: -1,
    isSensitive: false,
  }
  const { view } = reader
  into.name = reader.readString(true)
  into.value = reader.readNullableString(true)
  const at = reader.take(3)
  into.readOnly = view.getInt8(at) !== 0
  into.configSource = view.getInt8(at + 1)
  into.isSensitive = view.getInt8(at + 2) !== 0
  reader.skipTaggedFields()
  return into
}

function writeCreatableTopicConfigs(writer: Writer, _version: number, value: CreatableTopicConfigs): void {
  writer.writeString(value.name, true)
  writer.writeNullableString(value.value, true)
  const at = writer.reserve(3)
  writer.view.setInt8(at, value.readOnly ? 1 : 0)
  writer.view.setInt8(at + 1, value.configSource)
  writer.view.setInt8(at + 2, value.isSensitive ? 1 : 0)
  writer.writeUnsignedVarint(0)
}
