// Index files of segments: written without a sync, because they are derived. What is read back is believed only if it
// is sane; else the index is made again from the batch headers of the log.
import type { Disk, DiskFile } from '../lib/env.ts'
import { fromWords } from '../lib/int64.ts'
import { OffsetIndex } from './offset-index.ts'
import { Segment } from './segment.ts'
import { TimeIndex } from './time-index.ts'

/** Adds the entries that are not in the files yet. A segment has both files, as Kafka's tools expect, be they empty. */
export async function storeIndexes(disk: Disk, segment: Segment): Promise<void> {
  if (!segment.hasIndexFiles) {
    segment.hasIndexFiles = true
    await writeAt(disk, segment.indexPath('index'), new Uint8Array(0), 0)
    await writeAt(disk, segment.indexPath('timeindex'), new Uint8Array(0), 0)
  }
  const offsets = segment.offsetIndex
  const times = segment.timeIndex
  if (offsets !== null && offsets.count > segment.storedOffsetEntries) {
    const first = segment.storedOffsetEntries
    segment.storedOffsetEntries = offsets.count
    await writeAt(disk, segment.indexPath('index'), offsets.encode(first), first * 8)
  }
  if (times !== null && times.count > segment.storedTimeEntries) {
    const first = segment.storedTimeEntries
    segment.storedTimeEntries = times.count
    await writeAt(disk, segment.indexPath('timeindex'), times.encode(first), first * 12)
  }
}

/**
 * Loads both indexes of a segment, or makes them again from the batch headers of the drained part, which the caller knows
 * to be whole. Entries from `endOffset` on (where the drained part ends; null: nothing was ever behind it) are of batches
 * that a crash took with it. Resolves when `offsetIndex`, `timeIndex` and the largest timestamp are there, and the files
 * say the same.
 */
export async function loadIndexes(
  disk: Disk,
  segment: Segment,
  file: DiskFile,
  intervalBytes: number,
  endOffset: number | null = null,
): Promise<void> {
  const offsetBytes = await readAll(disk, segment.indexPath('index'))
  const timeBytes = await readAll(disk, segment.indexPath('timeindex'))
  const offsets = OffsetIndex.decode(offsetBytes)
  const times = TimeIndex.decode(timeBytes)
  offsets.truncateTo(segment.drainedBytes)
  if (endOffset !== null) times.truncateTo(endOffset - segment.baseOffset)
  const isSane = offsets.count > 0 && offsets.isSane(segment.drainedBytes)
  if (isSane && (await completeTimestamps(segment, file, offsets, times))) {
    segment.offsetIndex = offsets
    segment.timeIndex = times
  } else await rebuildIndexes(segment, file, intervalBytes)
  segment.storedOffsetEntries = segment.offsetIndex!.count
  segment.storedTimeEntries = segment.timeIndex!.count
  const isStored =
    isSame(offsetBytes, segment.offsetIndex!.encode(0)) && isSame(timeBytes, segment.timeIndex!.encode(0))
  if (!isStored) await rewriteIndexes(disk, segment)
}

/**
 * The largest timestamp of a segment, where that is not known: for retention, which asks it of every log's oldest one. So
 * the indexes don't stay in memory.
 */
export async function loadLargestTimestamp(
  disk: Disk,
  segment: Segment,
  file: DiskFile,
  intervalBytes: number,
): Promise<void> {
  const copy = new Segment(segment.identity, segment.baseOffset, segment.drainedBytes)
  await loadIndexes(disk, copy, file, intervalBytes)
  takeTimestamps(segment, copy)
}

/**
 * The largest timestamp, where the segment does not know it: of the last index entry, or of a batch since. False if the log
 * does not have what that entry says.
 */
