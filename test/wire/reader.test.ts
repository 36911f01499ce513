import { expect, test } from 'vitest'
import { ZERO_UUID } from '../../src/model/uuid.ts'
import { DecodeError, type DecodeReason } from '../../src/wire/errors.ts'
import { nameTable, uuidTable } from '../../src/wire/intern.ts'
import { Reader } from '../../src/wire/reader.ts'
import { BUDGET_BYTES, readerOf } from './support/messages.ts'

const of = (...bytes: number[]): Reader => readerOf(Uint8Array.from(bytes))
const ofText = (text: string, before: number[]): Reader =>
  readerOf(new Uint8Array([...before, ...new TextEncoder().encode(text)]))

function failsWith(reason: DecodeReason, read: () => unknown): void {
  let failure: unknown
  try {
    read()
  } catch (error) {
    failure = error
  }
  expect(failure).toBeInstanceOf(DecodeError)
  expect((failure as DecodeError).reason).toBe(reason)
}

test('a reader stops at its end, though the arena goes on', () => {
  const arena = new Uint8Array(new SharedArrayBuffer(64)).fill(1)
  const reader = new Reader()
  const reads: ((reader: Reader) => unknown)[] = [
    (r) => r.readInt8(),
    (r) => r.readInt16(),
    (r) => r.readInt32(),
    (r) => r.readInt64(),
    (r) => r.readFloat64(),
    (r) => r.readUuid(),
    (r) => r.readUnsignedVarint(),
    (r) => r.readVarlong(),
    (r) => r.readString(true),
    (r) => r.readNullableSpan(false),
    (r) => r.readInt32s(1),
    (r) => r.readTagEnd(),
  ]
  for (const read of reads) {
    reader.reset(arena, new DataView(arena.buffer), 8, 8, BUDGET_BYTES)
    failsWith('truncated', () => read(reader))
    expect(reader.position).toBe(8)
  }
})

test('int64 at its limits: exact within 2^53, the nearest double beyond', () => {
  expect(of(0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff).readInt64()).toBe(2 ** 63)
  expect(of(0x80, 0, 0, 0, 0, 0, 0, 0).readInt64()).toBe(-(2 ** 63))
  expect(of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff).readInt64()).toBe(-1)
  expect(of(0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff).readInt64()).toBe(Number.MAX_SAFE_INTEGER)
  expect(of(0xff, 0xe0, 0, 0, 0, 0, 0, 1).readInt64()).toBe(Number.MIN_SAFE_INTEGER)
})

test('varints hold their type and no more', () => {
  expect(of(0xff, 0xff, 0xff, 0xff, 0x0f).readUnsignedVarint()).toBe(0xffffffff)
  expect(of(0xff, 0xff, 0xff, 0xff, 0x0f).readVarint()).toBe(-2147483648)
  expect(of(0xfe, 0xff, 0xff, 0xff, 0x0f).readVarint()).toBe(2147483647)
  expect(of(0x80, 0x00).readUnsignedVarint()).toBe(0) // longer than need be, as Kafka allows
  failsWith('malformed varint', () => of(0xff, 0xff, 0xff, 0xff, 0x10).readUnsignedVarint())
  failsWith('malformed varint', () => of(0x80, 0x80, 0x80, 0x80, 0x80, 0x00).readUnsignedVarint())
  failsWith('truncated', () => of(0x80).readUnsignedVarint())
  const nine = new Array(9).fill(0xff)
  expect(of(...nine, 1).readVarlong()).toBe(-(2 ** 63))
  failsWith('malformed varint', () => of(...nine, 2).readVarlong())
  failsWith('malformed varint', () => of(...nine, 0x81, 0).readVarlong())
  failsWith('truncated', () => of(...nine).readVarlong())
})

test('strings: short, long, beyond ASCII, beyond UTF-8', () => {
  expect(ofText('orders', [0, 6]).readString(false)).toBe('orders')
  expect(ofText('orders', [7]).readString(true)).toBe('orders')
  expect(of(0, 0).readString(false)).toBe('')
  expect(of(1).readString(true)).toBe('')
  const long = 'größe-'.repeat(400)
  const { length } = new TextEncoder().encode(long)
  expect(ofText(long, [length >> 8, length & 255]).readString(false)).toBe(long)
  expect(ofText('\ufeffname', [8]).readString(true)).toBe('\ufeffname')
  expect(of(0, 3, 0x61, 0xff, 0x62).readString(false)).toBe('a\ufffdb')
})

test('null and negative lengths', () => {
  expect(of(0xff, 0xff).readNullableString(false)).toBe(null)
  expect(of(0).readNullableString(true)).toBe(null)
  expect(of(0).readNullableBytes(true)).toBe(null)
  expect(of(0).readNullableArrayCount(true, 1, 16)).toBe(-1)
  expect(of(0xff, 0xff, 0xff, 0xff).readNullableArrayCount(false, 1, 16)).toBe(-1)
  failsWith('null not allowed', () => of(0xff, 0xff).readString(false))
  failsWith('null not allowed', () => of(0).readString(true))
  failsWith('null not allowed', () => of(0).readBytes(true))
  failsWith('null not allowed', () => of(0).readArrayCount(true, 1, 16))
  failsWith('negative length', () => of(0xff, 0xfe).readNullableString(false))
  failsWith('negative length', () => of(0xff, 0xff, 0xff, 0xfe).readNullableBytes(false))
  failsWith('negative length', () => of(0xff, 0xff, 0xff, 0xfe).readNullableArrayCount(false, 1, 16))
})

