// One segment of a partition: `<base offset>.log` and its two indexes, as positions and numbers. The file itself is
// opened lazily by `SegmentFiles`.
//
// Owner: the shard of the partition. Invariant: syncedBytes <= drainedBytes <= appendedBytes.

import type { LogIdentity } from './identity.ts'
import { OffsetIndex } from './offset-index.ts'
import { TimeIndex } from './time-index.ts'

/** What a segment counts of a batch. */
export interface BatchMeasures {
  readonly baseOffset: number
  readonly length: number
  readonly maxTimestamp: number
}

export class Segment {
  readonly identity: LogIdentity
  readonly baseOffset: number
  /** End of what was appended, the part still in memory included. */
  appendedBytes: number
  /** End of what is in the file. */
  drainedBytes: number
  /** End of what is in the file for sure, whatever happens to the machine. */
  syncedBytes: number
  /** Null while it is only on disk (a sealed segment nobody has read from yet). */
  offsetIndex: OffsetIndex | null
  timeIndex: TimeIndex | null
  /** How many index entries are in the index files. */
  storedOffsetEntries = 0
  storedTimeEntries = 0
  hasIndexFiles = false
  bytesSinceIndexEntry = 0
  largestTimestamp = -1
  /** The relative offset of the record batch that brought `largestTimestamp`. */
  largestTimestampOffset = 0
  /** Of the first batch, or -1 if that has none: what time-based rolling counts from. */
  firstTimestamp = -1
  /** What it counts from if the first batch has none: when this process began with it. */
  openedAtMs = 0
  /** Which part of `segment.jitter.ms` it is rolled early by: from 0 to 1. */
  rollChance = 0
  /** The time of its file when it had so many bytes: what retention goes by if none of its records has a timestamp. */
  fileDate: { readonly ms: number; readonly bytes: number } | null = null
  /** Whether its name survives a power cut: the directory was synced after the file was made. */
  isNameDurable: boolean
  /** The partition is deleted, or all of its records: the file is not opened any more. */
  isGone = false
  /** Its slot in `SegmentFiles`, or -1 while closed. */
  slot = -1

  constructor(identity: LogIdentity, baseOffset: number, bytes: number) {
    this.identity = identity
    this.baseOffset = baseOffset
    this.appendedBytes = bytes
    this.drainedBytes = bytes
    this.syncedBytes = bytes
    this.isNameDurable = bytes > 0
    this.offsetIndex = bytes === 0 ? new OffsetIndex() : null
    this.timeIndex = bytes === 0 ? new TimeIndex() : null
  }

  get path(): string {
    return segmentPath(this.identity.directory, this.baseOffset, 'log')
  }

  indexPath(kind: 'index' | 'timeindex'): string {
    return segmentPath(this.identity.directory, this.baseOffset, kind)
  }

  /**
   * Counts a batch in: its place in the file, and index entries where they are due, as Kafka writes them. It takes the
   * batch because a timestamp that is passed by itself may be a new object each time.
   */
  append(lastOffset: number, batch: BatchMeasures, indexIntervalBytes: number): number {
    const { baseOffset, length, maxTimestamp } = batch
    const position = this.appendedBytes
    const relativeOffset = lastOffset - this.baseOffset
    if (position === 0) this.firstTimestamp = maxTimestamp
    this.countTimestamp(maxTimestamp, relativeOffset)
    if (this.bytesSinceIndexEntry > indexIntervalBytes) {
      this.offsetIndex!.append(baseOffset - this.baseOffset, relativeOffset, position)
      this.timeIndex!.maybeAppend(this.largestTimestamp, this.largestTimestampOffset)
      this.bytesSinceIndexEntry = 0
    }
    this.bytesSinceIndexEntry += length
    this.appendedBytes = position + length
    return position
  }

  countTimestamp(maxTimestamp: number, relativeOffset: number): void {
    if (maxTimestamp <= this.largestTimestamp) return
    this.largestTimestamp = maxTimestamp
    this.largestTimestampOffset = relativeOffset
  }

  /** Kafka ends a sealed segment's time index with its largest timestamp. */
  seal(): void {
    if (this.largestTimestamp >= 0) this.timeIndex!.maybeAppend(this.largestTimestamp, this.largestTimestampOffset)
  }
}

/** `<directory>/00000000000000000042.log` */
export function segmentPath(directory: string, baseOffset: number, extension: string): string {
  return `${directory}/${String(baseOffset).padStart(20, '0')}.${extension}`
}
