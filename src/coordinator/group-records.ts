// Records of __consumer_offsets between bytes and what they say: an int16 before the key says what it is, one before the
// value its version.

import { ZERO_UUID } from '../model/uuid.ts'
import {
  type GroupMetadataValue,
  readGroupMetadataKey,
  readGroupMetadataValue,
  readOffsetCommitKey,
  readOffsetCommitValue,
  writeGroupMetadataKey,
  writeGroupMetadataValue,
  writeOffsetCommitKey,
  writeOffsetCommitValue,
} from '../wire/generated/group-records.ts'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'
import type { Group } from './group.ts'
import type { CoordinatorRecord } from './group-border.ts'
import type { GroupMember } from './member.ts'
import type { CommittedOffset, OffsetWrite } from './offsets.ts'

/** Before Kafka 0.9; the same fields as a key of 1. */
const OLD_OFFSET_COMMIT_KEY = 0
const OFFSET_COMMIT_KEY = 1
const GROUP_METADATA_KEY = 2
/** Versions that Kafka 4 writes; an offset that expires at a time of its own can be said in version 1 only. */
const OFFSET_COMMIT_VERSION = 4
const EXPIRING_OFFSET_COMMIT_VERSION = 1
const GROUP_METADATA_VERSION = 3
const VALUE_VERSION_MAX = 4

/** What decoding a record may allocate: so many times its bytes, and some. */
const DECODE_FACTOR = 64
const DECODE_BYTES_MIN = 4096

export type ReplayedRecord =
  | ({ readonly type: 'offset'; readonly group: string } & OffsetWrite)
  | { readonly type: 'group'; readonly group: string; readonly value: GroupMetadataValue | null }

const reader = new Reader()
const writer = new Writer()

/** Undefined for a record of another kind of group. Throws a DecodeError for bytes that no Kafka wrote. */
export function readGroupRecord(key: Uint8Array, value: Uint8Array | null): ReplayedRecord | undefined {
  open(key)
  const kind = reader.readInt16()
  switch (kind) {
    case OLD_OFFSET_COMMIT_KEY:
    case OFFSET_COMMIT_KEY: {
      const { group, topic, partition } = readOffsetCommitKey(reader, 0)
      return { type: 'offset', group, topic, partition, value: value && readCommittedOffset(value) }
    }
    case GROUP_METADATA_KEY: {
      const { group } = readGroupMetadataKey(reader, 0)
      return { type: 'group', group, value: value && readGroupMetadataValue(reader, openValue(value)) }
    }
    default:
      return undefined
  }
}

function readCommittedOffset(bytes: Uint8Array): CommittedOffset {
  const value = readOffsetCommitValue(reader, openValue(bytes))
  return {
    offset: value.offset,
    leaderEpoch: value.leaderEpoch,
    metadata: value.metadata,
    commitTimestampMs: value.commitTimestamp,
    expireTimestampMs: value.expireTimestamp,
    topicId: value.topicId,
  }
}

function open(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  reader.reset(bytes, view, 0, bytes.length, DECODE_BYTES_MIN + DECODE_FACTOR * bytes.length)
}

function openValue(bytes: Uint8Array): number {
  open(bytes)
  const version = reader.readInt16()
  if (version < 0 || version > VALUE_VERSION_MAX) reader.fail('unknown record')
  return version
}

export function offsetRecord(group: string, { topic, partition, value }: OffsetWrite): CoordinatorRecord {
  writer.rewind()
  writer.writeInt16(OFFSET_COMMIT_KEY)
  writeOffsetCommitKey(writer, 0, { group, topic, partition })
  const key = writer.written().slice()
  if (value === null) return { key, value: null }
  const expires = value.expireTimestampMs >= 0
  const version = expires ? EXPIRING_OFFSET_COMMIT_VERSION : OFFSET_COMMIT_VERSION
  writer.rewind()
  writer.writeInt16(version)
  writeOffsetCommitValue(writer, version, {
    offset: value.offset,
    leaderEpoch: value.leaderEpoch,
    metadata: value.metadata,
    commitTimestamp: value.commitTimestampMs,
    expireTimestamp: value.expireTimestampMs,
    topicId: expires ? ZERO_UUID : value.topicId,
  })
  return { key, value: writer.written().slice() }
}

/** The group as it is, with these assignments. */
export function groupRecord(group: Group, assignmentOf: (member: GroupMember) => Uint8Array): CoordinatorRecord {
  const key = groupKey(group.id)
  writer.rewind()
  writer.writeInt16(GROUP_METADATA_VERSION)
  writeGroupMetadataValue(writer, GROUP_METADATA_VERSION, {
    protocolType: group.protocolType ?? '',
    generation: group.generation,
    protocol: group.protocolName,
    leader: group.leaderId,
    currentStateTimestamp: group.stateSinceMs,
    members: Array.from(group.members.values(), (member) => ({
      memberId: member.id,
      groupInstanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeout: member.rebalanceTimeoutMs,
      sessionTimeout: member.sessionTimeoutMs,
      subscription: member.metadataFor(group.protocolName),
      assignment: assignmentOf(member),
    })),
  })
  return { key, value: writer.written().slice() }
}

export function groupTombstone(groupId: string): CoordinatorRecord {
  return { key: groupKey(groupId), value: null }
}

function groupKey(group: string): Uint8Array {
  writer.rewind()
  writer.writeInt16(GROUP_METADATA_KEY)
  writeGroupMetadataKey(writer, 0, { group })
  return writer.written().slice()
}
