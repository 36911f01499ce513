// Generated from schema/metadata-records.schema by scripts/generate-codecs.mjs: change that.
// Records of the metadata log (__cluster_metadata), as Kafka's controllers write them.
//
// `written` is the version we write where it is not the highest one: that of metadata.version 4.0, which every reader
// of the log understands. Later versions are read.

import { ZERO_UUID } from '../../model/uuid.ts'
import { getInt64, setInt64 } from '../../lib/int64.ts'
import { type Reader, readItems } from '../reader.ts'
import type { Writer } from '../writer.ts'

export type MetadataRecord =
  | RegisterBrokerRecord
  | UnregisterBrokerRecord
  | TopicRecord
  | PartitionRecord
  | ConfigRecord
  | PartitionChangeRecord
  | FenceBrokerRecord
  | UnfenceBrokerRecord
  | RemoveTopicRecord
  | FeatureLevelRecord
  | ProducerIdsRecord
  | BrokerRegistrationChangeRecord
  | NoOpRecord
  | BeginTransactionRecord
  | EndTransactionRecord
  | AbortTransactionRecord
  | RegisterControllerRecord

/** Each record's key, its highest version, and the version that is written unless another is asked for. */
export const METADATA_RECORD_VERSIONS = {
  RegisterBrokerRecord: { key: 0, maxVersion: 4, written: 3 },
  UnregisterBrokerRecord: { key: 1, maxVersion: 0, written: 0 },
  TopicRecord: { key: 2, maxVersion: 0, written: 0 },
  PartitionRecord: { key: 3, maxVersion: 2, written: 2 },
  ConfigRecord: { key: 4, maxVersion: 0, written: 0 },
  PartitionChangeRecord: { key: 5, maxVersion: 2, written: 2 },
  FenceBrokerRecord: { key: 7, maxVersion: 0, written: 0 },
  UnfenceBrokerRecord: { key: 8, maxVersion: 0, written: 0 },
  RemoveTopicRecord: { key: 9, maxVersion: 0, written: 0 },
  FeatureLevelRecord: { key: 12, maxVersion: 0, written: 0 },
  ProducerIdsRecord: { key: 15, maxVersion: 0, written: 0 },
  BrokerRegistrationChangeRecord: { key: 17, maxVersion: 3, written: 2 },
  NoOpRecord: { key: 20, maxVersion: 0, written: 0 },
  BeginTransactionRecord: { key: 23, maxVersion: 0, written: 0 },
  EndTransactionRecord: { key: 24, maxVersion: 0, written: 0 },
  AbortTransactionRecord: { key: 25, maxVersion: 0, written: 0 },
  RegisterControllerRecord: { key: 27, maxVersion: 0, written: 0 },
} as const

/** The body of the record with that key, or undefined if there is none in that version. */
export function readMetadataRecordBody(reader: Reader, key: number, version: number): MetadataRecord | undefined {
  switch (key) {
    case 0:
      return version <= 4 ? readRegisterBrokerRecord(reader, version) : undefined
    case 1:
      return version <= 0 ? readUnregisterBrokerRecord(reader, version) : undefined
    case 2:
      return version <= 0 ? readTopicRecord(reader, version) : undefined
    case 3:
      return version <= 2 ? readPartitionRecord(reader, version) : undefined
    case 4:
      return version <= 0 ? readConfigRecord(reader, version) : undefined
    case 5:
      return version <= 2 ? readPartitionChangeRecord(reader, version) : undefined
    case 7:
      return version <= 0 ? readFenceBrokerRecord(reader, version) : undefined
    case 8:
      return version <= 0 ? readUnfenceBrokerRecord(reader, version) : undefined
    case 9:
      return version <= 0 ? readRemoveTopicRecord(reader, version) : undefined
    case 12:
      return version <= 0 ? readFeatureLevelRecord(reader, version) : undefined
    case 15:
      return version <= 0 ? readProducerIdsRecord(reader, version) : undefined
    case 17:
      return version <= 3 ? readBrokerRegistrationChangeRecord(reader, version) : undefined
    case 20:
      return version <= 0 ? readNoOpRecord(reader, version) : undefined
    case 23:
      return version <= 0 ? readBeginTransactionRecord(reader, version) : undefined
    case 24:
      return version <= 0 ? readEndTransactionRecord(reader, version) : undefined
    case 25:
      return version <= 0 ? readAbortTransactionRecord(reader, version) : undefined
    case 27:
      return version <= 0 ? readRegisterControllerRecord(reader, version) : undefined
    default:
      return undefined
  }
}

