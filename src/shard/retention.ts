// Deletes what the logs of this shard need not keep any longer: looks at each every `log.retention.check.interval.ms`.
//
// Owner: the shard. A check looks at so many logs a tick, so a hundred thousand of them hold nobody up; those of which
// something goes are dealt with together, by promise, and the check goes on when that is durable. Times that say nothing of
// the past are kept from it: see log/wall-clock-guard.ts.

import type { Disk } from '../lib/env.ts'
import { forEachLimited } from '../lib/limited.ts'
import type { Drainer } from '../log/drainer.ts'
import { loadLargestTimestamp } from '../log/index-files.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import { expiredCount, undatedSegment } from '../log/retention.ts'
import type { Segment } from '../log/segment.ts'
import type { SegmentFiles } from '../log/segment-files.ts'
import type { WallClockGuard } from '../log/wall-clock-guard.ts'
import type { DescriptorHolds } from '../memory/descriptor-holds.ts'
import { COUNTER, type Counters } from '../observe/counters.ts'
import type { Log } from '../observe/log.ts'
import type { LogStarts, NewLogStart } from './log-starts.ts'

const LOOKED_AT_A_TICK = 2048
/** Their starts are stored at once. */
const LOGS_A_STEP = 1024
/** Segments whose age is found out at a time. */
const DATED_AT_ONCE = 4

export interface RetentionOptions {
  disk: Disk
  files: SegmentFiles
  holds: DescriptorHolds
  drainer: Drainer
  logs: () => ReadonlySet<PartitionLog>
  starts: LogStarts
  guard: WallClockGuard
  checkIntervalMs: number
  initialDelayMs: number
  counters: Counters
  /** The wall clock is trusted. Once a check. */
  onTimeTrusted: (wallMs: number) => void
  onFailure: (error: Error) => void
  log: Log
  /** Has a tick run soon. */
  wake: () => void
}

export class Retention {
  readonly #options: RetentionOptions
  #nextCheckMs = Number.POSITIVE_INFINITY
  /** The logs that the check has still to look at, null between checks: a set's, so a loop may leave it and come back. */
  #rest: IterableIterator<PartitionLog> | null = null
  #step: Promise<void> | null = null

  constructor(options: RetentionOptions) {
    this.#options = options
  }

  /** The clock has jumped: retention by time goes by what has passed. */
  get isHeld(): boolean {
    return this.#options.guard.isDoubted
  }

  /** From here on the logs are complete and have a journal. */
  open(nowMs: number): void {
    this.#nextCheckMs = nowMs + this.#options.initialDelayMs
  }

  /** Nothing more is begun; resolves when nothing is under way. */
  async close(): Promise<void> {
    this.#nextCheckMs = Number.POSITIVE_INFINITY
    this.#rest = null
    await this.#step
  }

  nextDeadlineMs(): number {
    return this.#rest === null && this.#step === null ? this.#nextCheckMs : Number.POSITIVE_INFINITY
  }

  /** A check goes on in the next tick. */
  get hasMore(): boolean {
    return this.#rest !== null && this.#step === null
  }

  /** Once a tick. */
  run(nowMs: number, wallMs: number): void {
    if (this.#step !== null) return
    const isBeginning = this.#rest === null
    if (isBeginning && nowMs < this.#nextCheckMs) return
    const timeMs = this.#lookAtClock(nowMs, wallMs)
    if (isBeginning) {
      this.#nextCheckMs = nowMs + this.#options.checkIntervalMs
      if (!this.isHeld) this.#options.onTimeTrusted(wallMs)
    }
    this.#rest ??= this.#options.logs().values()
    const found = this.#lookAtLogs(this.#rest, timeMs)
    if (found.length === 0) return
    this.#step = this.#delete(found, timeMs)
      .catch((error: Error) => this.#options.onFailure(error))
      .finally(() => {
        this.#step = null
        this.#options.wake()
      })
  }

  #lookAtClock(nowMs: number, wallMs: number): number {
    const { guard, log } = this.#options
    const wasDoubted = guard.isDoubted
    const timeMs = guard.look(nowMs, wallMs)
    const jumpMs = Math.round(guard.jumpMs)
    if (guard.isDoubted && !wasDoubted)
      log.warn({ jumpMs }, 'the clock has jumped: retention goes by the time that passes')
    if (!guard.isDoubted && wasDoubted) log.info('the clock is trusted again: retention goes by it')
    return timeMs
  }

  /** Those of which something may go. */
  #lookAtLogs(rest: IterableIterator<PartitionLog>, timeMs: number): PartitionLog[] {
    const found: PartitionLog[] = []
    let count = 0
    for (const log of rest) {
      const expired = expiredCount(log, timeMs)
      if (expired > 0 || undatedSegment(log, expired) !== null) found.push(log)
      if (++count === LOOKED_AT_A_TICK || found.length === LOGS_A_STEP) return found
    }
    this.#rest = null
    return found
  }

  async #delete(logs: readonly PartitionLog[], timeMs: number): Promise<void> {
    const { starts, counters, log } = this.#options
    const later: NewLogStart[] = []
    let segments = 0
    let bytes = 0
    await forEachLimited(logs, DATED_AT_ONCE, async (log) => {
      await this.#dateOldest(log, timeMs)
      const count = log.isClosed ? 0 : expiredCount(log, timeMs)
      if (count === 0) return
      segments += count
      for (let i = 0; i < count; i++) bytes += log.segments[i]!.appendedBytes
      if (count === log.segments.length) log.roll()
      later.push({ log, offset: log.segments[count]!.baseOffset })
    })
    if (later.length === 0) return
    await starts.advance(later)
    counters.add(COUNTER.retentionSegments, segments)
    counters.add(COUNTER.retentionBytes, bytes)
    log.info({ partitions: later.length, segments, bytes }, 'retention deleted segments')
  }

  /** Finds out the ages that decide. */
  async #dateOldest(log: PartitionLog, timeMs: number): Promise<void> {
    let dated: Segment | null = null
    while (!log.isClosed) {
      const segment = undatedSegment(log, expiredCount(log, timeMs))
      // The same once more: it has grown meanwhile.
      if (segment === null || segment === dated || !(await this.#date(log, segment))) return
      dated = segment
    }
  }

  /** False when that is not possible now: the segment stays till the next check. */
  async #date(log: PartitionLog, segment: Segment): Promise<boolean> {
    const { disk, files, holds, drainer } = this.#options
    // What is in memory only has no file whose time it could go by.
    await drainer.drainTo(log, log.highWatermark)
    try {
      const file = await files.openToRead(segment)
      if (file === null) return segment.isGone
      const holder = files.holderOf(segment)
      holds.hold(holder)
      try {
        if (segment.timeIndex === null) await loadLargestTimestamp(disk, segment, file, log.config.indexIntervalBytes)
        segment.fileDate = { ms: await file.modifiedMs(), bytes: segment.drainedBytes }
      } finally {
        holds.release(holder)
      }
      return true
    } catch (error) {
      this.#options.log.error({ err: error }, `${segment.path}: its age cannot be found out`)
      return false
    }
  }
}
