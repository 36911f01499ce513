// Walks segments batch by batch, as far as they are whole: what is believed of a log when no journal vouches for it.
//
// Used at start only. What is not whole, or does not go on where the batch before ended, is cut, and so is all after it; what
// stays is synced before it is served.
import type { TopicSettings } from '../config/topic-configs.ts'
import type { Disk, DiskFile } from '../lib/env.ts'
import {
  BATCH_HEADER_BYTES,
  BATCH_MAGIC,
  batchBaseOffset,
  batchBaseSequence,
  batchBytes,
  batchLastOffset,
  batchLeaderEpoch,
  batchMagic,
  batchMaxTimestamp,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
} from '../wire/record-batch.ts'
import type { LogIdentity } from './identity.ts'
import { storeIndexes } from './index-files.ts'
import type { LeaderEpochs } from './leader-epochs.ts'
import type { ProducerState } from './producer-state.ts'
import { Segment } from './segment.ts'
import { removeSegmentFiles } from './segment-files.ts'

const READ_BYTES = 1 << 20

export interface WalkOptions {
  disk: Disk
  identity: LogIdentity
  config: TopicSettings
  /** Whether the batch bytes are a batch with the right CRC. */
  isBatchIntact: (bytes: Uint8Array) => boolean
  /** Time of day, where a producer's last activity is not known. */
  nowMs: number
}

/** What is known of a log up to `endOffset`: a walk goes on from there, and leaves it as far as it came. */
export interface Walked {
  endOffset: number
  readonly segments: Segment[]
  readonly leaderEpochs: LeaderEpochs
  readonly producers: ProducerState
}

/**
 * The segments that begin at `bases`, one after the other, from their beginning. The first one may be under way: it is the
 * last of `walked.segments`, its drained part is known and its indexes are loaded.
 */
export async function walkSegments(options: WalkOptions, walked: Walked, bases: readonly number[]): Promise<void> {
  const { disk, identity } = options
  const { segments } = walked
  const first = segments.at(-1)?.baseOffset === bases[0] ? segments.length - 1 : segments.length
  let isWhole = true
  for (const base of bases) {
    const isUnderWay = segments.at(-1)?.baseOffset === base
    if (isWhole && !isUnderWay && continues(options, walked, base)) await beginSegment(disk, identity, segments, base)
    // Beyond the first damage, or a gap, nothing is believed any more.
    if (isWhole && segments.at(-1)?.baseOffset === base) isWhole = await walkSegment(options, walked, segments.at(-1)!)
    else {
      isWhole = false
      await removeSegmentFiles(disk, identity.directory, base)
    }
  }
  for (const segment of segments.slice(first)) await storeIndexes(disk, segment)
  if (bases.length === 0) return
  // What goes must not come back behind what will be written; what stays must stay.
  await disk.syncDirectory(identity.directory)
  for (const segment of segments.slice(first)) segment.isNameDurable = true
}

async function beginSegment(disk: Disk, identity: LogIdentity, segments: Segment[], base: number): Promise<void> {
  segments.at(-1)?.seal()
  const segment = new Segment(identity, base, 0)
  segments.push(segment)
  await disk.remove(segment.indexPath('index'))
  await disk.remove(segment.indexPath('timeindex'))
}

/** Whether what begins at `offset` can follow: compaction leaves gaps. */
function continues({ config }: WalkOptions, { endOffset }: Walked, offset: number): boolean {
  return offset === endOffset || (config.cleanupPolicy.compact && offset > endOffset)
}

/** Counts in every valid batch and cuts the file after the last; false if there was something to cut. */
async function walkSegment(options: WalkOptions, walked: Walked, segment: Segment): Promise<boolean> {
  const file = await options.disk.open(segment.path, 'write')
  try {
    const size = await file.size()
    await forEachBatch(file, segment.drainedBytes, size, {
      mayFollow: (view, at) =>
        continues(options, walked, batchBaseOffset(view, at)) && batchLastOffset(view, at) >= batchBaseOffset(view, at),
      onBatch: (bytes, view, at) => {
        const isIntact = options.isBatchIntact(bytes)
        if (isIntact) take(options, walked, segment, view, at)
        return isIntact
      },
    })
    segment.drainedBytes = segment.appendedBytes
    if (size > segment.appendedBytes) await file.truncate(segment.appendedBytes)
    await file.sync()
    segment.syncedBytes = segment.appendedBytes
    return size === segment.appendedBytes
  } finally {
    await file.close()
  }
}

function take({ config, nowMs }: WalkOptions, walked: Walked, segment: Segment, view: DataView, at: number): void {
  const baseOffset = batchBaseOffset(view, at)
  const lastOffset = batchLastOffset(view, at)
  const maxTimestamp = batchMaxTimestamp(view, at)
  const length = batchBytes(view, at)
  segment.append(lastOffset, { baseOffset, length, maxTimestamp }, config.indexIntervalBytes)
  walked.endOffset = lastOffset + 1
  walked.leaderEpochs.assign(batchLeaderEpoch(view, at), baseOffset)
  const producerId = batchProducerId(view, at)
  const sequence = batchBaseSequence(view, at)
  // An idempotent producer's: a retry of it must still be recognised.
  if (producerId < 0 || sequence < 0) return
  const epoch = batchProducerEpoch(view, at)
  walked.producers.record(producerId, epoch, sequence, batchRecordCount(view, at), baseOffset, maxTimestamp, nowMs)
}

interface BatchVisitor {
  /** By its header, before there is memory for the rest of it. */
  mayFollow(view: DataView, at: number): boolean
  onBatch(bytes: Uint8Array, view: DataView, at: number): boolean
}

/** Every batch of the file from `start` on, as long as lengths make sense and the visitor says yes. */
async function forEachBatch(file: DiskFile, start: number, size: number, visitor: BatchVisitor): Promise<void> {
  let bytes = new Uint8Array(Math.min(READ_BYTES, Math.max(size - start, BATCH_HEADER_BYTES)))
  let view = new DataView(bytes.buffer)
  let position = start
  while (position + BATCH_HEADER_BYTES <= size) {
    const read = await file.read(bytes.subarray(0, Math.min(bytes.length, size - position)), position)
    let at = 0
    let length = 0
    while (at + BATCH_HEADER_BYTES <= read) {
      length = batchBytes(view, at)
      if (length < BATCH_HEADER_BYTES || position + at + length > size) return
      if (batchMagic(view, at) !== BATCH_MAGIC || !visitor.mayFollow(view, at)) return
      if (at + length > read) break
      if (!visitor.onBatch(bytes.subarray(at, at + length), view, at)) return
      at += length
    }
    if (read < BATCH_HEADER_BYTES) return
    position += at
    if (at > 0) continue
    // Longer than what is read at a time.
    bytes = new Uint8Array(length)
    view = new DataView(bytes.buffer)
  }
}
