// Record batches written field by field, by the protocol's description alone: nothing of src/ but the checksum's
// reference is used, and that only here.
import { crc32c } from '../../src/native/stand-in/crc32c.ts'

export interface BatchRecord {
  timestampDelta?: number
  offsetDelta?: number
  key?: Uint8Array | string | null
  value?: Uint8Array | string | null
  headers?: readonly (readonly [string, string | null])[]
}

export interface BatchFields {
  baseOffset?: bigint
  leaderEpoch?: number
  magic?: number
  attributes?: number
  lastOffsetDelta?: number
  baseTimestamp?: bigint
  maxTimestamp?: bigint
  producerId?: bigint
  producerEpoch?: number
  baseSequence?: number
  recordCount?: number
}

export function varint(value: number): number[] {
  let rest = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n))
  const bytes: number[] = []
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  bytes.push(Number(rest))
  return bytes
}

function field(content: Uint8Array | string | null): number[] {
  if (content === null) return varint(-1)
  const bytes = Buffer.from(content as string)
  return [...varint(bytes.length), ...bytes]
}

export function encodeRecord(record: BatchRecord, index: number): number[] {
  const body = [
    0,
    ...varint(record.timestampDelta ?? 0),
    ...varint(record.offsetDelta ?? index),
    ...field(record.key ?? null),
    ...field(record.value ?? null),
    ...varint(record.headers?.length ?? 0),
    ...(record.headers ?? []).flatMap(([key, value]) => [...field(key), ...field(value)]),
  ]
  return [...varint(body.length), ...body]
}

/** A batch over `body` as it is; length and CRC are right, whatever the fields say. */
export function encodeBatch(fields: BatchFields & { recordCount: number }, body: Uint8Array): Buffer {
  const batch = Buffer.alloc(61 + body.length)
  batch.writeBigInt64BE(fields.baseOffset ?? 0n, 0)
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeInt32BE(fields.leaderEpoch ?? -1, 12)
  batch.writeInt8(fields.magic ?? 2, 16)
  batch.writeInt16BE(fields.attributes ?? 0, 21)
  batch.writeInt32BE(fields.lastOffsetDelta ?? fields.recordCount - 1, 23)
  batch.writeBigInt64BE(fields.baseTimestamp ?? 1_700_000_000_000n, 27)
  batch.writeBigInt64BE(fields.maxTimestamp ?? 1_700_000_000_000n, 35)
  batch.writeBigInt64BE(fields.producerId ?? -1n, 43)
  batch.writeInt16BE(fields.producerEpoch ?? -1, 51)
  batch.writeInt32BE(fields.baseSequence ?? -1, 53)
  batch.writeInt32BE(fields.recordCount, 57)
  batch.set(body, 61)
  return sealBatch(batch)
}

export function recordBatch(records: readonly BatchRecord[], fields: BatchFields = {}): Buffer {
  const body = Uint8Array.from(records.flatMap(encodeRecord))
  return encodeBatch({ recordCount: records.length, ...fields }, body)
}

/** Puts in the right CRC again after bytes were changed. */
export function sealBatch(batch: Buffer): Buffer {
  batch.writeUInt32BE(crc32c(batch, 21, batch.length - 21, 0), 17)
  return batch
}
