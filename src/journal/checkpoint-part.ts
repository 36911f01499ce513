// The bytes of a checkpoint: a base, which has a row for every partition, then deltas, which have those that changed.
// Each part is a header and a body: rows, then the partitions that are gone.
//
//   header   72 bytes, little-endian                 row   92 bytes and what follows, little-endian
//     0  u32  magic "MCKP"                             0  16 bytes  topic id
//     4  u32  CRC-32C of the header,                  16  i32  partition
//             taken with this word zero               20  u32  bytes in all
//     8  u32  version                                 24  i64  log start
//    12  u32  kind: 1 base, 2 delta                   32  i64  drained offset
//    16  u64  generation                              40  i64  high watermark
//    24  u64  replay from this sequence on            48  i64  active segment: base offset
//    32  u64  bytes of the body                       56  i32    bytes
//    40  u32  CRC-32C of the body                     60  i32    relative offset of the largest timestamp
//    44  u32  run epoch                               64  i64    first timestamp
//    48  u32  shard                                   72  i64    largest timestamp
//    52  u32  shards                                  80  u32  leader epochs:  i32 epoch, i64 start offset
//    56  u32  rows                                    84  u32  producers:      i64 id, i32 epoch, u32 batches,
//    60  u32  partitions gone: 16 bytes id,                    i64 last timestamp, then for each batch
//             i32 partition                                    i32 base, i32 last sequence, i64 offset, i64 timestamp
//                                                     88  u32  flags: 1 recovery walks on from here
//    64  u64  groups before this were synced
//
// The row of an idle partition takes 104 bytes. What is read may be anything: a part that is not whole reads as null, and
// only what a newer version wrote, whole, is an error.
import { getInt64Little, setInt64Little } from '../lib/int64.ts'
import { uuidFromBytes, uuidToWords } from '../model/uuid.ts'
import type { PartitionCheckpoint } from './checkpoint.ts'
import type { Checksum } from './group.ts'

export const PART_HEADER_BYTES = 72
export const PART_BASE = 1
export const PART_DELTA = 2

const MAGIC = 0x504b434d
const VERSION = 1
const ROW_BYTES = 92
const FLAG_WALKED = 1
const EPOCH_BYTES = 12
const PRODUCER_BYTES = 24
const PRODUCER_BATCH_BYTES = 24
export const REMOVED_BYTES = 20

export interface PartHeader {
  kind: number
  generation: number
  replayFromSequence: number
  unsyncedSequence: number
  bodyBytes: number
  bodyChecksum: number
  runEpoch: number
  shard: number
  shards: number
  rows: number
  removed: number
}

export type PartitionKey = Pick<PartitionCheckpoint, 'topicId' | 'partition'>

export function encodePartHeader(header: PartHeader, checksum: Checksum): Uint8Array {
  const bytes = new Uint8Array(PART_HEADER_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, MAGIC, true)
  view.setUint32(8, VERSION, true)
  view.setUint32(12, header.kind, true)
  setInt64Little(view, 16, header.generation)
  setInt64Little(view, 24, header.replayFromSequence)
  setInt64Little(view, 32, header.bodyBytes)
  view.setUint32(40, header.bodyChecksum, true)
  view.setUint32(44, header.runEpoch, true)
  view.setUint32(48, header.shard, true)
  view.setUint32(52, header.shards, true)
  view.setUint32(56, header.rows, true)
  view.setUint32(60, header.removed, true)
  setInt64Little(view, 64, header.unsyncedSequence)
  view.setUint32(4, checksum(bytes, 0, PART_HEADER_BYTES, 0), true)
  return bytes
}

/** Null when no part begins here. Throws when one does, of a version that we don't know. */
export function decodePartHeader(bytes: Uint8Array, path: string, checksum: Checksum): PartHeader | null {
  if (bytes.length < PART_HEADER_BYTES) return null
  const copy = bytes.slice(0, PART_HEADER_BYTES)
  const view = new DataView(copy.buffer)
  const expected = view.getUint32(4, true)
  view.setUint32(4, 0, true)
  if (view.getUint32(0, true) !== MAGIC || checksum(copy, 0, PART_HEADER_BYTES, 0) !== expected) return null
  const version = view.getUint32(8, true)
  if (version !== VERSION) throw new Error(`${path}: a checkpoint of version ${version}, and we know ${VERSION}`)
  return {
    kind: view.getUint32(12, true),
    generation: getInt64Little(view, 16),
    replayFromSequence: getInt64Little(view, 24),
    bodyBytes: getInt64Little(view, 32),
    bodyChecksum: view.getUint32(40, true),
    runEpoch: view.getUint32(44, true),
    shard: view.getUint32(48, true),
    shards: view.getUint32(52, true),
    rows: view.getUint32(56, true),
    removed: view.getUint32(60, true),
    unsyncedSequence: getInt64Little(view, 64),
  }
}

export function rowBytes(row: PartitionCheckpoint): number {
  let bytes = ROW_BYTES + row.leaderEpochs.length * EPOCH_BYTES + row.producers.length * PRODUCER_BYTES
  for (const { batches } of row.producers) bytes += batches.length * PRODUCER_BATCH_BYTES
  return bytes
}

