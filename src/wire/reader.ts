// Reads the protocol's types from one stretch of an arena. One thread, one reader, reset for each frame. Hot: besides the
// strings and arrays it returns it allocates nothing.
//
// Invariants: position <= end, and nothing at or beyond `end` is read, though the arena goes on. Nothing is allocated
// before its size is charged to the budget. Whatever the bytes are: a value or a DecodeError, never another error.
//
// `flexible` picks the compact form of strings, bytes and counts: an unsigned varint of the length plus one.

import { assert } from '../lib/assert.ts'
import { getInt64, TWO_32 } from '../lib/int64.ts'
import { DecodeError, type DecodeReason } from './errors.ts'
import { type InternTable, noNames, noUuids } from './intern.ts'
import { decodeText, encodeText } from './text.ts'
import { getUuid, UUID_BYTES } from './uuid.ts'

/** Charged for a string or byte array beside its content. */
const OBJECT_BYTES = 16
const UUID_TEXT_BYTES = 40
/** Of a string, in every version. */
const TEXT_BYTES_MAX = 0x7fff
/** What a malformed byte becomes when it is written again. */
const REPLACEMENT_BYTES = 3
/** A tag and its size take a byte each at least. */
const TAG_BYTES_MIN = 2

const noBytes = new Uint8Array(0)

export class Reader {
  bytes: Uint8Array = noBytes
  view: DataView = new DataView(noBytes.buffer)
  position = 0
  end = 0
  /** What decoding may still allocate. */
  budgetBytes = 0
  /** Where the bytes of the last `readNullableSpan` or `readNullableTextSpan` lie; length -1 for null. */
  spanOffset = 0
  spanLength = -1
  private readonly names: InternTable
  private readonly uuids: InternTable

  constructor(names: InternTable = noNames, uuids: InternTable = noUuids) {
    this.names = names
    this.uuids = uuids
  }

  /** `view` spans the same memory as `bytes`. */
  reset(bytes: Uint8Array, view: DataView, offset: number, end: number, budgetBytes: number): void {
    assert(offset >= 0 && offset <= end && end <= bytes.length, 'a frame lies in its arena')
    assert(view.byteLength >= end, 'the view spans the frame')
    this.bytes = bytes
    this.view = view
    this.position = offset
    this.end = end
    this.budgetBytes = budgetBytes
  }

  get remaining(): number {
    return this.end - this.position
  }

  fail(reason: DecodeReason): never {
    throw new DecodeError(reason, this.position)
  }

  /** Checks that `length` bytes are there, moves past them and returns where they begin. */
  take(length: number): number {
    const at = this.position
    const next = at + length
    if (next > this.end) this.fail('truncated')
    this.position = next
    return at
  }

  charge(bytes: number): void {
    this.budgetBytes -= bytes
    if (this.budgetBytes < 0) this.fail('over budget')
  }

  readBool(): boolean {
    return this.view.getInt8(this.take(1)) !== 0
  }

  readInt8(): number {
    return this.view.getInt8(this.take(1))
  }

  readInt16(): number {
    return this.view.getInt16(this.take(2))
  }

  readUint16(): number {
    return this.view.getUint16(this.take(2))
  }

  readInt32(): number {
    return this.view.getInt32(this.take(4))
  }

  readUint32(): number {
    return this.view.getUint32(this.take(4))
  }

  readInt64(): number {
    return getInt64(this.view, this.take(8))
  }

  readFloat64(): number {
    return this.view.getFloat64(this.take(8))
  }

  /** At most five bytes and 32 bits. */
  readUnsignedVarint(): number {
    const at = this.position
    if (at < this.end && this.bytes[at]! < 0x80) {
      this.position = at + 1
      return this.bytes[at]!
    }
    return this.readLongVarint()
  }

