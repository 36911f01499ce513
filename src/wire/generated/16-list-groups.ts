// Generated from schema/16-list-groups.schema by scripts/generate-codecs.mjs: change that.
// ListGroups: the groups that a broker coordinates.
//
// v3 flexible   v4 filter by state   v5 filter by type

import { type Reader, readItems } from '../reader.ts'
import type { Writer } from '../writer.ts'

export const listGroupsApi = { key: 16, name: 'ListGroups', minVersion: 0, maxVersion: 5, flexibleFrom: 3 } as const

export interface ListGroupsRequest {
  statesFilter: string[]
  typesFilter: string[]
}

export function readListGroupsRequest(reader: Reader, version: number): ListGroupsRequest {
  const flexible = version >= 3
  const into: ListGroupsRequest = {
    statesFilter: [],
    typesFilter: [],
  }
  if (version >= 4) into.statesFilter = reader.readStrings(reader.readArrayCount(true, 1, 16), true)
  if (version >= 5) into.typesFilter = reader.readStrings(reader.readArrayCount(true, 1, 16), true)
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeListGroupsRequest(writer: Writer, version: number, value: ListGroupsRequest): void {
  const flexible = version >= 3
  if (version >= 4) {
    writer.writeArrayCount(value.statesFilter.length, true)
    writer.writeStrings(value.statesFilter, true)
  }
  if (version >= 5) {
    writer.writeArrayCount(value.typesFilter.length, true)
    writer.writeStrings(value.typesFilter, true)
  }
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface ListGroupsResponse {
  throttleTimeMs: number
  errorCode: number
  groups: ListedGroup[]
}

export function readListGroupsResponse(reader: Reader, version: number): ListGroupsResponse {
  const flexible = version >= 3
  const into: ListGroupsResponse = {
    throttleTimeMs: 0,
    errorCode: 0,
    groups: [],
  }
  if (version >= 1) into.throttleTimeMs = reader.readInt32()
  into.errorCode = reader.readInt16()
  into.groups = readItems(reader, version, reader.readArrayCount(flexible, 3, 72), readListedGroup)
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeListGroupsResponse(writer: Writer, version: number, value: ListGroupsResponse): void {
  const flexible = version >= 3
  if (version >= 1) writer.writeInt32(value.throttleTimeMs)
  writer.writeInt16(value.errorCode)
  writer.writeArrayCount(value.groups.length, flexible)
  for (const item of value.groups) writeListedGroup(writer, version, item)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface ListedGroup {
  groupId: string
  protocolType: string
  groupState: string
  groupType: string
}

function readListedGroup(reader: Reader, version: number): ListedGroup {
  const flexible = version >= 3
  const into: ListedGroup = {
    groupId: '',
    protocolType: '',
    groupState: '',
    groupType: '',
  }
  into.groupId = reader.readString(flexible)
  into.protocolType = reader.readString(flexible)
  if (version >= 4) into.groupState = reader.readString(true)
  if (version >= 5) into.groupType = reader.readString(true)
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeListedGroup(writer: Writer, version: number, value: ListedGroup): void {
  const flexible = version >= 3
  writer.writeString(value.groupId, flexible)
  writer.writeString(value.protocolType, flexible)
  if (version >= 4) writer.writeString(value.groupState, true)
  if (version >= 5) writer.writeString(value.groupType, true)
  if (flexible) writer.writeUnsignedVarint(0)
}
