// Moves batches from memory to their segments: large sequential writes on the drain queue's own thread, off the tick.
//
// Owner: the shard. Rule: only what the journal has synced is drained, so a segment never holds what recovery could not
// account for. A partition drains when it has `drainBytes` in memory, and every partition drains when memory or the
// journal's files run short; until then a trickling partition costs no file and no write.
import type { Disk } from '../lib/env.ts'
import type { Pool } from '../lib/pool.ts'
import type { ArenaView } from '../memory/arena.ts'
import { DISK_SYNC, SLICE_WORDS } from '../native/contract.ts'
import type { Batch } from './batch.ts'
import type { DiskWriter } from './disk-writer.ts'
import { storeIndexes } from './index-files.ts'
import type { PartitionLog } from './partition-log.ts'
import type { Segment } from './segment.ts'
import type { SegmentFiles } from './segment-files.ts'

const SLICES_A_WRITE = 1024
const BYTES_A_WRITE = 4 << 20

export interface DrainerOptions {
  disk: Disk
  writer: DiskWriter
  files: SegmentFiles
  arenas: readonly ArenaView[]
  batches: Pool<Batch>
  drainBytes: number
  onDrained: (bytes: number) => void
  /** A write failed: the log directory is lost for this process. */
  onFailure: (error: Error) => void
}

export class Drainer {
  readonly #options: DrainerOptions
  /** Logs with batches in memory. */
  readonly #dirty = new Set<PartitionLog>()
  readonly #draining = new Map<PartitionLog, Promise<void>>()
  /** Segments with bytes in the file that are not synced. */
  readonly #unsynced = new Set<Segment>()
  readonly #slices = new Int32Array(SLICES_A_WRITE * SLICE_WORDS)
  bytesInMemory = 0

  constructor(options: DrainerOptions) {
    this.#options = options
  }

  onAppended(batch: Batch): void {
    this.bytesInMemory += batch.length
    if (batch.log.tail!.count === 1) this.#dirty.add(batch.log)
  }

  onDurable(log: PartitionLog): void {
    if (log.tail !== null && log.tail.byteLength >= this.#options.drainBytes) this.start(log)
  }

  /** Drains what is durable of the log, in the background. */
  start(log: PartitionLog): Promise<void> {
    let draining = this.#draining.get(log)
    if (draining === undefined) {
      draining = this.#drain(log)
        .catch((error: Error) => this.#options.onFailure(error))
        .finally(() => this.#draining.delete(log))
      this.#draining.set(log, draining)
    }
    return draining
  }

  startAll(): void {
    for (const log of this.#dirty) this.start(log)
  }

  /**
   * Resolves when everything that is durable now is in segments, and synced. `onDrained` is called in between: what is
   * drained then is synced in the end.
   */
  async drainAndSyncAll(onDrained: () => void = () => undefined): Promise<void> {
    await Promise.all([...this.#dirty].map((log) => this.#drainTo(log, log.durableOffset)))
    onDrained()
    const segments = [...this.#unsynced]
    this.#unsynced.clear()
    await Promise.all(segments.map((segment) => this.#sync(segment)))
  }

  /** The log is closed for deletion: its batches go back as soon as no write reads them. */
  async discard(log: PartitionLog): Promise<void> {
    await this.#draining.get(log)
    while (log.tail !== null && log.tail.count > 0) this.#recycle(log.tail.shift())
    this.#dirty.delete(log)
    for (const segment of log.segments) this.#unsynced.delete(segment)
  }

  async #drainTo(log: PartitionLog, offset: number): Promise<void> {
    while (log.drainedOffset < offset && !log.isClosed) await this.start(log)
  }

  async #drain(log: PartitionLog): Promise<void> {
    while (!log.isClosed && log.drainedOffset < log.durableOffset) await this.#drainRun(log)
    if (log.tail !== null && log.tail.count === 0) {
      log.tail = null
      this.#dirty.delete(log)
    }
  }

  /** One write: the oldest batches of one segment, as many as fit. */
  async #drainRun(log: PartitionLog): Promise<void> {
    const { files, writer } = this.#options
    const tail = log.tail!
    const segment = tail.at(0).segment
    const file = files.fileOf(segment) ?? (await files.open(segment))
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
    await writer.write(file.descriptor, position, this.#slices, count, 0)
    segment.drainedBytes = position + bytes
    this.#unsynced.add(segment)
    this.#options.onDrained(bytes)
    for (let i = 0; i < count; i++) this.#recycle(tail.shift())
  }

  async #sync(segment: Segment): Promise<void> {
    const file = await this.#options.files.open(segment)
    const drained = segment.drainedBytes
    await storeIndexes(this.#options.disk, segment)
    await this.#options.writer.write(file.descriptor, 0, this.#slices, 0, DISK_SYNC)
    if (!segment.isNameDurable) await this.#options.disk.syncDirectory(segment.identity.directory)
    segment.isNameDurable = true
    segment.syncedBytes = Math.max(segment.syncedBytes, drained)
  }

  #recycle(batch: Batch): void {
    this.bytesInMemory -= batch.length
    this.#options.arenas[batch.arena]!.release(batch.block)
    batch.clear()
    this.#options.batches.give(batch)
  }
}
