// Generated from schema/raft-records.schema by scripts/generate-codecs.mjs: change that.
// Control records of the quorum's log and the first and last records of its snapshots.

import { ZERO_UUID } from '../../model/uuid.ts'
import { getInt64, setInt64 } from '../../lib/int64.ts'
import { type Reader, readItems } from '../reader.ts'
import type { Writer } from '../writer.ts'

export interface LeaderChangeMessage {
  version: number
  leaderId: number
  voters: LeaderChangeVoter[]
  grantingVoters: LeaderChangeVoter[]
}

export function readLeaderChangeMessage(reader: Reader, version: number): LeaderChangeMessage {
  const into: LeaderChangeMessage = {
    version: 0,
    leaderId: 0,
    voters: [],
    grantingVoters: [],
  }
  const { view } = reader
  const at = reader.take(6)
  into.version = view.getInt16(at)
  into.leaderId = view.getInt32(at + 2)
  into.voters = readItems(reader, version, reader.readArrayCount(true, 5, 56), readLeaderChangeVoter)
  into.grantingVoters = readItems(reader, version, reader.readArrayCount(true, 5, 56), readLeaderChangeVoter)
  reader.skipTaggedFields()
  return into
}

export function writeLeaderChangeMessage(writer: Writer, version: number, value: LeaderChangeMessage): void {
  const at = writer.reserve(6)
  writer.view.setInt16(at, value.version)
  writer.view.setInt32(at + 2, value.leaderId)
  writer.writeArrayCount(value.voters.length, true)
  for (const item of value.voters) writeLeaderChangeVoter(writer, version, item)
  writer.writeArrayCount(value.grantingVoters.length, true)
  for (const item of value.grantingVoters) writeLeaderChangeVoter(writer, version, item)
  writer.writeUnsignedVarint(0)
}

export interface LeaderChangeVoter {
  voterId: number
  voterDirectoryId: string
}

function readLeaderChangeVoter(reader: Reader, version: number): LeaderChangeVoter {
  const into: LeaderChangeVoter = {
    voterId: 0,
    voterDirectoryId: ZERO_UUID,
  }
  into.voterId = reader.readInt32()
  if (version >= 1) into.voterDirectoryId = reader.readUuid()
  reader.skipTaggedFields()
  return into
}

function writeLeaderChangeVoter(writer: Writer, version: number, value: LeaderChangeVoter): void {
  writer.writeInt32(value.voterId)
  if (version >= 1) writer.writeUuid(value.voterDirectoryId)
  writer.writeUnsignedVarint(0)
}

export interface SnapshotHeaderRecord {
  version: number
  lastContainedLogTimestamp: number
}

export function readSnapshotHeaderRecord(reader: Reader, _version: number): SnapshotHeaderRecord {
  const into: SnapshotHeaderRecord = {
    version: 0,
    lastContainedLogTimestamp: 0,
  }
  const { view } = reader
  const at = reader.take(10)
  into.version = view.getInt16(at)
  into.lastContainedLogTimestamp = getInt64(view, at + 2)
  reader.skipTaggedFields()
  return into
}

export function writeSnapshotHeaderRecord(writer: Writer, _version: number, value: SnapshotHeaderRecord): void {
  const at = writer.reserve(10)
  writer.view.setInt16(at, value.version)
  setInt64(writer.view, at + 2, value.lastContainedLogTimestamp)
  writer.writeUnsignedVarint(0)
}

export interface SnapshotFooterRecord {
  version: number
}

export function readSnapshotFooterRecord(reader: Reader, _version: number): SnapshotFooterRecord {
  const into: SnapshotFooterRecord = {
    version: 0,
  }
  into.version = reader.readInt16()
  reader.skipTaggedFields()
  return into
}

export function writeSnapshotFooterRecord(writer: Writer, _version: number, value: SnapshotFooterRecord): void {
  writer.writeInt16(value.version)
  writer.writeUnsignedVarint(0)
}

export interface KRaftVersionRecord {
  version: number
  kRaftVersion: number
}

