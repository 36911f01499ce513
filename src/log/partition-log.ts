// One partition's log: an ordered run of record batches with gap-free offsets, in segments, the newest part in memory.
//
// Owner: the one shard that owns the partition; nobody else touches it.
//
// A log is journaled or direct (`millrace.durability=os`). Journaled, its batches are durable in the journal before they are
// drained to their segment. Direct, they are only ever written there; see log/direct-writes.ts, which also takes a log from
// one to the other.
//
// Invariants: durableOffset <= writtenOffset <= endOffset, and logStartOffset <= drainedOffset. While this node is the only
//             replica highWatermark <= durableOffset of a journaled log, and <= writtenOffset of a direct one. Journaled:
//             drainedOffset <= durableOffset. Offsets are assigned in append order.

import type { TopicSettings } from '../config/topic-configs.ts'
import { assert } from '../lib/assert.ts'
import { OffsetWaiters } from '../lib/offset-waiters.ts'
import { ErrorCode } from '../model/error-codes.ts'
import { Awaiting } from './awaiting.ts'
import type { Batch } from './batch.ts'
import type { LogIdentity } from './identity.ts'
import type { LeaderEpochs } from './leader-epochs.ts'
import { type ProducerState, SEQUENCE_OK } from './producer-state.ts'
import type { RecentWrites } from './recent-writes.ts'
import type { RowChanges } from './row-changes.ts'
import { Segment } from './segment.ts'
import { Tail } from './tail.ts'
import { Waiters } from './waiters.ts'

const RELATIVE_OFFSET_MAX = 2 ** 31 - 1
const OFFSET_ENTRY_BYTES = 8
const TIME_ENTRY_BYTES = 12

/** What rolling by time needs beside records: one for all logs of a shard. */
export interface RollSource {
  /** Time of day, for segments whose records have no time. */
  wallMs: number
  /** From 0 to 1, each time anew: so that not all segments roll at once. */
  chance(): number
}

export class PartitionLog {
  readonly identity: LogIdentity
  /** The topic id as four words, as the journal writes it. */
  readonly topicIdWords: Int32Array
  config: TopicSettings
  leaderEpoch: number
  logStartOffset: number
  /** Where the next batch goes. */
  endOffset: number
  /** Before this, everything survives the process. */
  writtenOffset: number
  /** Before this, everything survives a power cut. */
  durableOffset: number
  /** Before this, consumers may read. */
  highWatermark: number
  /** Oldest first, at least one; the last is active. */
  readonly segments: Segment[]
  readonly #rolls: RollSource
  /** Null while nothing is in memory. */
  tail: Tail | null = null
  readonly leaderEpochs: LeaderEpochs
  /** Null until an idempotent producer writes. */
  producers: ProducerState | null
  /** Who waits for bytes beyond the high watermark. */
  readonly waiters = new Waiters()
  /** acks=all: who is answered when the high watermark has reached their batch. */
  readonly awaitingCommit = new Awaiting()
  /** What is appended now goes straight to the segment. */
  isDirect = false
  /** Of a direct log: where it became so. What is before went through the journal. */
  directFrom = 0
  /** A direct write is under way, or about to be: what is appended meanwhile gathers. See log/direct-writes.ts. */
  isWriting = false
  /** Null until there is a direct write. */
  recentWrites: RecentWrites | null = null
  /** A checkpoint has a row of it. */
  hasRow = false
  /** Null while nobody waits for durability alone. */
  #awaitingDurable: OffsetWaiters | null = null
  /** The log's start as it is, or is about to be, in Kafka's checkpoint of log starts; 0 if it is not in there. */
  storedLogStart = 0
  /** From the first to the last moment of a truncation: nothing is appended. */
  isTruncating = false
  /** Told before what its row of a checkpoint says changes. */
  rows: RowChanges | null = null
  /** The last of `rows`' snapshots that has its row. */
  snapshot = 0
  /** True from deletion on: every later call is refused. */
  isClosed = false

  constructor(
    identity: LogIdentity,
    topicIdWords: Int32Array,
    config: TopicSettings,
    state: RecoveredLog,
    rolls: RollSource,
  ) {
    this.identity = identity
    this.topicIdWords = topicIdWords
    this.config = config
    this.leaderEpoch = state.leaderEpoch
    this.logStartOffset = state.logStartOffset
    this.endOffset = state.endOffset
    this.writtenOffset = state.endOffset
    this.durableOffset = state.endOffset
    this.highWatermark = state.endOffset
    this.segments = state.segments
    this.leaderEpochs = state.leaderEpochs
    this.producers = state.producers
    this.#rolls = rolls
    this.#begin(this.active)
  }

