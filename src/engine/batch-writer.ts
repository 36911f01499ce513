// Encodes records into an uncompressed record batch (format 2), one after the other, in memory of its own. Hot: a record
// costs no allocation here.
//
// Owner: the calling thread; used again for the next batch. The memory is the thread's own and not the arena's: a copy of
// 100 bytes into shared memory costs 2.5 times as much (V8 copies it by relaxed atomics, byte by byte where it is not
// aligned), and the copy of the whole batch into the arena, aligned, is 14 GB/s.
//
// Text is written as if all of it was ASCII, so that its length need not be asked for first; where that turns out wrong
// the record is written once more, with the length that was found.
import { assert } from '../lib/assert.ts'
import {
  BATCH_CRC_FROM,
  BATCH_HEADER_BYTES,
  type BatchHeader,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NO_SEQUENCE,
  NO_TIMESTAMP,
  setBatchCrc,
  setBatchHeader,
} from '../wire/record-batch.ts'
import type { Crc32c } from '../wire/record-batch-builder.ts'
import type { RecordHeader, RecordInput } from './records.ts'

type Field = Uint8Array | string | null | undefined

const CAPACITY_MIN = 4096
/** Room behind a record: text that is longer than it was taken for does not stop exactly at its guessed length. */
const SLACK_BYTES = 4
/** Up to here a loop beats a call. */
const SHORT_BYTES = 24
const NULL = -1
/** From `#put`, in place of a new position. */
const IS_FULL = -1
const IS_LONGER = -2

