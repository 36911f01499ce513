// The records of a log as a reader of committed data sees them, from runs of batches: transactions when they are
// committed, never when they are aborted or not decided yet.
//
// Owner: the shard that reads. A transaction's records are kept until its marker comes. A record of an open transaction
// that is overtaken, before the marker, by a plain record of the same key stays without effect, as in Kafka.
import {
  BATCH_CRC_FROM,
  BATCH_MAGIC,
  batchAttributes,
  batchBaseOffset,
  batchBaseTimestamp,
  batchBytes,
  batchCompression,
  batchCrc,
  batchIsControl,
  batchIsTransactional,
  batchMagic,
  batchMaxTimestamp,
  batchProducerId,
  ControlType,
  LOG_APPEND_TIME,
} from '../wire/record-batch.ts'
import type { Crc32c } from '../wire/record-batch-builder.ts'
import { RecordCursor } from '../wire/record-cursor.ts'
import { decompressedBatch } from './decompress.ts'

/** What a record that is kept takes beside its bytes: the objects that hold it. */
const HELD_RECORD_BYTES = 256
/** What compressed records may come to: what a request may bring at most. */
const DECOMPRESSED_BYTES_MAX = 100 << 20

export type OnRecord = (key: Uint8Array, value: Uint8Array | null, offset: number, timestampMs: number) => void

interface HeldRecord {
  key: Uint8Array
  value: Uint8Array | null
  offset: number
  timestampMs: number
}

export class CommittedRecords {
  readonly #crc32c: Crc32c
  readonly #onRecord: OnRecord
  readonly #firstOffset: number
  readonly #cursor = new RecordCursor()
  /** By producer id, oldest record first. */
  readonly #open = new Map<number, HeldRecord[]>()
  readonly #heldBytesMax: number
  /** Keys of open transactions' records, with the offset of the last plain record since; -1 for none. */
  readonly #overtaking = new Map<string, number>()
  /** What open transactions take. */
  #heldBytes = 0

  /**
   * Records before `firstOffset` are left out, and those without a key. Transactions that are open at a time take
   * `heldBytesMax` at most.
   */
  constructor(crc32c: Crc32c, firstOffset: number, heldBytesMax: number, onRecord: OnRecord) {
    this.#crc32c = crc32c
    this.#firstOffset = firstOffset
    this.#heldBytesMax = heldBytesMax
    this.#onRecord = onRecord
  }

  /** A run of whole batches. Throws when one is not intact, can't be opened, or is one too many to be kept. */
  add(run: Uint8Array<ArrayBuffer>): void {
    const view = new DataView(run.buffer, run.byteOffset, run.byteLength)
    for (let at = 0; at < run.length; ) {
      const length = batchBytes(view, at)
      this.#addBatch(run.subarray(at, at + length))
      at += length
    }
  }

  #addBatch(batch: Uint8Array<ArrayBuffer>): void {
    const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength)
    const isIntact =
      batchMagic(view, 0) === BATCH_MAGIC &&
      this.#crc32c(batch, BATCH_CRC_FROM, batch.length - BATCH_CRC_FROM, 0) === batchCrc(view, 0)
    if (!isIntact) throw new Error(`the batch at offset ${batchBaseOffset(view, 0)} is damaged`)
    if (batchIsControl(view, 0)) {
      this.#cursor.reset(batch, view, 0, batch.length)
      if (this.#cursor.next()) this.#endTransaction(batchProducerId(view, 0), this.#cursor.controlType)
      return
    }
    this.#addRecords(batchCompression(view, 0) === 0 ? batch : decompressedBatch(batch, DECOMPRESSED_BYTES_MAX))
  }

  #addRecords(batch: Uint8Array<ArrayBuffer>): void {
    const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength)
    const baseOffset = batchBaseOffset(view, 0)
    const baseTimestamp = batchBaseTimestamp(view, 0)
    const appendTime = (batchAttributes(view, 0) & LOG_APPEND_TIME) === 0 ? null : batchMaxTimestamp(view, 0)
    const held = batchIsTransactional(view, 0) ? this.#openTransaction(batchProducerId(view, 0)) : null
    const cursor = this.#cursor
    cursor.reset(batch, view, 0, batch.length)
    while (cursor.next()) {
      const offset = baseOffset + cursor.offsetDelta
      if (offset < this.#firstOffset || cursor.keyLength < 0) continue
      const key = batch.subarray(cursor.keyOffset, cursor.keyOffset + cursor.keyLength)
      const { valueOffset, valueLength } = cursor
      const value = valueLength < 0 ? null : batch.subarray(valueOffset, valueOffset + valueLength)
      const timestampMs = appendTime ?? baseTimestamp + cursor.timestampDelta
      if (held !== null) this.#hold(held, { key: key.slice(), value: value?.slice() ?? null, offset, timestampMs })
      else {
        if (this.#open.size > 0) this.#overtake(textOf(key), offset)
        this.#onRecord(key, value, offset, timestampMs)
      }
    }
  }

  #hold(held: HeldRecord[], record: HeldRecord): void {
    const text = textOf(record.key)
    this.#heldBytes += bytesOf(record)
    if (this.#heldBytes > this.#heldBytesMax)
      throw new Error(`more than ${this.#heldBytesMax} bytes of open transactions before offset ${record.offset}`)
    if (!this.#overtaking.has(text)) this.#overtaking.set(text, -1)
    held.push(record)
  }

  #overtake(key: string, offset: number): void {
    if (this.#overtaking.has(key)) this.#overtaking.set(key, offset)
  }

  #openTransaction(producerId: number): HeldRecord[] {
    let held = this.#open.get(producerId)
    if (held === undefined) {
      held = []
      this.#open.set(producerId, held)
    }
    return held
  }

  #endTransaction(producerId: number, marker: number): void {
    const held = this.#open.get(producerId) ?? []
    this.#open.delete(producerId)
    for (const record of held) this.#heldBytes -= bytesOf(record)
    if (marker === ControlType.Commit) {
      for (const { key, value, offset, timestampMs } of held) {
        if ((this.#overtaking.get(textOf(key)) ?? -1) > offset) continue
        this.#onRecord(key, value, offset, timestampMs)
      }
    }
    if (this.#open.size === 0) this.#overtaking.clear()
  }
}

/** Its key is kept twice. */
function bytesOf({ key, value }: HeldRecord): number {
  return HELD_RECORD_BYTES + 2 * key.length + (value?.length ?? 0)
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')
}