export function writeMetadataRecordBody(writer: Writer, version: number, record: MetadataRecord): void {
  switch (record.type) {
    case 'RegisterBrokerRecord':
      return writeRegisterBrokerRecord(writer, version, record)
    case 'UnregisterBrokerRecord':
      return writeUnregisterBrokerRecord(writer, version, record)
    case 'TopicRecord':
      return writeTopicRecord(writer, version, record)
    case 'PartitionRecord':
      return writePartitionRecord(writer, version, record)
    case 'ConfigRecord':
      return writeConfigRecord(writer, version, record)
    case 'PartitionChangeRecord':
      return writePartitionChangeRecord(writer, version, record)
    case 'FenceBrokerRecord':
      return writeFenceBrokerRecord(writer, version, record)
    case 'UnfenceBrokerRecord':
      return writeUnfenceBrokerRecord(writer, version, record)
    case 'RemoveTopicRecord':
      return writeRemoveTopicRecord(writer, version, record)
    case 'FeatureLevelRecord':
      return writeFeatureLevelRecord(writer, version, record)
    case 'ProducerIdsRecord':
      return writeProducerIdsRecord(writer, version, record)
    case 'BrokerRegistrationChangeRecord':
      return writeBrokerRegistrationChangeRecord(writer, version, record)
    case 'NoOpRecord':
      return writeNoOpRecord(writer, version, record)
    case 'BeginTransactionRecord':
      return writeBeginTransactionRecord(writer, version, record)
    case 'EndTransactionRecord':
      return writeEndTransactionRecord(writer, version, record)
    case 'AbortTransactionRecord':
      return writeAbortTransactionRecord(writer, version, record)
    case 'RegisterControllerRecord':
      return writeRegisterControllerRecord(writer, version, record)
  }
}

export interface RegisterBrokerRecord {
  type: 'RegisterBrokerRecord'
  brokerId: number
  isMigratingZkBroker: boolean
  incarnationId: string
  brokerEpoch: number
  endPoints: BrokerEndpoint[]
  features: BrokerFeature[]
  rack: string | null
  fenced: boolean
  inControlledShutdown: boolean
  logDirs: string[]
  cordonedLogDirs: string[] | null
}

export function readRegisterBrokerRecord(reader: Reader, version: number): RegisterBrokerRecord {
  const into: RegisterBrokerRecord = {
    type: 'RegisterBrokerRecord',
    brokerId: 0,
    isMigratingZkBroker: false,
    incarnationId: ZERO_UUID,
    brokerEpoch: 0,
    endPoints: [],
    features: [],
    rack: '',
    fenced: true,
    inControlledShutdown: false,
    logDirs: [],
    cordonedLogDirs: null,
  }
  const { view } = reader
  into.brokerId = reader.readInt32()
  if (version >= 2) into.isMigratingZkBroker = reader.readBool()
  into.incarnationId = reader.readUuid()
  const at = reader.take(8)
  into.brokerEpoch = getInt64(view, at)
  into.endPoints = readItems(reader, version, reader.readArrayCount(true, 7, 72), readBrokerEndpoint)
  into.features = readItems(reader, version, reader.readArrayCount(true, 6, 64), readBrokerFeature)
  into.rack = reader.readNullableString(true)
  into.fenced = reader.readBool()
  if (version >= 1) into.inControlledShutdown = reader.readBool()
  for (let tags = reader.readTagCount(); tags > 0; tags--) {
    const tag = reader.readUnsignedVarint()
    const tagEnd = reader.readTagEnd()
    if (tag === 0 && version >= 3) {
      into.logDirs = reader.readUuids(reader.readArrayCount(true, 16, 16))
    } else if (tag === 1 && version >= 4) {
      const cordonedLogDirsCount = reader.readNullableArrayCount(true, 16, 16)
      into.cordonedLogDirs = cordonedLogDirsCount < 0 ? null : reader.readUuids(cordonedLogDirsCount)
    } else reader.position = tagEnd
    reader.endTag(tagEnd)
  }
  return into
}

export function writeRegisterBrokerRecord(writer: Writer, version: number, value: RegisterBrokerRecord): void {
  writer.writeInt32(value.brokerId)
  if (version >= 2) writer.writeBool(value.isMigratingZkBroker)
  writer.writeUuid(value.incarnationId)
  const at = writer.reserve(8)
  setInt64(writer.view, at, value.brokerEpoch)
  writer.writeArrayCount(value.endPoints.length, true)
  for (const item of value.endPoints) writeBrokerEndpoint(writer, version, item)
  writer.writeArrayCount(value.features.length, true)
  for (const item of value.features) writeBrokerFeature(writer, version, item)
  writer.writeNullableString(value.rack, true)
  writer.writeBool(value.fenced)
  if (version >= 1) writer.writeBool(value.inControlledShutdown)
  const tagsMark = writer.beginTags()
  let tags = 0
  if (version >= 3 && value.logDirs.length > 0) {
    const mark = writer.beginTag(0)
    writer.writeArrayCount(value.logDirs.length, true)
    writer.writeUuids(value.logDirs)
    writer.endTag(mark)
    tags++
  }
  if (version >= 4 && value.cordonedLogDirs !== null) {
    const mark = writer.beginTag(1)
    writer.writeNullableArrayCount(value.cordonedLogDirs === null ? -1 : value.cordonedLogDirs.length, true)
    if (value.cordonedLogDirs !== null) writer.writeUuids(value.cordonedLogDirs)
    writer.endTag(mark)
    tags++
  }
  writer.endTags(tagsMark, tags)
}

