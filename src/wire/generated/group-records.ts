// Generated from schema/group-records.schema by scripts/generate-codecs.mjs: change that.
// Records of __consumer_offsets for classic groups and offsets, as Kafka's group coordinators write them.
//
// A key begins with an int16 that says what it is: 1 an offset commit (0 in old logs), 2 a group. A value begins with
// an int16, its version. A null value takes the key's entry away.

import { ZERO_UUID } from '../../model/uuid.ts'
import { getInt64, setInt64 } from '../../lib/int64.ts'
import { type Reader, readItems } from '../reader.ts'
import type { Writer } from '../writer.ts'

export interface OffsetCommitKey {
  group: string
  topic: string
  partition: number
}

export function readOffsetCommitKey(reader: Reader, _version: number): OffsetCommitKey {
  const into: OffsetCommitKey = {
    group: '',
    topic: '',
    partition: 0,
  }
  into.group = reader.readString(false)
  into.topic = reader.readString(false)
  into.partition = reader.readInt32()
  return into
}

export function writeOffsetCommitKey(writer: Writer, _version: number, value: OffsetCommitKey): void {
  writer.writeString(value.group, false)
  writer.writeString(value.topic, false)
  writer.writeInt32(value.partition)
}

export interface OffsetCommitValue {
  offset: number
  leaderEpoch: number
  metadata: string
  commitTimestamp: number
  expireTimestamp: number
  topicId: string
}

export function readOffsetCommitValue(reader: Reader, version: number): OffsetCommitValue {
  const flexible = version >= 4
  const into: OffsetCommitValue = {
    offset: 0,
    leaderEpoch: -1,
    metadata: '',
    commitTimestamp: 0,
    expireTimestamp: -1,
    topicId: ZERO_UUID,
  }
  const { view } = reader
  const at = reader.take(8)
  into.offset = getInt64(view, at)
  if (version >= 3) into.leaderEpoch = reader.readInt32()
  into.metadata = reader.readString(flexible)
  const at2 = reader.take(8)
  into.commitTimestamp = getInt64(view, at2)
  if (version >= 1 && version <= 1) {
    const at3 = reader.take(8)
    into.expireTimestamp = getInt64(view, at3)
  }
  if (flexible) {
    for (let tags = reader.readTagCount(); tags > 0; tags--) {
      const tag = reader.readUnsignedVarint()
      const tagEnd = reader.readTagEnd()
      if (tag === 0) {
        into.topicId = reader.readUuid()
      } else reader.position = tagEnd
      reader.endTag(tagEnd)
    }
  }
  return into
}

export function writeOffsetCommitValue(writer: Writer, version: number, value: OffsetCommitValue): void {
  const flexible = version >= 4
  const at = writer.reserve(8)
  setInt64(writer.view, at, value.offset)
  if (version >= 3) writer.writeInt32(value.leaderEpoch)
  writer.writeString(value.metadata, flexible)
  const at2 = writer.reserve(8)
  setInt64(writer.view, at2, value.commitTimestamp)
  if (version >= 1 && version <= 1) {
    const at3 = writer.reserve(8)
    setInt64(writer.view, at3, value.expireTimestamp)
  }
  if (flexible) {
    const tagsMark = writer.beginTags()
    let tags = 0
    if (value.topicId !== ZERO_UUID) {
      const mark = writer.beginTag(0)
      writer.writeUuid(value.topicId)
      writer.endTag(mark)
      tags++
    }
    writer.endTags(tagsMark, tags)
  }
}

export interface GroupMetadataKey {
  group: string
}

export function readGroupMetadataKey(reader: Reader, _version: number): GroupMetadataKey {
  const into: GroupMetadataKey = {
    group: '',
  }
  into.group = reader.readString(false)
  return into
}

export function writeGroupMetadataKey(writer: Writer, _version: number, value: GroupMetadataKey): void {
  writer.writeString(value.group, false)
}

export interface GroupMetadataValue {
  protocolType: string
  generation: number
  protocol: string | null
  leader: string | null
  currentStateTimestamp: number
  members: MemberMetadata[]
}

export function readGroupMetadataValue(reader: Reader, version: number): GroupMetadataValue {
  const flexible = version >= 4
  const into: GroupMetadataValue = {
    protocolType: '',
    generation: 0,
    protocol: '',
    leader: '',
    currentStateTimestamp: -1,
    members: [],
  }
  const { view } = reader
  into.protocolType = reader.readString(flexible)
  into.generation = reader.readInt32()
  into.protocol = reader.readNullableString(flexible)
  into.leader = reader.readNullableString(flexible)
  if (version >= 2) {
    const at = reader.take(8)
    into.currentStateTimestamp = getInt64(view, at)
  }
  into.members = readItems(reader, version, reader.readArrayCount(flexible, 15, 104), readMemberMetadata)
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeGroupMetadataValue(writer: Writer, version: number, value: GroupMetadataValue): void {
  const flexible = version >= 4
  writer.writeString(value.protocolType, flexible)
  writer.writeInt32(value.generation)
  writer.writeNullableString(value.protocol, flexible)
  writer.writeNullableString(value.leader, flexible)
  if (version >= 2) {
    const at = writer.reserve(8)
    setInt64(writer.view, at, value.currentStateTimestamp)
  }
  writer.writeArrayCount(value.members.length, flexible)
  for (const item of value.members) writeMemberMetadata(writer, version, item)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface MemberMetadata {
  memberId: string
  groupInstanceId: string | null
  clientId: string
  clientHost: string
  rebalanceTimeout: number
  sessionTimeout: number
  subscription: Uint8Array
  assignment: Uint8Array
}

function readMemberMetadata(reader: Reader, version: number): MemberMetadata {
  const flexible = version >= 4
  const into: MemberMetadata = {
    memberId: '',
    groupInstanceId: null,
    clientId: '',
    clientHost: '',
    rebalanceTimeout: -1,
    sessionTimeout: 0,
    subscription: new Uint8Array(0),
    assignment: new Uint8Array(0),
  }
  into.memberId = reader.readString(flexible)
  if (version >= 3) into.groupInstanceId = reader.readNullableString(flexible)
  into.clientId = reader.readString(flexible)
  into.clientHost = reader.readString(flexible)
  if (version >= 1) into.rebalanceTimeout = reader.readInt32()
  into.sessionTimeout = reader.readInt32()
  into.subscription = reader.readBytes(flexible)
  into.assignment = reader.readBytes(flexible)
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeMemberMetadata(writer: Writer, version: number, value: MemberMetadata): void {
  const flexible = version >= 4
  writer.writeString(value.memberId, flexible)
  if (version >= 3) writer.writeNullableString(value.groupInstanceId, flexible)
  writer.writeString(value.clientId, flexible)
  writer.writeString(value.clientHost, flexible)
  if (version >= 1) writer.writeInt32(value.rebalanceTimeout)
  writer.writeInt32(value.sessionTimeout)
  writer.writeBytes(value.subscription, flexible)
  writer.writeBytes(value.assignment, flexible)
  if (flexible) writer.writeUnsignedVarint(0)
}
