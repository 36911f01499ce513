import { expect, test } from 'vitest'
import { DecodeError } from '../../src/wire/errors.ts'
import { writeLeaderChangeMessage } from '../../src/wire/generated/raft-records.ts'
import * as batch from '../../src/wire/record-batch.ts'
import { RecordBatchBuilder } from '../../src/wire/record-batch-builder.ts'
import { RecordCursor } from '../../src/wire/record-cursor.ts'
import { Writer } from '../../src/wire/writer.ts'
import { crc32c } from './support/crc32c.ts'
import { Random } from './support/random.ts'

const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)

// Made by Kafka 4.3.0's MemoryRecords.
const TRANSACTIONAL =
  '00000000000000050000018700000004024668998e00100000000200000000000003e80000020000000000000000000000004d0003000000090000' +
  `00030e000000010276002000c70102026b01040268020104683201f60400b0f0ffffff7f04066b6579d804${'78'.repeat(300)}00`
const COMMIT_MARKER =
  '000000000000000c0000004200000006025288fcaa0030000000000000018bcfe568000000018bcfe56800000000000000004d0003ffffffff0000' +
  '00012000000008000000010c00000000000800'
const LEADER_CHANGE =
  '00000000000000030000004a0000000202c6d072930020000000000000018bcfe568000000018bcfe56800ffffffffffffffffffffffffffff0000' +
  '00013000000008000000021c000000000001020000000100010000'

const builder = new RecordBatchBuilder(crc32c)

function transactional(): Uint8Array {
  return builder
    .begin({
      baseOffset: 5,
      leaderEpoch: 4,
      attributes: batch.TRANSACTIONAL,
      producerId: 77,
      producerEpoch: 3,
      baseSequence: 9,
    })
    .add({ timestampMs: 1000, value: text('v') })
    .add({
      timestampMs: 900,
      key: text('k'),
      headers: [
        { key: 'h', value: Uint8Array.of(1) },
        { key: 'h2', value: null },
      ],
    })
    .add({ timestampMs: 2 ** 41, key: text('key'), value: text('x'.repeat(300)) })
    .finish()
}

test('a transactional batch is built as Kafka builds it', () => {
  expect(hexOf(transactional())).toBe(TRANSACTIONAL)
})

test('a commit marker is built as Kafka builds it', () => {
  const value = Uint8Array.of(0, 0, 0, 0, 0, 8)
  const marker = builder
    .begin({ baseOffset: 12, leaderEpoch: 6, attributes: batch.TRANSACTIONAL, producerId: 77, producerEpoch: 3 })
    .addControl(batch.ControlType.Commit, 1_700_000_000_000, value)
    .finish()
  expect(hexOf(marker)).toBe(COMMIT_MARKER)
})

test('a leader change is built as Kafka builds it', () => {
  const writer = new Writer()
  const voters = [{ voterId: 1, voterDirectoryId: '' }]
  writeLeaderChangeMessage(writer, 0, { version: 0, leaderId: 1, voters, grantingVoters: [] })
  const change = builder
    .begin({ baseOffset: 3, leaderEpoch: 2 })
    .addControl(batch.ControlType.LeaderChange, 1_700_000_000_000, writer.written())
    .finish()
  expect(hexOf(change)).toBe(LEADER_CHANGE)
})

test('the header reads as it was written', () => {
  const view = viewOf(transactional())
  expect({
    baseOffset: batch.batchBaseOffset(view, 0),
    bytes: batch.batchBytes(view, 0),
    leaderEpoch: batch.batchLeaderEpoch(view, 0),
    magic: batch.batchMagic(view, 0),
    crc: batch.batchCrc(view, 0),
    compression: batch.batchCompression(view, 0),
    isTransactional: batch.batchIsTransactional(view, 0),
    isControl: batch.batchIsControl(view, 0),
    lastOffset: batch.batchLastOffset(view, 0),
    baseTimestamp: batch.batchBaseTimestamp(view, 0),
    maxTimestamp: batch.batchMaxTimestamp(view, 0),
    producerId: batch.batchProducerId(view, 0),
    producerEpoch: batch.batchProducerEpoch(view, 0),
    baseSequence: batch.batchBaseSequence(view, 0),
    recordCount: batch.batchRecordCount(view, 0),
  }).toEqual({
    baseOffset: 5,
    bytes: TRANSACTIONAL.length / 2,
    leaderEpoch: 4,
    magic: 2,
    crc: 0x4668998e,
    compression: 0,
    isTransactional: true,
    isControl: false,
    lastOffset: 7,
    baseTimestamp: 1000,
    maxTimestamp: 2 ** 41,
    producerId: 77,
    producerEpoch: 3,
    baseSequence: 9,
    recordCount: 3,
  })
})