export interface BrokerEndpoint {
  name: string
  host: string
  port: number
  securityProtocol: number
}

function readBrokerEndpoint(reader: Reader, _version: number): BrokerEndpoint {
  const into: BrokerEndpoint = {
    name: '',
    host: '',
    port: 0,
    securityProtocol: 0,
  }
  const { view } = reader
  into.name = reader.readString(true)
  into.host = reader.readString(true)
  const at = reader.take(4)
  into.port = view.getUint16(at)
  into.securityProtocol = view.getInt16(at + 2)
  reader.skipTaggedFields()
  return into
}

function writeBrokerEndpoint(writer: Writer, _version: number, value: BrokerEndpoint): void {
  writer.writeString(value.name, true)
  writer.writeString(value.host, true)
  const at = writer.reserve(4)
  writer.view.setUint16(at, value.port)
  writer.view.setInt16(at + 2, value.securityProtocol)
  writer.writeUnsignedVarint(0)
}

export interface BrokerFeature {
  name: string
  minSupportedVersion: number
  maxSupportedVersion: number
}

function readBrokerFeature(reader: Reader, _version: number): BrokerFeature {
  const into: BrokerFeature = {
    name: '',
    minSupportedVersion: 0,
    maxSupportedVersion: 0,
  }
  const { view } = reader
  into.name = reader.readString(true)
  const at = reader.take(4)
  into.minSupportedVersion = view.getInt16(at)
  into.maxSupportedVersion = view.getInt16(at + 2)
  reader.skipTaggedFields()
  return into
}

function writeBrokerFeature(writer: Writer, _version: number, value: BrokerFeature): void {
  writer.writeString(value.name, true)
  const at = writer.reserve(4)
  writer.view.setInt16(at, value.minSupportedVersion)
  writer.view.setInt16(at + 2, value.maxSupportedVersion)
  writer.writeUnsignedVarint(0)
}

export interface UnregisterBrokerRecord {
  type: 'UnregisterBrokerRecord'
  brokerId: number
  brokerEpoch: number
}

export function readUnregisterBrokerRecord(reader: Reader, _version: number): UnregisterBrokerRecord {
  const into: UnregisterBrokerRecord = {
    type: 'UnregisterBrokerRecord',
    brokerId: 0,
    brokerEpoch: 0,
  }
  const { view } = reader
  const at = reader.take(12)
  into.brokerId = view.getInt32(at)
  into.brokerEpoch = getInt64(view, at + 4)
  reader.skipTaggedFields()
  return into
}

export function writeUnregisterBrokerRecord(writer: Writer, _version: number, value: UnregisterBrokerRecord): void {
  const at = writer.reserve(12)
  writer.view.setInt32(at, value.brokerId)
  setInt64(writer.view, at + 4, value.brokerEpoch)
  writer.writeUnsignedVarint(0)
}

export interface TopicRecord {
  type: 'TopicRecord'
  name: string
  topicId: string
}

export function readTopicRecord(reader: Reader, _version: number): TopicRecord {
  const into: TopicRecord = {
    type: 'TopicRecord',
    name: '',
    topicId: ZERO_UUID,
  }
  into.name = reader.readString(true)
  into.topicId = reader.readUuid()
  reader.skipTaggedFields()
  return into
}

export function writeTopicRecord(writer: Writer, _version: number, value: TopicRecord): void {
  writer.writeString(value.name, true)
  writer.writeUuid(value.topicId)
  writer.writeUnsignedVarint(0)
}

export interface PartitionRecord {
  type: 'PartitionRecord'
  partitionId: number
  topicId: string
  replicas: number[]
  isr: number[]
  removingReplicas: number[]
  addingReplicas: number[]
  leader: number
  leaderRecoveryState: number
  leaderEpoch: number
  partitionEpoch: number
  directories: string[]
  eligibleLeaderReplicas: number[] | null
  lastKnownElr: number[] | null
}

