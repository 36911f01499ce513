// Opens a partition's log at start: from its checkpoint row if there is one, else by walking its segments.
//
// With a row everything before `drainedOffset` was synced, and nothing of it is walked. What is beyond it in the files is cut,
// because the journal has it, whole; or, where the row says `os`, walked: the CRC-valid prefix is kept. Where the journal
// says that the log was cut before that, what is left is kept: what came after the cut is in the journal too. Without a row
// (a partition newer than the last checkpoint, or files of another broker) all is walked. Either way the journal is replayed
// on top: it has nothing that does not go on where the segments, as far as they are synced, end.

import type { TopicSettings } from '../config/topic-configs.ts'
import type { PartitionCheckpoint } from '../journal/checkpoint.ts'
import type { Disk } from '../lib/env.ts'
import type { LogIdentity } from './identity.ts'
import { loadIndexes } from './index-files.ts'
import { LeaderEpochs } from './leader-epochs.ts'
import type { RecoveredLog } from './partition-log.ts'
import { ProducerState } from './producer-state.ts'
import { Segment, segmentPath } from './segment.ts'
import { removeSegmentFiles } from './segment-files.ts'
import { type Walked, type WalkOptions, walkSegments } from './segment-walk.ts'
import { endBefore } from './truncations.ts'

export interface RecoveryOptions extends WalkOptions {
  leaderEpoch: number
  row: PartitionCheckpoint | undefined
  /** Records before it are deleted, and segments without others may be gone. */
  logStartOffset: number
  /** The log was cut there since the row was written, at a batch's start, or cut further; Infinity if it was not. */
  cutOffset: number
}

export async function recoverLog(options: RecoveryOptions): Promise<RecoveredLog> {
  const { disk, row } = options
  const { directory } = options.identity
  const names = (await disk.exists(directory)) ? await disk.list(directory) : []
  const bases = names
    .filter((name) => /^\d{20}\.log$/.test(name))
    .map((name) => Number(name.slice(0, 20)))
    .sort((a, b) => a - b)
  if (row === undefined) return recoverByWalking(options, bases)
  if (row.durability === 'os') return recoverOnward(options, bases, row)
  if (options.cutOffset < row.drainedOffset) return recoverCut(options, bases, row)
  return recoverFromRow(options, bases, row)
}

/** As of where the log was cut: the row's state without what lies behind. */
async function recoverCut(options: RecoveryOptions, bases: number[], row: PartitionCheckpoint): Promise<RecoveredLog> {
  const { cutOffset, logStartOffset } = options
  const base = bases.findLast((each) => each <= cutOffset)
  if (base === undefined && cutOffset > Math.max(logStartOffset, row.logStartOffset)) {
    throw new Error(`${options.identity.directory}: no segment holds offset ${cutOffset}, where the log was cut`)
  }
  const position = base === undefined ? 0 : await positionOf(options, base, cutOffset)
  // What the row knows of times is of the segment that was active then.
  const times = base === row.segmentBaseOffset ? {} : { segmentFirstTimestamp: -1, segmentLargestTimestamp: -1 }
  return recoverFromRow(options, bases, {
    ...row,
    ...times,
    drainedOffset: cutOffset,
    segmentBaseOffset: base ?? cutOffset,
    segmentBytes: position,
    leaderEpochs: row.leaderEpochs.filter(([, startOffset]) => startOffset < cutOffset),
    producers: row.producers.map((producer) => ({
      ...producer,
      batches: producer.batches.filter(({ baseOffset }) => baseOffset < cutOffset),
    })),
  })
}

/** Where the batch at `offset` begins in the segment's file, or the file ends with the batch before. */
async function positionOf({ disk, identity }: RecoveryOptions, base: number, offset: number): Promise<number> {
  const path = segmentPath(identity.directory, base, 'log')
  const file = await disk.open(path, 'read')
  try {
    const end = await endBefore(file, base, await file.size(), offset)
    if (end.offset === offset) return end.position
    throw new Error(`${path}: the log was cut at offset ${offset}, but its batches end at ${end.offset}`)
  } finally {
    await file.close()
  }
}

async function recoverFromRow(
  options: RecoveryOptions,
  bases: number[],
  row: PartitionCheckpoint,
): Promise<RecoveredLog> {
  const { disk, identity, leaderEpoch } = options
  const { directory } = identity
  const segments: Segment[] = []
  for (const base of bases) {
    if (base > row.segmentBaseOffset) await removeSegmentFiles(disk, directory, base)
    else if (base < row.segmentBaseOffset)
      segments.push(new Segment(identity, base, await sizeOf(disk, directory, base)))
  }
  segments.push(await recoverActive(options, bases, row))
  return {
    leaderEpoch,
    logStartOffset: row.logStartOffset,
    endOffset: row.drainedOffset,
    segments,
    leaderEpochs: LeaderEpochs.of(row.leaderEpochs),
    producers: restoreProducers(row),
  }
}

