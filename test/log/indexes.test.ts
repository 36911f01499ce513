import { describe, expect, test } from 'vitest'
import { batchHeaders, loadIndexes, loadLargestTimestamp, storeIndexes } from '../../src/log/index-files.ts'
import { OffsetIndex } from '../../src/log/offset-index.ts'
import { Segment } from '../../src/log/segment.ts'
import { TimeIndex } from '../../src/log/time-index.ts'
import { FakeDisk, seededRandom } from '../raft/fake-disk.ts'
import { batchOf } from '../scenarios/client.ts'

const IDENTITY = { topic: 't', topicId: 'AAAAAAAAAAAAAAAAAAAAEQ', partition: 0, directory: 'data/t-0' }
const INTERVAL = 300

interface Appended {
  baseOffset: number
  lastOffset: number
  position: number
  length: number
  maxTimestamp: number
}

/** A segment with `count` batches at random, in a file and as a naive list. */
async function segmentOf(seed: number, count: number, base = 1000) {
  const random = seededRandom(seed)
  const disk = new FakeDisk()
  const segment = new Segment(IDENTITY, base, 0)
  const file = await disk.open(segment.path, 'write')
  const batches: Appended[] = []
  let offset = base
  for (let i = 0; i < count; i++) {
    const records = Array.from({ length: 1 + (random() % 3) }, () => ({
      value: 'v'.repeat(random() % 200),
      timestampMs: 5000 + i * 5 + (random() % 100),
    }))
    const bytes = batchOf(records, { baseOffset: offset })
    const maxTimestamp = Math.max(...records.map(({ timestampMs }) => timestampMs))
    const lastOffset = offset + records.length - 1
    const position = segment.append(lastOffset, { baseOffset: offset, length: bytes.length, maxTimestamp }, INTERVAL)
    await file.write(bytes, position)
    batches.push({ baseOffset: offset, lastOffset, position, length: bytes.length, maxTimestamp })
    offset = lastOffset + 1
  }
  segment.drainedBytes = segment.appendedBytes
  return { disk, segment, file, batches, endOffset: offset }
}

describe('against a naive list', () => {
  test.each([1, 2, 3, 4, 5])('offsets, boundaries and times, seed %i', async (seed) => {
    const { segment, batches, endOffset } = await segmentOf(seed, 120)
    const { offsetIndex: offsets, timeIndex: times, baseOffset } = segment
    expect(offsets!.count).toBeGreaterThan(20)
    expect(offsets!.isSane(segment.drainedBytes)).toBe(true)
    for (let offset = baseOffset; offset < endOffset; offset++) {
      const holder = batches.find(({ lastOffset }) => lastOffset >= offset)!
      const from = offsets!.floorPosition(offset - baseOffset)
      expect(from).toBeLessThanOrEqual(holder.position)
      expect(batches.some(({ position }) => position === from)).toBe(true)
      // Not further away than the interval and the batches around it.
      expect(holder.position - from).toBeLessThan(INTERVAL + 2 * 800)
    }
    for (let position = 0; position <= segment.drainedBytes; position += 37) {
      const boundary = offsets!.floorBoundary(position)
      expect(boundary).toBeLessThanOrEqual(position)
      expect(batches.some((batch) => batch.position === boundary)).toBe(true)
    }
    for (let timestamp = 4990; timestamp < 5800; timestamp += 7) {
      const first = batches.find(({ maxTimestamp }) => maxTimestamp >= timestamp)
      const from = baseOffset + times!.floorOffset(timestamp)
      if (first !== undefined) expect(from, `${timestamp}`).toBeLessThanOrEqual(first.lastOffset)
    }
  })

  test('both survive their files', async () => {
    const { segment } = await segmentOf(9, 80)
    const offsets = OffsetIndex.decode(segment.offsetIndex!.encode(0))
    const times = TimeIndex.decode(segment.timeIndex!.encode(0))
    expect([...offsets.encode(0)]).toEqual([...segment.offsetIndex!.encode(0)])
    expect([...times.encode(2)]).toEqual([...segment.timeIndex!.encode(2)])
    // Half an entry at the end is none.
    expect(OffsetIndex.decode(offsets.encode(0).subarray(0, 20)).count).toBe(2)
    expect(TimeIndex.decode(times.encode(0).subarray(0, 35)).count).toBe(2)
  })
})

