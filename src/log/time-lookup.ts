// Finds offsets by time (ListOffsets): the first record whose timestamp is not below a target.
//
// Owner: the shard of the partition. Records of an uncompressed batch are looked at one by one; a compressed batch is not
// opened here, so its first offset stands for the record, with the batch's largest timestamp.
import type { Disk, DiskFile } from '../lib/env.ts'
import type { ArenaView } from '../memory/arena.ts'
import type { DescriptorHolds } from '../memory/descriptor-holds.ts'
import {
  batchBaseOffset,
  batchBaseTimestamp,
  batchBytes,
  batchCompression,
  batchMaxTimestamp,
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

  /** The first record with a timestamp of at least `timestamp`, below the high watermark; null if there is none. */
  async find(log: PartitionLog, timestamp: number): Promise<TimedOffset | null> {
    for (const segment of [...log.segments]) {
      await this.#load(log, segment)
      if (segment.largestTimestamp < timestamp) continue
      const found = await this.#findInSegment(log, segment, timestamp)
      if (found !== null && found.offset >= log.logStartOffset) return found.offset < log.highWatermark ? found : null
    }
    return null
  }

  /** The first record that has the largest timestamp of all; null of an empty log. */
  async findLargest(log: PartitionLog): Promise<TimedOffset | null> {
    let largest = -1
    for (const segment of [...log.segments]) {
      await this.#load(log, segment)
      largest = Math.max(largest, segment.largestTimestamp)
    }
    return largest < 0 ? null : this.find(log, largest)
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
        const start = from < 0 ? segment.offsetIndex!.floorPosition(segment.timeIndex!.floorOffset(timestamp)) : from
        const found = await this.#findInFile(segment, start, drained, timestamp)
        if (found !== null) return found
        from = drained
      }
      if (segment.drainedBytes === drained) return this.#findInMemory(log, segment, timestamp)
    }
  }

  async #findInFile(segment: Segment, start: number, end: number, timestamp: number): Promise<TimedOffset | null> {
    const file = await this.#files.open(segment)
    if (file === null) return null
    const holder = this.#files.holderOf(segment)
    this.#holds.hold(holder)
    try {
      for await (const header of batchHeaders(file, start, end)) {
        if (header.maxTimestamp < timestamp) continue
        return await this.#findInBatchOf(file, header.position, header.length, timestamp)
      }
      return null
    } finally {
      this.#holds.release(holder)
    }
  }

  async #findInBatchOf(file: DiskFile, position: number, length: number, timestamp: number): Promise<TimedOffset> {
    const bytes = new Uint8Array(length)
    await file.read(bytes, position)
    return this.#findInBatch(bytes, new DataView(bytes.buffer), 0, timestamp)
  }

  #findInMemory(log: PartitionLog, segment: Segment, timestamp: number): TimedOffset | null {
    for (let i = 0; log.tail !== null && i < log.tail.count; i++) {
      const batch = log.tail.at(i)
      if (batch.segment !== segment || batch.maxTimestamp < timestamp) continue
      const { bytes, view } = this.#arenas[batch.arena]!
      return this.#findInBatch(bytes, view, batch.offset, timestamp)
    }
    return null
  }

  #findInBatch(bytes: Uint8Array, view: DataView, at: number, timestamp: number): TimedOffset {
    const baseOffset = batchBaseOffset(view, at)
    const whole = { offset: baseOffset, timestamp: batchMaxTimestamp(view, at) }
    if (batchCompression(view, at) !== 0) return whole
    const baseTimestamp = batchBaseTimestamp(view, at)
    this.#cursor.reset(bytes, view, at, at + batchBytes(view, at))
    while (this.#cursor.next()) {
      const recordTimestamp = baseTimestamp + this.#cursor.timestampDelta
      if (recordTimestamp >= timestamp) {
        return { offset: baseOffset + this.#cursor.offsetDelta, timestamp: recordTimestamp }
      }
    }
    // Under LogAppendTime the batch's timestamp is every record's.
    return whole
  }
}
