// Writes the protocol's types into a region of memory that grows by a hook. One thread. Hot: allocates only to grow and
// for text beyond ASCII.
//
// Invariants: start <= position <= end <= bytes.length. Growing may move the region, so a place to come back to is kept as
// a mark, a distance from `start`.

import { assert } from '../lib/assert.ts'
import { setInt64, TWO_32 } from '../lib/int64.ts'
import { ZERO_UUID } from '../model/uuid.ts'
import { type InternTable, noNames, noUuids } from './intern.ts'
import { encodeText } from './text.ts'
import { setUuid, UUID_BYTES } from './uuid.ts'

const START_BYTES = 512
/** Of a region that one message after the other is written to. */
const KEPT_BYTES_MAX = 1 << 20
const zeroUuid = new DataView(new ArrayBuffer(UUID_BYTES))

/** Records as a message carries them. What more there is to one is between who made it and `appendRecords`. */
export interface RecordsSource {
  readonly byteLength: number
}

export class Writer {
  bytes: Uint8Array
  view: DataView
  start = 0
  position = 0
  end: number
  private readonly names: InternTable
  private readonly uuids: InternTable

  constructor(
    bytes: Uint8Array = new Uint8Array(START_BYTES),
    names: InternTable = noNames,
    uuids: InternTable = noUuids,
  ) {
    this.names = names
    this.uuids = uuids
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.end = bytes.length
  }

  /** `view` spans the same memory as `bytes`. */
  reset(bytes: Uint8Array, view: DataView, offset: number, end: number): void {
    assert(offset >= 0 && offset <= end && end <= bytes.length, 'a region lies in its arena')
    assert(view.byteLength >= end, 'the view spans the region')
    this.bytes = bytes
    this.view = view
    this.start = offset
    this.position = offset
    this.end = end
  }

  /** Starts over: in the same region, or, if a very long message has made that large, in a small one of its own. */
  rewind(): void {
    if (this.end - this.start > KEPT_BYTES_MAX) {
      const { buffer } = new Uint8Array(START_BYTES)
      this.reset(new Uint8Array(buffer), new DataView(buffer), 0, START_BYTES)
    }
    this.position = this.start
  }

  /** What has been written, not copied. */
  written(): Uint8Array {
    return this.bytes.subarray(this.start, this.position)
  }

  get mark(): number {
    return this.position - this.start
  }

  /**
   * Makes room for `bytesMin` more: sets bytes, view, start, position and end to a larger region that holds all that was
   * written since `start`. This one takes a new array; others override it.
   */
  protected grow(bytesMin: number): void {
    const used = this.position - this.start
    const bytes = new Uint8Array(Math.max(used * 2, used + bytesMin, 64))
    bytes.set(this.written())
    this.bytes = bytes
    this.view = new DataView(bytes.buffer)
    this.start = 0
    this.position = used
    this.end = bytes.length
  }

  /** Puts the source's bytes after what was written; the length stands there already. Others override it. */
  protected appendRecords(source: RecordsSource): void {
    assert(source instanceof Uint8Array, 'this writer takes records as bytes')
    this.writeRaw(source)
  }

  /** Moves past `length` bytes for the caller to fill and returns where they begin. */
  reserve(length: number): number {
    if (this.position + length > this.end) {
      this.grow(length)
      assert(this.position + length <= this.end, 'growing made room')
    }
    const at = this.position
    this.position = at + length
    return at
  }

  patchInt32(mark: number, value: number): void {
    this.view.setInt32(this.start + mark, value)
  }

  writeBool(value: boolean): void {
    const at = this.reserve(1)
    this.view.setInt8(at, value ? 1 : 0)
  }

  writeInt8(value: number): void {
    const at = this.reserve(1)
    this.view.setInt8(at, value)
  }

  writeInt16(value: number): void {
    const at = this.reserve(2)
    this.view.setInt16(at, value)
  }

  writeUint16(value: number): void {
    const at = this.reserve(2)
    this.view.setUint16(at, value)
  }

  writeInt32(value: number): void {
    const at = this.reserve(4)
    this.view.setInt32(at, value)
  }

  writeUint32(value: number): void {
    const at = this.reserve(4)
    this.view.setUint32(at, value)
  }

  writeInt64(value: number): void {
    const at = this.reserve(8)
    setInt64(this.view, at, value)
  }

  writeFloat64(value: number): void {
    const at = this.reserve(8)
    this.view.setFloat64(at, value)
  }

  writeUnsignedVarint(value: number): void {
    if (value >= 0 && value < 0x80 && this.position < this.end) this.bytes[this.position++] = value
    else this.writeLongVarint(value)
  }

