// A shard: the partitions that one thread owns, their journal, and the work of a tick.
//
// Thread: its worker. `work` runs once a tick, between the reading of sockets and their writing; what it starts and has
// to wait for (opening a file, a drain, a checkpoint) goes on by promise and has a tick run when it is done.
import type { ProduceCall, ProduceContext } from '../api/00-produce.ts'
import { FetchSessions } from '../api/fetch-session.ts'
import { type PartitionRoute, Routes } from '../api/routes.ts'
import { carryBounds, checkpointDeltaBytes, journalFileBytes, journalGroupBytesMax, LIMITS } from '../config/limits.ts'
import type { Settings } from '../config/settings.ts'
import { CheckpointWriter } from '../journal/checkpoint-writer.ts'
import { openJournalFiles } from '../journal/files.ts'
import { Journal, type JournalListener } from '../journal/journal.ts'
import type { DiskFile, Env } from '../lib/env.ts'
import { List } from '../lib/list.ts'
import { Pool } from '../lib/pool.ts'
import { Batch } from '../log/batch.ts'
import { BatchScan } from '../log/batch-scan.ts'
import { Carrier } from '../log/carrier.ts'
import { Checkpointer } from '../log/checkpointer.ts'
import { ControlRecords } from '../log/control-records.ts'
import { DiskWriter } from '../log/disk-writer.ts'
import { Drainer } from '../log/drainer.ts'
import { LogDirectories } from '../log/log-directories.ts'
import type { LogStart, LogStartChange } from '../log/log-start-checkpoint.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import { LogReader } from '../log/reader.ts'
import { RowChanges } from '../log/row-changes.ts'
import { SegmentFiles } from '../log/segment-files.ts'
import { TimeLookup } from '../log/time-lookup.ts'
import { Truncations } from '../log/truncations.ts'
import type { Arena, ArenaView } from '../memory/arena.ts'
import { DescriptorHolds } from '../memory/descriptor-holds.ts'
import { Pieces } from '../memory/pieces.ts'
import { SliceTables } from '../memory/slices.ts'
import { type MetadataBatch, MetadataImage } from '../metadata/image.ts'
import { ErrorCode } from '../model/error-codes.ts'
import { type Native, PROGRESS_WORDS } from '../native/contract.ts'
import { COUNTER, Counters } from '../observe/counters.ts'
import { HISTOGRAM, Histograms, TickClock } from '../observe/histograms.ts'
import type { Log } from '../observe/log.ts'
import { SleepFlags } from '../ring/sleep.ts'
import { nameTable, uuidTable } from '../wire/intern.ts'
import type { AppendCaller } from './append.ts'
import { Appends } from './appends.ts'
import { Coordinators } from './coordinators.ts'
import { Fetches } from './fetches.ts'
import { type GroupLags, groupLags } from './group-lags.ts'
import { GroupRequests } from './group-requests.ts'
import { LogManager } from './log-manager.ts'
import { RELIEVE } from './messages.ts'
import { PeerMessages } from './peer-messages.ts'
import { Peers } from './peers.ts'
import { Queries } from './queries.ts'
import { RecordDeletions } from './record-deletions.ts'
import { type RecoveryReport, recoverShard } from './recovery.ts'
import type { SharedMemory } from './shared-memory.ts'

export interface ShardOptions {
  own: number
  nodeId: number
  /** Counts the starts of this data directory. */
  runEpoch: number
  directory: string
  settings: Settings
  env: Env
  native: Native
  shared: SharedMemory
  arena: Arena
  /** Where partitions begin since records were deleted, as of the start. */
  logStarts: readonly LogStart[]
  /** The same for partitions of this shard, from now on; durable when it resolves. */
  storeLogStarts: (changes: readonly LogStartChange[]) => Promise<void>
  /** Every shard's by number, the own one in its place. */
  arenas: readonly ArenaView[]
  /** The reactor's, which the disk queues ring. */
  doorbell: number
  log: Log
  /** Has a thread tick soon: another one, or this. */
  wake: (thread: number) => void
  /** The log directory is lost for this process. */
  onFatal: (error: Error) => void
  /** Memory of another shard is short. */
  onRelieve: () => void
  /** A connection that the control thread accepted for this shard. */
  onAccepted: (descriptor: number, listener: number, addressSlot: number) => void
}

