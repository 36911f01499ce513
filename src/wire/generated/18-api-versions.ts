// Generated from schema/18-api-versions.schema by scripts/generate-codecs.mjs: change that.
// ApiVersions: the first question of a connection: which APIs, in which versions.
//
// Its response header is v0 whatever the version, so that a client that asked too high can read the refusal.
// v3 flexible, client software, features   v5 cluster and node id, to find a wrong address

import { getInt64, setInt64 } from '../../lib/int64.ts'
import { type Reader, readItems } from '../reader.ts'
import type { Writer } from '../writer.ts'

export const apiVersionsApi = { key: 18, name: 'ApiVersions', minVersion: 0, maxVersion: 4, flexibleFrom: 3 } as const

export interface ApiVersionsRequest {
  clientSoftwareName: string
  clientSoftwareVersion: string
}

export function readApiVersionsRequest(reader: Reader, version: number): ApiVersionsRequest {
  const flexible = version >= 3
  const into: ApiVersionsRequest = {
    clientSoftwareName: '',
    clientSoftwareVersion: '',
  }
  if (version >= 3) {
    into.clientSoftwareName = reader.readString(true)
    into.clientSoftwareVersion = reader.readString(true)
  }
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeApiVersionsRequest(writer: Writer, version: number, value: ApiVersionsRequest): void {
  const flexible = version >= 3
  if (version >= 3) {
    writer.writeString(value.clientSoftwareName, true)
    writer.writeString(value.clientSoftwareVersion, true)
  }
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface ApiVersionsResponse {
  errorCode: number
  apiKeys: ApiVersion[]
  throttleTimeMs: number
  supportedFeatures: SupportedFeatureKey[]
  finalizedFeaturesEpoch: number
  finalizedFeatures: FinalizedFeatureKey[]
  zkMigrationReady: boolean
}

export function readApiVersionsResponse(reader: Reader, version: number): ApiVersionsResponse {
  const flexible = version >= 3
  const into: ApiVersionsResponse = {
    errorCode: 0,
    apiKeys: [],
    throttleTimeMs: 0,
    supportedFeatures: [],
    finalizedFeaturesEpoch: -1,
    finalizedFeatures: [],
    zkMigrationReady: false,
  }
  const { view } = reader
  into.errorCode = reader.readInt16()
  into.apiKeys = readItems(reader, version, reader.readArrayCount(flexible, 6, 64), readApiVersion)
  if (version >= 1) into.throttleTimeMs = reader.readInt32()
  if (flexible) {
    for (let tags = reader.readTagCount(); tags > 0; tags--) {
      const tag = reader.readUnsignedVarint()
      const tagEnd = reader.readTagEnd()
      if (tag === 0) {
        into.supportedFeatures = readItems(reader, version, reader.readArrayCount(true, 6, 64), readSupportedFeatureKey)
      } else if (tag === 1) {
        const at = reader.take(8)
        into.finalizedFeaturesEpoch = getInt64(view, at)
      } else if (tag === 2) {
        into.finalizedFeatures = readItems(reader, version, reader.readArrayCount(true, 6, 64), readFinalizedFeatureKey)
      } else if (tag === 3) {
        into.zkMigrationReady = reader.readBool()
      } else reader.position = tagEnd
      reader.endTag(tagEnd)
    }
  }
  return into
}

export function writeApiVersionsResponse(writer: Writer, version: number, value: ApiVersionsResponse): void {
  const flexible = version >= 3
  writer.writeInt16(value.errorCode)
  writer.writeArrayCount(value.apiKeys.length, flexible)
  for (const item of value.apiKeys) writeApiVersion(writer, version, item)
  if (version >= 1) writer.writeInt32(value.throttleTimeMs)
  if (flexible) {
    const tagsMark = writer.beginTags()
    let tags = 0
    if (value.supportedFeatures.length > 0) {
      const mark = writer.beginTag(0)
      writer.writeArrayCount(value.supportedFeatures.length, true)
      for (const item of value.supportedFeatures) writeSupportedFeatureKey(writer, version, item)
      writer.endTag(mark)
      tags++
    }
    if (value.finalizedFeaturesEpoch !== -1) {
      const mark = writer.beginTag(1)
      const at = writer.reserve(8)
      setInt64(writer.view, at, value.finalizedFeaturesEpoch)
      writer.endTag(mark)
      tags++
    }
    if (value.finalizedFeatures.length > 0) {
      const mark = writer.beginTag(2)
      writer.writeArrayCount(value.finalizedFeatures.length, true)
      for (const item of value.finalizedFeatures) writeFinalizedFeatureKey(writer, version, item)
      writer.endTag(mark)
      tags++
    }
    if (value.zkMigrationReady) {
      const mark = writer.beginTag(3)
      writer.writeBool(value.zkMigrationReady)
      writer.endTag(mark)
      tags++
    }
    writer.endTags(tagsMark, tags)
  }
}

export interface ApiVersion {
  apiKey: number
  minVersion: number
  maxVersion: number
}

function readApiVersion(reader: Reader, version: number): ApiVersion {
  const flexible = version >= 3
  const into: ApiVersion = {
    apiKey: 0,
    minVersion: 0,
    maxVersion: 0,
  }
  const { view } = reader
  const at = reader.take(6)
  into.apiKey = view.getInt16(at)
  into.minVersion = view.getInt16(at + 2)
  into.maxVersion = view.getInt16(at + 4)
  if (flexible) reader.skipTaggedFields()
  return into
}

function writeApiVersion(writer: Writer, version: number, value: ApiVersion): void {
  const flexible = version >= 3
  const at = writer.reserve(6)
  writer.view.setInt16(at, value.apiKey)
  writer.view.setInt16(at + 2, value.minVersion)
  writer.view.setInt16(at + 4, value.maxVersion)
  if (flexible) writer.writeUnsignedVarint(0)
}

export interface SupportedFeatureKey {
  name: string
  minVersion: number
  maxVersion: number
}

function readSupportedFeatureKey(reader: Reader, _version: number): SupportedFeatureKey {
  const into: SupportedFeatureKey = {
    name: '',
    minVersion: 0,
    maxVersion: 0,
  }
  const { view } = reader
  into.name = reader.readString(true)
  const at = reader.take(4)
  into.minVersion = view.getInt16(at)
  into.maxVersion = view.getInt16(at + 2)
  reader.skipTaggedFields()
  return into
}

function writeSupportedFeatureKey(writer: Writer, _version: number, value: SupportedFeatureKey): void {
  writer.writeString(value.name, true)
  const at = writer.reserve(4)
  writer.view.setInt16(at, value.minVersion)
  writer.view.setInt16(at + 2, value.maxVersion)
  writer.writeUnsignedVarint(0)
}

export interface FinalizedFeatureKey {
  name: string
  maxVersionLevel: number
  minVersionLevel: number
}

function readFinalizedFeatureKey(reader: Reader, _version: number): FinalizedFeatureKey {
  const into: FinalizedFeatureKey = {
    name: '',
    maxVersionLevel: 0,
    minVersionLevel: 0,
  }
  const { view } = reader
  into.name = reader.readString(true)
  const at = reader.take(4)
  into.maxVersionLevel = view.getInt16(at)
  into.minVersionLevel = view.getInt16(at + 2)
  reader.skipTaggedFields()
  return into
}

function writeFinalizedFeatureKey(writer: Writer, _version: number, value: FinalizedFeatureKey): void {
  writer.writeString(value.name, true)
  const at = writer.reserve(4)
  writer.view.setInt16(at, value.maxVersionLevel)
  writer.view.setInt16(at + 2, value.minVersionLevel)
  writer.writeUnsignedVarint(0)
}
