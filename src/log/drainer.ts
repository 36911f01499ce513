// Moves batches from memory to their segments: large sequential writes on the drain queue's own thread, off the tick.
//
// Owner: the shard. Rule: only what the journal has synced is drained, so a segment never holds what recovery could not
// account for. A partition drains when it has `drainBytes` in memory, when its batches lie in a journal file that is to be
// cleared and are too many to be carried forward, and every partition drains when memory runs short; until then a trickling
// partition costs no file and no write. A direct log is written by log/direct-writes.ts, and only synced here.
import { LIMITS } from '../config/limits.ts'
import type { Disk } from '../lib/env.ts'
import { forEachLimited } from '../lib/limited.ts'
import type { Pool } from '../lib/pool.ts'
import type { ArenaView } from '../memory/arena.ts'
import type { DescriptorHolds } from '../memory/descriptor-holds.ts'
import { SLICE_WORDS } from '../native/contract.ts'
import type { Batch } from './batch.ts'
import { DirtyLogs } from './dirty-logs.ts'
import type { DiskWriter } from './disk-writer.ts'
import { storeIndexes } from './index-files.ts'
import type { PartitionLog } from './partition-log.ts'
import type { Segment } from './segment.ts'
import type { SegmentFiles } from './segment-files.ts'
import type { SegmentSyncs } from './segment-syncs.ts'

const SLICES_A_WRITE = 1024
const BYTES_A_WRITE = 4 << 20
/** Logs and segments that are worked on at once: each needs an open file. */
const AT_ONCE = 64

export interface DrainerOptions {
  disk: Disk
  writer: DiskWriter
  syncs: SegmentSyncs
  files: SegmentFiles
  holds: DescriptorHolds
  arenas: readonly ArenaView[]
  batches: Pool<Batch>
  drainBytes: number
  /** Every journal group before it is synced. */
  unsyncedSequence: () => number
  onDrained: (bytes: number) => void
  /** A write failed: the log directory is lost for this process. */
  onFailure: (error: Error) => void
}

export class Drainer {
  readonly #options: DrainerOptions
  readonly #dirty: DirtyLogs
  readonly #draining = new Map<PartitionLog, Promise<void>>()
  /** Segments with bytes in the file that are not synced. */
  readonly #unsynced = new Set<Segment>()
  readonly #syncing = new Map<Segment, Promise<void>>()
  /** Of the first write that failed: nothing is drained any more. */
  #failure: Error | null = null
  #isRelieving = false
  readonly #slices = new Int32Array(SLICES_A_WRITE * SLICE_WORDS)
  bytesInMemory = 0

  constructor(options: DrainerOptions) {
    this.#options = options
    this.#dirty = new DirtyLogs(options.unsyncedSequence)
  }

  /** Segments with bytes in the file that are not synced. */
  get unsyncedSegments(): number {
    return this.#unsynced.size
  }

  /** No journal group before it has a batch that no segment has. */
  get oldestSequence(): number {
    return this.#dirty.oldestSequence()
  }

  /** Logs with batches in journal groups before `sequence`, oldest first. */
  dirtyBefore(sequence: number): Iterable<PartitionLog> {
    return this.#dirty.before(sequence)
  }

  isDraining(log: PartitionLog): boolean {
    return this.#draining.has(log)
  }

  onAppended(batch: Batch): void {
    const { log, length } = batch
    this.bytesInMemory += length
    if (!log.isDirect && log.tail!.count === 1) this.#dirty.add(log)
  }

  /** The log was direct: what is in its tail goes to the journal now. */
  onJournaled(log: PartitionLog): void {
    if (log.tail !== null && log.tail.count > 0) this.#dirty.add(log)
  }

  /** What is durable of the log lies in the group `sequence` now, which is synced. */
  onCarried(log: PartitionLog, sequence: number): void {
    this.#dirty.addCarried(log, sequence)
  }

