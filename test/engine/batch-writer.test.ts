import { describe, expect, test } from 'vitest'
import { BatchWriter } from '../../src/engine/batch-writer.ts'
import type { RecordInput } from '../../src/engine/records.ts'
import { crc32c } from '../../src/native/stand-in/crc32c.ts'
import {
  BATCH_CRC_FROM,
  batchBaseOffset,
  batchBaseTimestamp,
  batchBytes,
  batchCrc,
  batchLastOffsetDelta,
  batchMagic,
  batchMaxTimestamp,
  batchProducerId,
  batchRecordCount,
} from '../../src/wire/record-batch.ts'
import { RecordBatchBuilder } from '../../src/wire/record-batch-builder.ts'
import { RecordCursor } from '../../src/wire/record-cursor.ts'

const MEBIBYTE = 1 << 20

function written(records: readonly RecordInput[], bytesMax = MEBIBYTE): Uint8Array {
  const writer = new BatchWriter(crc32c)
  writer.begin(bytesMax)
  for (const record of records) expect(writer.add(record)).toBe(true)
  return writer.finish()
}

const bytesOf = (field: Uint8Array | string | null | undefined) => (field == null ? null : Buffer.from(field as string))

/** As the wire's own reader finds them. */
function read(batch: Uint8Array) {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength)
  expect(batchMagic(view, 0)).toBe(2)
  expect(batchBytes(view, 0)).toBe(batch.length)
  expect(batchCrc(view, 0)).toBe(crc32c(batch, BATCH_CRC_FROM, batch.length - BATCH_CRC_FROM, 0))
  expect(batchBaseOffset(view, 0)).toBe(0)
  expect(batchProducerId(view, 0)).toBe(-1)
  const cursor = new RecordCursor()
  cursor.reset(batch, view, 0, batch.length)
  const part = (offset: number, length: number) =>
    length < 0 ? null : Buffer.from(batch.slice(offset, offset + length))
  const records = []
  while (cursor.next()) {
    expect(cursor.offsetDelta).toBe(records.length)
    const headers = []
    const { keyOffset, keyLength, valueOffset, valueLength } = cursor
    while (cursor.nextHeader()) {
      headers.push({
        key: part(cursor.headerKeyOffset, cursor.headerKeyLength)!.toString(),
        value: part(cursor.headerValueOffset, cursor.headerValueLength),
      })
    }
    const timestamp = batchBaseTimestamp(view, 0) + cursor.timestampDelta
    records.push({ timestamp, key: part(keyOffset, keyLength), value: part(valueOffset, valueLength), headers })
  }
  expect(batchRecordCount(view, 0)).toBe(records.length)
  expect(batchLastOffsetDelta(view, 0)).toBe(records.length - 1)
  expect(batchMaxTimestamp(view, 0)).toBe(Math.max(...records.map(({ timestamp }) => timestamp)))
  return records
}

const asRead = ({ key, value, headers = [], timestamp = -1 }: RecordInput) => ({
  timestamp,
  key: bytesOf(key),
  value: bytesOf(value),
  headers: headers.map((header) => ({ key: header.key, value: bytesOf(header.value) })),
})

describe('a batch reads as what was written', () => {
  test.each<[string, RecordInput[]]>([
    ['nothing at all', [{}]],
    [
      'null and empty are two things',
      [
        { key: null, value: '' },
        { key: '', value: null },
      ],
    ],
    ['bytes', [{ key: Uint8Array.of(1, 2, 3), value: Buffer.alloc(100, 7) }]],
    ['short and long ASCII', [{ key: 'k', value: 'x'.repeat(1000) }]],
    ['text that is longer than its length', [{ key: 'schlüssel', value: 'наука'.repeat(500) }]],
    ['the last character is the long one', [{ value: `${'x'.repeat(60)}😀` }, { value: `${'x'.repeat(8000)}é` }]],
    ['only four-byte characters', [{ key: '😀', value: '😀'.repeat(33) }]],
    [
      'headers',
      [
        {
          headers: [
            { key: 'é', value: null },
            { key: '', value: 'ö' },
            { key: 'é', value: Buffer.of(0) },
          ],
        },
      ],
    ],
    ['64 headers and more', [{ headers: Array.from({ length: 70 }, (_, i) => ({ key: `${i}`, value: `${i}` })) }]],
    ['time goes back', [{ timestamp: 1_700_000_000_000 }, { timestamp: 0 }, { timestamp: 1_700_000_000_064 }]],
    ['time is none, and far ahead', [{ timestamp: -1 }, { timestamp: 2 ** 51 }]],
  ])('%s', (_, records) => {
    expect(read(written(records))).toEqual(records.map(asRead))
  })

  test('a lone surrogate becomes the replacement character', () => {
    const [record] = read(written([{ key: 'k\ud800', value: `${'x'.repeat(40)}\udc00` }]))
    expect(record!.key!.toString()).toBe('k\ufffd')
    expect(record!.value!.toString()).toBe(`${'x'.repeat(40)}\ufffd`)
  })

  test('9000 records, so that every delta takes its length', () => {
    const records = Array.from({ length: 9000 }, (_, i) => ({ value: `${i}`, timestamp: 1000 + i * 37 }))
    expect(read(written(records))).toEqual(records.map(asRead))
  })
})