/** `view` has room for `rowBytes(row)` from `start` on. Returns where the row ends. */
export function encodeRow(view: DataView, start: number, row: PartitionCheckpoint): number {
  encodeKey(view, start, row)
  view.setUint32(start + 20, rowBytes(row), true)
  setInt64Little(view, start + 24, row.logStartOffset)
  setInt64Little(view, start + 32, row.drainedOffset)
  setInt64Little(view, start + 40, row.highWatermark)
  setInt64Little(view, start + 48, row.segmentBaseOffset)
  view.setInt32(start + 56, row.segmentBytes, true)
  view.setInt32(start + 60, row.segmentLargestTimestampOffset, true)
  setInt64Little(view, start + 64, row.segmentFirstTimestamp)
  setInt64Little(view, start + 72, row.segmentLargestTimestamp)
  view.setUint32(start + 80, row.leaderEpochs.length, true)
  view.setUint32(start + 84, row.producers.length, true)
  view.setUint32(start + 88, row.durability === 'os' ? FLAG_WALKED : 0, true)
  let at = start + ROW_BYTES
  for (const [epoch, startOffset] of row.leaderEpochs) {
    view.setInt32(at, epoch, true)
    setInt64Little(view, at + 4, startOffset)
    at += EPOCH_BYTES
  }
  for (const { producerId, epoch, lastTimestamp, batches } of row.producers) {
    setInt64Little(view, at, producerId)
    view.setInt32(at + 8, epoch, true)
    view.setUint32(at + 12, batches.length, true)
    setInt64Little(view, at + 16, lastTimestamp)
    at += PRODUCER_BYTES
    for (const { baseSequence, lastSequence, baseOffset, maxTimestamp } of batches) {
      view.setInt32(at, baseSequence, true)
      view.setInt32(at + 4, lastSequence, true)
      setInt64Little(view, at + 8, baseOffset)
      setInt64Little(view, at + 16, maxTimestamp)
      at += PRODUCER_BATCH_BYTES
    }
  }
  return at
}

export function encodeKey(view: DataView, start: number, { topicId, partition }: PartitionKey): void {
  new Uint8Array(view.buffer, view.byteOffset + start, 16).set(new Uint8Array(uuidToWords(topicId).buffer))
  view.setInt32(start + 16, partition, true)
}

export interface PartBody {
  rows: PartitionCheckpoint[]
  removed: PartitionKey[]
}

/** Null when it is not what the header says. */
export function decodeBody(body: Uint8Array, header: PartHeader, checksum: Checksum): PartBody | null {
  if (checksum(body, 0, body.length, 0) !== header.bodyChecksum) return null
  const view = new DataView(body.buffer, body.byteOffset, body.length)
  const rows: PartitionCheckpoint[] = []
  let at = 0
  for (let i = 0; i < header.rows; i++) {
    const row = decodeRow(view, at)
    if (row === null) return null
    rows.push(row)
    at += view.getUint32(at + 20, true)
  }
  if (body.length - at !== header.removed * REMOVED_BYTES) return null
  const removed: PartitionKey[] = []
  for (; at < body.length; at += REMOVED_BYTES) removed.push(decodeKey(view, at))
  return { rows, removed }
}

function decodeKey(view: DataView, at: number): PartitionKey {
  const topicId = uuidFromBytes(new Uint8Array(view.buffer, view.byteOffset + at, 16))
  return { topicId, partition: view.getInt32(at + 16, true) }
}

function decodeRow(view: DataView, start: number): PartitionCheckpoint | null {
  if (start + ROW_BYTES > view.byteLength) return null
  const end = start + view.getUint32(start + 20, true)
  const epochs = view.getUint32(start + 80, true)
  const producers = view.getUint32(start + 84, true)
  let at = start + ROW_BYTES
  if (end > view.byteLength || at + epochs * EPOCH_BYTES + producers * PRODUCER_BYTES > end) return null
  const row: PartitionCheckpoint = {
    ...decodeKey(view, start),
    ...((view.getUint32(start + 88, true) & FLAG_WALKED) === 0 ? {} : { durability: 'os' }),
    logStartOffset: getInt64Little(view, start + 24),
    drainedOffset: getInt64Little(view, start + 32),
    highWatermark: getInt64Little(view, start + 40),
    segmentBaseOffset: getInt64Little(view, start + 48),
    segmentBytes: view.getInt32(start + 56, true),
    segmentLargestTimestampOffset: view.getInt32(start + 60, true),
    segmentFirstTimestamp: getInt64Little(view, start + 64),
    segmentLargestTimestamp: getInt64Little(view, start + 72),
    leaderEpochs: [],
    producers: [],
  }
  for (let i = 0; i < epochs; i++) {
    row.leaderEpochs.push([view.getInt32(at, true), getInt64Little(view, at + 4)])
    at += EPOCH_BYTES
  }
  for (let i = 0; i < producers; i++) {
    if (at + PRODUCER_BYTES > end) return null
    const batches = view.getUint32(at + 12, true)
    const producer: PartitionCheckpoint['producers'][number] = {
      producerId: getInt64Little(view, at),
      epoch: view.getInt32(at + 8, true),
      lastTimestamp: getInt64Little(view, at + 16),
      batches: [],
    }
    at += PRODUCER_BYTES
    if (at + batches * PRODUCER_BATCH_BYTES > end) return null
    for (let each = 0; each < batches; each++) {
      producer.batches.push({
        baseSequence: view.getInt32(at, true),
        lastSequence: view.getInt32(at + 4, true),
        baseOffset: getInt64Little(view, at + 8),
        maxTimestamp: getInt64Little(view, at + 16),
      })
      at += PRODUCER_BATCH_BYTES
    }
    row.producers.push(producer)
  }
  return at === end ? row : null
}
