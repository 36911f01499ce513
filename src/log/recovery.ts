// Opens a partition's log at start: from its checkpoint row if there is one, else by walking its segments.
//
// With a row nothing is walked: everything before `drainedOffset` was synced; what is beyond it in the files is cut,
// because the journal has it, whole. Where the journal says that the log was cut before that, what is left is kept: what
// came after the cut is in the journal too. Without a row (a partition newer than the last checkpoint, or files of another
// broker) the CRC-valid prefix is kept. Either way the journal is replayed on top.

import type { TopicSettings } from '../config/topic-configs.ts'
import type { PartitionCheckpoint } from '../journal/checkpoint.ts'
import type { Disk } from '../lib/env.ts'
import { batchBaseSequence, batchProducerEpoch, batchProducerId, batchRecordCount } from '../wire/record-batch.ts'
import type { LogIdentity } from './identity.ts'
import { type BatchHeader, batchHeaders, loadIndexes, storeIndexes } from './index-files.ts'
import { LeaderEpochs } from './leader-epochs.ts'
import type { RecoveredLog } from './partition-log.ts'
import { ProducerState } from './producer-state.ts'
import { Segment, segmentPath } from './segment.ts'
import { removeSegmentFiles } from './segment-files.ts'
import { endBefore } from './truncations.ts'

export interface RecoveryOptions {
  disk: Disk
  identity: LogIdentity
  config: TopicSettings
  leaderEpoch: number
  row: PartitionCheckpoint | undefined
  /** Records before it are deleted, and segments without others may be gone. */
  logStartOffset: number
  /** The log was cut there since the row was written, at a batch's start, or cut further; Infinity if it was not. */
  cutOffset: number
  /** Whether the batch bytes are a batch with the right CRC. */
  isBatchIntact: (bytes: Uint8Array) => boolean
  /** Time of day, where a producer's last activity is not known. */
  nowMs: number
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
  const active = new Segment(identity, row.segmentBaseOffset, row.segmentBytes)
  active.firstTimestamp = row.segmentFirstTimestamp
  // The largest of all that was appended; of a batch that was not drained it may be lost.
  if (row.segmentBaseOffset + row.segmentLargestTimestampOffset < row.drainedOffset) {
    active.largestTimestamp = row.segmentLargestTimestamp
    active.largestTimestampOffset = row.segmentLargestTimestampOffset
  }
  if (row.segmentBytes > 0 || isThere) await cutActive(disk, active, row.drainedOffset, config)
  return active
}

async function cutActive(disk: Disk, segment: Segment, endOffset: number, config: TopicSettings): Promise<void> {
  const file = await disk.open(segment.path, 'write')
  try {
    const size = await file.size()
    if (size < segment.drainedBytes) {
      throw new Error(`${segment.path}: ${size} bytes, but ${segment.drainedBytes} were synced`)
    }
    if (size > segment.drainedBytes) await file.truncate(segment.drainedBytes)
    await loadIndexes(disk, segment, file, config.indexIntervalBytes, endOffset)
  } finally {
    await file.close()
  }
}

async function recoverByWalking(options: RecoveryOptions, bases: number[]): Promise<RecoveredLog> {
  const { disk, identity, leaderEpoch } = options
  const { directory } = identity
  const producers = new ProducerState()
  const leaderEpochs = new LeaderEpochs()
  const segments: Segment[] = []
  const logStartOffset = bases[0] ?? 0
  let endOffset = logStartOffset
  let isWhole = true
  for (const base of bases) {
    // Beyond the first damage nothing is contiguous any more.
    if (!isWhole) await removeSegmentFiles(disk, directory, base)
    else {
      segments.at(-1)?.seal()
      const segment = new Segment(identity, base, 0)
      isWhole = await walkSegment(options, segment, (batch, bytes) => {
        endOffset = batch.lastOffset + 1
        leaderEpochs.assign(batch.leaderEpoch, batch.baseOffset)
        recordProducer(producers, batch, bytes, options.nowMs)
      })
      segments.push(segment)
    }
  }
  for (const segment of segments) await storeIndexes(disk, segment)
  if (segments.length === 0) segments.push(new Segment(identity, 0, 0))
  return {
    leaderEpoch,
    logStartOffset,
    endOffset,
    segments,
    leaderEpochs,
    producers: producers.size > 0 ? producers : null,
  }
}

/** Counts in every valid batch and cuts the file after the last; false if there was something to cut. */
async function walkSegment(
  options: RecoveryOptions,
  segment: Segment,
  onBatch: (batch: BatchHeader, bytes: Uint8Array) => void,
): Promise<boolean> {
  const { disk, config, isBatchIntact } = options
  const file = await disk.open(segment.path, 'write')
  try {
    const size = await file.size()
    let nextOffset = segment.baseOffset
    for await (const header of batchHeaders(file, 0, size)) {
      const bytes = new Uint8Array(header.length)
      await file.read(bytes, header.position)
      if (header.baseOffset < nextOffset || header.lastOffset < header.baseOffset || !isBatchIntact(bytes)) break
      segment.append(header.lastOffset, header, config.indexIntervalBytes)
      nextOffset = header.lastOffset + 1
      onBatch(header, bytes)
    }
    segment.drainedBytes = segment.appendedBytes
    if (size > segment.appendedBytes) await file.truncate(segment.appendedBytes)
    await file.sync()
    segment.syncedBytes = segment.appendedBytes
    await disk.remove(segment.indexPath('index'))
    await disk.remove(segment.indexPath('timeindex'))
    return size === segment.appendedBytes
  } finally {
    await file.close()
  }
}

/** An idempotent producer's batch: a retry of it must still be recognised. */
function recordProducer(producers: ProducerState, batch: BatchHeader, bytes: Uint8Array, nowMs: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const producerId = batchProducerId(view, 0)
  const baseSequence = batchBaseSequence(view, 0)
  if (producerId < 0 || baseSequence < 0) return
  const { baseOffset, maxTimestamp } = batch
  const epoch = batchProducerEpoch(view, 0)
  producers.record(producerId, epoch, baseSequence, batchRecordCount(view, 0), baseOffset, maxTimestamp, nowMs)
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