export function readPartitionRecord(reader: Reader, version: number): PartitionRecord {
  const into: PartitionRecord = {
    type: 'PartitionRecord',
    partitionId: -1,
    topicId: ZERO_UUID,
    replicas: [],
    isr: [],
    removingReplicas: [],
    addingReplicas: [],
    leader: -1,
    leaderRecoveryState: 0,
    leaderEpoch: -1,
    partitionEpoch: -1,
    directories: [],
    eligibleLeaderReplicas: null,
    lastKnownElr: null,
  }
  const { view } = reader
  into.partitionId = reader.readInt32()
  into.topicId = reader.readUuid()
  into.replicas = reader.readInt32s(reader.readArrayCount(true, 4, 16))
  into.isr = reader.readInt32s(reader.readArrayCount(true, 4, 16))
  into.removingReplicas = reader.readInt32s(reader.readArrayCount(true, 4, 16))
  into.addingReplicas = reader.readInt32s(reader.readArrayCount(true, 4, 16))
  const at = reader.take(12)
  into.leader = view.getInt32(at)
  into.leaderEpoch = view.getInt32(at + 4)
  into.partitionEpoch = view.getInt32(at + 8)
  if (version >= 1) into.directories = reader.readUuids(reader.readArrayCount(true, 16, 16))
  for (let tags = reader.readTagCount(); tags > 0; tags--) {
    const tag = reader.readUnsignedVarint()
    const tagEnd = reader.readTagEnd()
    if (tag === 0) {
      into.leaderRecoveryState = reader.readInt8()
    } else if (tag === 1 && version >= 2) {
      const eligibleLeaderReplicasCount = reader.readNullableArrayCount(true, 4, 16)
      into.eligibleLeaderReplicas =
        eligibleLeaderReplicasCount < 0
          ? null
          : reader.readInt32s(eligibleLeaderReplicasCount)
    } else if (tag === 2 && version >= 2) {
      const lastKnownElrCount = reader.readNullableArrayCount(true, 4, 16)
      into.lastKnownElr = lastKnownElrCount < 0 ? null : reader.readInt32s(lastKnownElrCount)
    } else reader.position = tagEnd
    reader.endTag(tagEnd)
  }
  return into
}

export function writePartitionRecord(writer: Writer, version: number, value: PartitionRecord): void {
  writer.writeInt32(value.partitionId)
  writer.writeUuid(value.topicId)
  writer.writeArrayCount(value.replicas.length, true)
  writer.writeInt32s(value.replicas)
  writer.writeArrayCount(value.isr.length, true)
  writer.writeInt32s(value.isr)
  writer.writeArrayCount(value.removingReplicas.length, true)
  writer.writeInt32s(value.removingReplicas)
  writer.writeArrayCount(value.addingReplicas.length, true)
  writer.writeInt32s(value.addingReplicas)
  const at = writer.reserve(12)
  writer.view.setInt32(at, value.leader)
  writer.view.setInt32(at + 4, value.leaderEpoch)
  writer.view.setInt32(at + 8, value.partitionEpoch)
  if (version >= 1) {
    writer.writeArrayCount(value.directories.length, true)
    writer.writeUuids(value.directories)
  }
  const tagsMark = writer.beginTags()
  let tags = 0
  if (value.leaderRecoveryState !== 0) {
    const mark = writer.beginTag(0)
    writer.writeInt8(value.leaderRecoveryState)
    writer.endTag(mark)
    tags++
  }
  if (version >= 2 && value.eligibleLeaderReplicas !== null) {
    const mark = writer.beginTag(1)
    writer.writeNullableArrayCount(
      value.eligibleLeaderReplicas === null ? -1 : value.eligibleLeaderReplicas.length,
      true,
    )
    if (value.eligibleLeaderReplicas !== null) writer.writeInt32s(value.eligibleLeaderReplicas)
    writer.endTag(mark)
    tags++
  }
  if (version >= 2 && value.lastKnownElr !== null) {
    const mark = writer.beginTag(2)
    writer.writeNullableArrayCount(value.lastKnownElr === null ? -1 : value.lastKnownElr.length, true)
    if (value.lastKnownElr !== null) writer.writeInt32s(value.lastKnownElr)
    writer.endTag(mark)
    tags++
  }
  writer.endTags(tagsMark, tags)
}

export interface ConfigRecord {
  type: 'ConfigRecord'
  resourceType: number
  resourceName: string
  name: string
  value: string | null
}

export function readConfigRecord(reader: Reader, _version: number): ConfigRecord {
  const into: ConfigRecord = {
    type: 'ConfigRecord',
    resourceType: 0,
    resourceName: '',
    name: '',
    value: '',
  }
  into.resourceType = reader.readInt8()
  into.resourceName = reader.readString(true)
  into.name = reader.readString(true)
  into.value = reader.readNullableString(true)
  reader.skipTaggedFields()
  return into
}

export function writeConfigRecord(writer: Writer, _version: number, value: ConfigRecord): void {
  writer.writeInt8(value.resourceType)
  writer.writeString(value.resourceName, true)
  writer.writeString(value.name, true)
  writer.writeNullableString(value.value, true)
  writer.writeUnsignedVarint(0)
}

export interface PartitionChangeRecord {
  type: 'PartitionChangeRecord'
  partitionId: number
  topicId: string
  isr: number[] | null
  leader: number
  replicas: number[] | null
  removingReplicas: number[] | null
  addingReplicas: number[] | null
  leaderRecoveryState: number
  directories: string[] | null
  eligibleLeaderReplicas: number[] | null
  lastKnownElr: number[] | null
}

