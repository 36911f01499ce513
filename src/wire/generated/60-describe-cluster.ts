// Generated from schema/60-describe-cluster.schema by scripts/generate-codecs.mjs: change that.
// DescribeCluster: brokers or controllers, and the cluster's id.

import { type Reader, readItems } from '../reader.ts'
import type { Writer } from '../writer.ts'

export const describeClusterApi = {
  key: 60,
  name: 'DescribeCluster',
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 0,
} as const

export interface DescribeClusterRequest {
  includeClusterAuthorizedOperations: boolean
  endpointType: number
  includeFencedBrokers: boolean
}

export function readDescribeClusterRequest(reader: Reader, version: number): DescribeClusterRequest {
  const into: DescribeClusterRequest = {
    includeClusterAuthorizedOperations: false,
    endpointType: 1,
    includeFencedBrokers: false,
  }
  into.includeClusterAuthorizedOperations = reader.readBool()
  if (version >= 1) into.endpointType = reader.readInt8()
  if (version >= 2) into.includeFencedBrokers = reader.readBool()
  reader.skipTaggedFields()
  return into
}

export function writeDescribeClusterRequest(writer: Writer, version: number, value: DescribeClusterRequest): void {
  writer.writeBool(value.includeClusterAuthorizedOperations)
  if (version >= 1) writer.writeInt8(value.endpointType)
  if (version >= 2) writer.writeBool(value.includeFencedBrokers)
  writer.writeUnsignedVarint(0)
}

export interface DescribeClusterResponse {
  throttleTimeMs: number
  errorCode: number
  errorMessage: string | null
  endpointType: number
  clusterId: string
  controllerId: number
  brokers: DescribeClusterBroker[]
  clusterAuthorizedOperations: number
}

export function readDescribeClusterResponse(reader: Reader, version: number): DescribeClusterResponse {
  const into: DescribeClusterResponse = {
    throttleTimeMs: 0,
    errorCode: 0,
    errorMessage: null,
    endpointType: 1,
    clusterId: '',
    controllerId: -1,
    brokers: [],
    clusterAuthorizedOperations: -2147483648,
  }
  const { view } = reader
  const at = reader.take(6)
  into.throttleTimeMs = view.getInt32(at)
  into.errorCode = view.getInt16(at + 4)
  into.errorMessage = reader.readNullableString(true)
  if (version >= 1) into.endpointType = reader.readInt8()
  into.clusterId = reader.readString(true)
  into.controllerId = reader.readInt32()
  into.brokers = readItems(reader, version, reader.readArrayCount(true, 11, 80), readDescribeClusterBroker)
  into.clusterAuthorizedOperations = reader.readInt32()
  reader.skipTaggedFields()
  return into
}

export function writeDescribeClusterResponse(writer: Writer, version: number, value: DescribeClusterResponse): void {
  const at = writer.reserve(6)
  writer.view.setInt32(at, value.throttleTimeMs)
  writer.view.setInt16(at + 4, value.errorCode)
  writer.writeNullableString(value.errorMessage, true)
  if (version >= 1) writer.writeInt8(value.endpointType)
  writer.writeString(value.clusterId, true)
  writer.writeInt32(value.controllerId)
  writer.writeArrayCount(value.brokers.length, true)
  for (const item of value.brokers) writeDescribeClusterBroker(writer, version, item)
  writer.writeInt32(value.clusterAuthorizedOperations)
  writer.writeUnsignedVarint(0)
}

export interface DescribeClusterBroker {
  brokerId: number
  host: string
  port: number
  rack: string | null
  isFenced: boolean
}

function readDescribeClusterBroker(reader: Reader, version: number): DescribeClusterBroker {
  const into: DescribeClusterBroker = {
    brokerId: 0,
    host: '',
    port: 0,
    rack: null,
    isFenced: false,
  }
  into.brokerId = reader.readInt32()
  into.host = reader.readString(true)
  into.port = reader.readInt32()
  into.rack = reader.readNullableString(true)
  if (version >= 2) into.isFenced = reader.readBool()
  reader.skipTaggedFields()
  return into
}

function writeDescribeClusterBroker(writer: Writer, version: number, value: DescribeClusterBroker): void {
  writer.writeInt32(value.brokerId)
  writer.writeString(value.host, true)
  writer.writeInt32(value.port)
  writer.writeNullableString(value.rack, true)
  if (version >= 2) writer.writeBool(value.isFenced)
  writer.writeUnsignedVarint(0)
}