export function readKRaftVersionRecord(reader: Reader, _version: number): KRaftVersionRecord {
  const into: KRaftVersionRecord = {
    version: 0,
    kRaftVersion: 0,
  }
  const { view } = reader
  const at = reader.take(4)
  into.version = view.getInt16(at)
  into.kRaftVersion = view.getInt16(at + 2)
  reader.skipTaggedFields()
  return into
}

export function writeKRaftVersionRecord(writer: Writer, _version: number, value: KRaftVersionRecord): void {
  const at = writer.reserve(4)
  writer.view.setInt16(at, value.version)
  writer.view.setInt16(at + 2, value.kRaftVersion)
  writer.writeUnsignedVarint(0)
}

export interface VotersRecord {
  version: number
  voters: Voter[]
}

export function readVotersRecord(reader: Reader, version: number): VotersRecord {
  const into: VotersRecord = {
    version: 0,
    voters: [],
  }
  into.version = reader.readInt16()
  into.voters = readItems(reader, version, reader.readArrayCount(true, 27, 144), readVoter)
  reader.skipTaggedFields()
  return into
}

export function writeVotersRecord(writer: Writer, version: number, value: VotersRecord): void {
  writer.writeInt16(value.version)
  writer.writeArrayCount(value.voters.length, true)
  for (const item of value.voters) writeVoter(writer, version, item)
  writer.writeUnsignedVarint(0)
}

export interface Voter {
  voterId: number
  voterDirectoryId: string
  endpoints: Endpoint[]
  kRaftVersionFeature: KRaftVersionFeature
}

function readVoter(reader: Reader, version: number): Voter {
  const into: Voter = {
    voterId: 0,
    voterDirectoryId: ZERO_UUID,
    endpoints: [],
    kRaftVersionFeature: { minSupportedVersion: 0, maxSupportedVersion: 0 },
  }
  into.voterId = reader.readInt32()
  into.voterDirectoryId = reader.readUuid()
  into.endpoints = readItems(reader, version, reader.readArrayCount(true, 5, 64), readEndpoint)
  into.kRaftVersionFeature = readKRaftVersionFeature(reader, version)
  reader.skipTaggedFields()
  return into
}

function writeVoter(writer: Writer, version: number, value: Voter): void {
  writer.writeInt32(value.voterId)
  writer.writeUuid(value.voterDirectoryId)
  writer.writeArrayCount(value.endpoints.length, true)
  for (const item of value.endpoints) writeEndpoint(writer, version, item)
  writeKRaftVersionFeature(writer, version, value.kRaftVersionFeature)
  writer.writeUnsignedVarint(0)
}

export interface Endpoint {
  name: string
  host: string
  port: number
}

function readEndpoint(reader: Reader, _version: number): Endpoint {
  const into: Endpoint = {
    name: '',
    host: '',
    port: 0,
  }
  into.name = reader.readString(true)
  into.host = reader.readString(true)
  into.port = reader.readUint16()
  reader.skipTaggedFields()
  return into
}

function writeEndpoint(writer: Writer, _version: number, value: Endpoint): void {
  writer.writeString(value.name, true)
  writer.writeString(value.host, true)
  writer.writeUint16(value.port)
  writer.writeUnsignedVarint(0)
}

export interface KRaftVersionFeature {
  minSupportedVersion: number
  maxSupportedVersion: number
}

function readKRaftVersionFeature(reader: Reader, _version: number): KRaftVersionFeature {
  const into: KRaftVersionFeature = {
    minSupportedVersion: 0,
    maxSupportedVersion: 0,
  }
  const { view } = reader
  const at = reader.take(4)
  into.minSupportedVersion = view.getInt16(at)
  into.maxSupportedVersion = view.getInt16(at + 2)
  reader.skipTaggedFields()
  return into
}

function writeKRaftVersionFeature(writer: Writer, _version: number, value: KRaftVersionFeature): void {
  const at = writer.reserve(4)
  writer.view.setInt16(at, value.minSupportedVersion)
  writer.view.setInt16(at + 2, value.maxSupportedVersion)
  writer.writeUnsignedVarint(0)
}
