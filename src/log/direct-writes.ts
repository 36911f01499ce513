// Direct logs (`millrace.durability=os`): batches go straight to their segment, once, and are answered when the kernel has
// them, as in Apache Kafka. No journal: a process may be killed, and a power cut takes what was not synced.
//
// Owner: the shard; the drain queue's thread writes. For each log one write is under way; what is appended meanwhile gathers
// and is the next one. Told and begun by calls within the tick: no promise, but where a file is opened or synced.
//
// Between journaled and direct a log goes at a checkpoint, so that recovery always knows by its row whether to believe the
// segments (direct) or the journal:
//
//   to direct      once a row that says so is durable. What is journaled is drained before the first direct write.
//   to journaled   from the config's change on, every write is synced before it is answered. Once a row is there, the next
//                  batches go to the journal: at a moment when all before them is synced, so the journal has no gap.
import { assert } from '../lib/assert.ts'
import { Deadlines, type Timed } from '../lib/deadlines.ts'
import { List } from '../lib/list.ts'
import { Pool } from '../lib/pool.ts'
import type { DescriptorHolds } from '../memory/descriptor-holds.ts'
import { SLICE_WORDS } from '../native/contract.ts'
import { HISTOGRAM, type Histograms, type TickClock } from '../observe/histograms.ts'
import type { Batch } from './batch.ts'
import type { DiskTask, DiskWriter } from './disk-writer.ts'
import type { Drainer } from './drainer.ts'
import type { PartitionLog } from './partition-log.ts'
import { RecentWrites } from './recent-writes.ts'
import type { Segment } from './segment.ts'
import type { SegmentFiles } from './segment-files.ts'
import type { SegmentSyncs } from './segment-syncs.ts'

const SLICES_A_WRITE = 1024
const BYTES_A_WRITE = 4 << 20

export interface DirectWritesOptions {
  writer: DiskWriter
  syncs: SegmentSyncs
  files: SegmentFiles
  holds: DescriptorHolds
  drainer: Drainer
  histograms: Histograms
  tick: TickClock
  /** Written, or how long after a write: then a checkpoint is due. */
  checkpointBytes: number
  checkpointMs: number
  onWritten: (bytes: number) => void
  onCheckpointDue: () => void
  /** Of a log that is journaled again. */
  toJournal: (batch: Batch) => void
  onFailure: (error: Error) => void
  /** Has a tick run soon. */
  wake: () => void
}

export class DirectWrites {
  readonly #options: DirectWritesOptions
  /** Logs with batches and no write under way; and those of the tick that is at work. */
  #ready = new List<PartitionLog>()
  #beginning = new List<PartitionLog>()
  readonly #pool: Pool<DirectWrite> = new Pool(() => new DirectWrite(this))
  readonly #slices = new Int32Array(SLICES_A_WRITE * SLICE_WORDS)
  /** Logs whose `isWriting` is set. */
  #writingCount = 0
  /** Closed logs that are waited for. */
  readonly #settling = new Map<PartitionLog, () => void>()
  readonly #flushes = new Deadlines<Flush>()
  /** Logs that have a time at which they are synced, or are being synced for that. */
  readonly #flushOf = new Map<PartitionLog, Flush>()
  #nowMs = 0
  #bytesToCheckpoint = 0
  #checkpointAtMs = Number.POSITIVE_INFINITY

  constructor(options: DirectWritesOptions) {
    this.#options = options
  }

  /** Nothing that was appended waits for a write, or for the sync that is to follow it. */
  get isIdle(): boolean {
    return this.#writingCount === 0
  }

  /** The log, which is direct, has a batch more. */
  onAppended(log: PartitionLog): void {
    if (log.isWriting) return
    this.#occupy(log)
    this.#ready.push(log)
  }

