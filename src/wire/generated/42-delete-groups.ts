// Generated from schema/42-delete-groups.schema by scripts/generate-codecs.mjs: change that.
// DeleteGroups: groups without members, with their offsets.
//
// v2 flexible

import { type Reader, readItems } from '../reader.ts'
import type { Writer } from '../writer.ts'

export const deleteGroupsApi = { key: 42, name: 'DeleteGroups', minVersion: 0, maxVersion: 2, flexibleFrom: 2 } as const

export interface DeleteGroupsRequest {
  groupsNames: string[]
}

export function readDeleteGroupsRequest(reader: Reader, version: number): DeleteGroupsRequest {
  const flexible = version >= 2
  const into: DeleteGroupsRequest = {
    groupsNames: [],
  }
  into.groupsNames = reader.readStrings(reader.readArrayCount(flexible, 1, 16), flexible)
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeDeleteGroupsRequest(writer: Writer, version: number, value: DeleteGroupsRequest): void {
  const flexible = version >= 2
  writer.writeArrayCount(value.groupsNames.length, flexible)
  writer.writeStrings(value.groupsNames, flexible)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface DeleteGroupsResponse {
  throttleTimeMs: number
  results: DeletableGroupResult[]
}

export function readDeleteGroupsResponse(reader: Reader, version: number): DeleteGroupsResponse {
  const flexible = version >= 2
  const into: DeleteGroupsResponse = {
    throttleTimeMs: 0,
    results: [],
  }
  into.throttleTimeMs = reader.readInt32()
  into.results = readItems(reader, version, reader.readArrayCount(flexible, 4, 56), readDeletableGroupResult)
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeDeleteGroupsResponse(writer: Writer, version: number, value: DeleteGroupsResponse): void {
  const flexible = version >= 2
  writer.writeInt32(value.throttleTimeMs)
  writer.writeArrayCount(value.results.length, flexible)
  for (const item of value.results) writeDeletableGroupResult(writer, version, item)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface DeletableGroupResult {
  groupId: string
  errorCode: number
}

function readDeletableGroupResult(reader: Reader, version: number): DeletableGroupResult {
  const flexible = version >= 2
  const into: DeletableGroupResult = {
    groupId: '',
    errorCode: 0,
  }
  into.groupId = reader.readString(flexible)
  into.errorCode = reader.readInt16()
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeDeletableGroupResult(writer: Writer, version: number, value: DeletableGroupResult): void {
  const flexible = version >= 2
  writer.writeString(value.groupId, flexible)
  writer.writeInt16(value.errorCode)
  if (flexible) writer.writeUnsignedVarint(0)
}