test('base offset and leader epoch are set in place, outside the CRC', () => {
  const bytes = transactional().slice()
  const view = viewOf(bytes)
  batch.setBatchBaseOffset(view, 0, 2 ** 40 + 3)
  batch.setBatchLeaderEpoch(view, 0, 99)
  expect(batch.batchBaseOffset(view, 0)).toBe(2 ** 40 + 3)
  expect(batch.batchLeaderEpoch(view, 0)).toBe(99)
  expect(crc32c(bytes, batch.BATCH_CRC_FROM, bytes.length - batch.BATCH_CRC_FROM, 0)).toBe(batch.batchCrc(view, 0))
})

test('log append time is set with a new CRC', () => {
  const bytes = transactional().slice()
  const view = viewOf(bytes)
  batch.setBatchAttributes(view, 0, batch.batchAttributes(view, 0) | batch.LOG_APPEND_TIME)
  batch.setBatchMaxTimestamp(view, 0, 5000)
  batch.setBatchCrc(view, 0, crc32c(bytes, batch.BATCH_CRC_FROM, bytes.length - batch.BATCH_CRC_FROM, 0))
  expect(batch.batchMaxTimestamp(view, 0)).toBe(5000)
  expect(batch.batchAttributes(view, 0)).toBe(batch.TRANSACTIONAL | batch.LOG_APPEND_TIME)
  expect(batch.batchCrc(view, 0)).not.toBe(0x4668998e)
})

interface Seen {
  offsetDelta: number
  timestampDelta: number
  key: string | null
  value: string | null
  headers: [string, string | null][]
}

function walk(bytes: Uint8Array, at = 0, end = bytes.length): Seen[] {
  const cursor = new RecordCursor()
  const show = (offset: number, length: number): string | null =>
    length < 0 ? null : Buffer.from(bytes.subarray(offset, offset + length)).toString()
  const seen: Seen[] = []
  cursor.reset(bytes, viewOf(bytes), at, end)
  while (cursor.next()) {
    const headers: [string, string | null][] = []
    const { offsetDelta, timestampDelta } = cursor
    const key = show(cursor.keyOffset, cursor.keyLength)
    const value = show(cursor.valueOffset, cursor.valueLength)
    while (cursor.nextHeader())
      headers.push([
        show(cursor.headerKeyOffset, cursor.headerKeyLength)!,
        show(cursor.headerValueOffset, cursor.headerValueLength),
      ])
    seen.push({ offsetDelta, timestampDelta, key, value, headers })
  }
  return seen
}

test('the cursor walks the records where they lie, among other bytes', () => {
  const bytes = transactional()
  const arena = new Uint8Array(bytes.length + 100).fill(0xff)
  arena.set(bytes, 40)
  const longest = 'x'.repeat(300)
  expect(walk(arena, 40)).toEqual([
    { offsetDelta: 0, timestampDelta: 0, key: null, value: 'v', headers: [] },
    {
      offsetDelta: 1,
      timestampDelta: -100,
      key: 'k',
      value: null,
      headers: [
        ['h', '\u0001'],
        ['h2', null],
      ],
    },
    { offsetDelta: 2, timestampDelta: 2 ** 41 - 1000, key: 'key', value: longest, headers: [] },
  ])
})

test('the cursor passes over headers that nobody looks at', () => {
  const cursor = new RecordCursor()
  const bytes = transactional()
  cursor.reset(bytes, viewOf(bytes), 0, bytes.length)
  const headerCounts: number[] = []
  while (cursor.next()) headerCounts.push(cursor.headerCount)
  expect(headerCounts).toEqual([0, 2, 0])
})

test('a control record tells its type', () => {
  const bytes = new Uint8Array(Buffer.from(COMMIT_MARKER, 'hex'))
  const cursor = new RecordCursor()
  cursor.reset(bytes, viewOf(bytes), 0, bytes.length)
  expect(cursor.next()).toBe(true)
  expect(cursor.controlType).toBe(batch.ControlType.Commit)
  expect(cursor.next()).toBe(false)
})

test('a batch cut anywhere, or longer than its records, is a DecodeError', () => {
  const bytes = transactional().slice()
  for (let end = 0; end < bytes.length; end++) expect(() => walk(bytes, 0, end), `${end} bytes`).toThrow(DecodeError)
  const longer = new Uint8Array([...bytes, 0])
  viewOf(longer).setInt32(8, bytes.length + 1 - batch.BATCH_OVERHEAD_BYTES)
  expect(() => walk(longer)).toThrow('malformed record')
})

test('a batch with broken bytes is records within it or a DecodeError', () => {
  const bytes = transactional().slice()
  for (let seed = 1; seed <= 3000; seed++) {
    const random = new Random(seed)
    const broken = bytes.slice()
    for (let i = 0; i <= random.below(3); i++) broken[random.below(broken.length)] = random.below(256)
    try {
      walk(broken)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw new Error(`seed ${seed}`, { cause: error })
    }
  }
})