/** The segment that `row.drainedOffset` falls in, as it was then. */
async function recoverActive(options: RecoveryOptions, bases: number[], row: PartitionCheckpoint): Promise<Segment> {
  const { disk, identity, config, logStartOffset } = options
  const isThere = bases.includes(row.segmentBaseOffset)
  // Deleted since, with all that it held then.
  if (!isThere && logStartOffset >= row.drainedOffset) return new Segment(identity, row.drainedOffset, 0)
  const active = segmentOf(identity, row)
  if (row.segmentBytes > 0 || isThere) await openActive(disk, active, row.drainedOffset, config, true)
  return active
}

function segmentOf(identity: LogIdentity, row: PartitionCheckpoint): Segment {
  const segment = new Segment(identity, row.segmentBaseOffset, row.segmentBytes)
  segment.firstTimestamp = row.segmentFirstTimestamp
  // The largest of all that was appended; of a batch that was not drained it may be lost.
  if (row.segmentBaseOffset + row.segmentLargestTimestampOffset < row.drainedOffset) {
    segment.largestTimestamp = row.segmentLargestTimestamp
    segment.largestTimestampOffset = row.segmentLargestTimestampOffset
  }
  return segment
}

async function openActive(
  disk: Disk,
  segment: Segment,
  endOffset: number,
  config: TopicSettings,
  isCut: boolean,
): Promise<void> {
  const file = await disk.open(segment.path, 'write')
  try {
    const size = await file.size()
    if (size < segment.drainedBytes) {
      throw new Error(`${segment.path}: ${size} bytes, but ${segment.drainedBytes} were synced`)
    }
    if (isCut && size > segment.drainedBytes) await file.truncate(segment.drainedBytes)
    await loadIndexes(disk, segment, file, config.indexIntervalBytes, endOffset)
  } finally {
    await file.close()
  }
}

/** What the row says was synced, and what can be walked from there. */
async function recoverOnward(
  options: RecoveryOptions,
  bases: number[],
  row: PartitionCheckpoint,
): Promise<RecoveredLog> {
  const { disk, identity, config, leaderEpoch, logStartOffset } = options
  const { segmentBaseOffset, segmentBytes, drainedOffset } = row
  const isThere = bases.includes(segmentBaseOffset)
  const producers = restoreProducers(row) ?? new ProducerState()
  const leaderEpochs = LeaderEpochs.of(row.leaderEpochs)
  const walked: Walked = { endOffset: drainedOffset, segments: [], leaderEpochs, producers }
  let from = segmentBaseOffset
  if (!isThere && logStartOffset >= drainedOffset) {
    // Deleted since, with all that it held then, and perhaps segments that came after it.
    from = bases.findLast((base) => base > segmentBaseOffset && base <= logStartOffset) ?? logStartOffset
    walked.endOffset = from
  }
  for (const base of bases.filter((each) => each < from)) {
    const size = await sizeOf(disk, identity.directory, base)
    walked.segments.push(new Segment(identity, base, size))
  }
  const sealedCount = walked.segments.length
  if (segmentBytes > 0 && from === segmentBaseOffset) {
    const active = segmentOf(identity, row)
    await openActive(disk, active, drainedOffset, config, false)
    walked.segments.push(active)
  }
  const onward = bases.filter((base) => base >= from)
  await walkSegments(options, walked, onward)
  if (walked.segments.length === sealedCount) walked.segments.push(new Segment(identity, walked.endOffset, 0))
  return recovered(leaderEpoch, row.logStartOffset, walked)
}

async function recoverByWalking(options: RecoveryOptions, bases: number[]): Promise<RecoveredLog> {
  const { identity, leaderEpoch } = options
  const logStartOffset = bases[0] ?? 0
  const leaderEpochs = new LeaderEpochs()
  const walked: Walked = { endOffset: logStartOffset, segments: [], leaderEpochs, producers: new ProducerState() }
  await walkSegments(options, walked, bases)
  if (walked.segments.length === 0) walked.segments.push(new Segment(identity, 0, 0))
  return recovered(leaderEpoch, logStartOffset, walked)
}

function recovered(leaderEpoch: number, logStartOffset: number, walked: Walked): RecoveredLog {
  const { endOffset, segments, leaderEpochs, producers } = walked
  return {
    leaderEpoch,
    logStartOffset,
    endOffset,
    segments,
    leaderEpochs,
    producers: producers.size > 0 ? producers : null,
  }
}

function restoreProducers(row: PartitionCheckpoint): ProducerState | null {
  if (row.producers.length === 0) return null
  const producers = new ProducerState()
  for (const { producerId, epoch, lastTimestamp, batches } of row.producers) {
    for (const { baseSequence, lastSequence, baseOffset, maxTimestamp } of batches) {
      const recordCount = ((lastSequence - baseSequence + 2 ** 31) % 2 ** 31) + 1
      producers.record(producerId, epoch, baseSequence, recordCount, baseOffset, maxTimestamp, lastTimestamp)
    }
  }
  return producers
}

async function sizeOf(disk: Disk, directory: string, base: number): Promise<number> {
  const file = await disk.open(segmentPath(directory, base, 'log'), 'read')
  try {
    return await file.size()
  } finally {
    await file.close()
  }
}