  /** Begins what has gathered. Once a tick, after the writer was polled. */
  run(nowMs: number): void {
    this.#nowMs = nowMs
    if (this.#ready.count > 0) this.#beginAll()
    for (let due = this.#flushes.popDue(nowMs); due !== undefined; due = this.#flushes.popDue(nowMs)) this.#flush(due)
    if (nowMs >= this.#checkpointAtMs) this.#checkpoint()
  }

  /** When `run` must be called at the latest: Infinity for never. */
  nextDeadlineMs(): number {
    return Math.min(this.#flushes.nextMs(), this.#checkpointAtMs)
  }

  /** A checkpoint that is durable has a row of the log: `isWalked` says that recovery believes its segments. */
  onRow(log: PartitionLog, isWalked: boolean): void {
    log.hasRow = true
    if (log.isClosed) return
    const { durable } = log.config
    if (log.isDirect && durable) this.#leave(log)
    else if (!log.isDirect && !durable && isWalked) this.#enter(log)
  }

  /** The log is closed: resolves when none of its batches is read any more, and none of its files synced. */
  async settled(log: PartitionLog): Promise<void> {
    await this.#flushOf.get(log)?.syncing
    if (log.isWriting) await new Promise<void>((resolve) => this.#settling.set(log, resolve))
  }

  /** The kernel has the write's bytes. */
  onWritten(write: DirectWrite): void {
    const { log } = write
    const { durable, flushMessages } = log.config
    const mustSync = durable || write.nextOffset - log.durableOffset >= flushMessages
    if (!mustSync || log.isClosed) this.#finish(write, false)
    else this.#inBackground(this.#sync(log, write.nextOffset).then(() => this.#finish(write, true)))
  }

  onFailed(error: Error): void {
    this.#options.onFailure(error)
  }

  #beginAll(): void {
    const beginning = this.#ready
    this.#ready = this.#beginning
    this.#beginning = beginning
    for (let i = 0; i < beginning.count; i++) this.#begin(beginning.at(i))
    beginning.clear()
  }

  /** Writes the oldest batches of one segment, as many as fit. */
  #begin(log: PartitionLog): void {
    if (log.isClosed) {
      this.#rest(log)
      return
    }
    const { files, writer, holds, tick } = this.#options
    const tail = log.tail!
    const { segment, position } = tail.at(0)
    const file = files.fileOf(segment)
    if (file === null) {
      this.#inBackground(files.open(segment).then(() => this.#ready.push(log)))
      return
    }
    assert(position === segment.drainedBytes, 'a direct write goes where the one before ended')
    const write = this.#pool.take()
    let count = 0
    let bytes = 0
    while (count < tail.count && count < SLICES_A_WRITE && bytes < BYTES_A_WRITE) {
      const batch = tail.at(count)
      if (batch.segment !== segment) break
      const slice = count * SLICE_WORDS
      this.#slices[slice] = batch.arena
      this.#slices[slice + 1] = batch.offset
      this.#slices[slice + 2] = batch.length
      bytes += batch.length
      count++
      write.nextOffset = batch.nextOffset
    }
    if (!writer.submit(file.descriptor, position, this.#slices, count, 0, write)) {
      // The next tick finds more of it.
      this.#pool.give(write)
      this.#ready.push(log)
      return
    }
    write.log = log
    write.segment = segment
    write.count = count
    write.bytes = bytes
    write.startedAt = tick.micros
    write.holder = files.holderOf(segment)
    holds.hold(write.holder)
  }

  #finish(write: DirectWrite, isSynced: boolean): void {
    const { log, segment, bytes, nextOffset } = write
    this.#options.holds.release(write.holder)
    if (log.isClosed) {
      this.#pool.give(write)
      this.#rest(log)
      return
    }
    log.rows?.changing(log)
    log.recentWrites ??= new RecentWrites()
    log.recentWrites.add(log.drainedOffset, segment.drainedBytes)
    segment.drainedBytes += bytes
    if (isSynced) segment.syncedBytes = segment.drainedBytes
    this.#options.drainer.onWritten(segment)
    this.#options.onWritten(bytes)
    this.#giveBack(write)
    log.advanceWritten(nextOffset)
    if (isSynced) log.advanceDurable(nextOffset)
    log.advanceHighWatermark(nextOffset)
    this.#countToCheckpoint(bytes)
    this.#scheduleFlush(log)
    this.#goOn(log)
  }

  #giveBack(write: DirectWrite): void {
    const { drainer, histograms, tick } = this.#options
    const tail = write.log.tail!
    for (let i = 0; i < write.count; i++) {
      const batch = tail.shift()
      histograms.observe(HISTOGRAM.append, batch.acceptedAt, write.startedAt)
      histograms.observe(HISTOGRAM.sync, write.startedAt, tick.micros)
      drainer.recycle(batch)
    }
    this.#pool.give(write)
  }

  /** Nothing of the log is under way. */
  #goOn(log: PartitionLog): void {
    const mayLeave = log.config.durable && log.hasRow && log.durableOffset === log.drainedOffset
    if (mayLeave && !log.isClosed) this.#handOver(log)
    else if (!log.isClosed && log.tail !== null && log.tail.count > 0) this.#ready.push(log)
    else this.#rest(log)
  }

  #occupy(log: PartitionLog): void {
    log.isWriting = true
    this.#writingCount++
  }

