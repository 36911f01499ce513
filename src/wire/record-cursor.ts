// Walks the records of an uncompressed batch where they lie. Hot: one cursor, reset for each batch; no allocation.
//
// Invariant: what it shows lies within the batch. A record that says otherwise is a DecodeError.

import { Reader } from './reader.ts'
import { BATCH_HEADER_BYTES, batchBytes, batchRecordCount } from './record-batch.ts'

/** Length of a null key or value. */
const NULL = -1
/** A header takes two bytes at least: the length of its key, that of its value. */
const HEADER_BYTES_MIN = 2

export class RecordCursor {
  offsetDelta = 0
  timestampDelta = 0
  keyOffset = 0
  /** -1 for null. */
  keyLength = NULL
  valueOffset = 0
  /** -1 for null. */
  valueLength = NULL
  headerCount = 0
  headerKeyOffset = 0
  headerKeyLength = 0
  headerValueOffset = 0
  /** -1 for null. */
  headerValueLength = NULL

  private readonly reader = new Reader()
  private left = 0
  private headersLeft = 0
  private headersOffset = 0
  private recordEnd = 0

  /** Begins at the batch whose first byte is at `at`; it must end by `end`. */
  reset(bytes: Uint8Array, view: DataView, at: number, end: number): void {
    const { reader } = this
    reader.reset(bytes, view, at, end, 0)
    reader.take(BATCH_HEADER_BYTES)
    const length = batchBytes(view, at)
    this.left = batchRecordCount(view, at)
    if (this.left < 0 || length < BATCH_HEADER_BYTES) reader.fail('negative length')
    if (at + length > end) reader.fail('truncated')
    reader.end = at + length
    this.recordEnd = reader.position
  }

  /** Moves to the next record; false after the last, when nothing else may be left of the batch. */
  next(): boolean {
    const { reader } = this
    reader.position = this.recordEnd
    if (this.left === 0) {
      if (reader.remaining > 0) reader.fail('malformed record')
      return false
    }
    this.left--
    const length = this.length(0)
    this.recordEnd = reader.position + length
    reader.take(1) // attributes: none are defined
    this.timestampDelta = reader.readVarlong()
    this.offsetDelta = reader.readVarint()
    this.keyLength = this.length(NULL)
    this.keyOffset = this.skip(this.keyLength)
    this.valueLength = this.length(NULL)
    this.valueOffset = this.skip(this.valueLength)
    this.headerCount = reader.readVarint()
    if (this.headerCount < 0) reader.fail('negative length')
    if (this.headerCount * HEADER_BYTES_MIN > this.recordEnd - reader.position) reader.fail('count beyond the bytes')
    this.headersOffset = reader.position
    this.headersLeft = this.headerCount
    while (this.nextHeader());
    if (reader.position !== this.recordEnd) reader.fail('malformed record')
    reader.position = this.headersOffset
    this.headersLeft = this.headerCount
    return true
  }

  /** Moves to the record's next header; false after the last. */
  nextHeader(): boolean {
    if (this.headersLeft === 0) return false
    this.headersLeft--
    this.headerKeyLength = this.length(0)
    this.headerKeyOffset = this.skip(this.headerKeyLength)
    this.headerValueLength = this.length(NULL)
    this.headerValueOffset = this.skip(this.headerValueLength)
    return true
  }

  /** Of a control batch's record: its type (`ControlType`), or -1 if the key is none. */
  get controlType(): number {
    return this.keyLength >= 4 ? this.reader.view.getInt16(this.keyOffset + 2) : -1
  }

  private length(least: number): number {
    const length = this.reader.readVarint()
    if (length < least) this.reader.fail(length < NULL ? 'negative length' : 'null not allowed')
    if (length > this.reader.remaining) this.reader.fail('truncated')
    return length
  }

  /** Where the bytes begin, left behind. */
  private skip(length: number): number {
    const at = this.reader.position
    if (length > 0) this.reader.position = at + length
    return at
  }
}
