// A shard: the partitions that one thread owns, what is asked of them, and the work of a tick.
//
// Thread: its worker. `work` runs once a tick, between the reading of sockets and their writing.
import type { ProduceCall, ProduceContext } from '../api/00-produce.ts'
import { FetchSessions } from '../api/fetch-session.ts'
import { type PartitionRoute, Routes } from '../api/routes.ts'
import { LIMITS } from '../config/limits.ts'
import type { Settings } from '../config/settings.ts'
import type { TopicSettings } from '../config/topic-configs.ts'
import type { Env } from '../lib/env.ts'
import { BatchScan } from '../log/batch-scan.ts'
import type { LogStart, LogStartChange } from '../log/log-start-checkpoint.ts'
import type { RollSource } from '../log/partition-log.ts'
import { LogReader } from '../log/reader.ts'
import { TimeLookup } from '../log/time-lookup.ts'
import { Truncations } from '../log/truncations.ts'
import { WallClockGuard } from '../log/wall-clock-guard.ts'
import type { Arena, ArenaView } from '../memory/arena.ts'
import { DescriptorHolds } from '../memory/descriptor-holds.ts'
import { Pieces } from '../memory/pieces.ts'
import { SliceTables } from '../memory/slices.ts'
import { type MetadataBatch, MetadataImage } from '../metadata/image.ts'
import { ErrorCode } from '../model/error-codes.ts'
import type { Native } from '../native/contract.ts'
import { COUNTER, Counters } from '../observe/counters.ts'
import { Histograms, TickClock } from '../observe/histograms.ts'
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
import { LogStarts } from './log-starts.ts'
import { RELIEVE } from './messages.ts'
import { type AllPartitionOffsets, partitionOffsets } from './partition-offsets.ts'
import { PeerMessages } from './peer-messages.ts'
import { Peers } from './peers.ts'
import { Queries } from './queries.ts'
import { RecordDeletions } from './record-deletions.ts'
import { type RecoveryReport, recoverShard } from './recovery.ts'
import { Retention } from './retention.ts'
import type { SharedMemory } from './shared-memory.ts'
import { type LastCheckpoint, Storage } from './storage.ts'

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
  /** The wall clock when it was last trusted, before this start; null if it never was. And of this run, from time to time. */
  trustedTimeMs: number | null
  onTimeTrusted: (wallMs: number) => void
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

export class Shard implements ProduceContext {
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
  readonly #retention: Retention
  readonly #rolls: RollSource
  readonly #coordinators: Coordinators
  readonly #messages: PeerMessages
  readonly #manager: LogManager
  readonly #storage: Storage
  /** That recovery read. */
  #lastCheckpoint: LastCheckpoint | null = null
  #isClosing = false
  /** Between `beginTick` and the end of `work`: what is begun now is carried out in this tick. */
  #isTicking = false

