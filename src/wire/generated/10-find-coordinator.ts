// Generated from schema/10-find-coordinator.schema by scripts/generate-codecs.mjs: change that.
// FindCoordinator: the broker that coordinates a group (key type 0), a transactional id (1) or a share partition (2).
//
// v3 flexible   v4 several keys   v6 share partitions (KIP-932)

import { type Reader, readItems } from '../reader.ts'
import type { Writer } from '../writer.ts'

export const findCoordinatorApi = {
  key: 10,
  name: 'FindCoordinator',
  minVersion: 0,
  maxVersion: 6,
  flexibleFrom: 3,
} as const

export interface FindCoordinatorRequest {
  key: string
  keyType: number
  coordinatorKeys: string[]
}

export function readFindCoordinatorRequest(reader: Reader, version: number): FindCoordinatorRequest {
  const flexible = version >= 3
  const into: FindCoordinatorRequest = {
    key: '',
    keyType: 0,
    coordinatorKeys: [],
  }
  if (version <= 3) into.key = reader.readString(flexible)
  if (version >= 1) into.keyType = reader.readInt8()
  if (version >= 4) into.coordinatorKeys = reader.readStrings(reader.readArrayCount(true, 1, 16), true)
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeFindCoordinatorRequest(writer: Writer, version: number, value: FindCoordinatorRequest): void {
  const flexible = version >= 3
  if (version <= 3) writer.writeString(value.key, flexible)
  if (version >= 1) writer.writeInt8(value.keyType)
  if (version >= 4) {
    writer.writeArrayCount(value.coordinatorKeys.length, true)
    writer.writeStrings(value.coordinatorKeys, true)
  }
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface FindCoordinatorResponse {
  throttleTimeMs: number
  errorCode: number
  errorMessage: string | null
  nodeId: number
  host: string
  port: number
  coordinators: Coordinator[]
}

export function readFindCoordinatorResponse(reader: Reader, version: number): FindCoordinatorResponse {
  const flexible = version >= 3
  const into: FindCoordinatorResponse = {
    throttleTimeMs: 0,
    errorCode: 0,
    errorMessage: '',
    nodeId: 0,
    host: '',
    port: 0,
    coordinators: [],
  }
  if (version >= 1) into.throttleTimeMs = reader.readInt32()
  if (version <= 3) into.errorCode = reader.readInt16()
  if (version >= 1 && version <= 3) into.errorMessage = reader.readNullableString(flexible)
  if (version <= 3) {
    into.nodeId = reader.readInt32()
    into.host = reader.readString(flexible)
    into.port = reader.readInt32()
  }
  if (version >= 4) into.coordinators = readItems(reader, version, reader.readArrayCount(true, 14, 88), readCoordinator)
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeFindCoordinatorResponse(writer: Writer, version: number, value: FindCoordinatorResponse): void {
  const flexible = version >= 3
  if (version >= 1) writer.writeInt32(value.throttleTimeMs)
  if (version <= 3) writer.writeInt16(value.errorCode)
  if (version >= 1 && version <= 3) writer.writeNullableString(value.errorMessage, flexible)
  if (version <= 3) {
    writer.writeInt32(value.nodeId)
    writer.writeString(value.host, flexible)
    writer.writeInt32(value.port)
  }
  if (version >= 4) {
    writer.writeArrayCount(value.coordinators.length, true)
    for (const item of value.coordinators) writeCoordinator(writer, version, item)
  }
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface Coordinator {
  key: string
  nodeId: number
  host: string
  port: number
  errorCode: number
  errorMessage: string | null
}

function readCoordinator(reader: Reader, _version: number): Coordinator {
  const into: Coordinator = {
    key: '',
    nodeId: 0,
    host: '',
    port: 0,
    errorCode: 0,
    errorMessage: '',
  }
  const { view } = reader
  into.key = reader.readString(true)
  into.nodeId = reader.readInt32()
  into.host = reader.readString(true)
  const at = reader.take(6)
  into.port = view.getInt32(at)
  into.errorCode = view.getInt16(at + 4)
  into.errorMessage = reader.readNullableString(true)
  reader.skipTaggedFields()
  return into
}

function writeCoordinator(writer: Writer, _version: number, value: Coordinator): void {
  writer.writeString(value.key, true)
  writer.writeInt32(value.nodeId)
  writer.writeString(value.host, true)
  const at = writer.reserve(6)
  writer.view.setInt32(at, value.port)
  writer.view.setInt16(at + 4, value.errorCode)
  writer.writeNullableString(value.errorMessage, true)
  writer.writeUnsignedVarint(0)
}
