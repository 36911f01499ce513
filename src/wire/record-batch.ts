// The record batch, format 2, as it lies in an arena, a journal or a segment: a header of 61 bytes, then records. Hot:
// getters and setters over (view, at), `at` being the batch's first byte. They check nothing: whoever reads a stranger's
// batch checks first that the header is there (BATCH_HEADER_BYTES) and that `batchBytes` of it are.
//
// Base offset and leader epoch lie before what the CRC covers, so the leader sets them in place.

import { getInt64, setInt64 } from '../lib/int64.ts'

const BASE_OFFSET = 0
const BATCH_LENGTH = 8
const LEADER_EPOCH = 12
const MAGIC = 16
const CRC = 17
const ATTRIBUTES = 21
const LAST_OFFSET_DELTA = 23
const BASE_TIMESTAMP = 27
const MAX_TIMESTAMP = 35
const PRODUCER_ID = 43
const PRODUCER_EPOCH = 51
const BASE_SEQUENCE = 53
const RECORD_COUNT = 57

export const BATCH_HEADER_BYTES = 61
/** What the batch's length does not count: base offset and the length itself. */
export const BATCH_OVERHEAD_BYTES = 12
/** The CRC covers a batch from here to its end. */
export const BATCH_CRC_FROM = ATTRIBUTES
export const BATCH_MAGIC = 2

/** Bits of the attributes. */
export const COMPRESSION_MASK = 0x07
export const LOG_APPEND_TIME = 0x08
export const TRANSACTIONAL = 0x10
export const CONTROL = 0x20

export const NO_PRODUCER_ID = -1
export const NO_PRODUCER_EPOCH = -1
export const NO_SEQUENCE = -1
export const NO_TIMESTAMP = -1

/** Types of control records, in the second half of their key. */
export const ControlType = {
  Abort: 0,
  Commit: 1,
  LeaderChange: 2,
  SnapshotHeader: 3,
  SnapshotFooter: 4,
  KRaftVersion: 5,
  KRaftVoters: 6,
} as const

export const batchBaseOffset = (view: DataView, at: number): number => getInt64(view, at + BASE_OFFSET)

/** The whole batch. */
export const batchBytes = (view: DataView, at: number): number =>
  view.getInt32(at + BATCH_LENGTH) + BATCH_OVERHEAD_BYTES

export const batchLeaderEpoch = (view: DataView, at: number): number => view.getInt32(at + LEADER_EPOCH)
export const batchMagic = (view: DataView, at: number): number => view.getInt8(at + MAGIC)
export const batchCrc = (view: DataView, at: number): number => view.getUint32(at + CRC)
export const batchAttributes = (view: DataView, at: number): number => view.getInt16(at + ATTRIBUTES)
export const batchLastOffsetDelta = (view: DataView, at: number): number => view.getInt32(at + LAST_OFFSET_DELTA)
export const batchBaseTimestamp = (view: DataView, at: number): number => getInt64(view, at + BASE_TIMESTAMP)
export const batchMaxTimestamp = (view: DataView, at: number): number => getInt64(view, at + MAX_TIMESTAMP)
export const batchProducerId = (view: DataView, at: number): number => getInt64(view, at + PRODUCER_ID)
export const batchProducerEpoch = (view: DataView, at: number): number => view.getInt16(at + PRODUCER_EPOCH)
export const batchBaseSequence = (view: DataView, at: number): number => view.getInt32(at + BASE_SEQUENCE)
export const batchRecordCount = (view: DataView, at: number): number => view.getInt32(at + RECORD_COUNT)

/** The offset of the batch's last record. */
export const batchLastOffset = (view: DataView, at: number): number =>
  batchBaseOffset(view, at) + batchLastOffsetDelta(view, at)

export const batchCompression = (view: DataView, at: number): number => batchAttributes(view, at) & COMPRESSION_MASK
export const batchIsTransactional = (view: DataView, at: number): boolean =>
  (batchAttributes(view, at) & TRANSACTIONAL) !== 0
export const batchIsControl = (view: DataView, at: number): boolean => (batchAttributes(view, at) & CONTROL) !== 0

export const setBatchBaseOffset = (view: DataView, at: number, offset: number): void =>
  setInt64(view, at + BASE_OFFSET, offset)

export const setBatchLeaderEpoch = (view: DataView, at: number, leaderEpoch: number): void =>
  view.setInt32(at + LEADER_EPOCH, leaderEpoch)

// The setters below change what the CRC covers: `setBatchCrc` comes last.

export const setBatchAttributes = (view: DataView, at: number, attributes: number): void =>
  view.setInt16(at + ATTRIBUTES, attributes)

export const setBatchMaxTimestamp = (view: DataView, at: number, timestampMs: number): void =>
  setInt64(view, at + MAX_TIMESTAMP, timestampMs)

export const setBatchCrc = (view: DataView, at: number, crc: number): void => view.setUint32(at + CRC, crc)

export interface BatchHeader {
  baseOffset: number
  leaderEpoch: number
  attributes: number
  lastOffsetDelta: number
  baseTimestamp: number
  maxTimestamp: number
  producerId: number
  producerEpoch: number
  baseSequence: number
  recordCount: number
}

/** Writes a header; length and CRC are those of the batch that it will stand before. */
export function setBatchHeader(view: DataView, at: number, bytes: number, crc: number, header: BatchHeader): void {
  setInt64(view, at + BASE_OFFSET, header.baseOffset)
  view.setInt32(at + BATCH_LENGTH, bytes - BATCH_OVERHEAD_BYTES)
  view.setInt32(at + LEADER_EPOCH, header.leaderEpoch)
  view.setInt8(at + MAGIC, BATCH_MAGIC)
  view.setUint32(at + CRC, crc)
  view.setInt16(at + ATTRIBUTES, header.attributes)
  view.setInt32(at + LAST_OFFSET_DELTA, header.lastOffsetDelta)
  setInt64(view, at + BASE_TIMESTAMP, header.baseTimestamp)
  setInt64(view, at + MAX_TIMESTAMP, header.maxTimestamp)
  setInt64(view, at + PRODUCER_ID, header.producerId)
  view.setInt16(at + PRODUCER_EPOCH, header.producerEpoch)
  view.setInt32(at + BASE_SEQUENCE, header.baseSequence)
  view.setInt32(at + RECORD_COUNT, header.recordCount)
}