export class Shard implements ProduceContext, JournalListener {
  readonly options: ShardOptions
  readonly arena: Arena
  readonly arenas: readonly ArenaView[]
  readonly image = new MetadataImage()
  readonly routes: Routes
  readonly names = nameTable(LIMITS.internedNamesMax)
  readonly topicIds = uuidTable(LIMITS.internedNamesMax)
  readonly counters: Counters
  readonly histograms: Histograms
  readonly tick = new TickClock()
  readonly fetches: Fetches
  readonly queries: Queries
  readonly deletions: RecordDeletions
  readonly truncations: Truncations
  readonly groups: GroupRequests
  readonly sleep: SleepFlags
  readonly peers: Peers
  readonly #appends: Appends
  readonly #coordinators: Coordinators
  readonly #messages: PeerMessages
  readonly #manager: LogManager
  readonly #drainer: Drainer
  readonly #drainWriter: DiskWriter
  readonly #syncers: DiskWriter[]
  readonly #carrier: Carrier
  readonly #rows = new RowChanges()
  readonly #files: SegmentFiles
  readonly #directories: LogDirectories
  readonly #batches = new Pool(() => new Batch())
  /** Logs of which the group that was synced has batches; one may be there more than once. */
  readonly #touched = new List<PartitionLog>()
  #journal: Journal | null = null
  #journalFiles: DiskFile[] = []
  #checkpointer: Checkpointer | null = null
  #groupStartedAt = 0
  #isClosing = false
  /** Between `beginTick` and the end of `work`: what is begun now is carried out in this tick. */
  #isTicking = false