export function readPartitionChangeRecord(reader: Reader, version: number): PartitionChangeRecord {
  const into: PartitionChangeRecord = {
    type: 'PartitionChangeRecord',
    partitionId: -1,
    topicId: ZERO_UUID,
    isr: null,
    leader: -2,
    replicas: null,
    removingReplicas: null,
    addingReplicas: null,
    leaderRecoveryState: -1,
    directories: null,
    eligibleLeaderReplicas: null,
    lastKnownElr: null,
  }
  into.partitionId = reader.readInt32()
  into.topicId = reader.readUuid()
  for (let tags = reader.readTagCount(); tags > 0; tags--) {
    const tag = reader.readUnsignedVarint()
    const tagEnd = reader.readTagEnd()
    if (tag === 0) {
      const isrCount = reader.readNullableArrayCount(true, 4, 16)
      into.isr = isrCount < 0 ? null : reader.readInt32s(isrCount)
    } else if (tag === 1) {
      into.leader = reader.readInt32()
    } else if (tag === 2) {
      const replicasCount = reader.readNullableArrayCount(true, 4, 16)
      into.replicas = replicasCount < 0 ? null : reader.readInt32s(replicasCount)
    } else if (tag === 3) {
      const removingReplicasCount = reader.readNullableArrayCount(true, 4, 16)
      into.removingReplicas = removingReplicasCount < 0 ? null : reader.readInt32s(removingReplicasCount)
    } else if (tag === 4) {
      const addingReplicasCount = reader.readNullableArrayCount(true, 4, 16)
      into.addingReplicas = addingReplicasCount < 0 ? null : reader.readInt32s(addingReplicasCount)
    } else if (tag === 5) {
      into.leaderRecoveryState = reader.readInt8()
    } else if (tag === 6 && version >= 2) {
      const eligibleLeaderReplicasCount = reader.readNullableArrayCount(true, 4, 16)
      into.eligibleLeaderReplicas =
        eligibleLeaderReplicasCount < 0
          ? null
          : reader.readInt32s(eligibleLeaderReplicasCount)
    } else if (tag === 7 && version >= 2) {
      const lastKnownElrCount = reader.readNullableArrayCount(true, 4, 16)
      into.lastKnownElr = lastKnownElrCount < 0 ? null : reader.readInt32s(lastKnownElrCount)
    } else if (tag === 8 && version >= 1) {
      const directoriesCount = reader.readNullableArrayCount(true, 16, 16)
      into.directories = directoriesCount < 0 ? null : reader.readUuids(directoriesCount)
    } else reader.position = tagEnd
    reader.endTag(tagEnd)
  }
  return into
}

export function writePartitionChangeRecord(writer: Writer, version: number, value: PartitionChangeRecord): void {
  writer.writeInt32(value.partitionId)
  writer.writeUuid(value.topicId)
  const tagsMark = writer.beginTags()
  let tags = 0
  if (value.isr !== null) {
    const mark = writer.beginTag(0)
    writer.writeNullableArrayCount(value.isr === null ? -1 : value.isr.length, true)
    if (value.isr !== null) writer.writeInt32s(value.isr)
    writer.endTag(mark)
    tags++
  }
  if (value.leader !== -2) {
    const mark = writer.beginTag(1)
    writer.writeInt32(value.leader)
    writer.endTag(mark)
    tags++
  }
  if (value.replicas !== null) {
    const mark = writer.beginTag(2)
    writer.writeNullableArrayCount(value.replicas === null ? -1 : value.replicas.length, true)
    if (value.replicas !== null) writer.writeInt32s(value.replicas)
    writer.endTag(mark)
    tags++
  }
  if (value.removingReplicas !== null) {
    const mark = writer.beginTag(3)
    writer.writeNullableArrayCount(value.removingReplicas === null ? -1 : value.removingReplicas.length, true)
    if (value.removingReplicas !== null) writer.writeInt32s(value.removingReplicas)
    writer.endTag(mark)
    tags++
  }
  if (value.addingReplicas !== null) {
    const mark = writer.beginTag(4)
    writer.writeNullableArrayCount(value.addingReplicas === null ? -1 : value.addingReplicas.length, true)
    if (value.addingReplicas !== null) writer.writeInt32s(value.addingReplicas)
    writer.endTag(mark)
    tags++
  }
  if (value.leaderRecoveryState !== -1) {
    const mark = writer.beginTag(5)
    writer.writeInt8(value.leaderRecoveryState)
    writer.endTag(mark)
    tags++
  }
  if (version >= 2 && value.eligibleLeaderReplicas !== null) {
    const mark = writer.beginTag(6)
    writer.writeNullableArrayCount(
      value.eligibleLeaderReplicas === null ? -1 : value.eligibleLeaderReplicas.length,
      true,
    )
    if (value.eligibleLeaderReplicas !== null) writer.writeInt32s(value.eligibleLeaderReplicas)
    writer.endTag(mark)
    tags++
  }
  if (version >= 2 && value.lastKnownElr !== null) {
    const mark = writer.beginTag(7)
    writer.writeNullableArrayCount(value.lastKnownElr === null ? -1 : value.lastKnownElr.length, true)
    if (value.lastKnownElr !== null) writer.writeInt32s(value.lastKnownElr)
    writer.endTag(mark)
    tags++
  }
  if (version >= 1 && value.directories !== null) {
    const mark = writer.beginTag(8)
    writer.writeNullableArrayCount(value.directories === null ? -1 : value.directories.length, true)
    if (value.directories !== null) writer.writeUuids(value.directories)
    writer.endTag(mark)
    tags++
  }
  writer.endTags(tagsMark, tags)
}

