// Generated from schema/11-join-group.schema by scripts/generate-codecs.mjs: change that.
// JoinGroup: become a member of a group; answered when the group's next generation has its members.
//
// v1 rebalance timeout   v4 MEMBER_ID_REQUIRED   v5 static members   v6 flexible   v7 protocol type in the answer
// v8 reason   v9 a returning leader may skip the assignment (KIP-814)

import { type Reader, readItems } from '../reader.ts'
import { present, type Writer } from '../writer.ts'

export const joinGroupApi = { key: 11, name: 'JoinGroup', minVersion: 0, maxVersion: 9, flexibleFrom: 6 } as const

export interface JoinGroupRequest {
  groupId: string
  sessionTimeoutMs: number
  rebalanceTimeoutMs: number
  memberId: string
  groupInstanceId: string | null
  protocolType: string
  protocols: JoinGroupRequestProtocol[]
  reason: string | null
}

export function readJoinGroupRequest(reader: Reader, version: number): JoinGroupRequest {
  const flexible = version >= 6
  const into: JoinGroupRequest = {
    groupId: '',
    sessionTimeoutMs: 0,
    rebalanceTimeoutMs: -1,
    memberId: '',
    groupInstanceId: null,
    protocolType: '',
    protocols: [],
    reason: null,
  }
  into.groupId = reader.readString(flexible)
  into.sessionTimeoutMs = reader.readInt32()
  if (version >= 1) into.rebalanceTimeoutMs = reader.readInt32()
  into.memberId = reader.readString(flexible)
  if (version >= 5) into.groupInstanceId = reader.readNullableString(flexible)
  into.protocolType = reader.readString(flexible)
  into.protocols = readItems(reader, version, reader.readArrayCount(flexible, 3, 56), readJoinGroupRequestProtocol)
  if (version >= 8) into.reason = reader.readNullableString(true)
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeJoinGroupRequest(writer: Writer, version: number, value: JoinGroupRequest): void {
  const flexible = version >= 6
  writer.writeString(value.groupId, flexible)
  writer.writeInt32(value.sessionTimeoutMs)
  if (version >= 1) writer.writeInt32(value.rebalanceTimeoutMs)
  writer.writeString(value.memberId, flexible)
  if (version >= 5) writer.writeNullableString(value.groupInstanceId, flexible)
  writer.writeString(value.protocolType, flexible)
  writer.writeArrayCount(value.protocols.length, flexible)
  for (const item of value.protocols) writeJoinGroupRequestProtocol(writer, version, item)
  if (version >= 8) writer.writeNullableString(value.reason, true)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface JoinGroupRequestProtocol {
  name: string
  metadata: Uint8Array
}

function readJoinGroupRequestProtocol(reader: Reader, version: number): JoinGroupRequestProtocol {
  const flexible = version >= 6
  const into: JoinGroupRequestProtocol = {
    name: '',
    metadata: new Uint8Array(0),
  }
  into.name = reader.readString(flexible)
  into.metadata = reader.readBytes(flexible)
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeJoinGroupRequestProtocol(writer: Writer, version: number, value: JoinGroupRequestProtocol): void {
  const flexible = version >= 6
  writer.writeString(value.name, flexible)
  writer.writeBytes(value.metadata, flexible)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface JoinGroupResponse {
  throttleTimeMs: number
  errorCode: number
  generationId: number
  protocolType: string | null
  protocolName: string | null
  leader: string
  skipAssignment: boolean
  memberId: string
  members: JoinGroupResponseMember[]
}

export function readJoinGroupResponse(reader: Reader, version: number): JoinGroupResponse {
  const flexible = version >= 6
  const into: JoinGroupResponse = {
    throttleTimeMs: 0,
    errorCode: 0,
    generationId: -1,
    protocolType: null,
    protocolName: '',
    leader: '',
    skipAssignment: false,
    memberId: '',
    members: [],
  }
  const { view } = reader
  if (version >= 2) into.throttleTimeMs = reader.readInt32()
  const at = reader.take(6)
  into.errorCode = view.getInt16(at)
  into.generationId = view.getInt32(at + 2)
  if (version >= 7) into.protocolType = reader.readNullableString(true)
  into.protocolName = version >= 7 ? reader.readNullableString(flexible) : reader.readString(flexible)
  into.leader = reader.readString(flexible)
  if (version >= 9) into.skipAssignment = reader.readBool()
  into.memberId = reader.readString(flexible)
  into.members = readItems(reader, version, reader.readArrayCount(flexible, 4, 64), readJoinGroupResponseMember)
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeJoinGroupResponse(writer: Writer, version: number, value: JoinGroupResponse): void {
  const flexible = version >= 6
  if (version >= 2) writer.writeInt32(value.throttleTimeMs)
  const at = writer.reserve(6)
  writer.view.setInt16(at, value.errorCode)
  writer.view.setInt32(at + 2, value.generationId)
  if (version >= 7) writer.writeNullableString(value.protocolType, true)
  if (version >= 7) writer.writeNullableString(value.protocolName, flexible)
  else writer.writeString(present(value.protocolName), flexible)
  writer.writeString(value.leader, flexible)
  if (version >= 9) writer.writeBool(value.skipAssignment)
  writer.writeString(value.memberId, flexible)
  writer.writeArrayCount(value.members.length, flexible)
  for (const item of value.members) writeJoinGroupResponseMember(writer, version, item)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface JoinGroupResponseMember {
  memberId: string
  groupInstanceId: string | null
  metadata: Uint8Array
}

function readJoinGroupResponseMember(reader: Reader, version: number): JoinGroupResponseMember {
  const flexible = version >= 6
  const into: JoinGroupResponseMember = {
    memberId: '',
    groupInstanceId: null,
    metadata: new Uint8Array(0),
  }
  into.memberId = reader.readString(flexible)
  if (version >= 5) into.groupInstanceId = reader.readNullableString(flexible)
  into.metadata = reader.readBytes(flexible)
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeJoinGroupResponseMember(writer: Writer, version: number, value: JoinGroupResponseMember): void {
  const flexible = version >= 6
  writer.writeString(value.memberId, flexible)
  if (version >= 5) writer.writeNullableString(value.groupInstanceId, flexible)
  writer.writeBytes(value.metadata, flexible)
  if (flexible) writer.writeUnsignedVarint(0)
}
