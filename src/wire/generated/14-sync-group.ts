// Generated from schema/14-sync-group.schema by scripts/generate-codecs.mjs: change that.
// SyncGroup: the leader brings the assignment of a generation, every member gets its own.
//
// v3 static members   v4 flexible   v5 protocol type and name are checked

import { type Reader, readItems } from '../reader.ts'
import type { Writer } from '../writer.ts'

export const syncGroupApi = { key: 14, name: 'SyncGroup', minVersion: 0, maxVersion: 5, flexibleFrom: 4 } as const

export interface SyncGroupRequest {
  groupId: string
  generationId: number
  memberId: string
  groupInstanceId: string | null
  protocolType: string | null
  protocolName: string | null
  assignments: SyncGroupRequestAssignment[]
}

export function readSyncGroupRequest(reader: Reader, version: number): SyncGroupRequest {
  const flexible = version >= 4
  const into: SyncGroupRequest = {
    groupId: '',
    generationId: 0,
    memberId: '',
    groupInstanceId: null,
    protocolType: null,
    protocolName: null,
    assignments: [],
  }
  into.groupId = reader.readString(flexible)
  into.generationId = reader.readInt32()
  into.memberId = reader.readString(flexible)
  if (version >= 3) into.groupInstanceId = reader.readNullableString(flexible)
  if (version >= 5) {
    into.protocolType = reader.readNullableString(true)
    into.protocolName = reader.readNullableString(true)
  }
  into.assignments = readItems(reader, version, reader.readArrayCount(flexible, 3, 56), readSyncGroupRequestAssignment)
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeSyncGroupRequest(writer: Writer, version: number, value: SyncGroupRequest): void {
  const flexible = version >= 4
  writer.writeString(value.groupId, flexible)
  writer.writeInt32(value.generationId)
  writer.writeString(value.memberId, flexible)
  if (version >= 3) writer.writeNullableString(value.groupInstanceId, flexible)
  if (version >= 5) {
    writer.writeNullableString(value.protocolType, true)
    writer.writeNullableString(value.protocolName, true)
  }
  writer.writeArrayCount(value.assignments.length, flexible)
  for (const item of value.assignments) writeSyncGroupRequestAssignment(writer, version, item)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface SyncGroupRequestAssignment {
  memberId: string
  assignment: Uint8Array
}

function readSyncGroupRequestAssignment(reader: Reader, version: number): SyncGroupRequestAssignment {
  const flexible = version >= 4
  const into: SyncGroupRequestAssignment = {
    memberId: '',
    assignment: new Uint8Array(0),
  }
  into.memberId = reader.readString(flexible)
  into.assignment = reader.readBytes(flexible)
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeSyncGroupRequestAssignment(writer: Writer, version: number, value: SyncGroupRequestAssignment): void {
  const flexible = version >= 4
  writer.writeString(value.memberId, flexible)
  writer.writeBytes(value.assignment, flexible)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface SyncGroupResponse {
  throttleTimeMs: number
  errorCode: number
  protocolType: string | null
  protocolName: string | null
  assignment: Uint8Array
}

export function readSyncGroupResponse(reader: Reader, version: number): SyncGroupResponse {
  const flexible = version >= 4
  const into: SyncGroupResponse = {
    throttleTimeMs: 0,
    errorCode: 0,
    protocolType: null,
    protocolName: null,
    assignment: new Uint8Array(0),
  }
  if (version >= 1) into.throttleTimeMs = reader.readInt32()
  into.errorCode = reader.readInt16()
  if (version >= 5) {
    into.protocolType = reader.readNullableString(true)
    into.protocolName = reader.readNullableString(true)
  }
  into.assignment = reader.readBytes(flexible)
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeSyncGroupResponse(writer: Writer, version: number, value: SyncGroupResponse): void {
  const flexible = version >= 4
  if (version >= 1) writer.writeInt32(value.throttleTimeMs)
  writer.writeInt16(value.errorCode)
  if (version >= 5) {
    writer.writeNullableString(value.protocolType, true)
    writer.writeNullableString(value.protocolName, true)
  }
  writer.writeBytes(value.assignment, flexible)
  if (flexible) writer.writeUnsignedVarint(0)
}