export interface FenceBrokerRecord {
  type: 'FenceBrokerRecord'
  id: number
  epoch: number
}

export function readFenceBrokerRecord(reader: Reader, _version: number): FenceBrokerRecord {
  const into: FenceBrokerRecord = {
    type: 'FenceBrokerRecord',
    id: 0,
    epoch: 0,
  }
  const { view } = reader
  const at = reader.take(12)
  into.id = view.getInt32(at)
  into.epoch = getInt64(view, at + 4)
  reader.skipTaggedFields()
  return into
}

export function writeFenceBrokerRecord(writer: Writer, _version: number, value: FenceBrokerRecord): void {
  const at = writer.reserve(12)
  writer.view.setInt32(at, value.id)
  setInt64(writer.view, at + 4, value.epoch)
  writer.writeUnsignedVarint(0)
}

export interface UnfenceBrokerRecord {
  type: 'UnfenceBrokerRecord'
  id: number
  epoch: number
}

export function readUnfenceBrokerRecord(reader: Reader, _version: number): UnfenceBrokerRecord {
  const into: UnfenceBrokerRecord = {
    type: 'UnfenceBrokerRecord',
    id: 0,
    epoch: 0,
  }
  const { view } = reader
  const at = reader.take(12)
  into.id = view.getInt32(at)
  into.epoch = getInt64(view, at + 4)
  reader.skipTaggedFields()
  return into
}

export function writeUnfenceBrokerRecord(writer: Writer, _version: number, value: UnfenceBrokerRecord): void {
  const at = writer.reserve(12)
  writer.view.setInt32(at, value.id)
  setInt64(writer.view, at + 4, value.epoch)
  writer.writeUnsignedVarint(0)
}

export interface RemoveTopicRecord {
  type: 'RemoveTopicRecord'
  topicId: string
}

export function readRemoveTopicRecord(reader: Reader, _version: number): RemoveTopicRecord {
  const into: RemoveTopicRecord = {
    type: 'RemoveTopicRecord',
    topicId: ZERO_UUID,
  }
  into.topicId = reader.readUuid()
  reader.skipTaggedFields()
  return into
}

export function writeRemoveTopicRecord(writer: Writer, _version: number, value: RemoveTopicRecord): void {
  writer.writeUuid(value.topicId)
  writer.writeUnsignedVarint(0)
}

export interface FeatureLevelRecord {
  type: 'FeatureLevelRecord'
  name: string
  featureLevel: number
}

export function readFeatureLevelRecord(reader: Reader, _version: number): FeatureLevelRecord {
  const into: FeatureLevelRecord = {
    type: 'FeatureLevelRecord',
    name: '',
    featureLevel: 0,
  }
  into.name = reader.readString(true)
  into.featureLevel = reader.readInt16()
  reader.skipTaggedFields()
  return into
}

export function writeFeatureLevelRecord(writer: Writer, _version: number, value: FeatureLevelRecord): void {
  writer.writeString(value.name, true)
  writer.writeInt16(value.featureLevel)
  writer.writeUnsignedVarint(0)
}

export interface ProducerIdsRecord {
  type: 'ProducerIdsRecord'
  brokerId: number
  brokerEpoch: number
  nextProducerId: number
}

export function readProducerIdsRecord(reader: Reader, _version: number): ProducerIdsRecord {
  const into: ProducerIdsRecord = {
    type: 'ProducerIdsRecord',
    brokerId: 0,
    brokerEpoch: -1,
    nextProducerId: 0,
  }
  const { view } = reader
  const at = reader.take(20)
  into.brokerId = view.getInt32(at)
  into.brokerEpoch = getInt64(view, at + 4)
  into.nextProducerId = getInt64(view, at + 12)
  reader.skipTaggedFields()
  return into
}