  private readLongVarint(): number {
    const { bytes, end } = this
    let at = this.position
    let value = 0
    for (let shift = 0; ; shift += 7) {
      if (at >= end) this.fail('truncated')
      const byte = bytes[at++]!
      if (shift === 28 && byte > 0x0f) this.fail('malformed varint')
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    this.position = at
    return value >>> 0
  }

  /** Zigzag, 32 bits. */
  readVarint(): number {
    const value = this.readUnsignedVarint()
    return (value >>> 1) ^ -(value & 1)
  }

  /** Zigzag, 64 bits, at most ten bytes. */
  readVarlong(): number {
    const at = this.position
    if (at < this.end && this.bytes[at]! < 0x80) {
      this.position = at + 1
      return (this.bytes[at]! >>> 1) ^ -(this.bytes[at]! & 1)
    }
    return this.readLongVarlong()
  }

  private readLongVarlong(): number {
    const { bytes, end } = this
    let at = this.position
    let low = 0
    let high = 0
    for (let shift = 0; ; shift += 7) {
      if (at >= end) this.fail('truncated')
      const byte = bytes[at++]!
      if (shift === 63 && byte > 1) this.fail('malformed varint')
      const bits = byte & 0x7f
      if (shift < 32) low |= bits << shift
      if (shift > 32) high |= bits << (shift - 32)
      else if (shift === 28) high = bits >>> 4
      if (byte < 0x80) break
    }
    this.position = at
    const negative = -(low & 1)
    low = ((low >>> 1) | (high << 31)) ^ negative
    high = (high >>> 1) ^ negative
    return high * TWO_32 + (low >>> 0)
  }

  readUuid(): string {
    const at = this.take(UUID_BYTES)
    this.charge(UUID_TEXT_BYTES)
    return getUuid(this.bytes, at)
  }

  /** The uuid that the table knows, else as `readUuid`. */
  readInternedUuid(): string {
    const at = this.take(UUID_BYTES)
    const known = this.uuids.lookUp(this.view, at, UUID_BYTES)
    if (known !== undefined) return known
    this.charge(UUID_TEXT_BYTES)
    return getUuid(this.bytes, at)
  }

  readString(flexible: boolean): string {
    return this.text(this.readLength(flexible, 2))
  }

  readNullableString(flexible: boolean): string | null {
    const length = this.readNullableLength(flexible, 2)
    return length < 0 ? null : this.text(length)
  }

  /** The string that the table knows, else as `readString`. */
  readInternedString(flexible: boolean): string {
    return this.internedText(this.readLength(flexible, 2))
  }

  readInternedNullableString(flexible: boolean): string | null {
    const length = this.readNullableLength(flexible, 2)
    return length < 0 ? null : this.internedText(length)
  }

  /** A string left where it lies: `spanOffset` and `spanLength`. */
  readNullableTextSpan(flexible: boolean): void {
    this.span(this.readNullableLength(flexible, 2))
  }

  /** Bytes or records left where they lie: `spanOffset` and `spanLength`. */
  readNullableSpan(flexible: boolean): void {
    this.span(this.readNullableLength(flexible, 4))
  }

  /** A copy. */
  readBytes(flexible: boolean): Uint8Array {
    return this.copy(this.readLength(flexible, 4))
  }

  readNullableBytes(flexible: boolean): Uint8Array | null {
    const length = this.readNullableLength(flexible, 4)
    return length < 0 ? null : this.copy(length)
  }

  /**
   * How many elements follow. Each takes `encodedBytesMin` or more of the bytes left, and `decodedBytes` of the budget,
   * which are charged here.
   */
  readArrayCount(flexible: boolean, encodedBytesMin: number, decodedBytes: number): number {
    const count = this.readNullableArrayCount(flexible, encodedBytesMin, decodedBytes)
    if (count < 0) this.fail('null not allowed')
    return count
  }

  /** As `readArrayCount`, -1 for null. */
  readNullableArrayCount(flexible: boolean, encodedBytesMin: number, decodedBytes: number): number {
    const count = flexible ? this.readUnsignedVarint() - 1 : this.readInt32()
    if (count < 0) {
      if (count < -1) this.fail('negative length')
      return -1
    }
    if (count * encodedBytesMin > this.end - this.position) this.fail('count beyond the bytes')
    this.charge(count * decodedBytes)
    return count
  }

  readInt32s(count: number): number[] {
    let at = this.take(count * 4)
    const values: number[] = []
    for (let i = 0; i < count; i++, at += 4) values.push(this.view.getInt32(at))
    return values
  }

  readInt64s(count: number): number[] {
    let at = this.take(count * 8)
    const values: number[] = []
    for (let i = 0; i < count; i++, at += 8) values.push(getInt64(this.view, at))
    return values
  }

  readUuids(count: number): string[] {
    const values: string[] = []
    for (let i = 0; i < count; i++) values.push(this.readUuid())
    return values
  }

  readStrings(count: number, flexible: boolean): string[] {
    const values: string[] = []
    for (let i = 0; i < count; i++) values.push(this.readString(flexible))
    return values
  }

  readTagCount(): number {
    const count = this.readUnsignedVarint()
    if (count === 0) return 0
    if (count * TAG_BYTES_MIN > this.end - this.position) this.fail('count beyond the bytes')
    this.charge(count * OBJECT_BYTES)
    return count
  }

  /** Reads the size of a tagged field and returns where the field ends. */
  readTagEnd(): number {
    const size = this.readUnsignedVarint()
    const tagEnd = this.position + size
    if (tagEnd > this.end) this.fail('truncated')
    return tagEnd
  }

  endTag(tagEnd: number): void {
    if (this.position !== tagEnd) this.fail('tag size differs')
  }

  skipTaggedFields(): void {
    for (let tags = this.readTagCount(); tags > 0; tags--) {
      this.readUnsignedVarint()
      this.position = this.readTagEnd()
    }
  }

  /** A length of what is there: checked against the bytes left. -1 for null. */
  private readNullableLength(flexible: boolean, lengthBytes: 2 | 4): number {
    const length = flexible ? this.readUnsignedVarint() - 1 : lengthBytes === 2 ? this.readInt16() : this.readInt32()
    if (length < -1) this.fail('negative length')
    if (length > this.end - this.position) this.fail('truncated')
    return length
  }

  private readLength(flexible: boolean, lengthBytes: 2 | 4): number {
    const length = this.readNullableLength(flexible, lengthBytes)
    if (length < 0) this.fail('null not allowed')
    return length
  }

  /** The text of a span, from the table if it knows it. */
  textAt(offset: number, length: number): string {
    const known = this.names.lookUp(this.view, offset, length)
    return known ?? this.decoded(offset, length)
  }

  private text(length: number): string {
    return length === 0 ? '' : this.decoded(this.take(length), length)
  }

  /** What is read here can be written again in any version: malformed bytes make it longer. */
  private decoded(offset: number, length: number): string {
    if (length > TEXT_BYTES_MAX) this.fail('text too long')
    this.charge(OBJECT_BYTES + length * 2)
    const text = decodeText(this.bytes, offset, length)
    const mayBeLonger = length * REPLACEMENT_BYTES > TEXT_BYTES_MAX
    if (mayBeLonger && encodeText(text).length > TEXT_BYTES_MAX) this.fail('text too long')
    return text
  }

  private internedText(length: number): string {
    return length === 0 ? '' : this.textAt(this.take(length), length)
  }

  private copy(length: number): Uint8Array {
    this.charge(OBJECT_BYTES + length)
    const at = this.take(length)
    return Uint8Array.prototype.slice.call(this.bytes, at, at + length)
  }

  private span(length: number): void {
    this.spanLength = length
    this.spanOffset = this.position
    if (length > 0) this.position += length
  }
}

/** An array of structs of a cold message. */
export function readItems<T>(
  reader: Reader,
  version: number,
  count: number,
  readItem: (reader: Reader, version: number) => T,
): T[] {
  const items: T[] = []
  for (let i = 0; i < count; i++) items.push(readItem(reader, version))
  return items
}
