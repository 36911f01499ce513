// Generated from schema/32-describe-configs.schema by scripts/generate-codecs.mjs: change that.
// DescribeConfigs: the configuration of topics and brokers, and where each value comes from.

import { type Reader, readItems } from '../reader.ts'
import type { Writer } from '../writer.ts'

export const describeConfigsApi = {
  key: 32,
  name: 'DescribeConfigs',
  minVersion: 1,
  maxVersion: 4,
  flexibleFrom: 4,
} as const

export interface DescribeConfigsRequest {
  resources: DescribeConfigsResource[]
  includeSynonyms: boolean
  includeDocumentation: boolean
}

export function readDescribeConfigsRequest(reader: Reader, version: number): DescribeConfigsRequest {
  const flexible = version >= 4
  const into: DescribeConfigsRequest = {
    resources: [],
    includeSynonyms: false,
    includeDocumentation: false,
  }
  into.resources = readItems(reader, version, reader.readArrayCount(flexible, 4, 96), readDescribeConfigsResource)
  into.includeSynonyms = reader.readBool()
  if (version >= 3) into.includeDocumentation = reader.readBool()
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeDescribeConfigsRequest(writer: Writer, version: number, value: DescribeConfigsRequest): void {
  const flexible = version >= 4
  writer.writeArrayCount(value.resources.length, flexible)
  for (const item of value.resources) writeDescribeConfigsResource(writer, version, item)
  writer.writeBool(value.includeSynonyms)
  if (version >= 3) writer.writeBool(value.includeDocumentation)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface DescribeConfigsResource {
  resourceType: number
  resourceName: string
  configurationKeys: string[] | null
}

function readDescribeConfigsResource(reader: Reader, version: number): DescribeConfigsResource {
  const flexible = version >= 4
  const into: DescribeConfigsResource = {
    resourceType: 0,
    resourceName: '',
    configurationKeys: [],
  }
  into.resourceType = reader.readInt8()
  into.resourceName = reader.readString(flexible)
  const configurationKeysCount = reader.readNullableArrayCount(flexible, 1, 16)
  into.configurationKeys = configurationKeysCount < 0 ? null : reader.readStrings(configurationKeysCount, flexible)
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeDescribeConfigsResource(writer: Writer, version: number, value: DescribeConfigsResource): void {
  const flexible = version >= 4
  writer.writeInt8(value.resourceType)
  writer.writeString(value.resourceName, flexible)
  writer.writeNullableArrayCount(value.configurationKeys === null ? -1 : value.configurationKeys.length, flexible)
  if (value.configurationKeys !== null) writer.writeStrings(value.configurationKeys, flexible)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface DescribeConfigsResponse {
  throttleTimeMs: number
  results: DescribeConfigsResult[]
}

export function readDescribeConfigsResponse(reader: Reader, version: number): DescribeConfigsResponse {
  const flexible = version >= 4
  const into: DescribeConfigsResponse = {
    throttleTimeMs: 0,
    results: [],
  }
  into.throttleTimeMs = reader.readInt32()
  into.results = readItems(reader, version, reader.readArrayCount(flexible, 7, 112), readDescribeConfigsResult)
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeDescribeConfigsResponse(writer: Writer, version: number, value: DescribeConfigsResponse): void {
  const flexible = version >= 4
  writer.writeInt32(value.throttleTimeMs)
  writer.writeArrayCount(value.results.length, flexible)
  for (const item of value.results) writeDescribeConfigsResult(writer, version, item)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface DescribeConfigsResult {
  errorCode: number
  errorMessage: string | null
  resourceType: number
  resourceName: string
  configs: DescribeConfigsResourceResult[]
}

function readDescribeConfigsResult(reader: Reader, version: number): DescribeConfigsResult {
  const flexible = version >= 4
  const into: DescribeConfigsResult = {
    errorCode: 0,
    errorMessage: '',
    resourceType: 0,
    resourceName: '',
    configs: [],
  }
  into.errorCode = reader.readInt16()
  into.errorMessage = reader.readNullableString(flexible)
  into.resourceType = reader.readInt8()
  into.resourceName = reader.readString(flexible)
  into.configs = readItems(reader, version, reader.readArrayCount(flexible, 9, 136), readDescribeConfigsResourceResult)
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeDescribeConfigsResult(writer: Writer, version: number, value: DescribeConfigsResult): void {
  const flexible = version >= 4
  writer.writeInt16(value.errorCode)
  writer.writeNullableString(value.errorMessage, flexible)
  writer.writeInt8(value.resourceType)
  writer.writeString(value.resourceName, flexible)
  writer.writeArrayCount(value.configs.length, flexible)
  for (const item of value.configs) writeDescribeConfigsResourceResult(writer, version, item)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface DescribeConfigsResourceResult {
  name: string
  value: string | null
  readOnly: boolean
  configSource: number
  isSensitive: boolean
  synonyms: DescribeConfigsSynonym[]
  configType: number
  documentation: string | null
}

function readDescribeConfigsResourceResult(reader: Reader, version: number): DescribeConfigsResourceResult {
  const flexible = version >= 4
  const into: DescribeConfigsResourceResult = {
    name: '',
    value: '',
    readOnly: false,
    configSource: -1,
    isSensitive: false,
    synonyms: [],
    configType: 0,
    documentation: '',
  }
  const { view } = reader
  into.name = reader.readString(flexible)
  into.value = reader.readNullableString(flexible)
  const at = reader.take(3)
  into.readOnly = view.getInt8(at) !== 0
  into.configSource = view.getInt8(at + 1)
  into.isSensitive = view.getInt8(at + 2) !== 0
  into.synonyms = readItems(reader, version, reader.readArrayCount(flexible, 4, 64), readDescribeConfigsSynonym)
  if (version >= 3) {
    into.configType = reader.readInt8()
    into.documentation = reader.readNullableString(flexible)
  }
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeDescribeConfigsResourceResult(
  writer: Writer,
  version: number,
  value: DescribeConfigsResourceResult,
): void {
  const flexible = version >= 4
  writer.writeString(value.name, flexible)
  writer.writeNullableString(value.value, flexible)
  const at = writer.reserve(3)
  writer.view.setInt8(at, value.readOnly ? 1 : 0)
  writer.view.setInt8(at + 1, value.configSource)
  writer.view.setInt8(at + 2, value.isSensitive ? 1 : 0)
  writer.writeArrayCount(value.synonyms.length, flexible)
  for (const item of value.synonyms) writeDescribeConfigsSynonym(writer, version, item)
  if (version >= 3) {
    writer.writeInt8(value.configType)
    writer.writeNullableString(value.documentation, flexible)
  }
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface DescribeConfigsSynonym {
  name: string
  value: string | null
  source: number
}

function readDescribeConfigsSynonym(reader: Reader, version: number): DescribeConfigsSynonym {
  const flexible = version >= 4
  const into: DescribeConfigsSynonym = {
    name: '',
    value: '',
    source: 0,
  }
  into.name = reader.readString(flexible)
  into.value = reader.readNullableString(flexible)
  into.source = reader.readInt8()
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeDescribeConfigsSynonym(writer: Writer, version: number, value: DescribeConfigsSynonym): void {
  const flexible = version >= 4
  writer.writeString(value.name, flexible)
  writer.writeNullableString(value.value, flexible)
  writer.writeInt8(value.source)
  if (flexible) writer.writeUnsignedVarint(0)
}