export function writeProducerIdsRecord(writer: Writer, _version: number, value: ProducerIdsRecord): void {
  const at = writer.reserve(20)
  writer.view.setInt32(at, value.brokerId)
  setInt64(writer.view, at + 4, value.brokerEpoch)
  setInt64(writer.view, at + 12, value.nextProducerId)
  writer.writeUnsignedVarint(0)
}

export interface BrokerRegistrationChangeRecord {
  type: 'BrokerRegistrationChangeRecord'
  brokerId: number
  brokerEpoch: number
  fenced: number
  inControlledShutdown: number
  logDirs: string[]
  cordonedLogDirs: string[] | null
}

export function readBrokerRegistrationChangeRecord(reader: Reader, version: number): BrokerRegistrationChangeRecord {
  const into: BrokerRegistrationChangeRecord = {
    type: 'BrokerRegistrationChangeRecord',
    brokerId: 0,
    brokerEpoch: 0,
    fenced: 0,
    inControlledShutdown: 0,
    logDirs: [],
    cordonedLogDirs: null,
  }
  const { view } = reader
  const at = reader.take(12)
  into.brokerId = view.getInt32(at)
  into.brokerEpoch = getInt64(view, at + 4)
  for (let tags = reader.readTagCount(); tags > 0; tags--) {
    const tag = reader.readUnsignedVarint()
    const tagEnd = reader.readTagEnd()
    if (tag === 0) {
      into.fenced = reader.readInt8()
    } else if (tag === 1 && version >= 1) {
      into.inControlledShutdown = reader.readInt8()
    } else if (tag === 2 && version >= 2) {
      into.logDirs = reader.readUuids(reader.readArrayCount(true, 16, 16))
    } else if (tag === 3 && version >= 3) {
      const cordonedLogDirsCount = reader.readNullableArrayCount(true, 16, 16)
      into.cordonedLogDirs = cordonedLogDirsCount < 0 ? null : reader.readUuids(cordonedLogDirsCount)
    } else reader.position = tagEnd
    reader.endTag(tagEnd)
  }
  return into
}

export function writeBrokerRegistrationChangeRecord(
  writer: Writer,
  version: number,
  value: BrokerRegistrationChangeRecord,
): void {
  const at = writer.reserve(12)
  writer.view.setInt32(at, value.brokerId)
  setInt64(writer.view, at + 4, value.brokerEpoch)
  const tagsMark = writer.beginTags()
  let tags = 0
  if (value.fenced !== 0) {
    const mark = writer.beginTag(0)
    writer.writeInt8(value.fenced)
    writer.endTag(mark)
    tags++
  }
  if (version >= 1 && value.inControlledShutdown !== 0) {
    const mark = writer.beginTag(1)
    writer.writeInt8(value.inControlledShutdown)
    writer.endTag(mark)
    tags++
  }
  if (version >= 2 && value.logDirs.length > 0) {
    const mark = writer.beginTag(2)
    writer.writeArrayCount(value.logDirs.length, true)
    writer.writeUuids(value.logDirs)
    writer.endTag(mark)
    tags++
  }
  if (version >= 3 && value.cordonedLogDirs !== null) {
    const mark = writer.beginTag(3)
    writer.writeNullableArrayCount(value.cordonedLogDirs === null ? -1 : value.cordonedLogDirs.length, true)
    if (value.cordonedLogDirs !== null) writer.writeUuids(value.cordonedLogDirs)
    writer.endTag(mark)
    tags++
  }
  writer.endTags(tagsMark, tags)
}

export interface NoOpRecord {
  type: 'NoOpRecord'
}

export function readNoOpRecord(reader: Reader, _version: number): NoOpRecord {
  const into: NoOpRecord = {
    type: 'NoOpRecord',
  }
  reader.skipTaggedFields()
  return into
}

export function writeNoOpRecord(writer: Writer, _version: number, _value: NoOpRecord): void {
  writer.writeUnsignedVarint(0)
}

export interface BeginTransactionRecord {
  type: 'BeginTransactionRecord'
  name: string | null
}

export function readBeginTransactionRecord(reader: Reader, _version: number): BeginTransactionRecord {
  const into: BeginTransactionRecord = {
    type: 'BeginTransactionRecord',
    name: null,
  }
  for (let tags = reader.readTagCount(); tags > 0; tags--) {
    const tag = reader.readUnsignedVarint()
    const tagEnd = reader.readTagEnd()
    if (tag === 0) {
      into.name = reader.readNullableString(true)
    } else reader.position = tagEnd
    reader.endTag(tagEnd)
  }
  return into
}

export function writeBeginTransactionRecord(writer: Writer, _version: number, value: BeginTransactionRecord): void {
  const tagsMark = writer.beginTags()
  let tags = 0
  if (value.name !== null) {
    const mark = writer.beginTag(0)
    writer.writeNullableString(value.name, true)
    writer.endTag(mark)
    tags++
  }
  writer.endTags(tagsMark, tags)
}

export interface EndTransactionRecord {
  type: 'EndTransactionRecord'
}