  #rest(log: PartitionLog): void {
    log.isWriting = false
    this.#writingCount--
    this.#settling.get(log)?.()
    this.#settling.delete(log)
  }

  // --- between journaled and direct ---------------------------------------------------------------------------------

  #enter(log: PartitionLog): void {
    log.rows?.changing(log)
    log.goDirect()
    this.#occupy(log)
    this.#inBackground(this.#drainJournaled(log).then(() => this.#goOn(log)))
  }

  async #drainJournaled(log: PartitionLog): Promise<void> {
    if (log.highWatermark < log.directFrom) await reached(log, log.directFrom)
    await this.#options.drainer.drainTo(log, log.directFrom)
  }

  #leave(log: PartitionLog): void {
    // What is under way is synced before it is answered, and goes on from there.
    if (log.isWriting) return
    this.#occupy(log)
    const { drainedOffset } = log
    this.#inBackground(
      this.#sync(log, drainedOffset).then(() => {
        log.advanceDurable(Math.max(log.durableOffset, drainedOffset))
        this.#goOn(log)
      }),
    )
  }

  #handOver(log: PartitionLog): void {
    log.rows?.changing(log)
    log.isDirect = false
    this.#rest(log)
    this.#options.drainer.onJournaled(log)
    for (let i = 0; log.tail !== null && i < log.tail.count; i++) this.#options.toJournal(log.tail.at(i))
  }

  // --- syncs --------------------------------------------------------------------------------------------------------

  /** Resolves when everything before `offset`, all of it written, survives a power cut. */
  async #sync(log: PartitionLog, offset: number): Promise<void> {
    for (const segment of unsynced(log, offset)) await this.#options.syncs.sync(segment)
  }

  #scheduleFlush(log: PartitionLog): void {
    const { flushMs } = log.config
    if (flushMs === Number.POSITIVE_INFINITY || this.#flushOf.has(log) || log.durableOffset === log.drainedOffset)
      return
    const flush = { log, deadlineMs: this.#nowMs + flushMs, heapIndex: -1, syncing: null }
    this.#flushOf.set(log, flush)
    this.#flushes.add(flush)
  }

  #flush(flush: Flush): void {
    const { log } = flush
    const { drainedOffset } = log
    if (log.isClosed) {
      this.#flushOf.delete(log)
      return
    }
    flush.syncing = this.#inBackground(
      this.#sync(log, drainedOffset).then(() => {
        this.#flushOf.delete(log)
        if (drainedOffset > log.durableOffset) log.advanceDurable(drainedOffset)
        this.#scheduleFlush(log)
      }),
    )
  }

  #countToCheckpoint(bytes: number): void {
    this.#bytesToCheckpoint += bytes
    if (this.#checkpointAtMs === Number.POSITIVE_INFINITY) {
      this.#checkpointAtMs = this.#nowMs + this.#options.checkpointMs
    }
    if (this.#bytesToCheckpoint >= this.#options.checkpointBytes) this.#checkpoint()
  }

  #checkpoint(): void {
    this.#bytesToCheckpoint = 0
    this.#checkpointAtMs = Number.POSITIVE_INFINITY
    this.#options.onCheckpointDue()
  }

  /** What it leads to is for the next tick. */
  #inBackground(work: Promise<unknown>): Promise<void> {
    const { wake, onFailure } = this.#options
    return work.then(wake, onFailure)
  }
}

/** One write. Pooled. */
class DirectWrite implements DiskTask {
  readonly #owner: DirectWrites
  ticket = 0
  log!: PartitionLog
  segment!: Segment
  count = 0
  bytes = 0
  nextOffset = 0
  holder = 0
  /** A reading of the shard's TickClock. */
  startedAt = 0

  constructor(owner: DirectWrites) {
    this.#owner = owner
  }

  onDone(): void {
    this.#owner.onWritten(this)
  }

  onFailed(error: Error): void {
    this.#owner.onFailed(error)
  }
}

interface Flush extends Timed {
  readonly log: PartitionLog
  /** Null until its time has come. */
  syncing: Promise<void> | null
}

/** Resolves when the high watermark has reached the offset, or the log is closed. */
function reached(log: PartitionLog, requiredOffset: number): Promise<void> {
  return new Promise((resolve) => {
    log.awaitingCommit.add({ requiredOffset, next: null, onReached: resolve, onGone: () => resolve() })
  })
}

/** The segments that have bytes before `offset` which may not be synced, oldest first. */
function unsynced(log: PartitionLog, offset: number): Segment[] {
  const segments: Segment[] = []
  for (let i = log.segments.length - 1; i >= 0; i--) {
    const segment = log.segments[i]!
    if (segment.baseOffset < offset && segment.syncedBytes < segment.appendedBytes) segments.push(segment)
    if (segment.baseOffset <= log.durableOffset) break
  }
  return segments.reverse()
}