  onDurable(log: PartitionLog): void {
    if (log.tail !== null && log.tail.byteLength >= this.#options.drainBytes) this.start(log)
  }

  /** The segment's file has bytes that are not synced. */
  onWritten(segment: Segment): void {
    this.#unsynced.add(segment)
  }

  /** The batch is in its segment, or never will be: its memory goes back. */
  recycle(batch: Batch): void {
    this.bytesInMemory -= batch.length
    this.#options.arenas[batch.arena]!.release(batch.block)
    batch.clear()
    this.#options.batches.give(batch)
  }

  /** Drains what is durable of the log, in the background. */
  start(log: PartitionLog): Promise<void> {
    let draining = this.#draining.get(log)
    if (draining === undefined) {
      draining = this.#drain(log)
        .catch((error: Error) => this.#fail(error))
        .finally(() => this.#draining.delete(log))
      this.#draining.set(log, draining)
    }
    return draining
  }

  /** Drains everything that is durable and keeps blocks that were received into, in the background. */
  startAll(): void {
    if (this.#isRelieving) return
    this.#isRelieving = true
    const logs = [...this.#dirty].filter(({ tail }) => tail !== null && !tail.isCarried)
    forEachLimited(logs, AT_ONCE, (log) => this.start(log)).finally(() => {
      this.#isRelieving = false
    })
  }

  /** Resolves when everything that is durable now is in segments, and synced. */
  async drainAndSyncAll(): Promise<void> {
    const logs = [...this.#dirty]
    // In turns: a file that is closed before it is synced is opened once more.
    for (let first = 0; first < logs.length; first += LIMITS.checkpointDrainsMax) {
      await this.drainEach(logs.slice(first, first + LIMITS.checkpointDrainsMax))
      await this.syncAll()
    }
    await this.syncAll()
  }

  /** Resolves when what is durable now of each log is in segments; the first ones come first. */
  drainEach(logs: Iterable<PartitionLog>): Promise<void> {
    return forEachLimited(logs, AT_ONCE, (log) => this.drainTo(log, log.durableOffset))
  }

  /** Resolves when everything that is in segments at the call is synced. */
  syncAll(): Promise<void> {
    const segments = [...this.#unsynced]
    this.#unsynced.clear()
    return forEachLimited(segments, AT_ONCE, (segment) => this.#sync(segment))
  }

  /** The log is closed for deletion: its batches go back as soon as no write reads them, and its files rest. */
  async discard(log: PartitionLog): Promise<void> {
    await this.#draining.get(log)
    for (const segment of log.segments) await this.#syncing.get(segment)
    while (log.tail !== null && log.tail.count > 0) this.recycle(log.tail.shift())
    this.#dirty.delete(log)
    for (const segment of log.segments) this.#unsynced.delete(segment)
  }

  /** The segment is taken out of its log, drained: resolves when it is not synced any more. */
  async leave(segment: Segment): Promise<void> {
    this.#unsynced.delete(segment)
    await this.#syncing.get(segment)
  }

  /** Resolves when everything before `offset`, which is durable, is in segments. Rejects after a failed write. */
  async drainTo(log: PartitionLog, offset: number): Promise<void> {
    while (log.drainedOffset < offset && !log.isClosed) {
      if (this.#failure !== null) throw this.#failure
      await this.start(log)
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#options.onFailure(error)
  }

  async #drain(log: PartitionLog): Promise<void> {
    while (!log.isClosed && log.drainedOffset < log.durableOffset) await this.#drainRun(log)
    if (log.tail === null) return
    const isJournaled = !log.isDirect || log.drainedOffset < log.directFrom
    if (log.tail.count > 0 && isJournaled) this.#dirty.add(log)
    else this.#dirty.delete(log)
    if (log.tail.count === 0) log.tail = null
  }

  /** One write: the oldest batches of one segment, as many as fit. */
  async #drainRun(log: PartitionLog): Promise<void> {
    const { files, writer, holds } = this.#options
    const tail = log.tail!
    const segment = tail.at(0).segment
    const file = files.fileOf(segment) ?? (await files.open(segment))
    if (file === null) return
    const position = segment.drainedBytes
    let count = 0
    let bytes = 0
    while (count < tail.count && count < SLICES_A_WRITE && bytes < BYTES_A_WRITE) {
      const batch = tail.at(count)
      if (batch.segment !== segment || batch.nextOffset > log.durableOffset) break
      const slice = count * SLICE_WORDS
      this.#slices[slice] = batch.arena
      this.#slices[slice + 1] = batch.offset
      this.#slices[slice + 2] = batch.length
      bytes += batch.length
      count++
    }
    const holder = files.holderOf(segment)
    holds.hold(holder)
    try {
      await writer.write(file.descriptor, position, this.#slices, count, 0)
    } finally {
      holds.release(holder)
    }
    log.rows?.changing(log)
    segment.drainedBytes = position + bytes
    this.onWritten(segment)
    for (let i = 0; i < count; i++) this.recycle(tail.shift())
    tail.timesCarried = 0
    this.#options.onDrained(bytes)
  }

  async #sync(segment: Segment): Promise<void> {
    const syncing = this.#syncFile(segment).finally(() => this.#syncing.delete(segment))
    this.#syncing.set(segment, syncing)
    await syncing
  }

  async #syncFile(segment: Segment): Promise<void> {
    if (segment.isGone) return
    await storeIndexes(this.#options.disk, segment)
    await this.#options.syncs.sync(segment)
  }
}
