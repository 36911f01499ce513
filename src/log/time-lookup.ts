// Finds offsets by time (ListOffsets): the first record whose timestamp is not below a target.
//
// Owner: the shard of the partition. Records of an uncompressed batch are looked at one by one; a compressed batch is not
// opened here, so its first offset stands for the record, with the batch's largest timestamp.
import type { Disk, DiskFile } from '../lib/env.ts'
import type { ArenaView } from '../memory/arena.ts'
import type { DescriptorHolds } from '../memory/descriptor-holds.ts'
import {
  batchAttributes,
  batchBaseOffset,
  batchBaseTimestamp,
  batchBytes,
  batchMaxTimestamp,
  COMPRESSION_MASK,
  LOG_APPEND_TIME,
} from '../wire/record-batch.ts'
import { RecordCursor } from '../wire/record-cursor.ts'
import { batchHeaders, loadIndexes } from './index-files.ts'
import type { PartitionLog } from './partition-log.ts'
import type { Segment } from './segment.ts'
import type { SegmentFiles } from './segment-files.ts'

export interface TimedOffset {
  offset: number
  timestamp: number
}

export class TimeLookup {
  readonly #disk: Disk
  readonly #files: SegmentFiles
  readonly #arenas: readonly ArenaView[]
  readonly #holds: DescriptorHolds
  readonly #cursor = new RecordCursor()

  constructor(disk: Disk, files: SegmentFiles, arenas: readonly ArenaView[], holds: DescriptorHolds) {
    this.#disk = disk
    this.#files = files
    this.#arenas = arenas
    this.#holds = holds
  }

  /**
   * The first record with a timestamp of at least `timestamp`, from the log's start to the high watermark; null if there is
   * none.
   */
  async find(log: PartitionLog, timestamp: number): Promise<TimedOffset | null> {
    for (const segment of [...log.segments]) {
      await this.#load(log, segment)
      if (segment.isGone || segment.largestTimestamp < timestamp) continue
      const found = await this.#findInSegment(log, segment, timestamp)
      if (found !== null) return found.offset < log.highWatermark ? found : null
    }
    return null
  }

  /** The first record that has the largest timestamp of all; null of an empty log. */
  async findLargest(log: PartitionLog): Promise<TimedOffset | null> {
    let largest = -1
    for (const segment of [...log.segments]) {
      await this.#load(log, segment)
      if (segment.isGone) continue
      const isCut = segment.baseOffset < log.logStartOffset
      largest = Math.max(largest, isCut ? await this.#largestSinceStart(log, segment) : segment.largestTimestamp)
    }
    return largest < 0 ? null : this.find(log, largest)
  }

  /** Of the segment that the log begins in: what it knows itself may be of records that were deleted. */
  async #largestSinceStart(log: PartitionLog, segment: Segment): Promise<number> {
    const from = log.logStartOffset
    let largest = -1
    await this.#withFile(segment, async (file) => {
      const start = segment.offsetIndex!.floorPosition(from - segment.baseOffset)
      for await (const { lastOffset, maxTimestamp } of batchHeaders(file, start, segment.drainedBytes)) {
        if (lastOffset >= from) largest = Math.max(largest, maxTimestamp)
      }
      return null
    })
    for (let i = 0; log.tail !== null && i < log.tail.count; i++) {
      const batch = log.tail.at(i)
      if (batch.segment === segment) largest = Math.max(largest, batch.maxTimestamp)
    }
    return largest
  }

  async #load(log: PartitionLog, segment: Segment): Promise<void> {
    if (segment.timeIndex !== null) return
    const file = await this.#files.open(segment)
    if (file !== null) await loadIndexes(this.#disk, segment, file, log.config.indexIntervalBytes)
  }

  /** In the file, then in memory; again in the file where what was in memory has been drained to meanwhile. */
  async #findInSegment(log: PartitionLog, segment: Segment, timestamp: number): Promise<TimedOffset | null> {
    let from = -1
    for (;;) {
      const drained = segment.drainedBytes
      if (drained > Math.max(from, 0)) {
        const floor = Math.max(segment.timeIndex!.floorOffset(timestamp), log.logStartOffset - segment.baseOffset)
        const start = from < 0 ? segment.offsetIndex!.floorPosition(floor) : from
        const found = await this.#findInFile(log, segment, start, drained, timestamp)
        if (found !== null) return found
        from = drained
      }
      if (segment.drainedBytes === drained) return this.#findInMemory(log, segment, timestamp)
    }
  }

  #findInFile(
    log: PartitionLog,
    segment: Segment,
    start: number,
    end: number,
    timestamp: number,
  ): Promise<TimedOffset | null> {
    return this.#withFile(segment, async (file) => {
      for await (const header of batchHeaders(file, start, end)) {
        if (header.maxTimestamp < timestamp || header.lastOffset < log.logStartOffset) continue
        const bytes = new Uint8Array(header.length)
        await file.read(bytes, header.position)
        const found = this.#findInBatch(bytes, new DataView(bytes.buffer), 0, timestamp, log.logStartOffset)
        if (found !== null) return found
      }
      return null
    })
  }

  /** Null too when the segment is deleted. */
  async #withFile<Found>(segment: Segment, find: (file: DiskFile) => Promise<Found | null>): Promise<Found | null> {
    const file = await this.#files.open(segment)
    if (file === null) return null
    const holder = this.#files.holderOf(segment)
    this.#holds.hold(holder)
    try {
      return await find(file)
    } finally {
      this.#holds.release(holder)
    }
  }

  #findInMemory(log: PartitionLog, segment: Segment, timestamp: number): TimedOffset | null {
    for (let i = 0; log.tail !== null && i < log.tail.count; i++) {
      const batch = log.tail.at(i)
      if (batch.segment !== segment || batch.maxTimestamp < timestamp) continue
      const { bytes, view } = this.#arenas[batch.arena]!
      const found = this.#findInBatch(bytes, view, batch.offset, timestamp, log.logStartOffset)
      if (found !== null) return found
    }
    return null
  }

  /** In a batch that ends behind `from` and is as late as `timestamp`; null if that was before `from`. */
  #findInBatch(bytes: Uint8Array, view: DataView, at: number, timestamp: number, from: number): TimedOffset | null {
    const baseOffset = batchBaseOffset(view, at)
    const whole = { offset: Math.max(baseOffset, from), timestamp: batchMaxTimestamp(view, at) }
    // Under LogAppendTime the batch's timestamp is every record's.
    if ((batchAttributes(view, at) & (COMPRESSION_MASK | LOG_APPEND_TIME)) !== 0) return whole
    const baseTimestamp = batchBaseTimestamp(view, at)
    this.#cursor.reset(bytes, view, at, at + batchBytes(view, at))
    while (this.#cursor.next()) {
      const recordTimestamp = baseTimestamp + this.#cursor.timestampDelta
      const offset = baseOffset + this.#cursor.offsetDelta
      if (recordTimestamp >= timestamp && offset >= from) return { offset, timestamp: recordTimestamp }
    }
    return baseOffset < from ? null : whole
  }
}
