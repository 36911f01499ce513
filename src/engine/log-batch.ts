// A record batch that was read, in memory of its own: checked, opened, and its records made into objects when asked for.
//
// Thread: the calling one. Bytes from a disk are hostile: lengths are checked before they are believed, the CRC before the
// records.
import { decompressedBatch } from '../log/decompress.ts'
import type { Native } from '../native/contract.ts'
import {
  BATCH_CRC_FROM,
  BATCH_HEADER_BYTES,
  BATCH_MAGIC,
  batchAttributes,
  batchBaseOffset,
  batchBaseTimestamp,
  batchBytes,
  batchCompression,
  batchCrc,
  batchIsControl,
  batchLastOffset,
  batchMagic,
  batchMaxTimestamp,
  batchRecordCount,
  LOG_APPEND_TIME,
} from '../wire/record-batch.ts'
import { RecordCursor } from '../wire/record-cursor.ts'
import { LogReadError } from './errors.ts'
import type { LogRecord } from './records.ts'

/** What a compressed batch may become. */
const OPENED_BYTES_MAX = 256 << 20
const NO_HEADERS: LogRecord['headers'] = Object.freeze([])

/** Records that were appended together, in the order of their offsets: iterate over it. */
export class LogBatch implements Iterable<LogRecord> {
  /** Of the first record that may be in here: what was asked for, or the batch's own. */
  readonly firstOffset: number
  /** Where the next batch begins. */
  readonly nextOffset: number
  /** As the batch was appended: those before `firstOffset` are counted too. */
  readonly recordCount: number
  readonly #bytes: Buffer
  readonly #view: DataView

  /** @internal */
  constructor(bytes: Buffer, view: DataView, firstOffset: number) {
    this.#bytes = bytes
    this.#view = view
    this.firstOffset = Math.max(firstOffset, batchBaseOffset(view, 0))
    this.nextOffset = batchLastOffset(view, 0) + 1
    this.recordCount = batchRecordCount(view, 0)
  }

  /** All records from `firstOffset` on. Their keys and values share memory with the batch, which nobody else writes. */
  records(): LogRecord[] {
    const bytes = this.#bytes
    const view = this.#view
    const cursor = new RecordCursor()
    const records: LogRecord[] = []
    const baseOffset = batchBaseOffset(view, 0)
    const baseTimestamp = batchBaseTimestamp(view, 0)
    const hasAppendTime = (batchAttributes(view, 0) & LOG_APPEND_TIME) !== 0
    cursor.reset(bytes, view, 0, bytes.length)
    while (cursor.next()) {
      const offset = baseOffset + cursor.offsetDelta
      if (offset < this.firstOffset) continue
      const timestamp = hasAppendTime ? batchMaxTimestamp(view, 0) : baseTimestamp + cursor.timestampDelta
      const key = part(bytes, cursor.keyOffset, cursor.keyLength)
      const value = part(bytes, cursor.valueOffset, cursor.valueLength)
      const headers = cursor.headerCount === 0 ? NO_HEADERS : headersAt(bytes, cursor)
      records.push({ offset, timestamp, key, value, headers })
    }
    return records
  }

  [Symbol.iterator](): Iterator<LogRecord> {
    return this.records()[Symbol.iterator]()
  }
}

/**
 * The batches of `bytes`, which holds whole ones, that have records from `offset` on, and where what comes next begins.
 * Markers of transactions are left out. Throws LogReadError where the bytes are not what was appended.
 */
export function batchesOf(
  bytes: Buffer,
  offset: number,
  crc32c: Native['crc32c'],
  partition: string,
): { batches: LogBatch[]; nextOffset: number } {
  const batches: LogBatch[] = []
  let nextOffset = offset
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.length - at < BATCH_HEADER_BYTES ? 0 : batchBytes(view, at)
    const isWhole = length >= BATCH_HEADER_BYTES && at + length <= bytes.length && batchMagic(view, at) === BATCH_MAGIC
    if (!isWhole || crc32c(bytes, at + BATCH_CRC_FROM, length - BATCH_CRC_FROM, 0) !== batchCrc(view, at)) {
      throw new LogReadError(`${partition}: a batch from offset ${offset} on is damaged`)
    }
    const isWanted = batchLastOffset(view, at) >= offset && !batchIsControl(view, at)
    if (isWanted) batches.push(opened(bytes.subarray(at, at + length), offset, partition))
    nextOffset = Math.max(nextOffset, batchLastOffset(view, at) + 1)
    at += length
  }
  return { batches, nextOffset }
}

function opened(batch: Buffer, offset: number, partition: string): LogBatch {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length)
  if (batchCompression(view, 0) === 0) return new LogBatch(batch, view, offset)
  try {
    const plain = Buffer.from(decompressedBatch(batch, OPENED_BYTES_MAX).buffer)
    return new LogBatch(plain, new DataView(plain.buffer), offset)
  } catch (error) {
    throw new LogReadError(`${partition}: ${(error as Error).message}`, { cause: error })
  }
}

function headersAt(bytes: Buffer, cursor: RecordCursor): LogRecord['headers'] {
  const headers = []
  while (cursor.nextHeader()) {
    const key = bytes.toString('utf8', cursor.headerKeyOffset, cursor.headerKeyOffset + cursor.headerKeyLength)
    headers.push({ key, value: part(bytes, cursor.headerValueOffset, cursor.headerValueLength) })
  }
  return headers
}

function part(bytes: Buffer, offset: number, length: number): Buffer | null {
  return length < 0 ? null : bytes.subarray(offset, offset + length)
}