async function completeTimestamps(
  segment: Segment,
  file: DiskFile,
  offsets: OffsetIndex,
  times: TimeIndex,
): Promise<boolean> {
  if (segment.largestTimestamp >= 0) return true
  const walked = new Segment(segment.identity, segment.baseOffset, 0)
  const indexedOffset = times.lastOffset()
  let isIndexRight = times.count === 0
  const start = offsets.floorPosition(indexedOffset)
  for await (const { maxTimestamp, lastOffset } of batchHeaders(file, start, segment.drainedBytes)) {
    const relativeOffset = lastOffset - segment.baseOffset
    if (relativeOffset < indexedOffset) continue
    if (!isIndexRight && maxTimestamp !== times.lastTimestamp()) return false
    isIndexRight = true
    walked.countTimestamp(maxTimestamp, relativeOffset)
  }
  if (isIndexRight) takeTimestamps(segment, walked)
  return isIndexRight
}

/** Walks the batch headers of the drained part. */
async function rebuildIndexes(segment: Segment, file: DiskFile, intervalBytes: number): Promise<void> {
  const walked = new Segment(segment.identity, segment.baseOffset, 0)
  for await (const header of batchHeaders(file, 0, segment.drainedBytes)) {
    walked.append(header.lastOffset, header, intervalBytes)
  }
  segment.offsetIndex = walked.offsetIndex
  segment.timeIndex = walked.timeIndex
  segment.bytesSinceIndexEntry = walked.bytesSinceIndexEntry
  takeTimestamps(segment, walked)
}

/** At once, when all is known: a largest timestamp that is still too small would make the segment look old. */
function takeTimestamps(segment: Segment, { largestTimestamp, largestTimestampOffset }: Segment): void {
  segment.largestTimestamp = largestTimestamp
  segment.largestTimestampOffset = largestTimestampOffset
}

async function rewriteIndexes(disk: Disk, segment: Segment): Promise<void> {
  await disk.remove(segment.indexPath('index'))
  await disk.remove(segment.indexPath('timeindex'))
  segment.hasIndexFiles = false
  segment.storedOffsetEntries = 0
  segment.storedTimeEntries = 0
  await storeIndexes(disk, segment)
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, i) => byte === other[i])
}

export interface BatchHeader {
  position: number
  length: number
  baseOffset: number
  lastOffset: number
  leaderEpoch: number
  maxTimestamp: number
}

const HEADER_BYTES = 61
const LENGTH_OVERHEAD = 12
const READ_BYTES = 64 << 10

/**
 * The batch headers between two positions of a segment file, from a batch's start on. Ends early at the first header
 * that can't be one (a length below a header's, or past `end`): the caller compares the last position with `end`.
 * `readBytes` is read at a time: little to look at one or two, more to walk a segment.
 */
export async function* batchHeaders(
  file: DiskFile,
  start: number,
  end: number,
  readBytes = READ_BYTES,
): AsyncGenerator<BatchHeader> {
  const buffer = new Uint8Array(readBytes)
  const view = new DataView(buffer.buffer)
  let position = start
  while (position + HEADER_BYTES <= end) {
    const read = await file.read(buffer.subarray(0, Math.min(readBytes, end - position)), position)
    let at = 0
    while (at + HEADER_BYTES <= read) {
      const length = view.getInt32(at + 8) + LENGTH_OVERHEAD
      if (length < HEADER_BYTES || position + at + length > end) return
      const baseOffset = fromWords(view.getInt32(at + 4), view.getInt32(at))
      yield {
        position: position + at,
        length,
        baseOffset,
        lastOffset: baseOffset + view.getInt32(at + 23),
        leaderEpoch: view.getInt32(at + 12),
        maxTimestamp: fromWords(view.getInt32(at + 39), view.getInt32(at + 35)),
      }
      at += length
    }
    if (at === 0) return
    position += at
  }
}

async function writeAt(disk: Disk, path: string, bytes: Uint8Array, position: number): Promise<void> {
  const file = await disk.open(path, 'write')
  try {
    await file.write(bytes, position)
  } finally {
    await file.close()
  }
}

async function readAll(disk: Disk, path: string): Promise<Uint8Array> {
  if (!(await disk.exists(path))) return new Uint8Array(0)
  const file = await disk.open(path, 'read')
  try {
    const bytes = new Uint8Array(await file.size())
    const read = await file.read(bytes, 0)
    return bytes.subarray(0, read)
  } finally {
    await file.close()
  }
}
