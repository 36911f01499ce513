import { expect, test } from 'vitest'
import { ZERO_UUID } from '../../src/model/uuid.ts'
import { nameTable, uuidTable } from '../../src/wire/intern.ts'
import { Reader } from '../../src/wire/reader.ts'
import { present, type RecordsSource, Writer } from '../../src/wire/writer.ts'
import { BUDGET_BYTES, readerOf } from './support/messages.ts'
import { Random } from './support/random.ts'

const back = (write: (writer: Writer) => void): Reader => {
  const writer = new Writer(new Uint8Array(1))
  write(writer)
  return readerOf(writer.written())
}

test('int64 comes back exactly from -2^53 to 2^53, and at the start of its range', () => {
  const values = [0, 1, -1, 2 ** 31, 2 ** 32, -(2 ** 32), -(2 ** 32) - 1, Number.MAX_SAFE_INTEGER]
  values.push(Number.MIN_SAFE_INTEGER, -(2 ** 63), 1_700_000_000_123)
  for (const value of values) expect(back((w) => w.writeInt64(value)).readInt64()).toBe(value)
})

test('what the largest long of Java reads as is not written as a negative one', () => {
  expect(back((w) => w.writeInt64(2 ** 63)).readInt64()).toBe(2 ** 63 - 2 ** 32)
  expect(back((w) => w.writeInt64(2 ** 70)).readInt64()).toBe(2 ** 63 - 2 ** 32)
})

test('varints and varlongs come back', () => {
  const random = new Random(1)
  const values = [0, 1, -1, 63, 64, -64, -65, 8191, 8192, 2147483647, -2147483648]
  for (let i = 0; i < 500; i++) values.push(random.below(2 ** 32) | 0)
  for (const value of values) {
    expect(back((w) => w.writeVarint(value)).readVarint()).toBe(value)
    expect(back((w) => w.writeVarlong(value)).readVarlong()).toBe(value)
    expect(back((w) => w.writeUnsignedVarint(value >>> 0)).readUnsignedVarint()).toBe(value >>> 0)
  }
  const longs = [2 ** 31, -(2 ** 31) - 1, 2 ** 40, -(2 ** 40), Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]
  for (let i = 0; i < 500; i++) longs.push((random.below(2 ** 21) - 2 ** 20) * 2 ** 32 + random.below(2 ** 32))
  for (const value of longs) expect(back((w) => w.writeVarlong(value)).readVarlong()).toBe(value)
})

test('a region that one long message made large is let go when the next one begins', () => {
  const writer = new Writer()
  writer.reserve(2 << 20)
  expect(writer.bytes.length).toBeGreaterThanOrEqual(2 << 20)
  writer.rewind()
  writer.writeInt8(7)
  expect(writer.bytes.length).toBeLessThan(1 << 20)
  expect(writer.written()).toEqual(Uint8Array.of(7))
})

test('a region that grows keeps what was written and the marks into it', () => {
  const arena = new Uint8Array(64).fill(0xee)
  const writer = new Writer()
  writer.reset(arena, new DataView(arena.buffer), 10, 20)
  const mark = writer.mark
  writer.writeInt32(0)
  writer.writeString('a name longer than the region', true)
  writer.patchInt32(mark, writer.mark)
  const reader = readerOf(writer.written())
  expect(reader.readInt32()).toBe(34)
  expect(reader.readString(true)).toBe('a name longer than the region')
  expect([...arena.subarray(20)].every((byte) => byte === 0xee)).toBe(true)
})

test('known names and ids are copied, others encoded, to the same bytes', () => {
  const [names, uuids] = [nameTable(4), uuidTable(4)]
  const [name, uuid] = ['größer als 名前', 'AAECAwQFBgcICQoLDA0ODw']
  const write = (writer: Writer): string => {
    writer.writeInternedString(name, true)
    writer.writeInternedNullableString(name, false)
    writer.writeInternedNullableString(null, false)
    writer.writeUuid(uuid)
    writer.writeUuid(ZERO_UUID)
    return Buffer.from(writer.written()).toString('hex')
  }
  const encoded = write(new Writer(new Uint8Array(4), names, uuids))
  names.add(name)
  uuids.add(uuid)
  expect(write(new Writer(new Uint8Array(4), names, uuids))).toBe(encoded)
  const reader = readerOf(new Uint8Array(Buffer.from(encoded, 'hex')))
  expect(reader.readString(true)).toBe(name)
  expect(reader.readString(false)).toBe(name)
  expect(reader.readNullableString(false)).toBe(null)
  expect([reader.readUuid(), reader.readUuid()]).toEqual([uuid, ZERO_UUID])
})

test('text over shared memory', () => {
  const arena = new Uint8Array(new SharedArrayBuffer(64))
  const writer = new Writer()
  const view = new DataView(arena.buffer)
  writer.reset(arena, view, 0, 64)
  writer.writeString('größer 😀', false)
  writer.writeNullableString(null, true)
  const reader = new Reader()
  reader.reset(arena, view, 0, writer.position, BUDGET_BYTES)
  expect(reader.readString(false)).toBe('größer 😀')
  expect(reader.readNullableString(true)).toBe(null)
})

test.each([0, 1, 126, 127, 128, 16_382, 16_383, 16_384, 2_100_000])(
  'a tagged field of %i bytes states its size',
  (length) => {
    const writer = new Writer(new Uint8Array(4))
    const tags = writer.beginTags()
    const mark = writer.beginTag(7)
    const content = Uint8Array.from({ length }, (_, i) => i % 251)
    writer.writeRaw(content)
    writer.endTag(mark)
    writer.endTags(tags, 1)
    writer.writeInt8(42)
    const reader = readerOf(writer.written())
    expect(reader.readTagCount()).toBe(1)
    expect(reader.readUnsignedVarint()).toBe(7)
    const tagEnd = reader.readTagEnd()
    expect(tagEnd - reader.position).toBe(length)
    expect(Buffer.compare(reader.bytes.subarray(reader.position, tagEnd), content)).toBe(0)
    reader.position = tagEnd
    expect(reader.readInt8()).toBe(42)
  },
)

test('records go where a subclass puts them, their length where readers look for it', () => {
  class Spliced extends Writer {
    readonly sources: [number, RecordsSource][] = []
    protected override appendRecords(source: RecordsSource): void {
      this.sources.push([this.mark, source])
    }
  }
  const writer = new Spliced()
  const source = { byteLength: 1000, descriptor: 7 }
  writer.writeNullableRecords(source, false)
  writer.writeNullableRecords(null, true)
  expect(writer.sources).toEqual([[4, source]])
  expect(Buffer.from(writer.written()).toString('hex')).toBe('000003e800')
})

test('what a version cannot say is a broken invariant of ours', () => {
  const writer = new Writer()
  expect(() => present(null)).toThrow('null in a version that has none')
  expect(() => writer.writeString('x'.repeat(32_768), false)).toThrow('32767')
  expect(() => writer.writeArrayCount(-1, true)).toThrow('may not be null')
  expect(() => writer.writeUuid('short')).toThrow('22 characters')
  expect(() => writer.writeUuid('!'.repeat(22))).toThrow('base64url')
})