  constructor(options: ShardOptions) {
    this.options = options
    const { own, shared, env, native, settings, nodeId, directory, doorbell, log } = options
    this.arena = options.arena
    this.arenas = options.arenas
    this.routes = new Routes(shared.shards)
    this.counters = new Counters(shared.counters, own)
    this.histograms = new Histograms(shared.histograms, own)
    this.sleep = new SleepFlags(shared.sleep)
    const holds = new DescriptorHolds(shared.descriptorHolds)
    const tables = new SliceTables(this.arena, this.arenas, holds)
    const directories = new LogDirectories(env.disk, directory)
    this.#directories = directories
    const slots = LIMITS.segmentFilesOpenMax
    this.#files = new SegmentFiles(env.disk, ({ identity }) => directories.ensure(identity), holds, own * slots, slots)
    const arenaBytes = this.arenas.map(({ bytes }) => bytes)
    const diskWriter = () => {
      const progress = progressWords()
      return new DiskWriter(native.createDiskQueue(arenaBytes, progress, doorbell, 4096), progress, directory)
    }
    this.#drainWriter = diskWriter()
    this.#syncers = Array.from({ length: LIMITS.segmentSyncThreads }, diskWriter)
    const onFailure = options.onFatal
    const wake = () => options.wake(own)
    const onReadFailure = (error: Error) => log.error({ err: error }, 'a read from a segment failed')
    const metadataVersion = () => this.metadataVersion
    this.#drainer = new Drainer({
      disk: env.disk,
      writer: this.#drainWriter,
      syncers: this.#syncers,
      files: this.#files,
      holds,
      arenas: this.arenas,
      batches: this.#batches,
      drainBytes: LIMITS.drainBytes,
      onFailure,
      unsyncedSequence: () => this.#unsyncedSequence,
      onDrained: (bytes) => this.#onDrained(bytes),
    })
    this.#carrier = new Carrier({
      own,
      arena: this.arena,
      arenas: this.arenas,
      drainer: this.#drainer,
      groupBytesMax: carryBounds(settings['millrace.journal.bytes']).groupBytesMax,
      onCarried: (batches, bytes) => {
        this.counters.add(COUNTER.carriedBatches, batches)
        this.counters.add(COUNTER.carriedBytes, bytes)
      },
      wake,
    })
    this.peers = new Peers({
      writers: shared.rings[own]!,
      readers: shared.rings.map((ringsFrom) => ringsFrom[own]!),
      credits: LIMITS.ringCredits,
      sleep: this.sleep,
      wake: options.wake,
      onMessage: (thread, words, at) => this.#messages.onMessage(thread, words, at),
    })
    this.#appends = new Appends({
      native,
      arenas: this.arenas,
      journal: () => this.#journal!,
      drainer: this.#drainer,
      batches: this.#batches,
      counters: this.counters,
      tick: this.tick,
      answerPeer: (append, error) => this.#messages.answerProduce(append, error),
    })
    this.fetches = new Fetches({
      own,
      nodeId,
      routes: this.routes,
      sessions: new FetchSessions(sessionsMax(settings, shared.shards), LIMITS.fetchSessionBytesMax, env.random),
      fetchBytesMax: settings['fetch.max.bytes'],
      reader: new LogReader(env.disk, this.#files, tables, holds),
      tables,
      arenas: this.arenas,
      holds,
      peers: this.peers,
      counters: this.counters,
      metadataVersion,
      onReadFailure,
      wake,
    })
    const lookup = new TimeLookup(env.disk, this.#files, this.arenas, holds)
    this.queries = new Queries({
      own,
      routes: this.routes,
      lookup,
      peers: this.peers,
      metadataVersion,
      onReadFailure,
      wake,
    })
    this.#messages = new PeerMessages(this, this.#appends, options.onAccepted)
    this.#manager = new LogManager({
      own,
      disk: env.disk,
      image: this.image,
      routes: this.routes,
      names: this.names,
      topicIds: this.topicIds,
      settings,
      directories,
      files: this.#files,
      drainer: this.#drainer,
      rows: this.#rows,
      storeLogStarts: options.storeLogStarts,
      onFailure,
    })
    const records = new ControlRecords({ journal: () => this.#journal!, batches: this.#batches, wake })
    this.truncations = new Truncations({
      disk: env.disk,
      files: this.#files,
      holds,
      drainer: this.#drainer,
      records,
    })
    this.deletions = new RecordDeletions({
      own,
      routes: this.routes,
      manager: this.#manager,
      drainer: this.#drainer,
      peers: this.peers,
      records,
      metadataVersion,
      onFailure,
      wake,
    })
    this.image.listen(this.#manager)
    const wakeUnlessTicking = () => {
      if (!this.#isTicking) wake()
    }
    this.#coordinators = new Coordinators({
      own,
      image: this.image,
      routes: this.routes,
      settings,
      clock: env.clock,
      random: env.random,
      crc32c: native.crc32c,
      scan: new BatchScan(this.#drainer, this.#files, holds),
      pieces: new Pieces(this.arena),
      appendOwn: (caller, row, route, offset, length) => this.#appendOwn(caller, row, route, offset, length),
      log,
      wake: wakeUnlessTicking,
    })
    // After the logs: a coordinator begins with its partition's log.
    this.image.listen(this.#coordinators)
    this.groups = new GroupRequests({
      own,
      routes: this.routes,
      coordinators: this.#coordinators,
      arenas: this.arenas,
      pieces: new Pieces(this.arena),
      peers: this.peers,
      metadataVersion,
      wake: wakeUnlessTicking,
    })
  }

  get nodeId(): number {
    return this.options.nodeId
  }

  /** Every journal group before it is synced. */
  get #unsyncedSequence(): number {
    return this.#journal?.unsyncedSequence ?? 1
  }

  get groupHeldBytes(): number {
    return this.#coordinators.heldBytes
  }

  /** Of the groups that are coordinated here; not more than `countMax`. */
  groupLags(countMax: number): Promise<GroupLags> {
    const lags = groupLags({ coordinators: this.#coordinators, routes: this.routes, queries: this.queries }, countMax)
    // Between ticks: what was asked of others waits for one.
    this.options.wake(this.options.own)
    return lags
  }

  /** What messages between shards carry, so that one that is behind knows it. */
  get metadataVersion(): number {
    return this.image.offset
  }

  applyMetadata(batch: MetadataBatch): void {
    this.image.apply(batch)
    this.#messages.onMetadataApplied()
  }

  /** Opens this shard's logs, complete up to the last durable record. The metadata is applied before. */
  async recover(): Promise<RecoveryReport> {
    const { own, env, native, shared, directory, runEpoch, settings } = this.options
    const report = await recoverShard({
      own,
      disk: env.disk,
      directory,
      arena: this.arena,
      native,
      manager: this.#manager,
      drainer: this.#drainer,
      batches: this.#batches,
      logStarts: this.options.logStarts,
      nowMs: env.clock.wallMs(),
    })
    const writer = new CheckpointWriter({
      disk: env.disk,
      directory,
      shard: own,
      shards: shared.shards,
      runEpoch,
      lastGeneration: report.lastGeneration,
      lastSlot: report.lastSlot,
      deltaBytesMin: checkpointDeltaBytes(settings['millrace.journal.bytes']),
      checksum: native.crc32c,
    })
    this.#checkpointer = new Checkpointer({
      drainer: this.#drainer,
      carrier: this.#carrier,
      bounds: carryBounds(settings['millrace.journal.bytes']),
      rows: this.#rows,
      writer,
      logs: () => this.#manager.logs,
      unsyncedSequence: () => this.#unsyncedSequence,
      sequenceToFree: () => this.#journal?.sequenceToFree ?? 0,
      storeLogStarts: this.options.storeLogStarts,
      storeLeaderEpochs: (log) => this.#directories.storeLeaderEpochs(log),
      onCheckpoint: (sequence) => {
        this.counters.add(COUNTER.checkpoints, 1)
        this.counters.set(COUNTER.checkpointBases, writer.basesWritten)
        this.counters.set(COUNTER.checkpointBytes, writer.bytesWritten)
        // Between ticks: a group that waited for a file starts now, not when the last tick was.
        this.tick.read(env.clock.nowMs())
        this.#journal?.release(sequence)
      },
      onFailure: this.options.onFatal,
    })
    return report
  }

  /** The first checkpoint of this run. Not before every shard has recovered: they read those of the last run. */
  async checkpoint(): Promise<void> {
    await this.#checkpointer!.drainAll()
    for (const log of this.#manager.logs) await this.#manager.removeObsolete(log)
  }

  /** Starts the journal of this run. Not before every shard has its checkpoint: until then the last run's may be needed. */
  async open(): Promise<void> {
    const { own, env, native, directory, settings, runEpoch, doorbell } = this.options
    const fileBytes = journalFileBytes(settings['millrace.journal.bytes'])
    this.#journalFiles = await openJournalFiles(env.disk, directory, own, fileBytes)
    const progress = progressWords()
    const arenaBytes = this.arenas.map(({ bytes }) => bytes)
    const groupBytesMax = journalGroupBytesMax(settings['millrace.journal.bytes'])
    this.#journal = new Journal({
      shard: own,
      runEpoch,
      files: this.#journalFiles,
      fileBytes,
      groupBytesMax,
      arena: this.arena,
      own,
      queue: native.createDiskQueue(arenaBytes, progress, doorbell, groupBytesMax),
      progress,
      checksum: native.crc32c,
      listener: this,
      carried: this.#carrier,
    })
    this.#coordinators.open()
  }

  /** Before the frames that came are begun: what they wait for counts from now. */
  beginTick(nowMs: number): void {
    this.#isTicking = true
    this.tick.read(nowMs)
    this.#appends.wallMs = this.options.env.clock.wallMs()
    this.fetches.nowMs = nowMs
  }

  /** The tick's work, after the frames that came are begun and before what is to be sent leaves. */
  work(): void {
    this.peers.poll()
    this.#appends.run()
    this.#journal?.pump()
    this.#drainWriter.poll()
    for (const syncer of this.#syncers) syncer.poll()
    this.#coordinators.run(this.fetches.nowMs)
    this.fetches.run()
    this.peers.publish()
    this.#isTicking = false
  }

  /** When `work` must run at the latest: Infinity for never. */
  nextDeadlineMs(): number {
    return Math.min(this.fetches.nextDeadlineMs(), this.#coordinators.nextDeadlineMs())
  }

  /** Whether another tick must come at once. */
  get hasMore(): boolean {
    const hasAppends = this.#appends.hasQueued || this.#coordinators.hasSettled
    return hasAppends || this.peers.hasMessages() || this.peers.hasUnsent() || this.fetches.hasResuming
  }

  /**
   * Memory runs short: whatever waits for a good moment to be drained is drained now, also what other shards have
   * appended from here.
   */
  relieveMemory(): void {
    this.#drainer.startAll()
    const { own, shared } = this.options
    for (let peer = 0; peer < shared.shards; peer++) {
      if (peer === own) continue
      this.peers.draft.fill(0)
      this.peers.draft[0] = RELIEVE
      this.peers.tell(peer)
    }
  }

  /** Another shard is short of memory, of which we may hold some. */
  relieve(): void {
    this.#drainer.startAll()
    this.options.onRelieve()
  }

  /** Everything acknowledged goes into segments; then nothing is left to replay. Once it is quiet. */
  async close(): Promise<void> {
    this.#isClosing = true
    this.#coordinators.close()
    await this.#checkpointer?.settle()
    await this.#checkpointer?.drainAll()
    this.#closeQueues()
    for (const file of this.#journalFiles) await file.close()
    await this.#files.closeAll()
  }

  /** Nothing more is done: after a failure, when the process lives on. */
  async abandon(): Promise<void> {
    this.#isClosing = true
    this.#coordinators.close()
    this.#closeQueues()
    for (const file of this.#journalFiles) await file.close()
    await this.#files.closeAll()
  }

  #closeQueues(): void {
    this.#journal?.close()
    this.#drainWriter.close()
    for (const syncer of this.#syncers) syncer.close()
  }

  /** True when no append waits for the journal, or for the tick that takes it there: a clean stop checkpoints then. */
  get isQuiet(): boolean {
    return this.#journal === null || (this.#journal.isIdle && !this.#appends.hasQueued)
  }

  append(call: ProduceCall, row: number, route: PartitionRoute, offset: number, length: number): void {
    const { own } = this.options
    this.arena.hold(call.block)
    if (route.shard !== own) {
      this.counters.add(COUNTER.peerProduces, 1)
      this.#messages.askProduce(call, row, route, offset, length)
      return
    }
    const append = this.#appends.take()
    append.arena = own
    append.block = call.block
    append.offset = offset
    append.length = length
    append.acks = call.acks
    append.takesZstd = call.takesZstd
    append.call = call
    append.row = row
    this.queueAppend(append, route)
  }

  /** A batch of the broker's own, acks=all. Its block is held for it. */
  #appendOwn(caller: AppendCaller, row: number, route: PartitionRoute, offset: number, length: number): void {
    const append = this.#appends.take()
    append.arena = this.options.own
    append.block = this.arena.blockOf(offset)
    append.offset = offset
    append.length = length
    append.acks = -1
    append.takesZstd = true
    append.call = caller
    append.row = row
    this.queueAppend(append, route)
    if (!this.#isTicking) this.options.wake(this.options.own)
  }

  /** A local append, or a peer's: refused at once if the log is not here. */
  queueAppend(append: ReturnType<Appends['take']>, route: PartitionRoute | undefined): void {
    const log = route?.log ?? null
    if (log === null || this.#isClosing) this.#appends.refuse(append, ErrorCode.NotLeaderOrFollower)
    else {
      append.log = log
      this.#appends.queue(append)
    }
  }

  #onDrained(bytes: number): void {
    this.counters.add(COUNTER.drainedBytes, bytes)
    if (this.#drainer.unsyncedSegments >= LIMITS.checkpointSegmentsMax) this.#checkpointer?.start()
  }

  onGroupStarted(): void {
    this.#groupStartedAt = this.tick.micros
  }

  onWritten(batch: Batch): void {
    const { waiter } = batch
    batch.waiter = null
    waiter?.onWritten()
  }

  onDurable(batch: Batch): void {
    const { log } = batch
    this.histograms.observe(HISTOGRAM.append, batch.acceptedAt, this.#groupStartedAt)
    this.histograms.observe(HISTOGRAM.sync, this.#groupStartedAt, this.tick.micros)
    log.advanceDurable(batch.nextOffset)
    if (this.#touched.count === 0 || this.#touched.at(this.#touched.count - 1) !== log) this.#touched.push(log)
  }

  onGroupDurable(): void {
    for (let i = 0; i < this.#touched.count; i++) {
      const log = this.#touched.at(i)
      // The only replica: what is durable here is durable on all that are in sync.
      log.advanceHighWatermark(log.durableOffset)
      this.#drainer.onDurable(log)
    }
    this.#touched.clear()
    this.histograms.observe(HISTOGRAM.journalSync, this.#groupStartedAt, this.tick.micros)
    this.counters.set(COUNTER.journalGroups, this.#journal!.groupsSynced)
    this.counters.set(COUNTER.journalBytes, this.#journal!.bytesWritten)
    this.#manager.removeLeaving()
  }

  onFileFull(): void {
    this.#checkpointer!.start()
  }

  onFailure(error: Error): void {
    this.options.onFatal(error)
  }
}

function progressWords(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(PROGRESS_WORDS * 4))
}

function sessionsMax(settings: Settings, shards: number): number {
  return Math.ceil(settings['max.incremental.fetch.session.cache.slots'] / shards)
}
