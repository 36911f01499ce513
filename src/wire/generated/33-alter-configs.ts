// Generated from schema/33-alter-configs.schema by scripts/generate-codecs.mjs: change that.
// AlterConfigs: a resource's whole configuration anew; what is not named goes back to its default.

import { type Reader, readItems } from '../reader.ts'
import type { Writer } from '../writer.ts'

export const alterConfigsApi = { key: 33, name: 'AlterConfigs', minVersion: 0, maxVersion: 2, flexibleFrom: 2 } as const

export interface AlterConfigsRequest {
  resources: AlterConfigsResource[]
  validateOnly: boolean
}

export function readAlterConfigsRequest(reader: Reader, version: number): AlterConfigsRequest {
  const flexible = version >= 2
  const into: AlterConfigsRequest = {
    resources: [],
    validateOnly: false,
  }
  into.resources = readItems(reader, version, reader.readArrayCount(flexible, 4, 96), readAlterConfigsResource)
  into.validateOnly = reader.readBool()
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeAlterConfigsRequest(writer: Writer, version: number, value: AlterConfigsRequest): void {
  const flexible = version >= 2
  writer.writeArrayCount(value.resources.length, flexible)
  for (const item of value.resources) writeAlterConfigsResource(writer, version, item)
  writer.writeBool(value.validateOnly)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface AlterConfigsResource {
  resourceType: number
  resourceName: string
  configs: AlterableConfig[]
}

function readAlterConfigsResource(reader: Reader, version: number): AlterConfigsResource {
  const flexible = version >= 2
  const into: AlterConfigsResource = {
    resourceType: 0,
    resourceName: '',
    configs: [],
  }
  into.resourceType = reader.readInt8()
  into.resourceName = reader.readString(flexible)
  into.configs = readItems(reader, version, reader.readArrayCount(flexible, 3, 56), readAlterableConfig)
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeAlterConfigsResource(writer: Writer, version: number, value: AlterConfigsResource): void {
  const flexible = version >= 2
  writer.writeInt8(value.resourceType)
  writer.writeString(value.resourceName, flexible)
  writer.writeArrayCount(value.configs.length, flexible)
  for (const item of value.configs) writeAlterableConfig(writer, version, item)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface AlterableConfig {
  name: string
  value: string | null
}

function readAlterableConfig(reader: Reader, version: number): AlterableConfig {
  const flexible = version >= 2
  const into: AlterableConfig = {
    name: '',
    value: '',
  }
  into.name = reader.readString(flexible)
  into.value = reader.readNullableString(flexible)
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeAlterableConfig(writer: Writer, version: number, value: AlterableConfig): void {
  const flexible = version >= 2
  writer.writeString(value.name, flexible)
  writer.writeNullableString(value.value, flexible)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface AlterConfigsResponse {
  throttleTimeMs: number
  responses: AlterConfigsResourceResponse[]
}

export function readAlterConfigsResponse(reader: Reader, version: number): AlterConfigsResponse {
  const flexible = version >= 2
  const into: AlterConfigsResponse = {
    throttleTimeMs: 0,
    responses: [],
  }
  into.throttleTimeMs = reader.readInt32()
  into.responses = readItems(reader, version, reader.readArrayCount(flexible, 6, 72), readAlterConfigsResourceResponse)
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeAlterConfigsResponse(writer: Writer, version: number, value: AlterConfigsResponse): void {
  const flexible = version >= 2
  writer.writeInt32(value.throttleTimeMs)
  writer.writeArrayCount(value.responses.length, flexible)
  for (const item of value.responses) writeAlterConfigsResourceResponse(writer, version, item)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface AlterConfigsResourceResponse {
  errorCode: number
  errorMessage: string | null
  resourceType: number
  resourceName: string
}

function readAlterConfigsResourceResponse(reader: Reader, version: number): AlterConfigsResourceResponse {
  const flexible = version >= 2
  const into: AlterConfigsResourceResponse = {
    errorCode: 0,
    errorMessage: '',
    resourceType: 0,
    resourceName: '',
  }
  into.errorCode = reader.readInt16()
  into.errorMessage = reader.readNullableString(flexible)
  into.resourceType = reader.readInt8()
  into.resourceName = reader.readString(flexible)
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeAlterConfigsResourceResponse(writer: Writer, version: number, value: AlterConfigsResourceResponse): void {
  const flexible = version >= 2
  writer.writeInt16(value.errorCode)
  writer.writeNullableString(value.errorMessage, flexible)
  writer.writeInt8(value.resourceType)
  writer.writeString(value.resourceName, flexible)
  if (flexible) writer.writeUnsignedVarint(0)
}