test('random records, beside the builder that brokers use', () => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  const random = numbers(seed)
  const writer = new BatchWriter(crc32c)
  for (let round = 0; round < 60; round++) {
    const records = Array.from({ length: 1 + random(40) }, () => randomRecord(random))
    writer.begin(16 * MEBIBYTE)
    for (const record of records) expect(writer.add(record)).toBe(true)
    const batch = writer.finish()
    const builder = new RecordBatchBuilder(crc32c).begin()
    for (const record of records) {
      const { timestamp, key, value, headers } = asRead(record)
      builder.add({ timestampMs: timestamp, key, value, headers })
    }
    expect(Buffer.from(batch).equals(builder.finish()), `seed ${seed}, round ${round}`).toBe(true)
    expect(read(batch)).toHaveLength(records.length)
  }
})

test('a batch that is full stays as it is, and takes a shorter record', () => {
  const writer = new BatchWriter(crc32c)
  writer.begin(200)
  expect(writer.add({ value: 'x'.repeat(50), timestamp: 1 })).toBe(true)
  const before = writer.byteLength
  expect(writer.add({ value: 'x'.repeat(100), timestamp: 2 })).toBe(false)
  expect(writer.add({ value: 'é'.repeat(60), timestamp: 2 })).toBe(false)
  expect([writer.byteLength, writer.recordCount]).toEqual([before, 1])
  expect(writer.add({ value: 'é'.repeat(20), timestamp: 3 })).toBe(true)
  expect(read(writer.finish()).map(({ timestamp }) => timestamp)).toEqual([1, 3])
  writer.begin(200)
  expect([writer.byteLength, writer.recordCount]).toEqual([61, 0])
})

test('to the byte: a batch may be as long as it may be', () => {
  const exact = written([{ value: 'x'.repeat(80) }])
  expect(read(written([{ value: 'x'.repeat(80) }], exact.length))).toHaveLength(1)
  const writer = new BatchWriter(crc32c)
  writer.begin(exact.length - 1)
  expect(writer.add({ value: 'x'.repeat(80), timestamp: 0 })).toBe(false)
})

test('a record without a time has the one that the writer was told', () => {
  const writer = new BatchWriter(crc32c)
  writer.begin(MEBIBYTE)
  for (const nowMs of [70, 70, 50]) {
    writer.nowMs = nowMs
    writer.add({})
  }
  writer.add({ timestamp: 60 })
  expect(read(writer.finish()).map(({ timestamp }) => timestamp)).toEqual([70, 70, 50, 60])
})

test('what is no record is refused, and leaves no trace', () => {
  const writer = new BatchWriter(crc32c)
  writer.begin(MEBIBYTE)
  writer.add({ value: 'a', timestamp: 0 })
  const wrong = [
    { value: 7 },
    { key: {} },
    { headers: [{ key: 1, value: null }] },
    { headers: [{ key: 'a', value: 1 }] },
  ]
  for (const record of wrong) expect(() => writer.add(record as unknown as RecordInput)).toThrow(TypeError)
  expect(read(writer.finish()).map(({ value }) => `${value}`)).toEqual(['a'])
})

function randomRecord(random: (below: number) => number): RecordInput {
  const field = (longest: number): Uint8Array | string | null => {
    const length = random(4) === 0 ? random(longest) : random(30)
    const kind = random(5)
    if (kind === 0) return null
    if (kind === 1) return Buffer.from(Array.from({ length }, () => random(256)))
    if (kind === 2) return Array.from({ length }, () => String.fromCodePoint(0x20 + random(0x500))).join('')
    if (kind === 3) return Array.from({ length }, () => (random(50) === 0 ? '😀' : 'a')).join('')
    return 'a'.repeat(length)
  }
  const headers = Array.from({ length: random(4) }, () => ({ key: `${field(300) ?? ''}`, value: field(300) }))
  const timestamp = random(3) === 0 ? random(2 ** 31) * 1000 : 1_700_000_000_000 + random(5000)
  return { key: field(2000), value: field(20_000), headers, timestamp }
}

function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
