// Generated from schema/13-leave-group.schema by scripts/generate-codecs.mjs: change that.
// LeaveGroup: members leave a group.
//
// v3 several members, static ones by their instance id   v4 flexible   v5 reason

import { type Reader, readItems } from '../reader.ts'
import type { Writer } from '../writer.ts'

export const leaveGroupApi = { key: 13, name: 'LeaveGroup', minVersion: 0, maxVersion: 5, flexibleFrom: 4 } as const

export interface LeaveGroupRequest {
  groupId: string
  memberId: string
  members: MemberIdentity[]
}

export function readLeaveGroupRequest(reader: Reader, version: number): LeaveGroupRequest {
  const flexible = version >= 4
  const into: LeaveGroupRequest = {
    groupId: '',
    memberId: '',
    members: [],
  }
  into.groupId = reader.readString(flexible)
  if (version <= 2) into.memberId = reader.readString(false)
  if (version >= 3) {
    into.members = readItems(reader, version, reader.readArrayCount(flexible, 3, 64), readMemberIdentity)
  }
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeLeaveGroupRequest(writer: Writer, version: number, value: LeaveGroupRequest): void {
  const flexible = version >= 4
  writer.writeString(value.groupId, flexible)
  if (version <= 2) writer.writeString(value.memberId, false)
  if (version >= 3) {
    writer.writeArrayCount(value.members.length, flexible)
    for (const item of value.members) writeMemberIdentity(writer, version, item)
  }
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface MemberIdentity {
  memberId: string
  groupInstanceId: string | null
  reason: string | null
}

function readMemberIdentity(reader: Reader, version: number): MemberIdentity {
  const flexible = version >= 4
  const into: MemberIdentity = {
    memberId: '',
    groupInstanceId: null,
    reason: null,
  }
  into.memberId = reader.readString(flexible)
  into.groupInstanceId = reader.readNullableString(flexible)
  if (version >= 5) into.reason = reader.readNullableString(true)
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeMemberIdentity(writer: Writer, version: number, value: MemberIdentity): void {
  const flexible = version >= 4
  writer.writeString(value.memberId, flexible)
  writer.writeNullableString(value.groupInstanceId, flexible)
  if (version >= 5) writer.writeNullableString(value.reason, true)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface LeaveGroupResponse {
  throttleTimeMs: number
  errorCode: number
  members: MemberResponse[]
}

export function readLeaveGroupResponse(reader: Reader, version: number): LeaveGroupResponse {
  const flexible = version >= 4
  const into: LeaveGroupResponse = {
    throttleTimeMs: 0,
    errorCode: 0,
    members: [],
  }
  if (version >= 1) into.throttleTimeMs = reader.readInt32()
  into.errorCode = reader.readInt16()
  if (version >= 3) {
    into.members = readItems(reader, version, reader.readArrayCount(flexible, 5, 64), readMemberResponse)
  }
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeLeaveGroupResponse(writer: Writer, version: number, value: LeaveGroupResponse): void {
  const flexible = version >= 4
  if (version >= 1) writer.writeInt32(value.throttleTimeMs)
  writer.writeInt16(value.errorCode)
  if (version >= 3) {
    writer.writeArrayCount(value.members.length, flexible)
    for (const item of value.members) writeMemberResponse(writer, version, item)
  }
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface MemberResponse {
  memberId: string
  groupInstanceId: string | null
  errorCode: number
}

function readMemberResponse(reader: Reader, version: number): MemberResponse {
  const flexible = version >= 4
  const into: MemberResponse = {
    memberId: '',
    groupInstanceId: '',
    errorCode: 0,
  }
  into.memberId = reader.readString(flexible)
  into.groupInstanceId = reader.readNullableString(flexible)
  into.errorCode = reader.readInt16()
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeMemberResponse(writer: Writer, version: number, value: MemberResponse): void {
  const flexible = version >= 4
  writer.writeString(value.memberId, flexible)
  writer.writeNullableString(value.groupInstanceId, flexible)
  writer.writeInt16(value.errorCode)
  if (flexible) writer.writeUnsignedVarint(0)
}