export function readEndTransactionRecord(reader: Reader, _version: number): EndTransactionRecord {
  const into: EndTransactionRecord = {
    type: 'EndTransactionRecord',
  }
  reader.skipTaggedFields()
  return into
}

export function writeEndTransactionRecord(writer: Writer, _version: number, _value: EndTransactionRecord): void {
  writer.writeUnsignedVarint(0)
}

export interface AbortTransactionRecord {
  type: 'AbortTransactionRecord'
  reason: string | null
}

export function readAbortTransactionRecord(reader: Reader, _version: number): AbortTransactionRecord {
  const into: AbortTransactionRecord = {
    type: 'AbortTransactionRecord',
    reason: null,
  }
  for (let tags = reader.readTagCount(); tags > 0; tags--) {
    const tag = reader.readUnsignedVarint()
    const tagEnd = reader.readTagEnd()
    if (tag === 0) {
      into.reason = reader.readNullableString(true)
    } else reader.position = tagEnd
    reader.endTag(tagEnd)
  }
  return into
}

export function writeAbortTransactionRecord(writer: Writer, _version: number, value: AbortTransactionRecord): void {
  const tagsMark = writer.beginTags()
  let tags = 0
  if (value.reason !== null) {
    const mark = writer.beginTag(0)
    writer.writeNullableString(value.reason, true)
    writer.endTag(mark)
    tags++
  }
  writer.endTags(tagsMark, tags)
}

export interface RegisterControllerRecord {
  type: 'RegisterControllerRecord'
  controllerId: number
  incarnationId: string
  zkMigrationReady: boolean
  endPoints: ControllerEndpoint[]
  features: ControllerFeature[]
}

export function readRegisterControllerRecord(reader: Reader, version: number): RegisterControllerRecord {
  const into: RegisterControllerRecord = {
    type: 'RegisterControllerRecord',
    controllerId: 0,
    incarnationId: ZERO_UUID,
    zkMigrationReady: false,
    endPoints: [],
    features: [],
  }
  into.controllerId = reader.readInt32()
  into.incarnationId = reader.readUuid()
  into.zkMigrationReady = reader.readBool()
  into.endPoints = readItems(reader, version, reader.readArrayCount(true, 7, 72), readControllerEndpoint)
  into.features = readItems(reader, version, reader.readArrayCount(true, 6, 64), readControllerFeature)
  reader.skipTaggedFields()
  return into
}

export function writeRegisterControllerRecord(writer: Writer, version: number, value: RegisterControllerRecord): void {
  writer.writeInt32(value.controllerId)
  writer.writeUuid(value.incarnationId)
  writer.writeBool(value.zkMigrationReady)
  writer.writeArrayCount(value.endPoints.length, true)
  for (const item of value.endPoints) writeControllerEndpoint(writer, version, item)
  writer.writeArrayCount(value.features.length, true)
  for (const item of value.features) writeControllerFeature(writer, version, item)
  writer.writeUnsignedVarint(0)
}

export interface ControllerEndpoint {
  name: string
  host: string
  port: number
  securityProtocol: number
}

function readControllerEndpoint(reader: Reader, _version: number): ControllerEndpoint {
  const into: ControllerEndpoint = {
    name: '',
    host: '',
    port: 0,
    securityProtocol: 0,
  }
  const { view } = reader
  into.name = reader.readString(true)
  into.host = reader.readString(true)
  const at = reader.take(4)
  into.port = view.getUint16(at)
  into.securityProtocol = view.getInt16(at + 2)
  reader.skipTaggedFields()
  return into
}

function writeControllerEndpoint(writer: Writer, _version: number, value: ControllerEndpoint): void {
  writer.writeString(value.name, true)
  writer.writeString(value.host, true)
  const at = writer.reserve(4)
  writer.view.setUint16(at, value.port)
  writer.view.setInt16(at + 2, value.securityProtocol)
  writer.writeUnsignedVarint(0)
}

export interface ControllerFeature {
  name: string
  minSupportedVersion: number
  maxSupportedVersion: number
}

function readControllerFeature(reader: Reader, _version: number): ControllerFeature {
  const into: ControllerFeature = {
    name: '',
    minSupportedVersion: 0,
    maxSupportedVersion: 0,
  }
  const { view } = reader
  into.name = reader.readString(true)
  const at = reader.take(4)
  into.minSupportedVersion = view.getInt16(at)
  into.maxSupportedVersion = view.getInt16(at + 2)
  reader.skipTaggedFields()
  return into
}

function writeControllerFeature(writer: Writer, _version: number, value: ControllerFeature): void {
  writer.writeString(value.name, true)
  const at = writer.reserve(4)
  writer.view.setInt16(at, value.minSupportedVersion)
  writer.view.setInt16(at + 2, value.maxSupportedVersion)
  writer.writeUnsignedVarint(0)
}
