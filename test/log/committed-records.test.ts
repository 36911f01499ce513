// What a reader of committed data makes of a log: transactions, compression, damage; and how the log is read for it.
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { BatchScan } from '../../src/log/batch-scan.ts'
import { CommittedRecords } from '../../src/log/committed-records.ts'
import type { Drainer } from '../../src/log/drainer.ts'
import type { PartitionLog } from '../../src/log/partition-log.ts'
import { Segment } from '../../src/log/segment.ts'
import { SegmentFiles } from '../../src/log/segment-files.ts'
import { createDescriptorHoldsMemory, DescriptorHolds } from '../../src/memory/descriptor-holds.ts'
import {
  BATCH_CRC_FROM,
  BATCH_HEADER_BYTES,
  BATCH_OVERHEAD_BYTES,
  ControlType,
  LOG_APPEND_TIME,
  setBatchAttributes,
  setBatchCrc,
  setBatchMaxTimestamp,
  TRANSACTIONAL,
} from '../../src/wire/record-batch.ts'
import { type BatchOptions, RecordBatchBuilder } from '../../src/wire/record-batch-builder.ts'
import { crc32c } from '../raft/crc32c.ts'
import { FakeDisk } from '../raft/fake-disk.ts'

const text = new TextEncoder()
const builder = new RecordBatchBuilder(crc32c)
let nextOffset = 0

type Entry = readonly [key: string | null, value: string | null]

function batch(entries: readonly Entry[], options: BatchOptions = {}): Uint8Array<ArrayBuffer> {
  builder.begin({ baseOffset: nextOffset, ...options })
  for (const [key, value] of entries) {
    const bytes = (part: string | null) => (part === null ? null : text.encode(part))
    builder.add({ timestampMs: 1000 + builder.recordCount, key: bytes(key), value: bytes(value) })
  }
  nextOffset += entries.length
  return builder.finish().slice() as Uint8Array<ArrayBuffer>
}

const transactional = (producerId: number, ...entries: Entry[]) =>
  batch(entries, { producerId, producerEpoch: 0, attributes: TRANSACTIONAL })

function marker(producerId: number, type: number): Uint8Array<ArrayBuffer> {
  builder.begin({ baseOffset: nextOffset++, producerId, producerEpoch: 0, attributes: TRANSACTIONAL })
  return builder.addControl(type, 1000, new Uint8Array(6)).finish().slice() as Uint8Array<ArrayBuffer>
}

/** With its length and CRC set right again. */
function sealed(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer)
  view.setInt32(8, bytes.length - BATCH_OVERHEAD_BYTES)
  setBatchCrc(view, 0, crc32c(bytes, BATCH_CRC_FROM, bytes.length - BATCH_CRC_FROM, 0))
  return bytes
}

function compressed(plain: Uint8Array<ArrayBuffer>, codec: number, records: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(BATCH_HEADER_BYTES + records.length)
  bytes.set(plain.subarray(0, BATCH_HEADER_BYTES))
  bytes.set(records, BATCH_HEADER_BYTES)
  setBatchAttributes(new DataView(bytes.buffer), 0, codec)
  return sealed(bytes)
}

function reader(firstOffset = 0, heldBytesMax = 1 << 20) {
  const seen: string[] = []
  const records = new CommittedRecords(crc32c, firstOffset, heldBytesMax, (key, value, offset, timestampMs) => {
    const shown = value === null ? 'null' : Buffer.from(value).toString()
    seen.push(`${offset} ${Buffer.from(key).toString()}=${shown} @${timestampMs}`)
  })
  return { seen, add: (...batches: Uint8Array[]) => records.add(new Uint8Array(Buffer.concat(batches))) }
}

test('records in order; without a key, or before the start of the log, none', () => {
  nextOffset = 0
  const { seen, add } = reader(1)
  add(
    batch([['a', '0']]),
    batch([
      ['a', '1'],
      ['b', null],
      [null, 'c'],
    ]),
  )
  add(batch([['b', '4']]))
  expect(seen).toEqual(['1 a=1 @1000', '2 b=null @1001', '4 b=4 @1000'])
})

describe('a transaction counts', () => {
  test('from its commit on, others beside it, an aborted or open one not at all', () => {
    nextOffset = 0
    const { seen, add } = reader()
    add(transactional(1, ['a', '0']), transactional(2, ['a', '1']), transactional(1, ['b', '2']))
    add(batch([['c', '3']]))
    expect(seen).toEqual(['3 c=3 @1000'])
    add(marker(2, ControlType.Abort), marker(1, ControlType.Commit), transactional(2, ['d', '6']))
    expect(seen.slice(1)).toEqual(['0 a=0 @1000', '2 b=2 @1000'])
    add(marker(1, ControlType.Commit), marker(2, ControlType.Commit))
    expect(seen.slice(3)).toEqual(['6 d=6 @1000'])
  })

  test('not where a plain record of the same key came before its commit', () => {
    nextOffset = 0
    const { seen, add } = reader()
    add(transactional(1, ['a', '0'], ['b', '1']), batch([['a', '2']]), transactional(1, ['a', '3']))
    add(batch([['b', '4']]), marker(1, ControlType.Commit))
    expect(seen).toEqual(['2 a=2 @1000', '4 b=4 @1000', '3 a=3 @1000'])
  })
})