describe('index files after a crash', () => {
  test('entries of lost batches are gone from memory and from the files', async () => {
    const { disk, segment, file, batches } = await segmentOf(3, 60)
    await storeIndexes(disk, segment)
    const stored = disk.bytesOf(segment.indexPath('index')).length
    // A crash took the last 30 batches, whose entries are in the files.
    const cut = batches[30]!
    await file.truncate(cut.position)
    const after = new Segment(IDENTITY, segment.baseOffset, cut.position)
    await loadIndexes(disk, after, file, INTERVAL, cut.baseOffset)
    const entries = after.offsetIndex!.count
    expect([entries * 8, after.timeIndex!.count * 12]).toEqual([
      disk.bytesOf(after.indexPath('index')).length,
      disk.bytesOf(after.indexPath('timeindex')).length,
    ])
    expect(entries * 8).toBeLessThan(stored)
    expect(after.timeIndex!.lastOffset()).toBeLessThan(cut.baseOffset - after.baseOffset)
    expect(after.largestTimestamp).toBe(Math.max(...batches.slice(0, 30).map(({ maxTimestamp }) => maxTimestamp)))
    // One large batch, then a crash again: what stood behind must not come back.
    const large = { baseOffset: cut.baseOffset, length: segment.drainedBytes - cut.position, maxTimestamp: 1 }
    after.append(cut.baseOffset, large, INTERVAL)
    after.drainedBytes = after.appendedBytes
    await storeIndexes(disk, after)
    const bytes = OffsetIndex.decode(disk.bytesOf(after.indexPath('index')))
    expect(bytes.count).toBe(after.offsetIndex!.count)
  })

  test.each(['missing', 'zeros', 'torn', 'garbage'])('what is %s is made again from the log', async (damage) => {
    const { disk, segment, file, batches } = await segmentOf(4, 60)
    await storeIndexes(disk, segment)
    const path = segment.indexPath('index')
    const good = disk.bytesOf(path).slice()
    if (damage === 'missing') await disk.remove(path)
    if (damage === 'zeros') disk.setBytes(path, new Uint8Array(good.length))
    if (damage === 'torn') disk.setBytes(path, good.slice(0, 3))
    if (damage === 'garbage')
      disk.setBytes(
        path,
        good.map((byte) => byte ^ 0x55),
      )
    const after = new Segment(IDENTITY, segment.baseOffset, segment.drainedBytes)
    await loadIndexes(disk, after, file, INTERVAL)
    expect([...after.offsetIndex!.encode(0)]).toEqual([...good])
    expect([...disk.bytesOf(path)]).toEqual([...good])
    expect([after.appendedBytes, after.drainedBytes]).toEqual([segment.drainedBytes, segment.drainedBytes])
    expect(after.largestTimestamp).toBe(Math.max(...batches.map(({ maxTimestamp }) => maxTimestamp)))
  })

  test.each([
    ['later', 1],
    ['earlier', -1],
  ])('a last entry that is %s than its batch makes no segment younger or older', async (_, by) => {
    const { disk, segment, file, batches } = await segmentOf(5, 60)
    await storeIndexes(disk, segment)
    const path = segment.indexPath('timeindex')
    const good = disk.bytesOf(path).slice()
    const bad = good.slice()
    new DataView(bad.buffer).setInt32(bad.length - 8, new DataView(bad.buffer).getInt32(bad.length - 8) + by)
    disk.setBytes(path, bad)
    const after = new Segment(IDENTITY, segment.baseOffset, segment.drainedBytes)
    await loadLargestTimestamp(disk, after, file, INTERVAL)
    expect(after.largestTimestamp).toBe(Math.max(...batches.map(({ maxTimestamp }) => maxTimestamp)))
    expect([...disk.bytesOf(path)]).toEqual([...good])
    // It is looked at once, and nobody reads from it.
    expect([after.offsetIndex, after.timeIndex]).toEqual([null, null])
  })

  test('a sealed segment knows its largest timestamp, also one that no entry tells of', async () => {
    const { disk, segment, file, batches } = await segmentOf(6, 61)
    await storeIndexes(disk, segment)
    const after = new Segment(IDENTITY, segment.baseOffset, segment.drainedBytes)
    await loadIndexes(disk, after, file, INTERVAL)
    const largest = Math.max(...batches.map(({ maxTimestamp }) => maxTimestamp))
    const first = batches.find(({ maxTimestamp }) => maxTimestamp === largest)!
    expect([after.largestTimestamp, after.largestTimestampOffset]).toEqual([
      largest,
      first.lastOffset - segment.baseOffset,
    ])
  })
})

describe('walking batch headers', () => {
  test('every batch, whatever is read at a time, from any of them on', async () => {
    const { file, segment, batches } = await segmentOf(7, 50)
    for (const readBytes of [61, 100, 999, 1 << 16]) {
      for (const from of [0, 1, 25, 49]) {
        const seen: number[] = []
        for await (const { position } of batchHeaders(file, batches[from]!.position, segment.drainedBytes, readBytes)) {
          seen.push(position)
        }
        expect(seen).toEqual(batches.slice(from).map(({ position }) => position))
      }
    }
  })

  test.each([-1, 0, 48, 2 ** 31 - 1])('ends before a batch that claims %i bytes', async (claimed) => {
    const { disk, file, segment, batches } = await segmentOf(8, 10)
    const bytes = disk.bytesOf(segment.path).slice()
    new DataView(bytes.buffer).setInt32(batches[5]!.position + 8, claimed)
    disk.setBytes(segment.path, bytes)
    let count = 0
    for await (const _ of batchHeaders(file, 0, segment.drainedBytes)) count++
    expect(count).toBe(5)
  })
})