  constructor(options: ShardOptions) {
    this.options = options
    const { own, shared, env, native, settings, nodeId, log } = options
    this.arena = options.arena
    this.arenas = options.arenas
    this.routes = new Routes(shared.shards)
    this.counters = new Counters(shared.counters, own)
    this.histograms = new Histograms(shared.histograms, own)
    this.sleep = new SleepFlags(shared.sleep)
    const holds = new DescriptorHolds(shared.descriptorHolds)
    const tables = new SliceTables(this.arena, this.arenas, holds)
    const onFailure = options.onFatal
    const wake = () => options.wake(own)
    const onReadFailure = (error: Error) => log.error({ err: error }, 'a read from a segment failed')
    const metadataVersion = () => this.metadataVersion
    this.#storage = new Storage({
      own,
      shards: shared.shards,
      runEpoch: options.runEpoch,
      directory: options.directory,
      journalBytes: settings['millrace.journal.bytes'],
      env,
      native,
      arena: this.arena,
      arenas: this.arenas,
      holds,
      doorbell: options.doorbell,
      counters: this.counters,
      histograms: this.histograms,
      tick: this.tick,
      logs: () => this.#manager.logs,
      storeLogStarts: options.storeLogStarts,
      onGroupDurable: () => this.#manager.removeLeaving(),
      onFailure,
      wake,
    })
    const { files, drainer, directWrites, batches, directories, records, rows } = this.#storage
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
      journal: () => this.#storage.journal,
      drainer,
      directWrites,
      batches,
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
      reader: new LogReader(env.disk, files, tables, holds),
      tables,
      arenas: this.arenas,
      holds,
      peers: this.peers,
      counters: this.counters,
      metadataVersion,
      onReadFailure,
      wake,
    })
    const lookup = new TimeLookup(env.disk, files, this.arenas, holds)
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
    this.#rolls = { wallMs: env.clock.wallMs(), chance: () => env.random.uint32() / 2 ** 32 }
    this.#manager = new LogManager({
      own,
      disk: env.disk,
      image: this.image,
      routes: this.routes,
      names: this.names,
      topicIds: this.topicIds,
      settings,
      directories,
      files,
      drainer,
      directWrites,
      rolls: this.#rolls,
      rows,
      storeLogStarts: options.storeLogStarts,
      onDurabilityChanged: () => this.#storage.onDurabilityChanged(),
      onFailure,
    })
    const starts = new LogStarts({ manager: this.#manager, drainer, records })
    this.truncations = new Truncations({ disk: env.disk, files, holds, drainer, records })
    this.deletions = new RecordDeletions({
      own,
      routes: this.routes,
      starts,
      peers: this.peers,
      metadataVersion,
      onFailure,
      wake,
    })
    this.#retention = new Retention({
      disk: env.disk,
      files,
      holds,
      drainer,
      logs: () => this.#manager.logs,
      starts,
      guard: new WallClockGuard(settings['millrace.retention.clock.jump.max.ms'], options.trustedTimeMs),
      checkIntervalMs: settings['log.retention.check.interval.ms'],
      initialDelayMs: settings['log.initial.task.delay.ms'],
      counters: this.counters,
      onTimeTrusted: options.onTimeTrusted,
      onFailure,
      log,
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
      scan: new BatchScan(drainer, files, holds),
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

  get groupHeldBytes(): number {
    return this.#coordinators.heldBytes
  }

  /** The clock has jumped: retention by time goes by what has passed. */
  get isRetentionHeld(): boolean {
    return this.#retention.isHeld
  }

  /** Of the groups that are coordinated here; not more than `countMax`. */
  groupLags(countMax: number): Promise<GroupLags> {
    const lags = groupLags({ coordinators: this.#coordinators, routes: this.routes, queries: this.queries }, countMax)
    // Between ticks: what was asked of others waits for one.
    this.options.wake(this.options.own)
    return lags
  }

  /** Not more than `countMax`. */
  partitionOffsets(countMax: number): AllPartitionOffsets {
    return partitionOffsets(this.#manager.logs, countMax)
  }

  /** What messages between shards carry, so that one that is behind knows it. */
  get metadataVersion(): number {
    return this.image.offset
  }

  settingsOf(topic: string): TopicSettings {
    return this.#manager.configOf(topic)
  }

  applyMetadata(batch: MetadataBatch): void {
    this.image.apply(batch)
    this.#messages.onMetadataApplied()
  }

  /** Opens this shard's logs, complete up to the last durable record. The metadata is applied before. */
  async recover(): Promise<RecoveryReport> {
    const { own, env, native, directory, logStarts } = this.options
    const { drainer, batches } = this.#storage
    const report = await recoverShard({
      own,
      disk: env.disk,
      directory,
      arena: this.arena,
      native,
      manager: this.#manager,
      drainer,
      batches,
      logStarts,
      nowMs: env.clock.wallMs(),
    })
    this.#lastCheckpoint = report
    return report
  }

  /** The first checkpoint of this run. Not before every shard has recovered: they read those of the last run. */
  async checkpoint(): Promise<void> {
    await this.#storage.checkpoint(this.#lastCheckpoint!)
    for (const log of this.#manager.logs) await this.#manager.removeObsolete(log)
  }

  /** Starts the journal of this run. Not before every shard has its checkpoint: until then the last run's may be needed. */
  async open(): Promise<void> {
    await this.#storage.open()
    this.#coordinators.open()
    this.#retention.open(this.options.env.clock.nowMs())
  }

  /** Before the frames that came are begun: what they wait for counts from now. */
  beginTick(nowMs: number): void {
    this.#isTicking = true
    this.tick.read(nowMs)
    const wallMs = this.options.env.clock.wallMs()
    this.#appends.wallMs = wallMs
    this.#rolls.wallMs = wallMs
    this.fetches.nowMs = nowMs
  }

  /** The tick's work, after the frames that came are begun and before what is to be sent leaves. */
  work(): void {
    this.peers.poll()
    this.#appends.run()
    this.#storage.work(this.fetches.nowMs)
    this.#coordinators.run(this.fetches.nowMs)
    this.#retention.run(this.fetches.nowMs, this.#rolls.wallMs)
    this.fetches.run()
    this.peers.publish()
    this.#isTicking = false
  }

  /** When `work` must run at the latest: Infinity for never. */
  nextDeadlineMs(): number {
    return Math.min(
      this.fetches.nextDeadlineMs(),
      this.#coordinators.nextDeadlineMs(),
      this.#storage.nextDeadlineMs(),
      this.#retention.nextDeadlineMs(),
    )
  }

  /** Whether another tick must come at once. */
  get hasMore(): boolean {
    const hasAppends = this.#appends.hasQueued || this.#coordinators.hasSettled
    return (
      hasAppends ||
      this.#retention.hasMore ||
      this.peers.hasMessages() ||
      this.peers.hasUnsent() ||
      this.fetches.hasResuming
    )
  }

  /**
   * Memory runs short: whatever waits for a good moment to be drained is drained now, also what other shards have
   * appended from here.
   */
  relieveMemory(): void {
    this.#storage.drainer.startAll()
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
    this.#storage.drainer.startAll()
    this.options.onRelieve()
  }

  /** Everything acknowledged goes into segments; then nothing is left to replay. Once it is quiet. */
  async close(): Promise<void> {
    this.#isClosing = true
    this.#coordinators.close()
    await this.#retention.close()
    await this.#storage.close()
  }

  /** Nothing more is done: after a failure, when the process lives on. */
  async abandon(): Promise<void> {
    this.#isClosing = true
    this.#coordinators.close()
    // What is under way may wait for what does not come any more.
    this.#retention.close()
    await this.#storage.abandon()
  }

  /** True when no append waits for the disk, or for the tick that takes it there: a clean stop checkpoints then. */
  get isQuiet(): boolean {
    return this.#storage.isIdle && !this.#appends.hasQueued
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
}

function sessionsMax(settings: Settings, shards: number): number {
  return Math.ceil(settings['max.incremental.fetch.session.cache.slots'] / shards)
}
