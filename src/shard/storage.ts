// What a shard has on its disk, put together: the journal, the segment files with what drains, writes and syncs them, and the
// checkpoints that hold both together.
//
// Thread: the shard's. `work` runs once a tick; what has to be waited for (opening a file, a drain, a checkpoint) goes on by
// promise and has a tick run when it is done.
import { carryBounds, checkpointDeltaBytes, journalFileBytes, journalGroupBytesMax, LIMITS } from '../config/limits.ts'
import { CheckpointWriter } from '../journal/checkpoint-writer.ts'
import { openJournalFiles } from '../journal/files.ts'
import { Journal, type JournalListener } from '../journal/journal.ts'
import type { DiskFile, Env } from '../lib/env.ts'
import { List } from '../lib/list.ts'
import { Pool } from '../lib/pool.ts'
import { Batch } from '../log/batch.ts'
import { Carrier } from '../log/carrier.ts'
import { Checkpointer } from '../log/checkpointer.ts'
import { ControlRecords } from '../log/control-records.ts'
import { DirectWrites } from '../log/direct-writes.ts'
import { DiskWriter } from '../log/disk-writer.ts'
import { Drainer } from '../log/drainer.ts'
import { LogDirectories } from '../log/log-directories.ts'
import type { LogStartChange } from '../log/log-start-checkpoint.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import { RowChanges } from '../log/row-changes.ts'
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
  /** In Kafka's own checkpoint. */
  storeLogStarts: (changes: readonly LogStartChange[]) => Promise<void>
  /** The journal has synced what it had of some logs. */
  onGroupDurable: () => void
  /** The log directory is lost for this process. */
  onFailure: (error: Error) => void
  /** Has a tick run soon. */
  wake: () => void
}

/** The last checkpoint of the run before, which recovery read; 0 and -1 if there was none. */
export interface LastCheckpoint {
  readonly lastGeneration: number
  readonly lastSlot: number
}

export class Storage implements JournalListener {
  readonly directories: LogDirectories
  readonly files: SegmentFiles
  readonly drainer: Drainer
  readonly directWrites: DirectWrites
  readonly batches = new Pool(() => new Batch())
  readonly records: ControlRecords
  readonly rows = new RowChanges()
  readonly #options: StorageOptions
  readonly #drainWriter: DiskWriter
  readonly #syncWriters: readonly DiskWriter[]
  readonly #carrier: Carrier
  /** Logs of which the group that was synced has batches; one may be there more than once. */
  readonly #touched = new List<PartitionLog>()
  #journal: Journal | null = null
  #journalFiles: DiskFile[] = []
  #checkpointer: Checkpointer | null = null
  #groupStartedAt = 0
  #isClosing = false

  constructor(options: StorageOptions) {
    this.#options = options
    const { own, env, directory, arena, arenas, holds, counters, histograms, tick, onFailure, wake } = options
    this.directories = new LogDirectories(env.disk, directory)
    const prepare = ({ identity }: { identity: PartitionLog['identity'] }) => this.directories.ensure(identity)
    const slots = LIMITS.segmentFilesOpenMax
    this.files = new SegmentFiles(env.disk, prepare, holds, own * slots, slots)
    this.#drainWriter = this.#newWriter()
    this.#syncWriters = Array.from({ length: LIMITS.segmentSyncThreads }, () => this.#newWriter())
    const syncs = new SegmentSyncs(env.disk, this.#syncWriters, this.files, holds)
    this.drainer = new Drainer({
      disk: env.disk,
      writer: this.#drainWriter,
      syncs,
      files: this.files,
      holds,
      arenas,
      batches: this.batches,
      drainBytes: LIMITS.drainBytes,
      unsyncedSequence: () => this.#unsyncedSequence,
      onFailure,
      onDrained: (bytes) => this.#onDrained(bytes),
    })
    this.#carrier = new Carrier({
      own,
      arena,
      arenas,
      drainer: this.drainer,
      groupBytesMax: carryBounds(options.journalBytes).groupBytesMax,
      onCarried: (batches, bytes) => {
        counters.add(COUNTER.carriedBatches, batches)
        counters.add(COUNTER.carriedBytes, bytes)
      },
      wake,
    })
    this.records = new ControlRecords({ journal: () => this.journal, batches: this.batches, wake })
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
      onCheckpointDue: () => this.#checkpointer!.startDue(),
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
   * The first checkpoint of this run, after `last`. Not before every shard has recovered: they read those of the last run.
   */
  async checkpoint({ lastGeneration, lastSlot }: LastCheckpoint): Promise<void> {
    const { own, shards, runEpoch, directory, journalBytes, env, native, counters, tick } = this.#options
    const { logs, storeLogStarts, onFailure } = this.#options
    const writer = new CheckpointWriter({
      disk: env.disk,
      directory,
      shard: own,
      shards,
      runEpoch,
      lastGeneration,
      lastSlot,
      deltaBytesMin: checkpointDeltaBytes(journalBytes),
      checksum: native.crc32c,
    })
    this.#checkpointer = new Checkpointer({
      drainer: this.drainer,
      carrier: this.#carrier,
      bounds: carryBounds(journalBytes),
      rows: this.rows,
      writer,
      logs,
      unsyncedSequence: () => this.#unsyncedSequence,
      sequenceToFree: () => this.#journal?.sequenceToFree ?? 0,
      storeLogStarts,
      storeLeaderEpochs: (log) => this.directories.storeLeaderEpochs(log),
      onRow: (log, isWalked) => {
        if (!this.#isClosing) this.directWrites.onRow(log, isWalked)
      },
      onCheckpoint: (sequence) => {
        counters.add(COUNTER.checkpoints, 1)
        counters.set(COUNTER.checkpointBases, writer.basesWritten)
        counters.set(COUNTER.checkpointBytes, writer.bytesWritten)
        // Between ticks: a group that waited for a file starts now, not when the last tick was.
        tick.read(env.clock.nowMs())
        this.#journal?.release(sequence)
      },
      onFailure,
    })
    await this.#checkpointer.drainAll()
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
      carried: this.#carrier,
    })
    // Changed since the first checkpoint.
    for (const log of logs()) if (log.isDirect === log.config.durable) this.onDurabilityChanged()
  }

  /** Once a tick, after what came was appended. */
  work(nowMs: number): void {
    this.#journal?.pump()
    this.#drainWriter.poll()
    for (const writer of this.#syncWriters) writer.poll()
    this.directWrites.run(nowMs)
  }

  /**
   * A log is journaled and shall be direct, or the other way round: a checkpoint can change that. Before there is a journal
   * the first checkpoint, or `open`, sees to it.
   */
  onDurabilityChanged(): void {
    if (this.#journal !== null) this.#checkpointer!.startDue()
  }

  /** Everything acknowledged goes into segments; then nothing is left to replay. Once it is idle. */
  async close(): Promise<void> {
    this.#isClosing = true
    await this.#checkpointer?.drainAll()
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

  /** Every journal group before it is synced. */
  get #unsyncedSequence(): number {
    return this.#journal?.unsyncedSequence ?? 1
  }

  #onDrained(bytes: number): void {
    this.#options.counters.add(COUNTER.drainedBytes, bytes)
    if (this.drainer.unsyncedSegments >= LIMITS.checkpointSegmentsMax) this.#checkpointer?.start()
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
    for (const writer of this.#syncWriters) writer.close()
    for (const file of this.#journalFiles) await file.close()
    await this.files.closeAll()
  }
}

function progressWords(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(PROGRESS_WORDS * 4))
}