test('what open transactions take is bounded, over all of them, and free again at their end', () => {
  nextOffset = 0
  const { add, seen } = reader(0, 3000)
  const large = 'x'.repeat(800)
  for (let round = 0; round < 5; round++) {
    add(transactional(1, ['a', large]), transactional(2, ['b', large]))
    for (let i = 0; i < 100; i++) add(batch([[`plain ${i}`, large]]))
    add(marker(1, ControlType.Commit), marker(2, ControlType.Abort))
  }
  expect(seen.filter((record) => /a=/.test(record))).toHaveLength(5)
  add(transactional(1, ['a', large]), transactional(2, ['b', large]))
  const offset = nextOffset
  expect(() => add(transactional(3, ['c', large]))).toThrow(
    `more than 3000 bytes of open transactions before offset ${offset}`,
  )
})

test('gzip is opened, what Node cannot open is refused by its name', () => {
  nextOffset = 0
  const { seen, add } = reader()
  const plain = batch([
    ['a', '0'],
    ['b', '1'],
  ])
  add(compressed(plain, 1, gzipSync(plain.subarray(BATCH_HEADER_BYTES))))
  expect(seen).toEqual(['0 a=0 @1000', '1 b=1 @1001'])
  expect(() => add(compressed(plain, 2, plain.subarray(BATCH_HEADER_BYTES)))).toThrow('snappy')
  expect(() => add(compressed(plain, 3, plain.subarray(BATCH_HEADER_BYTES)))).toThrow('lz4')
})

test('the time of append is every record’s', () => {
  nextOffset = 0
  const { seen, add } = reader()
  const bytes = batch([
    ['a', '0'],
    ['b', '1'],
  ])
  const view = new DataView(bytes.buffer)
  setBatchAttributes(view, 0, LOG_APPEND_TIME)
  setBatchMaxTimestamp(view, 0, 7777)
  add(sealed(bytes))
  expect(seen).toEqual(['0 a=0 @7777', '1 b=1 @7777'])
})

test('a damaged batch is an error', () => {
  nextOffset = 5
  const { add } = reader()
  const bytes = batch([['a', 'value']])
  bytes[bytes.length - 2]! ^= 1
  expect(() => add(bytes)).toThrow('the batch at offset 5 is damaged')
})

describe('a log is read', () => {
  const IDENTITY = { topic: 't', topicId: 'AAAAAAAAAAAAAAAAAAAAEQ', partition: 0, directory: 'data/t-0' }

  /** A log whose segments have these batches. */
  async function logOf(...segments: Uint8Array[][]) {
    const disk = new FakeDisk()
    const holds = new DescriptorHolds(createDescriptorHoldsMemory(1, 4))
    const files = new SegmentFiles(disk, async () => undefined, holds, 0, 4)
    const made = segments.map((batches, i) => {
      const bytes = Buffer.concat(batches)
      return { bytes, segment: new Segment(IDENTITY, i * 100, bytes.length) }
    })
    for (const { segment, bytes } of made) await (await files.open(segment))!.write(bytes, 0)
    const log = { segments: made.map(({ segment }) => segment), durableOffset: 1, drainedOffset: 1, isClosed: false }
    const scan = new BatchScan({ drainTo: async () => undefined } as unknown as Drainer, files, holds)
    const lengths = async (bytesMax: number) => {
      const found: number[] = []
      for await (const run of scan.runs(log as unknown as PartitionLog, bytesMax)) found.push(run.length)
      return found
    }
    return { log, files, scan, lengths }
  }

  test('in runs of whole batches, over all segments, a long batch alone', async () => {
    nextOffset = 0
    const small = batch([['a', 'b']])
    const long = batch([['a', 'c'.repeat(1000)]])
    const { lengths } = await logOf([small, small, small, long, small], [], [small])
    const [a, b] = [small.length, long.length]
    expect(await lengths(2 * a + 10)).toEqual([2 * a, a, b, a, a])
    expect(await lengths(1)).toEqual([a, a, a, b, a, a])
    expect(await lengths(1 << 20)).toEqual([4 * a + b, a])
  })

  test('no further than batches go', async () => {
    nextOffset = 0
    const small = batch([['a', 'b']])
    for (const rest of [small.subarray(0, 30), small.subarray(0, small.length - 1), new Uint8Array(100)]) {
      const { lengths } = await logOf([small, rest])
      await expect(lengths(1000)).rejects.toThrow(`00.log: no batch at ${small.length}`)
    }
  })

  test('a segment that is deleted meanwhile is left out, those behind it are not', async () => {
    nextOffset = 0
    const small = batch([['a', 'b']])
    const { log, files, scan } = await logOf([small, small], [small, small, small])
    const lengths: number[] = []
    for await (const run of scan.runs(log as unknown as PartitionLog, 1)) {
      lengths.push(run.length)
      if (lengths.length > 1) continue
      // As the next run is being looked for.
      const open = files.open.bind(files)
      files.open = async (segment) => {
        log.segments[0]!.isGone = true
        return open(segment)
      }
    }
    expect(lengths).toHaveLength(4)
  })

  test('and what is in memory is drained before', async () => {
    nextOffset = 0
    const small = batch([['a', 'b']])
    const { log, lengths, files } = await logOf([small])
    log.durableOffset = 2
    const drainer = { drainTo: async (_log: unknown, offset: number) => (log.drainedOffset = offset) }
    const scan = new BatchScan(
      drainer as unknown as Drainer,
      files,
      new DescriptorHolds(createDescriptorHoldsMemory(1, 4)),
    )
    for await (const run of scan.runs(log as unknown as PartitionLog, 1000)) expect(run.length).toBe(small.length)
    expect(log.drainedOffset).toBe(2)
    expect(await lengths(1000)).toEqual([small.length])
  })
})
