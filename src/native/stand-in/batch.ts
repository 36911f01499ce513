// Validation of record batches, step by step as native/batch.cc does it: the same statuses, the same rows.
import {
  type ArenaBytes,
  BATCH_ATTRIBUTES,
  BATCH_BASE_OFFSET,
  BATCH_BASE_SEQUENCE,
  BATCH_CRC,
  BATCH_FLAGS,
  BATCH_HAS_NULL_KEY,
  BATCH_LAST_OFFSET_DELTA,
  BATCH_LEADER_EPOCH,
  BATCH_LENGTH,
  BATCH_MAX_TIMESTAMP,
  BATCH_OFFSET,
  BATCH_PRODUCER_EPOCH,
  BATCH_PRODUCER_ID,
  BATCH_RECORD_COUNT,
  BATCH_WORDS,
  type BatchValidator,
  RUN_BAD_CRC,
  RUN_BAD_MAGIC,
  RUN_BATCHES_MAX_MASK,
  RUN_CORRUPT,
  RUN_INVALID_RECORD,
  RUN_OK,
  RUN_RESULT_WORDS,
  RUN_TABLE_FULL,
  RUN_TOO_MANY,
  RUN_TRUSTED,
  RUN_WORDS,
} from '../contract.ts'
import { crc32c } from './crc32c.ts'

// A batch's header: big-endian, at these offsets from the batch's first byte.
const atLength = 8
const atLeaderEpoch = 12
const atMagic = 16
const atCrc = 17
const atAttributes = 21
const atLastOffsetDelta = 23
const atMaxTimestamp = 35
const atProducerId = 43
const atProducerEpoch = 51
const atBaseSequence = 53
const atRecordCount = 57
const headerBytes = 61
/** What the length field counts begins after it. */
const uncountedBytes = 12

const compressionMask = 7
const compressionMax = 4
const controlBit = 1 << 5

/** Reads forward in `[at, end)` and never past it. Once something did not fit, `failed` stays set. */
class Cursor {
  at = 0
  end = 0
  failed = false
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  over(at: number, end: number): this {
    this.at = at
    this.end = end
    this.failed = false
    return this
  }

  /** A zigzag varint of five bytes at most; bits above the 32nd are dropped, as Kafka does. */
  varint(): number {
    let value = 0
    for (let shift = 0; shift < 35 && this.at < this.end; shift += 7) {
      const byte = this.#bytes[this.at++]!
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1)
    }
    this.failed = true
    return 0
  }

  /** Over a varint of ten bytes at most whose value nobody asks for. */
  skipVarlong(): void {
    for (let count = 0; count < 10 && this.at < this.end; count++) {
      if (this.#bytes[this.at++]! < 0x80) return
    }
    this.failed = true
  }

  skip(count: number): void {
    if (count > this.end - this.at) this.failed = true
    else this.at += count
  }

  /** Over a length and as many bytes; `least` is -1 where null is allowed. Returns the length. */
  skipField(least: number): number {
    const length = this.varint()
    if (length > 0) this.skip(length)
    else if (length < least) this.failed = true
    return length
  }
}

/** One arena: its bytes, and two cursors that are made once. */
class ArenaView {
  readonly bytes: ArenaBytes
  readonly #view: DataView
  readonly #body: Cursor
  readonly #record: Cursor
  #nullKey = false

  constructor(bytes: ArenaBytes) {
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#body = new Cursor(bytes)
    this.#record = new Cursor(bytes)
  }

