// Which segments of a log are to go, by Kafka's rules: the oldest ones first, and none after one that stays.
//
//   - Those of which no record is left: the log begins behind them. Whatever the cleanup policy.
//   - Under `delete`, by retention.bytes: while the log without the segment has at least so many.
//   - Under `delete`, by retention.ms: those whose largest timestamp is longer ago. A segment whose records have none goes by
//     the time of its file.
//
// The active segment goes too, unless it is empty; nothing goes that consumers may not read yet. Pure: it looks at a log and
// changes nothing. It is asked of every log in turn, most of them idle, so it makes nothing.
import type { PartitionLog } from './partition-log.ts'
import type { Segment } from './segment.ts'

/** How many of the oldest segments go at `timeMs`. One whose age is not known stays: see `undatedSegment`. */
export function expiredCount(log: PartitionLog, timeMs: number): number {
  const { config, segments } = log
  let count = 0
  while (count + 1 < segments.length && segments[count + 1]!.baseOffset <= log.logStartOffset) count++
  if (!config.cleanupPolicy.delete) return count
  if (config.retentionBytes !== Number.POSITIVE_INFINITY) count = expiredBySize(log, count)
  if (config.retentionMs === Number.POSITIVE_INFINITY) return count
  while (mayGo(log, count) && timeMs - dateOf(segments[count]!) > config.retentionMs) count++
  return count
}

/** The segment after the `count` that go, if it is its age that decides, and that is to be found out first; else null. */
export function undatedSegment(log: PartitionLog, count: number): Segment | null {
  const { cleanupPolicy, retentionMs } = log.config
  if (!cleanupPolicy.delete || retentionMs === Number.POSITIVE_INFINITY || !mayGo(log, count)) return null
  const segment = log.segments[count]!
  return dateOf(segment) === Number.POSITIVE_INFINITY ? segment : null
}

function expiredBySize(log: PartitionLog, first: number): number {
  const { segments } = log
  let bytes = 0
  for (let i = first; i < segments.length; i++) bytes += segments[i]!.appendedBytes
  let spareBytes = bytes - log.config.retentionBytes
  let count = first
  while (mayGo(log, count) && spareBytes >= segments[count]!.appendedBytes) {
    spareBytes -= segments[count]!.appendedBytes
    count++
  }
  return count
}

/** Whether there is such a segment, with records, all of which consumers may read. */
function mayGo({ segments, endOffset, highWatermark }: PartitionLog, index: number): boolean {
  if (index >= segments.length) return false
  const isActive = index === segments.length - 1
  if (isActive && segments[index]!.appendedBytes === 0) return false
  return highWatermark >= (isActive ? endOffset : segments[index + 1]!.baseOffset)
}

/** What its age counts from; Infinity while that is not known. */
function dateOf(segment: Segment): number {
  if (segment.largestTimestamp >= 0) return segment.largestTimestamp
  const { fileDate } = segment
  return fileDate !== null && fileDate.bytes === segment.appendedBytes ? fileDate.ms : Number.POSITIVE_INFINITY
}