  private writeLongVarint(value: number): void {
    let rest = value >>> 0
    while (rest >= 0x80) {
      this.writeInt8((rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    this.writeInt8(rest)
  }

  writeVarint(value: number): void {
    this.writeUnsignedVarint((value << 1) ^ (value >> 31))
  }

  writeVarlong(value: number): void {
    // Zigzag of the two halves: (value << 1) ^ (value >> 63).
    const signedHigh = Math.floor(value / TWO_32)
    const signedLow = (value - signedHigh * TWO_32) | 0
    const sign = signedHigh >> 31
    let high = (((signedHigh << 1) | (signedLow >>> 31)) ^ sign) >>> 0
    let low = ((signedLow << 1) ^ sign) >>> 0
    while (high > 0 || low >= 0x80) {
      this.writeInt8((low & 0x7f) | 0x80)
      low = ((low >>> 7) | (high << 25)) >>> 0
      high >>>= 7
    }
    this.writeInt8(low)
  }

  writeUuid(uuid: string): void {
    const at = this.reserve(UUID_BYTES)
    const known = uuid === ZERO_UUID ? zeroUuid : this.uuids.keyOf(uuid)
    if (known === undefined) setUuid(this.bytes, at, uuid)
    else for (let i = 0; i < UUID_BYTES; i += 4) this.view.setInt32(at + i, known.getInt32(i))
  }

  writeString(text: string, flexible: boolean): void {
    const { mark } = this
    this.writeLength(text.length, flexible, 2)
    const at = this.reserve(text.length)
    const { bytes } = this
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code >= 0x80) {
        this.position = this.start + mark
        this.writeEncoded(encodeText(text), flexible)
        return
      }
      bytes[at + i] = code
    }
  }

  /** A string whose bytes the table may know. */
  writeInternedString(text: string, flexible: boolean): void {
    const known = this.names.keyOf(text)
    if (known === undefined) {
      this.writeString(text, flexible)
      return
    }
    this.writeLength(known.byteLength, flexible, 2)
    const at = this.reserve(known.byteLength)
    for (let i = 0; i < known.byteLength; i++) this.bytes[at + i] = known.getUint8(i)
  }

  writeInternedNullableString(text: string | null, flexible: boolean): void {
    if (text === null) this.writeLength(-1, flexible, 2)
    else this.writeInternedString(text, flexible)
  }

  writeNullableString(text: string | null, flexible: boolean): void {
    if (text === null) this.writeLength(-1, flexible, 2)
    else this.writeString(text, flexible)
  }

  writeBytes(bytes: Uint8Array, flexible: boolean): void {
    this.writeLength(bytes.length, flexible, 4)
    this.writeRaw(bytes)
  }

  writeNullableBytes(bytes: Uint8Array | null, flexible: boolean): void {
    if (bytes === null) this.writeLength(-1, flexible, 4)
    else this.writeBytes(bytes, flexible)
  }

  writeNullableRecords(source: RecordsSource | null, flexible: boolean): void {
    this.writeLength(source === null ? -1 : source.byteLength, flexible, 4)
    if (source !== null) this.appendRecords(source)
  }

  /** Bytes as they are, without a length. */
  writeRaw(bytes: Uint8Array): void {
    const at = this.reserve(bytes.length)
    this.bytes.set(bytes, at)
  }

  writeArrayCount(count: number, flexible: boolean): void {
    assert(count >= 0, 'an array that may not be null')
    this.writeLength(count, flexible, 4)
  }

  /** -1 for null. */
  writeNullableArrayCount(count: number, flexible: boolean): void {
    this.writeLength(count, flexible, 4)
  }

  writeInt32s(values: readonly number[]): void {
    let at = this.reserve(values.length * 4)
    for (let i = 0; i < values.length; i++, at += 4) this.view.setInt32(at, values[i]!)
  }

  writeInt64s(values: readonly number[]): void {
    let at = this.reserve(values.length * 8)
    for (let i = 0; i < values.length; i++, at += 8) setInt64(this.view, at, values[i]!)
  }

  writeUuids(values: readonly string[]): void {
    for (let i = 0; i < values.length; i++) this.writeUuid(values[i]!)
  }

  writeStrings(values: readonly string[], flexible: boolean): void {
    for (let i = 0; i < values.length; i++) this.writeString(values[i]!, flexible)
  }

  /** Begins a section of tagged fields; the mark goes to `endTags` with their number, which one byte can hold. */
  beginTags(): number {
    const mark = this.mark
    this.reserve(1)
    return mark
  }

  endTags(mark: number, count: number): void {
    assert(count < 0x80, 'few tags are known')
    this.bytes[this.start + mark] = count
  }

  /** Begins a tagged field; the mark goes to `endTag` after its value. */
  beginTag(tag: number): number {
    this.writeUnsignedVarint(tag)
    const mark = this.mark
    this.reserve(1)
    return mark
  }

  /** Writes the field's size where `beginTag` left one byte for it, moving the field on if the size needs more. */
  endTag(mark: number): void {
    const size = this.mark - mark - 1
    const sizeBytes = size < 0x80 ? 1 : size < 0x4000 ? 2 : size < 0x200000 ? 3 : 4
    if (sizeBytes > 1) {
      this.reserve(sizeBytes - 1)
      const from = this.start + mark + 1
      this.bytes.copyWithin(from + sizeBytes - 1, from, from + size)
    }
    const end = this.position
    this.position = this.start + mark
    this.writeUnsignedVarint(size)
    this.position = end
  }

  private writeEncoded(text: Uint8Array, flexible: boolean): void {
    this.writeLength(text.length, flexible, 2)
    this.writeRaw(text)
  }

  private writeLength(length: number, flexible: boolean, lengthBytes: 2 | 4): void {
    if (flexible) this.writeUnsignedVarint(length + 1)
    else if (lengthBytes === 4) this.writeInt32(length)
    else {
      assert(length <= 0x7fff, 'a string before flexible versions is at most 32767 bytes long')
      this.writeInt16(length)
    }
  }
}

/** A value that the message's version has no null for. */
export function present<T>(value: T | null): T {
  assert(value !== null, 'null in a version that has none')
  return value
}
