// What a shard has on its disk, put together: the journal, the segment files with what drains, writes and syncs them, and the
// checkpoints that hold both together.
//
// Thread: the shard's. `work` runs once a tick; what has to be waited for (opening a file, a drain, a checkpoint) goes on by
// promise and has a tick run when it is done.
import { journalFileBytes, journalGroupBytesMax, LIMITS } from '../config/limits.ts'
import { writeCheckpoint } from '../journal/checkpoint.ts'
import { openJournalFiles } from '../journal/files.ts'
import { Journal, type JournalListener } from '../journal/journal.ts'
import type { DiskFile, Env } from '../lib/env.ts'
import { List } from '../lib/list.ts'
import { Pool } from '../lib/pool.ts'
import { Batch } from '../log/batch.ts'
import { Checkpointer } from '../log/checkpointer.ts'
import { DirectWrites } from '../log/direct-writes.ts'
import { DiskWriter } from '../log/disk-writer.ts'
import { Drainer } from '../log/drainer.ts'
import { LogDirectories } from '../log/log-directories.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import { SegmentFiles } from '../log/segment-files.ts'
import { SegmentSyncs } from '../log/segment-syncs.ts'
import type { Arena, ArenaView } from '../memory/arena.ts'
import type { DescriptorHolds } from '../memory/descriptor-holds.ts'
import { type Native, PROGRESS_WORDS } from '../native/contract.ts'
import { COUNTER, type Counters } from '../observe/counters.ts'
import { HISTOGRAM, type Histograms, type TickClock } from '../observe/histograms.ts'

export interface StorageOptions {
  own: number
  /** Shards in all. */
  shards: number
  runEpoch: number
  directory: string
  journalBytes: number
  env: Env
  native: Native
  arena: Arena
  arenas: readonly ArenaView[]
  holds: DescriptorHolds
  doorbell: number
  counters: Counters
  histograms: Histograms
  tick: TickClock
  logs: () => Iterable<PartitionLog>
  /** The journal has synced what it had of some logs. */
  onGroupDurable: () => void
  /** The log directory is lost for this process. */
  onFailure: (error: Error) => void
  /** Has a tick run soon. */
  wake: () => void
}

export class Storage implements JournalListener {
  readonly directories: LogDirectories
  readonly files: SegmentFiles
  readonly drainer: Drainer
  readonly directWrites: DirectWrites
  readonly batches = new Pool(() => new Batch())
  readonly #options: StorageOptions
  readonly #drainWriter: DiskWriter
  readonly #syncWriter: DiskWriter
  /** Logs of which the group that was synced has batches; one may be there more than once. */
  readonly #touched = new List<PartitionLog>()
  #journal: Journal | null = null
  #journalFiles: DiskFile[] = []
  #checkpointer: Checkpointer | null = null
  #groupStartedAt = 0
  #isClosing = false

  constructor(options: StorageOptions) {
    this.#options = options
    const { own, env, directory, arenas, holds, counters, histograms, tick, onFailure, wake } = options
    this.directories = new LogDirectories(env.disk, directory)
    const prepare = ({ identity }: { identity: PartitionLog['identity'] }) => this.directories.ensure(identity)
    const slots = LIMITS.segmentFilesOpenMax
    this.files = new SegmentFiles(env.disk, prepare, holds, own * slots, slots)
    this.#drainWriter = this.#newWriter()
    this.#syncWriter = this.#newWriter()
    const syncs = new SegmentSyncs(env.disk, this.#syncWriter, this.files, holds)
    this.drainer = new Drainer({
      disk: env.disk,
      writer: this.#drainWriter,
      syncs,
      files: this.files,
      holds,
      arenas,
      batches: this.batches,
      drainBytes: LIMITS.drainBytes,
      onFailure,
      onDrained: (bytes) => counters.add(COUNTER.drainedBytes, bytes),
    })
    this.directWrites = new DirectWrites({
      writer: this.#drainWriter,
      syncs,
      files: this.files,
      holds,
      drainer: this.drainer,
      histograms,
      tick,
      checkpointBytes: LIMITS.directCheckpointBytes,
      checkpointMs: LIMITS.directCheckpointMs,
      onWritten: (bytes) => counters.add(COUNTER.directBytes, bytes),
      onCheckpointDue: () => this.#checkpointer!.start(),
      toJournal: (batch) => this.#journal!.enqueue(batch),
      onFailure,
      wake,
    })
  }

  /** Not before `open`. */
  get journal(): Journal {
    return this.#journal!
  }

  /** Nothing that was appended waits for the disk. */
  get isIdle(): boolean {
    return this.#journal === null || (this.#journal.isIdle && this.directWrites.isIdle)
  }

  /** When `work` must run at the latest: Infinity for never. */
  nextDeadlineMs(): number {
    return this.directWrites.nextDeadlineMs()
  }

  /**
   * The first checkpoint of this run; `lastGeneration` is that of the one that recovery read. Not before every shard has
   * recovered: they read those of the last run.
   */
  async checkpoint(lastGeneration: number): Promise<void> {
    const { own, shards, runEpoch, directory, env, native, counters, tick, logs, onFailure } = this.#options
    this.#checkpointer = new Checkpointer({
      shard: own,
      shards,
      runEpoch,
      lastGeneration,
      drainer: this.drainer,
      logs,
      unsyncedSequence: () => this.#journal?.unsyncedSequence ?? 1,
      storeLeaderEpochs: (log) => this.directories.storeLeaderEpochs(log),
      write: (checkpoint) => writeCheckpoint(env.disk, directory, checkpoint, native.crc32c),
      onRow: (log, { durability }) => {
        if (!this.#isClosing) this.directWrites.onRow(log, durability === 'os')
      },
      onCheckpoint: (sequence) => {
        counters.add(COUNTER.checkpoints, 1)
        // Between ticks: a group that waited for a file starts now, not when the last tick was.
        tick.read(env.clock.nowMs())
        this.#journal?.release(sequence)
      },
      onFailure,
    })
    await this.#checkpointer.run()
  }

