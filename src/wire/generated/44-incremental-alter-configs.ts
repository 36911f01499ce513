// Generated from schema/44-incremental-alter-configs.schema by scripts/generate-codecs.mjs: change that.
// IncrementalAlterConfigs: single configs of a resource set, deleted, or a list's items appended and subtracted.

import { type Reader, readItems } from '../reader.ts'
import type { Writer } from '../writer.ts'

export const incrementalAlterConfigsApi = {
  key: 44,
  name: 'IncrementalAlterConfigs',
  minVersion: 0,
  maxVersion: 1,
  flexibleFrom: 1,
} as const

export interface IncrementalAlterConfigsRequest {
  resources: IncrementalAlterConfigsResource[]
  validateOnly: boolean
}

export function readIncrementalAlterConfigsRequest(reader: Reader, version: number): IncrementalAlterConfigsRequest {
  const flexible = version >= 1
  const into: IncrementalAlterConfigsRequest = {
    resources: [],
    validateOnly: false,
  }
  into.resources = readItems(
    reader,
    version,
    reader.readArrayCount(flexible, 4, 96),
    readIncrementalAlterConfigsResource,
  )
  into.validateOnly = reader.readBool()
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeIncrementalAlterConfigsRequest(
  writer: Writer,
  version: number,
  value: IncrementalAlterConfigsRequest,
): void {
  const flexible = version >= 1
  writer.writeArrayCount(value.resources.length, flexible)
  for (const item of value.resources) writeIncrementalAlterConfigsResource(writer, version, item)
  writer.writeBool(value.validateOnly)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface IncrementalAlterConfigsResource {
  resourceType: number
  resourceName: string
  configs: IncrementallyAlterableConfig[]
}

function readIncrementalAlterConfigsResource(reader: Reader, version: number): IncrementalAlterConfigsResource {
  const flexible = version >= 1
  const into: IncrementalAlterConfigsResource = {
    resourceType: 0,
    resourceName: '',
    configs: [],
  }
  into.resourceType = reader.readInt8()
  into.resourceName = reader.readString(flexible)
  into.configs = readItems(reader, version, reader.readArrayCount(flexible, 4, 64), readIncrementallyAlterableConfig)
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeIncrementalAlterConfigsResource(
  writer: Writer,
  version: number,
  value: IncrementalAlterConfigsResource,
): void {
  const flexible = version >= 1
  writer.writeInt8(value.resourceType)
  writer.writeString(value.resourceName, flexible)
  writer.writeArrayCount(value.configs.length, flexible)
  for (const item of value.configs) writeIncrementallyAlterableConfig(writer, version, item)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface IncrementallyAlterableConfig {
  name: string
  configOperation: number
  value: string | null
}

function readIncrementallyAlterableConfig(reader: Reader, version: number): IncrementallyAlterableConfig {
  const flexible = version >= 1
  const into: IncrementallyAlterableConfig = {
    name: '',
    configOperation: 0,
    value: '',
  }
  into.name = reader.readString(flexible)
  into.configOperation = reader.readInt8()
  into.value = reader.readNullableString(flexible)
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeIncrementallyAlterableConfig(writer: Writer, version: number, value: IncrementallyAlterableConfig): void {
  const flexible = version >= 1
  writer.writeString(value.name, flexible)
  writer.writeInt8(value.configOperation)
  writer.writeNullableString(value.value, flexible)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface IncrementalAlterConfigsResponse {
  throttleTimeMs: number
  responses: IncrementalAlterConfigsResourceResponse[]
}

export function readIncrementalAlterConfigsResponse(reader: Reader, version: number): IncrementalAlterConfigsResponse {
  const flexible = version >= 1
  const into: IncrementalAlterConfigsResponse = {
    throttleTimeMs: 0,
    responses: [],
  }
  into.throttleTimeMs = reader.readInt32()
  into.responses = readItems(
    reader,
    version,
    reader.readArrayCount(flexible, 6, 72),
    readIncrementalAlterConfigsResourceResponse,
  )
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeIncrementalAlterConfigsResponse(
  writer: Writer,
  version: number,
  value: IncrementalAlterConfigsResponse,
): void {
  const flexible = version >= 1
  writer.writeInt32(value.throttleTimeMs)
  writer.writeArrayCount(value.responses.length, flexible)
  for (const item of value.responses) writeIncrementalAlterConfigsResourceResponse(writer, version, item)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface IncrementalAlterConfigsResourceResponse {
  errorCode: number
  errorMessage: string | null
  resourceType: number
  resourceName: string
}

function readIncrementalAlterConfigsResourceResponse(
  reader: Reader,
  version: number,
): IncrementalAlterConfigsResourceResponse {
  const flexible = version >= 1
  const into: IncrementalAlterConfigsResourceResponse = {
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

function writeIncrementalAlterConfigsResourceResponse(
  writer: Writer,
  version: number,
  value: IncrementalAlterConfigsResourceResponse,
): void {
  const flexible = version >= 1
  writer.writeInt16(value.errorCode)
  writer.writeNullableString(value.errorMessage, flexible)
  writer.writeInt8(value.resourceType)
  writer.writeString(value.resourceName, flexible)
  if (flexible) writer.writeUnsignedVarint(0)
}