  /** Validates the batch at `batch`, which may reach up to `end`, and fills the row. */
  validateBatch(batch: number, end: number, trusted: boolean, batches: Int32Array, row: number): number {
    const view = this.#view
    if (end - batch < headerBytes) return RUN_CORRUPT
    const counted = view.getInt32(batch + atLength)
    if (counted < headerBytes - uncountedBytes) return RUN_CORRUPT
    const length = counted + uncountedBytes
    if (length > end - batch) return RUN_CORRUPT
    if (this.bytes[batch + atMagic] !== 2) return RUN_BAD_MAGIC
    const crc = view.getUint32(batch + atCrc)
    if (crc32c(this.bytes, batch + atAttributes, length - atAttributes, 0) !== crc) return RUN_BAD_CRC
    const attributes = view.getInt16(batch + atAttributes)
    if ((attributes & compressionMask) > compressionMax) return RUN_CORRUPT

    const lastDelta = view.getInt32(batch + atLastOffsetDelta)
    const baseSequence = view.getInt32(batch + atBaseSequence)
    const recordCount = view.getInt32(batch + atRecordCount)
    if (lastDelta < 0 || recordCount < 0 || recordCount - 1 > lastDelta) return RUN_INVALID_RECORD
    if (!trusted) {
      if (recordCount - 1 !== lastDelta || (attributes & controlBit) !== 0) return RUN_INVALID_RECORD
      const baseOffsetIsZero = view.getInt32(batch) === 0 && view.getInt32(batch + 4) === 0
      const hasProducer = view.getInt32(batch + atProducerId) >= 0
      if (!baseOffsetIsZero || (hasProducer && baseSequence < 0)) return RUN_INVALID_RECORD
    }

    this.#nullKey = false
    if ((attributes & compressionMask) === 0) {
      const body = this.#body.over(batch + headerBytes, batch + length)
      if (!this.#recordsAreValid(body, recordCount, lastDelta, trusted)) return RUN_INVALID_RECORD
    }

    batches[row + BATCH_OFFSET] = batch
    batches[row + BATCH_LENGTH] = length
    batches[row + BATCH_RECORD_COUNT] = recordCount
    batches[row + BATCH_ATTRIBUTES] = attributes
    this.#copy64(batch + atProducerId, batches, row + BATCH_PRODUCER_ID)
    batches[row + BATCH_PRODUCER_EPOCH] = view.getInt16(batch + atProducerEpoch)
    batches[row + BATCH_BASE_SEQUENCE] = baseSequence
    this.#copy64(batch + atMaxTimestamp, batches, row + BATCH_MAX_TIMESTAMP)
    batches[row + BATCH_LAST_OFFSET_DELTA] = lastDelta
    batches[row + BATCH_CRC] = crc
    batches[row + BATCH_LEADER_EPOCH] = view.getInt32(batch + atLeaderEpoch)
    batches[row + BATCH_FLAGS] = this.#nullKey ? BATCH_HAS_NULL_KEY : 0
    this.#copy64(batch, batches, row + BATCH_BASE_OFFSET)
    return RUN_OK
  }

  /** Whether `count` records fill the body exactly, with offset deltas 0, 1, 2 … or, with gaps allowed, ever greater. */
  #recordsAreValid(body: Cursor, count: number, deltaMax: number, gaps: boolean): boolean {
    let deltaMin = 0
    for (let index = 0; index < count; index++) {
      if (deltaMin > deltaMax) return false
      const length = body.varint()
      if (body.failed || length < 0 || length > body.end - body.at) return false
      const record = this.#record.over(body.at, body.at + length)
      body.at += length

      record.skip(1) // attributes, of which none is defined
      record.skipVarlong()
      const delta = record.varint()
      if (delta < deltaMin || delta > deltaMax || (delta > deltaMin && !gaps)) return false
      if (record.skipField(-1) < 0) this.#nullKey = true
      record.skipField(-1)
      skipHeaders(record)
      if (record.failed || record.at !== record.end) return false
      deltaMin = delta + 1
    }
    return body.at === body.end
  }

  #copy64(at: number, row: Int32Array, word: number): void {
    row[word] = this.#view.getInt32(at + 4)
    row[word + 1] = this.#view.getInt32(at)
  }
}

function skipHeaders(record: Cursor): void {
  const count = record.varint()
  if (count < 0) record.failed = true
  for (let index = 0; index < count && !record.failed; index++) {
    record.skipField(0)
    record.skipField(-1)
  }
}

export class StandInBatchValidator implements BatchValidator {
  readonly #arenas: readonly ArenaView[]

  constructor(arenas: readonly ArenaBytes[]) {
    this.#arenas = arenas.map((bytes) => new ArenaView(bytes))
  }

  validate(runs: Int32Array, runCount: number, runResults: Int32Array, batches: Int32Array): void {
    if (runCount * RUN_WORDS > runs.length || runCount * RUN_RESULT_WORDS > runResults.length) {
      throw new RangeError('validate: more runs than rows')
    }
    const rowsMax = Math.floor(batches.length / BATCH_WORDS)
    let rows = 0
    for (let index = 0; index < runCount; index++) {
      const run = index * RUN_WORDS
      const arena = this.#arenas[runs[run]!]
      const from = runs[run + 1]! >>> 0
      const to = from + (runs[run + 2]! >>> 0)
      if (arena === undefined || to > arena.bytes.length) throw new RangeError('validate: a run outside of its arena')
      const trusted = (runs[run + 3]! & RUN_TRUSTED) !== 0
      const batchesMax = runs[run + 3]! & RUN_BATCHES_MAX_MASK

      let status = from === to && !trusted ? RUN_INVALID_RECORD : RUN_OK
      let count = 0
      let at = from
      while (at < to && status === RUN_OK) {
        if (count === batchesMax) status = RUN_TOO_MANY
        else if (rows + count === rowsMax) status = RUN_TABLE_FULL
        else {
          const row = (rows + count) * BATCH_WORDS
          status = arena.validateBatch(at, to, trusted, batches, row)
          if (status !== RUN_OK) break
          at += batches[row + BATCH_LENGTH]! >>> 0
          count++
        }
      }
      const result = index * RUN_RESULT_WORDS
      runResults[result] = status
      runResults[result + 1] = count
      runResults[result + 2] = rows
      runResults[result + 3] = at
      rows += count
    }
  }
}