export class BatchWriter {
  readonly #crc32c: Crc32c
  #bytes: Buffer = Buffer.alloc(0)
  #view = new DataView(this.#bytes.buffer)
  #position = BATCH_HEADER_BYTES
  #bytesMax = 0
  #isFinished = false
  /** The timestamp of records that have none of their own. */
  nowMs = NO_TIMESTAMP
  readonly #header: BatchHeader = {
    baseOffset: 0,
    leaderEpoch: 0,
    attributes: 0,
    lastOffsetDelta: 0,
    baseTimestamp: NO_TIMESTAMP,
    maxTimestamp: NO_TIMESTAMP,
    producerId: NO_PRODUCER_ID,
    producerEpoch: NO_PRODUCER_EPOCH,
    baseSequence: NO_SEQUENCE,
    recordCount: 0,
  }

  constructor(crc32c: Crc32c) {
    this.#crc32c = crc32c
  }

  /** Starts a batch that takes no more than `bytesMax` bytes. */
  begin(bytesMax: number): void {
    this.#bytesMax = bytesMax
    this.#position = BATCH_HEADER_BYTES
    this.#header.recordCount = 0
    this.#isFinished = false
  }

  get recordCount(): number {
    return this.#header.recordCount
  }

  /** What the batch takes so far. */
  get byteLength(): number {
    return this.#position
  }

  /** What the writer holds of the process's memory. */
  get capacityBytes(): number {
    return this.#bytes.length
  }

  /** False, and nothing has changed, if the record would make the batch too long. Throws TypeError for what is no record. */
  add(record: RecordInput): boolean {
    const { key, value, headers, timestamp } = record
    const header = this.#header
    if (timestamp !== undefined && !Number.isSafeInteger(timestamp)) {
      throw new TypeError('a timestamp is a whole number of milliseconds')
    }
    const timestampMs = timestamp ?? this.nowMs
    const headersBytes = headers === undefined || headers.length === 0 ? 1 : headersLength(headers)
    const delta = header.recordCount === 0 ? 0 : timestampMs - header.baseTimestamp
    let end = this.#put(key, guessedLength(key), value, guessedLength(value), headers, headersBytes, delta)
    if (end === IS_LONGER) {
      end = this.#put(key, exactLength(key), value, exactLength(value), headers, headersBytes, delta)
      assert(end !== IS_LONGER, 'text is as long as it was measured')
    }
    if (end === IS_FULL) return false
    this.#position = end
    if (header.recordCount === 0) {
      header.baseTimestamp = timestampMs
      header.maxTimestamp = timestampMs
    } else if (timestampMs > header.maxTimestamp) header.maxTimestamp = timestampMs
    header.lastOffsetDelta = header.recordCount++
    return true
  }

  /** The whole batch, with a base offset of 0; the writer's memory, until the next `begin`. No record may be added after. */
  finish(): Uint8Array {
    assert(this.#header.recordCount > 0, 'a batch has a record')
    const length = this.#position
    if (!this.#isFinished) {
      setBatchHeader(this.#view, 0, length, 0, this.#header)
      setBatchCrc(this.#view, 0, this.#crc32c(this.#bytes, BATCH_CRC_FROM, length - BATCH_CRC_FROM, 0))
      this.#isFinished = true
    }
    return this.#bytes.subarray(0, length)
  }

  /** Writes the record behind the others: where it ends, or IS_FULL, or IS_LONGER if a text is longer than it was said. */
  #put(
    key: Field,
    keyBytes: number,
    value: Field,
    valueBytes: number,
    headers: readonly RecordHeader[] | undefined,
    headersBytes: number,
    timestampDelta: number,
  ): number {
    const { recordCount } = this.#header
    const body =
      1 +
      varlongLength(timestampDelta) +
      varintLength(recordCount) +
      varintLength(keyBytes) +
      Math.max(keyBytes, 0) +
      varintLength(valueBytes) +
      Math.max(valueBytes, 0) +
      headersBytes
    const end = this.#position + varintLength(body) + body
    if (end > this.#bytesMax) return IS_FULL
    if (end + SLACK_BYTES > this.#bytes.length) this.#grow(end + SLACK_BYTES)
    const bytes = this.#bytes
    let at = putVarint(bytes, this.#position, body)
    bytes[at++] = 0
    at =
      timestampDelta >= 0 && timestampDelta < 64
        ? putSmall(bytes, at, timestampDelta)
        : putVarlong(bytes, at, timestampDelta)
    at = putVarint(bytes, at, recordCount)
    at = putField(bytes, putVarint(bytes, at, keyBytes), key, keyBytes)
    if (at < 0) return IS_LONGER
    at = putField(bytes, putVarint(bytes, at, valueBytes), value, valueBytes)
    if (at < 0) return IS_LONGER
    if (headers === undefined || headers.length === 0) bytes[at++] = 0
    else at = putHeaders(bytes, at, headers)
    assert(at === end, 'a record is as long as its length says')
    return at
  }

  #grow(needed: number): void {
    let capacity = Math.max(CAPACITY_MIN, this.#bytes.length)
    while (capacity < needed) capacity *= 2
    const grown = Buffer.allocUnsafeSlow(capacity)
    grown.set(this.#bytes.subarray(0, this.#position))
    this.#bytes = grown
    this.#view = new DataView(grown.buffer)
  }
}

/** Of text the least that it can be: one byte for each of its UTF-16 units. */
function guessedLength(field: Field): number {
  if (field === null || field === undefined) return NULL
  if (typeof field === 'string' || field instanceof Uint8Array) return field.length
  throw new TypeError('a key, and a value, is a Uint8Array, a string or null')
}

function exactLength(field: Field): number {
  return typeof field === 'string' ? Buffer.byteLength(field) : guessedLength(field)
}

function headersLength(headers: readonly RecordHeader[]): number {
  let length = varintLength(headers.length)
  for (const { key, value } of headers) {
    if (typeof key !== 'string') throw new TypeError("a header's key is a string")
    const keyBytes = Buffer.byteLength(key)
    const valueBytes = exactLength(value)
    length += varintLength(keyBytes) + keyBytes + varintLength(valueBytes) + Math.max(valueBytes, 0)
  }
  return length
}

function putHeaders(bytes: Buffer, start: number, headers: readonly RecordHeader[]): number {
  let at = putVarint(bytes, start, headers.length)
  for (const { key, value } of headers) {
    const keyBytes = Buffer.byteLength(key)
    const valueBytes = exactLength(value)
    at = putField(bytes, putVarint(bytes, at, keyBytes), key, keyBytes)
    at = putField(bytes, putVarint(bytes, at, valueBytes), value, valueBytes)
  }
  return at
}

/** Where the field ends, or -1 for text that is not `length` bytes long. */
function putField(bytes: Buffer, at: number, field: Field, length: number): number {
  if (length <= 0) return at
  if (typeof field !== 'string') {
    if (length > SHORT_BYTES) bytes.set(field!, at)
    else for (let i = 0; i < length; i++) bytes[at + i] = field![i]!
    return at + length
  }
  if (length === field.length && length <= SHORT_BYTES) {
    for (let i = 0; i < length; i++) {
      const code = field.charCodeAt(i)
      if (code >= 0x80) return -1
      bytes[at + i] = code
    }
    return at + length
  }
  return bytes.write(field, at) === length ? at + length : -1
}

// Signed numbers as the format has them: zigzag, seven bits a byte. A position is handed on, so that no object is made.

function varintLength(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  if (zigzag < 0x80) return 1
  if (zigzag < 0x4000) return 2
  if (zigzag < 0x200000) return 3
  return zigzag < 0x10000000 ? 4 : 5
}

function putVarint(bytes: Uint8Array, start: number, value: number): number {
  let at = start
  let zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  for (; zigzag >= 0x80; zigzag >>>= 7) bytes[at++] = zigzag | 0x80
  bytes[at++] = zigzag
  return at
}

function putSmall(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value << 1
  return at + 1
}

function varlongLength(value: number): number {
  if (value >= 0 && value < 64) return 1
  let length = 1
  for (let zigzag = zigzagOf(value); zigzag >= 0x80; zigzag = Math.floor(zigzag / 0x80)) length++
  return length
}

function putVarlong(bytes: Uint8Array, start: number, value: number): number {
  let at = start
  let zigzag = zigzagOf(value)
  for (; zigzag >= 0x80; zigzag = Math.floor(zigzag / 0x80)) bytes[at++] = (zigzag % 0x80) | 0x80
  bytes[at++] = zigzag
  return at
}

/** Exact for differences of timestamps below 2^52, some 140,000 years. */
function zigzagOf(value: number): number {
  return value >= 0 ? value * 2 : -value * 2 - 1
}
