// Generated from schema/03-metadata.schema by scripts/generate-codecs.mjs: change that.
// Metadata: brokers, topics and who leads their partitions.
//
// Topics: v0 empty asks for all; v1+ null asks for all and empty for none.
// v4 auto-creation by choice   v7 leader epoch   v8-10 authorized operations   v9 flexible   v10 topic ids
// v12 name may be null

import { ZERO_UUID } from '../../model/uuid.ts'
import { type Reader, readItems } from '../reader.ts'
import { present, type Writer } from '../writer.ts'

export const metadataApi = { key: 3, name: 'Metadata', minVersion: 0, maxVersion: 13, flexibleFrom: 9 } as const

export interface MetadataRequest {
  topics: MetadataRequestTopic[] | null
  allowAutoTopicCreation: boolean
  includeClusterAuthorizedOperations: boolean
  includeTopicAuthorizedOperations: boolean
}

export function readMetadataRequest(reader: Reader, version: number): MetadataRequest {
  const flexible = version >= 9
  const into: MetadataRequest = {
    topics: [],
    allowAutoTopicCreation: true,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  }
  const topicsCount =
    version >= 1
      ? reader.readNullableArrayCount(flexible, 2, 56)
      : reader.readArrayCount(flexible, 2, 56)
  into.topics = topicsCount < 0 ? null : readItems(reader, version, topicsCount, readMetadataRequestTopic)
  if (version >= 4) into.allowAutoTopicCreation = reader.readBool()
  if (version >= 8 && version <= 10) into.includeClusterAuthorizedOperations = reader.readBool()
  if (version >= 8) into.includeTopicAuthorizedOperations = reader.readBool()
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeMetadataRequest(writer: Writer, version: number, value: MetadataRequest): void {
  const flexible = version >= 9
  if (version >= 1) writer.writeNullableArrayCount(value.topics === null ? -1 : value.topics.length, flexible)
  else writer.writeArrayCount(present(value.topics).length, flexible)
  if (value.topics !== null) {
    for (const item of value.topics) writeMetadataRequestTopic(writer, version, item)
  }
  if (version >= 4) writer.writeBool(value.allowAutoTopicCreation)
  if (version >= 8 && version <= 10) writer.writeBool(value.includeClusterAuthorizedOperations)
  if (version >= 8) writer.writeBool(value.includeTopicAuthorizedOperations)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface MetadataRequestTopic {
  topicId: string
  name: string | null
}

function readMetadataRequestTopic(reader: Reader, version: number): MetadataRequestTopic {
  const flexible = version >= 9
  const into: MetadataRequestTopic = {
    topicId: ZERO_UUID,
    name: '',
  }
  if (version >= 10) into.topicId = reader.readInternedUuid()
  into.name = version >= 10 ? reader.readInternedNullableString(flexible) : reader.readInternedString(flexible)
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeMetadataRequestTopic(writer: Writer, version: number, value: MetadataRequestTopic): void {
  const flexible = version >= 9
  if (version >= 10) writer.writeUuid(value.topicId)
  if (version >= 10) writer.writeInternedNullableString(value.name, flexible)
  else writer.writeInternedString(present(value.name), flexible)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface MetadataResponse {
  throttleTimeMs: number
  brokers: MetadataResponseBroker[]
  clusterId: string | null
  controllerId: number
  topics: MetadataResponseTopic[]
  clusterAuthorizedOperations: number
  errorCode: number
}

export function readMetadataResponse(reader: Reader, version: number): MetadataResponse {
  const flexible = version >= 9
  const into: MetadataResponse = {
    throttleTimeMs: 0,
    brokers: [],
    clusterId: null,
    controllerId: -1,
    topics: [],
    clusterAuthorizedOperations: -2147483648,
    errorCode: 0,
  }
  if (version >= 3) into.throttleTimeMs = reader.readInt32()
  into.brokers = readItems(reader, version, reader.readArrayCount(flexible, 10, 72), readMetadataResponseBroker)
  if (version >= 2) into.clusterId = reader.readNullableString(flexible)
  if (version >= 1) into.controllerId = reader.readInt32()
  into.topics = readItems(reader, version, reader.readArrayCount(flexible, 8, 120), readMetadataResponseTopic)
  if (version >= 8 && version <= 10) into.clusterAuthorizedOperations = reader.readInt32()
  if (version >= 13) into.errorCode = reader.readInt16()
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeMetadataResponse(writer: Writer, version: number, value: MetadataResponse): void {
  const flexible = version >= 9
  if (version >= 3) writer.writeInt32(value.throttleTimeMs)
  writer.writeArrayCount(value.brokers.length, flexible)
  for (const item of value.brokers) writeMetadataResponseBroker(writer, version, item)
  if (version >= 2) writer.writeNullableString(value.clusterId, flexible)
  if (version >= 1) writer.writeInt32(value.controllerId)
  writer.writeArrayCount(value.topics.length, flexible)
  for (const item of value.topics) writeMetadataResponseTopic(writer, version, item)
  if (version >= 8 && version <= 10) writer.writeInt32(value.clusterAuthorizedOperations)
  if (version >= 13) writer.writeInt16(value.errorCode)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface MetadataResponseBroker {
  nodeId: number
  host: string
  port: number
  rack: string | null
}

function readMetadataResponseBroker(reader: Reader, version: number): MetadataResponseBroker {
  const flexible = version >= 9
  const into: MetadataResponseBroker = {
    nodeId: 0,
    host: '',
    port: 0,
    rack: null,
  }
  into.nodeId = reader.readInt32()
  into.host = reader.readString(flexible)
  into.port = reader.readInt32()
  if (version >= 1) into.rack = reader.readNullableString(flexible)
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeMetadataResponseBroker(writer: Writer, version: number, value: MetadataResponseBroker): void {
  const flexible = version >= 9
  writer.writeInt32(value.nodeId)
  writer.writeString(value.host, flexible)
  writer.writeInt32(value.port)
  if (version >= 1) writer.writeNullableString(value.rack, flexible)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface MetadataResponseTopic {
  errorCode: number
  name: string | null
  topicId: string
  isInternal: boolean
  partitions: MetadataResponsePartition[]
  topicAuthorizedOperations: number
}

function readMetadataResponseTopic(reader: Reader, version: number): MetadataResponseTopic {
  const flexible = version >= 9
  const into: MetadataResponseTopic = {
    errorCode: 0,
    name: '',
    topicId: ZERO_UUID,
    isInternal: false,
    partitions: [],
    topicAuthorizedOperations: -2147483648,
  }
  into.errorCode = reader.readInt16()
  into.name = version >= 12 ? reader.readInternedNullableString(flexible) : reader.readInternedString(flexible)
  if (version >= 10) into.topicId = reader.readInternedUuid()
  if (version >= 1) into.isInternal = reader.readBool()
  into.partitions = readItems(reader, version, reader.readArrayCount(flexible, 18, 192), readMetadataResponsePartition)
  if (version >= 8) into.topicAuthorizedOperations = reader.readInt32()
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeMetadataResponseTopic(writer: Writer, version: number, value: MetadataResponseTopic): void {
  const flexible = version >= 9
  writer.writeInt16(value.errorCode)
  if (version >= 12) writer.writeInternedNullableString(value.name, flexible)
  else writer.writeInternedString(present(value.name), flexible)
  if (version >= 10) writer.writeUuid(value.topicId)
  if (version >= 1) writer.writeBool(value.isInternal)
  writer.writeArrayCount(value.partitions.length, flexible)
  for (const item of value.partitions) writeMetadataResponsePartition(writer, version, item)
  if (version >= 8) writer.writeInt32(value.topicAuthorizedOperations)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface MetadataResponsePartition {
  errorCode: number
  partitionIndex: number
  leaderId: number
  leaderEpoch: number
  replicaNodes: number[]
  isrNodes: number[]
  offlineReplicas: number[]
}

function readMetadataResponsePartition(reader: Reader, version: number): MetadataResponsePartition {
  const flexible = version >= 9
  const into: MetadataResponsePartition = {
    errorCode: 0,
    partitionIndex: 0,
    leaderId: 0,
    leaderEpoch: -1,
    replicaNodes: [],
    isrNodes: [],
    offlineReplicas: [],
  }
  const { view } = reader
  const at = reader.take(10)
  into.errorCode = view.getInt16(at)
  into.partitionIndex = view.getInt32(at + 2)
  into.leaderId = view.getInt32(at + 6)
  if (version >= 7) into.leaderEpoch = reader.readInt32()
  into.replicaNodes = reader.readInt32s(reader.readArrayCount(flexible, 4, 16))
  into.isrNodes = reader.readInt32s(reader.readArrayCount(flexible, 4, 16))
  if (version >= 5) into.offlineReplicas = reader.readInt32s(reader.readArrayCount(flexible, 4, 16))
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeMetadataResponsePartition(writer: Writer, version: number, value: MetadataResponsePartition): void {
  const flexible = version >= 9
  const at = writer.reserve(10)
  writer.view.setInt16(at, value.errorCode)
  writer.view.setInt32(at + 2, value.partitionIndex)
  writer.view.setInt32(at + 6, value.leaderId)
  if (version >= 7) writer.writeInt32(value.leaderEpoch)
  writer.writeArrayCount(value.replicaNodes.length, flexible)
  writer.writeInt32s(value.replicaNodes)
  writer.writeArrayCount(value.isrNodes.length, flexible)
  writer.writeInt32s(value.isrNodes)
  if (version >= 5) {
    writer.writeArrayCount(value.offlineReplicas.length, flexible)
    writer.writeInt32s(value.offlineReplicas)
  }
  if (flexible) writer.writeUnsignedVarint(0)
}
