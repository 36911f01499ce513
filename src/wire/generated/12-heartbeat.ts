// Generated from schema/12-heartbeat.schema by scripts/generate-codecs.mjs: change that.
// Heartbeat: a member of a group is alive, and asks whether to rejoin.
//
// v3 static members   v4 flexible

import type { Reader } from '../reader.ts'
import type { Writer } from '../writer.ts'

export const heartbeatApi = { key: 12, name: 'Heartbeat', minVersion: 0, maxVersion: 4, flexibleFrom: 4 } as const

export interface HeartbeatRequest {
  groupId: string
  generationId: number
  memberId: string
  groupInstanceId: string | null
}

export function readHeartbeatRequest(reader: Reader, version: number): HeartbeatRequest {
  const flexible = version >= 4
  const into: HeartbeatRequest = {
    groupId: '',
    generationId: 0,
    memberId: '',
    groupInstanceId: null,
  }
  into.groupId = reader.readString(flexible)
  into.generationId = reader.readInt32()
  into.memberId = reader.readString(flexible)
  if (version >= 3) into.groupInstanceId = reader.readNullableString(flexible)
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeHeartbeatRequest(writer: Writer, version: number, value: HeartbeatRequest): void {
  const flexible = version >= 4
  writer.writeString(value.groupId, flexible)
  writer.writeInt32(value.generationId)
  writer.writeString(value.memberId, flexible)
  if (version >= 3) writer.writeNullableString(value.groupInstanceId, flexible)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface HeartbeatResponse {
  throttleTimeMs: number
  errorCode: number
}

export function readHeartbeatResponse(reader: Reader, version: number): HeartbeatResponse {
  const flexible = version >= 4
  const into: HeartbeatResponse = {
    throttleTimeMs: 0,
    errorCode: 0,
  }
  if (version >= 1) into.throttleTimeMs = reader.readInt32()
  into.errorCode = reader.readInt16()
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeHeartbeatResponse(writer: Writer, version: number, value: HeartbeatResponse): void {
  const flexible = version >= 4
  if (version >= 1) writer.writeInt32(value.throttleTimeMs)
  writer.writeInt16(value.errorCode)
  if (flexible) writer.writeUnsignedVarint(0)
}