  /** Starts the journal of this run. Not before every shard has its checkpoint: until then the last run's may be needed. */
  async open(): Promise<void> {
    const { own, env, native, directory, journalBytes, runEpoch, doorbell, arena, arenas, logs } = this.#options
    const fileBytes = journalFileBytes(journalBytes)
    this.#journalFiles = await openJournalFiles(env.disk, directory, own, fileBytes)
    const progress = progressWords()
    const arenaBytes = arenas.map(({ bytes }) => bytes)
    const groupBytesMax = journalGroupBytesMax(journalBytes)
    this.#journal = new Journal({
      shard: own,
      runEpoch,
      files: this.#journalFiles,
      fileBytes,
      groupBytesMax,
      arena,
      own,
      queue: native.createDiskQueue(arenaBytes, progress, doorbell, groupBytesMax),
      progress,
      checksum: native.crc32c,
      listener: this,
    })
    // Changed since the first checkpoint.
    for (const log of logs()) if (log.isDirect === log.config.durable) this.onDurabilityChanged()
  }

  /** Once a tick, after what came was appended. */
  work(nowMs: number): void {
    this.#journal?.pump()
    this.#drainWriter.poll()
    this.#syncWriter.poll()
    this.directWrites.run(nowMs)
  }

  /**
   * A log is journaled and shall be direct, or the other way round: a checkpoint can change that. Before there is a journal
   * the first checkpoint, or `open`, sees to it.
   */
  onDurabilityChanged(): void {
    if (this.#journal !== null) this.#checkpointer!.start()
  }

  /** Everything acknowledged goes into segments; then nothing is left to replay. Once it is idle. */
  async close(): Promise<void> {
    this.#isClosing = true
    await this.#checkpointer?.settle()
    await this.#checkpointer?.run()
    await this.#closeFiles()
  }

  /** Nothing more is done: after a failure, when the process lives on. */
  abandon(): Promise<void> {
    this.#isClosing = true
    return this.#closeFiles()
  }

  onGroupStarted(): void {
    this.#groupStartedAt = this.#options.tick.micros
  }

  onWritten(batch: Batch): void {
    const { waiter, log } = batch
    log.advanceWritten(batch.nextOffset)
    batch.waiter = null
    waiter?.onWritten()
  }

  onDurable(batch: Batch): void {
    const { histograms, tick } = this.#options
    const { log } = batch
    histograms.observe(HISTOGRAM.append, batch.acceptedAt, this.#groupStartedAt)
    histograms.observe(HISTOGRAM.sync, this.#groupStartedAt, tick.micros)
    log.advanceDurable(batch.nextOffset)
    if (this.#touched.count === 0 || this.#touched.at(this.#touched.count - 1) !== log) this.#touched.push(log)
  }

  onGroupDurable(): void {
    const { counters, histograms, tick, onGroupDurable } = this.#options
    for (let i = 0; i < this.#touched.count; i++) {
      const log = this.#touched.at(i)
      // The only replica: what is durable here is durable on all that are in sync.
      log.advanceHighWatermark(log.durableOffset)
      this.drainer.onDurable(log)
    }
    this.#touched.clear()
    histograms.observe(HISTOGRAM.journalSync, this.#groupStartedAt, tick.micros)
    counters.set(COUNTER.journalGroups, this.#journal!.groupsSynced)
    counters.set(COUNTER.journalBytes, this.#journal!.bytesWritten)
    onGroupDurable()
  }

  onFileFull(): void {
    this.#checkpointer!.start()
  }

  onFailure(error: Error): void {
    this.#options.onFailure(error)
  }

  #newWriter(): DiskWriter {
    const { native, arenas, doorbell, directory } = this.#options
    const progress = progressWords()
    const arenaBytes = arenas.map(({ bytes }) => bytes)
    return new DiskWriter(native.createDiskQueue(arenaBytes, progress, doorbell, 4096), progress, directory)
  }

  async #closeFiles(): Promise<void> {
    this.#journal?.close()
    this.#drainWriter.close()
    this.#syncWriter.close()
    for (const file of this.#journalFiles) await file.close()
    await this.files.closeAll()
  }
}

function progressWords(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(PROGRESS_WORDS * 4))
}
