// Generated from schema/15-describe-groups.schema by scripts/generate-codecs.mjs: change that.
// DescribeGroups: classic groups with their members.
//
// v3 authorized operations   v4 instance ids   v5 flexible   v6 GROUP_ID_NOT_FOUND with a message

import { type Reader, readItems } from '../reader.ts'
import type { Writer } from '../writer.ts'

export const describeGroupsApi = {
  key: 15,
  name: 'DescribeGroups',
  minVersion: 0,
  maxVersion: 6,
  flexibleFrom: 5,
} as const

export interface DescribeGroupsRequest {
  groups: string[]
  includeAuthorizedOperations: boolean
}

export function readDescribeGroupsRequest(reader: Reader, version: number): DescribeGroupsRequest {
  const flexible = version >= 5
  const into: DescribeGroupsRequest = {
    groups: [],
    includeAuthorizedOperations: false,
  }
  into.groups = reader.readStrings(reader.readArrayCount(flexible, 1, 16), flexible)
  if (version >= 3) into.includeAuthorizedOperations = reader.readBool()
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeDescribeGroupsRequest(writer: Writer, version: number, value: DescribeGroupsRequest): void {
  const flexible = version >= 5
  writer.writeArrayCount(value.groups.length, flexible)
  writer.writeStrings(value.groups, flexible)
  if (version >= 3) writer.writeBool(value.includeAuthorizedOperations)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface DescribeGroupsResponse {
  throttleTimeMs: number
  groups: DescribedGroup[]
}

export function readDescribeGroupsResponse(reader: Reader, version: number): DescribeGroupsResponse {
  const flexible = version >= 5
  const into: DescribeGroupsResponse = {
    throttleTimeMs: 0,
    groups: [],
  }
  if (version >= 1) into.throttleTimeMs = reader.readInt32()
  into.groups = readItems(reader, version, reader.readArrayCount(flexible, 12, 136), readDescribedGroup)
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeDescribeGroupsResponse(writer: Writer, version: number, value: DescribeGroupsResponse): void {
  const flexible = version >= 5
  if (version >= 1) writer.writeInt32(value.throttleTimeMs)
  writer.writeArrayCount(value.groups.length, flexible)
  for (const item of value.groups) writeDescribedGroup(writer, version, item)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface DescribedGroup {
  errorCode: number
  errorMessage: string | null
  groupId: string
  groupState: string
  protocolType: string
  protocolData: string
  members: DescribedGroupMember[]
  authorizedOperations: number
}

function readDescribedGroup(reader: Reader, version: number): DescribedGroup {
  const flexible = version >= 5
  const into: DescribedGroup = {
    errorCode: 0,
    errorMessage: null,
    groupId: '',
    groupState: '',
    protocolType: '',
    protocolData: '',
    members: [],
    authorizedOperations: -2147483648,
  }
  into.errorCode = reader.readInt16()
  if (version >= 6) into.errorMessage = reader.readNullableString(true)
  into.groupId = reader.readString(flexible)
  into.groupState = reader.readString(flexible)
  into.protocolType = reader.readString(flexible)
  into.protocolData = reader.readString(flexible)
  into.members = readItems(reader, version, reader.readArrayCount(flexible, 7, 88), readDescribedGroupMember)
  if (version >= 3) into.authorizedOperations = reader.readInt32()
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeDescribedGroup(writer: Writer, version: number, value: DescribedGroup): void {
  const flexible = version >= 5
  writer.writeInt16(value.errorCode)
  if (version >= 6) writer.writeNullableString(value.errorMessage, true)
  writer.writeString(value.groupId, flexible)
  writer.writeString(value.groupState, flexible)
  writer.writeString(value.protocolType, flexible)
  writer.writeString(value.protocolData, flexible)
  writer.writeArrayCount(value.members.length, flexible)
  for (const item of value.members) writeDescribedGroupMember(writer, version, item)
  if (version >= 3) writer.writeInt32(value.authorizedOperations)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface DescribedGroupMember {
  memberId: string
  groupInstanceId: string | null
  clientId: string
  clientHost: string
  memberMetadata: Uint8Array
  memberAssignment: Uint8Array
}

function readDescribedGroupMember(reader: Reader, version: number): DescribedGroupMember {
  const flexible = version >= 5
  const into: DescribedGroupMember = {
    memberId: '',
    groupInstanceId: null,
    clientId: '',
    clientHost: '',
    memberMetadata: new Uint8Array(0),
    memberAssignment: new Uint8Array(0),
  }
  into.memberId = reader.readString(flexible)
  if (version >= 4) into.groupInstanceId = reader.readNullableString(flexible)
  into.clientId = reader.readString(flexible)
  into.clientHost = reader.readString(flexible)
  into.memberMetadata = reader.readBytes(flexible)
  into.memberAssignment = reader.readBytes(flexible)
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeDescribedGroupMember(writer: Writer, version: number, value: DescribedGroupMember): void {
  const flexible = version >= 5
  writer.writeString(value.memberId, flexible)
  if (version >= 4) writer.writeNullableString(value.groupInstanceId, flexible)
  writer.writeString(value.clientId, flexible)
  writer.writeString(value.clientHost, flexible)
  writer.writeBytes(value.memberMetadata, flexible)
  writer.writeBytes(value.memberAssignment, flexible)
  if (flexible) writer.writeUnsignedVarint(0)
}