test('a count that the bytes left cannot hold is refused before anything is allocated', () => {
  failsWith('count beyond the bytes', () => of(0x7f, 0xff, 0xff, 0xff, 1, 2, 3).readArrayCount(false, 1, 16))
  failsWith('count beyond the bytes', () => of(0xff, 0xff, 0xff, 0xff, 0x0f, 1).readArrayCount(true, 1, 16))
  failsWith('count beyond the bytes', () => of(3, 0, 0, 0).readArrayCount(true, 2, 16))
  failsWith('count beyond the bytes', () => of(0xff, 0xff, 0x03, 0, 0).readTagCount())
})

test('what decoding allocates is charged first', () => {
  const zeros = new Uint8Array(1000)
  zeros[0] = 0x81
  zeros[1] = 0x05 // a count of 640
  failsWith('over budget', () => readerOf(zeros, 640 * 16 - 1).readArrayCount(true, 1, 16))
  expect(readerOf(zeros, 640 * 16).readArrayCount(true, 1, 16)).toBe(640)
  failsWith('over budget', () => readerOf(Uint8Array.of(4, 97, 97, 97), 21).readString(true))
  failsWith('over budget', () => readerOf(Uint8Array.of(4, 97, 97, 97), 18).readBytes(true))
  failsWith('over budget', () => readerOf(new Uint8Array(16).fill(1), 39).readUuid())
  failsWith('over budget', () => readerOf(Uint8Array.of(2, 0, 0, 0, 0), 31).skipTaggedFields())
})

test('uuids are in the form that Kafka prints', () => {
  const bytes = Uint8Array.from({ length: 16 }, (_, i) => i * 16 + i)
  expect(readerOf(bytes).readUuid()).toBe(Buffer.from(bytes).toString('base64url'))
  expect(readerOf(new Uint8Array(16)).readUuid()).toBe(ZERO_UUID)
})

test('known names and ids are looked up, others decoded', () => {
  const names = nameTable(2)
  const uuids = uuidTable(2)
  const uuid = 'AAECAwQFBgcICQoLDA0ODw'
  names.add('orders')
  uuids.add(uuid)
  const reader = new Reader(names, uuids)
  const read = (bytes: Uint8Array, budgetBytes: number): Reader => {
    reader.reset(bytes, new DataView(bytes.buffer), 0, bytes.length, budgetBytes)
    return reader
  }
  const orders = new Uint8Array([7, ...new TextEncoder().encode('orders')])
  const others = new Uint8Array([7, ...new TextEncoder().encode('others')])
  expect(read(orders, 0).readInternedString(true)).toBe('orders')
  expect(read(others, 100).readInternedString(true)).toBe('others')
  expect(reader.budgetBytes).toBeLessThan(100)
  const id = Uint8Array.from({ length: 16 }, (_, i) => i)
  expect(read(id, 0).readInternedUuid()).toBe(uuid)
  expect(() =>
    read(
      id.map((byte) => byte + 1),
      0,
    ).readInternedUuid(),
  ).toThrow('over budget')
})

test('bytes are copied out of the arena, spans stay in it', () => {
  const arena = new Uint8Array(new SharedArrayBuffer(8))
  arena.set([9, 4, 1, 2, 3])
  const reader = new Reader()
  reader.reset(arena, new DataView(arena.buffer), 1, 5, BUDGET_BYTES)
  const copy = reader.readBytes(true)
  reader.position = 1
  reader.readNullableSpan(true)
  expect([reader.spanOffset, reader.spanLength]).toEqual([2, 3])
  arena.fill(0)
  expect([...copy]).toEqual([1, 2, 3])
  expect(copy.buffer).toBeInstanceOf(ArrayBuffer)
})

test('tagged fields: unknown ones are passed over, a known one fills its size', () => {
  const reader = of(2, 5, 2, 1, 1, 9, 0, 42)
  reader.skipTaggedFields()
  expect(reader.readInt8()).toBe(42)
  failsWith('truncated', () => of(1, 5, 9, 1).skipTaggedFields())
  const short = of(4, 0, 0)
  failsWith('truncated', () => short.readTagEnd())
  const known = of(4, 0, 0, 0, 0)
  const tagEnd = known.readTagEnd()
  known.readInt16()
  failsWith('tag size differs', () => known.endTag(tagEnd))
})

test('a text that is read can be written again: as long as texts may be, also where malformed bytes become three', () => {
  const textOf = (byte: number, length: number) => {
    const bytes = new Uint8Array(2 + length).fill(byte)
    new DataView(bytes.buffer).setInt16(0, length)
    return readerOf(bytes)
  }
  expect(textOf(0x61, 32_767).readString(false)).toHaveLength(32_767)
  expect(textOf(0xff, 10_922).readString(false)).toHaveLength(10_922)
  failsWith('text too long', () => textOf(0xff, 10_923).readString(false))
  failsWith('text too long', () => textOf(0xff, 10_923).readInternedString(false))
  const compact = (length: number) =>
    ofText('a'.repeat(length), [((length + 1) & 0x7f) | 0x80, (((length + 1) >> 7) & 0x7f) | 0x80, (length + 1) >> 14])
  expect(compact(32_767).readString(true)).toHaveLength(32_767)
  failsWith('text too long', () => compact(32_768).readString(true))
})