  get active(): Segment {
    return this.segments[this.segments.length - 1]!
  }

  /** The first offset that is not in a segment file. */
  get drainedOffset(): number {
    return this.tail === null || this.tail.count === 0 ? this.endOffset : this.tail.at(0).baseOffset
  }

  /** Before this, everything went, or goes, through the journal. */
  get journaledOffset(): number {
    return this.isDirect ? this.directFrom : this.endOffset
  }

  /** SEQUENCE_OK, SEQUENCE_DUPLICATE (see `producers`), or the error code that refuses the batch. */
  checkSequence(producerId: number, epoch: number, baseSequence: number, recordCount: number): number {
    if (producerId < 0 || this.producers === null) return SEQUENCE_OK
    return this.producers.check(producerId, epoch, baseSequence, recordCount)
  }

  /**
   * Gives `batch` (its memory, length, timestamp and CRC filled in) its offsets and its place. The caller has validated
   * it, writes the offsets into its bytes, and hands it to the journal or to the direct writes.
   */
  append(batch: Batch, recordCount: number, leaderEpoch: number): void {
    assert(!this.isClosed && !this.isTruncating, 'nothing is appended to a log that is closed, or being cut')
    const lastOffset = this.endOffset + recordCount - 1
    if (this.#mustRoll(lastOffset, batch)) this.roll()
    const segment = this.active
    batch.log = this
    batch.segment = segment
    batch.baseOffset = this.endOffset
    batch.leaderEpoch = leaderEpoch
    batch.nextOffset = lastOffset + 1
    batch.position = segment.append(lastOffset, batch, this.config.indexIntervalBytes)
    this.leaderEpochs.assign(leaderEpoch, batch.baseOffset)
    this.endOffset = batch.nextOffset
    this.tail ??= new Tail()
    this.tail.push(batch)
  }

  /** From now on, what is appended goes straight to the segment. */
  goDirect(): void {
    this.isDirect = true
    this.directFrom = this.endOffset
  }

  /** The kernel has everything before `offset`, in the journal or in segments. */
  advanceWritten(offset: number): void {
    assert(offset <= this.endOffset, 'what is written was appended')
    if (offset > this.writtenOffset) this.writtenOffset = offset
  }

  /** Everything before `offset` is synced, in the journal or in segments. */
  advanceDurable(offset: number): void {
    assert(offset >= this.durableOffset && offset <= this.endOffset, 'durability only grows, up to the end')
    this.durableOffset = offset
    this.advanceWritten(offset)
    if (this.#awaitingDurable !== null) this.#awaitingDurable.reach(offset)
  }

  /** Resolves when everything before `offset` is durable. */
  durable(offset: number): Promise<void> {
    if (offset <= this.durableOffset) return Promise.resolve()
    this.#awaitingDurable ??= new OffsetWaiters()
    return this.#awaitingDurable.wait(offset)
  }

  /**
   * Every in-sync replica has everything before `offset`, as durable as the topic asks for: consumers may read it, acks=all
   * is answered.
   */
  advanceHighWatermark(offset: number): void {
    const limit = this.isDirect ? this.writtenOffset : this.durableOffset
    assert(offset >= this.highWatermark && offset <= limit, 'the high watermark only grows')
    if (offset === this.highWatermark) return
    this.highWatermark = offset
    this.awaitingCommit.advanceTo(offset)
    this.waiters.wake()
  }

  /**
   * Records before `offset`, all of them drained, are deleted: durably, for they must not come back. Nothing happens if it
   * is behind. What was waiting below is told.
   */
  advanceLogStart(offset: number): void {
    if (offset <= this.logStartOffset) return
    assert(offset <= this.highWatermark && offset <= this.drainedOffset, 'only what is drained can be deleted')
    this.rows?.changing(this)
    this.logStartOffset = offset
    this.leaderEpochs.truncateBefore(offset)
    if (offset === this.endOffset) this.roll()
    this.waiters.wake()
  }

  /**
   * Records before `offset`, which is beyond the end, were deleted, and a power cut took the last of them: the log begins
   * there, as it was told. At recovery, before `advanceLogStart`.
   */
  skipTo(offset: number): void {
    assert(offset > this.endOffset && (this.tail === null || this.tail.count === 0), 'only what is gone is skipped')
    this.endOffset = offset
    this.advanceDurable(offset)
    this.highWatermark = offset
    if (this.active.appendedBytes === 0) this.segments.pop()
    else this.active.seal()
    this.#beginSegment()
  }

  /** What comes from now on goes into a segment of its own; nothing happens while the active one is empty. */
  roll(): void {
    if (this.active.appendedBytes === 0) return
    this.active.seal()
    this.#beginSegment()
  }

  /**
   * Everything is drained: the log ends at `offset` from now on, with `segment`, which is what is left of the one that
   * holds it. Answers with the segments that are no more, the one that it stands for first; their files are the caller's.
   */
  truncateTo(offset: number, segment: Segment): Segment[] {
    assert(this.drainedOffset === this.endOffset, 'a log is cut when all of it is drained')
    assert(offset >= this.logStartOffset && offset <= this.endOffset, 'a log is cut within itself')
    this.rows?.changing(this)
    const first = this.segments.findIndex(({ baseOffset }) => baseOffset === segment.baseOffset)
    const gone = this.segments.splice(first)
    for (const each of gone) each.isGone = true
    this.segments.push(segment)
    this.#begin(segment)
    this.endOffset = offset
    this.writtenOffset = offset
    this.durableOffset = offset
    this.highWatermark = Math.min(this.highWatermark, offset)
    this.leaderEpochs.truncateFrom(offset)
    this.producers?.truncateFrom(offset)
    this.waiters.wake()
    return gone
  }

  /** Takes the segments out of the log of which no record is left; the active one stays. Their files are the caller's. */
  takeObsolete(): Segment[] {
    let count = 0
    while (count + 1 < this.segments.length && this.segments[count + 1]!.baseOffset <= this.logStartOffset) count++
    const obsolete = this.segments.splice(0, count)
    for (const segment of obsolete) segment.isGone = true
    return obsolete
  }

  /** The partition is deleted or no longer here: nothing is appended or read any more. */
  close(error: number): void {
    this.rows?.changing(this)
    this.isClosed = true
    for (const segment of this.segments) segment.isGone = true
    this.awaitingCommit.dismiss(error)
    this.waiters.wake()
  }

  /** The error that answers a fetch from `offset`, or ErrorCode.None. */
  checkReadable(offset: number): number {
    if (offset < this.logStartOffset || offset > this.endOffset) return ErrorCode.OffsetOutOfRange
    return ErrorCode.None
  }

  /** The error that answers a client whose metadata is older or newer than ours (KIP-320), or ErrorCode.None. */
  checkLeaderEpoch(currentLeaderEpoch: number): ErrorCode {
    if (this.isClosed) return ErrorCode.UnknownTopicOrPartition
    if (currentLeaderEpoch < 0 || currentLeaderEpoch === this.leaderEpoch) return ErrorCode.None
    return currentLeaderEpoch < this.leaderEpoch ? ErrorCode.FencedLeaderEpoch : ErrorCode.UnknownLeaderEpoch
  }

  /** The segment that holds `offset`, which is drained. */
  segmentOf(offset: number): Segment {
    let low = 0
    let high = this.segments.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (this.segments[middle]!.baseOffset <= offset) low = middle
      else high = middle - 1
    }
    return this.segments[low]!
  }

  #mustRoll(lastOffset: number, batch: Batch): boolean {
    const segment = this.active
    if (segment.appendedBytes === 0) return false
    const config = this.config
    return (
      segment.appendedBytes + batch.length > config.segmentBytes ||
      lastOffset - segment.baseOffset > RELATIVE_OFFSET_MAX ||
      (segment.offsetIndex!.count + 1) * OFFSET_ENTRY_BYTES > config.segmentIndexBytes ||
      // One entry is kept for the end of the segment.
      (segment.timeIndex!.count + 2) * TIME_ENTRY_BYTES > config.segmentIndexBytes ||
      this.#isOld(segment, batch)
    )
  }

  /** By the records' own time, as in Kafka: old records that come late don't make a segment each. */
  #isOld({ firstTimestamp, openedAtMs, rollChance }: Segment, { maxTimestamp }: Batch): boolean {
    const { segmentMs, segmentJitterMs } = this.config
    const waitedMs = firstTimestamp >= 0 ? maxTimestamp - firstTimestamp : this.#rolls.wallMs - openedAtMs
    return waitedMs > segmentMs - rollChance * Math.min(segmentJitterMs, segmentMs)
  }

  #beginSegment(): void {
    this.segments.push(new Segment(this.identity, this.endOffset, 0))
    this.#begin(this.active)
  }

  #begin(active: Segment): void {
    active.openedAtMs = this.#rolls.wallMs
    active.rollChance = this.#rolls.chance()
  }
}

/** What recovery found on disk. */
export interface RecoveredLog {
  leaderEpoch: number
  logStartOffset: number
  endOffset: number
  segments: Segment[]
  leaderEpochs: LeaderEpochs
  producers: ProducerState | null
}
