// The group coordinators of this shard: one for each partition of __consumer_offsets that lives here, from metadata to
// machine and back.
//
// Owner: the shard. A coordinator whose partition is new is ready at once; one whose partition has records reads them
// first, a piece at a time, and is asked in vain meanwhile (COORDINATOR_LOAD_IN_PROGRESS).
import { shortened } from '../api/refusals.ts'
import type { PartitionRoute, Routes } from '../api/routes.ts'
import type { Settings } from '../config/settings.ts'
import { GroupMachine, GroupMemory, type VisitCommitted } from '../coordinator/group-machine.ts'
import { Deadlines } from '../lib/deadlines.ts'
import type { Clock, Random } from '../lib/env.ts'
import { forEachLimited } from '../lib/limited.ts'
import type { BatchScan } from '../log/batch-scan.ts'
import { CommittedRecords } from '../log/committed-records.ts'
import type { Pieces } from '../memory/pieces.ts'
import type { MetadataImage } from '../metadata/image.ts'
import type { ImageListener } from '../metadata/listener.ts'
import type { TopicImage } from '../metadata/topics.ts'
import { OFFSETS_TOPIC } from '../model/ids.ts'
import { LimitedLog } from '../observe/limited-log.ts'
import type { Log } from '../observe/log.ts'
import { type Crc32c, RecordBatchBuilder } from '../wire/record-batch-builder.ts'
import { type CoordinatorHost, GroupCoordinator } from './group-coordinator.ts'

const LOADED_AT_ONCE = 4
/** Between two looks at the sockets no more than this is replayed. */
const REPLAYED_BYTES_MAX = 256 << 10
/** What transactions that a log leaves open take while it is loaded. */
const OPEN_TRANSACTION_BYTES_MAX = 64 << 20
/** In characters. A longer one is left out: a member id is a text that must fit a message itself. */
const MEMBER_PREFIX_MAX = 1024

export interface CoordinatorsOptions {
  own: number
  image: MetadataImage
  routes: Routes
  settings: Settings
  clock: Clock
  random: Random
  crc32c: Crc32c
  scan: BatchScan
  pieces: Pieces
  appendOwn: CoordinatorHost['appendOwn']
  log: Log
  /** Has a tick run soon. */
  wake: () => void
}

export class Coordinators implements CoordinatorHost, ImageListener {
  readonly #options: CoordinatorsOptions
  readonly clock: Clock
  readonly builder: RecordBatchBuilder
  readonly pieces: Pieces
  readonly appendOwn: CoordinatorHost['appendOwn']
  /** What groups do is what strangers make them do. */
  readonly #groupLog: LimitedLog
  readonly #memory: GroupMemory
  readonly #byHandle = new Map<number, GroupCoordinator>()
  readonly #deadlines = new Deadlines<GroupCoordinator>()
  /** Those with appends to be told of. */
  #settled: GroupCoordinator[] = []
  #isOpen = false

  constructor(options: CoordinatorsOptions) {
    this.#options = options
    this.clock = options.clock
    this.builder = new RecordBatchBuilder(options.crc32c)
    this.pieces = options.pieces
    this.appendOwn = options.appendOwn
    this.#memory = new GroupMemory(options.settings['millrace.shard.group.bytes.max'])
    const linesMax = options.settings['millrace.log.client.lines.max']
    this.#groupLog = new LimitedLog(options.log, linesMax, () => options.clock.nowMs())
  }

  /** From here on appends are possible: loads the coordinators of the partitions that are here, in the background. */
  open(): void {
    this.#isOpen = true
    const partitions = this.#options.routes.topicByName(OFFSETS_TOPIC)?.partitions ?? []
    const own = partitions.filter(({ shard }) => shard === this.#options.own)
    forEachLimited(
      own.map((route) => this.#add(route)),
      LOADED_AT_ONCE,
      (coordinator) => this.#load(coordinator),
    )
  }

  /** The shard ends: nothing is coordinated any more. */
  close(): void {
    this.#isOpen = false
    for (const coordinator of this.#byHandle.values()) this.#remove(coordinator)
  }

  /** Undefined if the partition is not here. */
  byHandle(handle: number): GroupCoordinator | undefined {
    return this.#byHandle.get(handle)
  }

  /** What members, ids given out and committed offsets take. */
  get heldBytes(): number {
    return this.#memory.heldBytes
  }

  forEachCommitted(visit: VisitCommitted): void {
    for (const coordinator of this.#byHandle.values()) coordinator.forEachCommitted(visit)
  }

  partitionAdded(topic: TopicImage, partition: number): void {
    if (topic.name !== OFFSETS_TOPIC || !this.#isOpen) return
    const route = this.#options.routes.topicById(topic.topicId)!.partitions[partition]!
    if (route.shard === this.#options.own) this.#add(route).open()
  }

  topicDeleted(topic: TopicImage): void {
    if (topic.name !== OFFSETS_TOPIC) {
      for (const coordinator of this.#byHandle.values()) coordinator.onTopicDeleted(topic.topicId)
      return
    }
    for (const coordinator of this.#byHandle.values()) {
      if (coordinator.route.topic.image.topicId === topic.topicId) this.#remove(coordinator)
    }
  }

  nextDeadlineMs(): number {
    return this.#deadlines.nextMs()
  }

  get hasSettled(): boolean {
    return this.#settled.length > 0
  }

  /** Once a tick, after the journal has said what is durable. */
  run(nowMs: number): void {
    if (this.#groupLog.hasLeftOut) this.#groupLog.settle(nowMs)
    const due: GroupCoordinator[] = []
    for (let next = this.#deadlines.popDue(nowMs); next !== undefined; next = this.#deadlines.popDue(nowMs)) {
      due.push(next)
    }
    for (const coordinator of due) {
      coordinator.onTime()
      this.onStepped(coordinator)
    }
    if (this.#settled.length === 0) return
    const settled = this.#settled
    this.#settled = []
    for (const coordinator of settled) coordinator.run()
  }

  onStepped(coordinator: GroupCoordinator): void {
    this.#deadlines.remove(coordinator)
    if (coordinator.takeDeadline() !== Number.POSITIVE_INFINITY) this.#deadlines.add(coordinator)
    this.#options.wake()
  }

  onSettled(coordinator: GroupCoordinator): void {
    this.#settled.push(coordinator)
    this.#options.wake()
  }

  #add(route: PartitionRoute): GroupCoordinator {
    const { image, settings, random } = this.#options
    const machine = new GroupMachine({
      settings: {
        groupMinSessionTimeoutMs: settings['group.min.session.timeout.ms'],
        groupMaxSessionTimeoutMs: settings['group.max.session.timeout.ms'],
        groupInitialRebalanceDelayMs: settings['group.initial.rebalance.delay.ms'],
        groupMaxSize: settings['group.max.size'],
        offsetMetadataMaxBytes: settings['offset.metadata.max.bytes'],
        offsetsRetentionMs: settings['offsets.retention.minutes'] * 60_000,
        offsetsRetentionCheckIntervalMs: settings['offsets.retention.check.interval.ms'],
      },
      topics: {
        idOf: (name) => image.topics.byName(name)?.topicId,
        nameOf: (id) => image.topics.byId(id)?.name,
      },
      memory: this.#memory.part(),
      newMemberId: (prefix) => `${prefix.length <= MEMBER_PREFIX_MAX ? prefix : ''}-${randomHex(random)}`,
      log: (message) => this.#groupLog.write('info', () => ({ coordinator: route.partition }), shortened(message)),
    })
    const coordinator = new GroupCoordinator(route, this, machine)
    this.#byHandle.set(route.handle, coordinator)
    return coordinator
  }

  #remove(coordinator: GroupCoordinator): void {
    this.#byHandle.delete(coordinator.route.handle)
    this.#deadlines.remove(coordinator)
    coordinator.close()
  }

  async #load(coordinator: GroupCoordinator): Promise<void> {
    const { scan, crc32c, settings, log } = this.#options
    const partition = coordinator.route.log!
    const bytesMax = Math.min(settings['offsets.load.buffer.size'], REPLAYED_BYTES_MAX)
    const records = new CommittedRecords(
      crc32c,
      partition.logStartOffset,
      OPEN_TRANSACTION_BYTES_MAX,
      (key, value, offset, timestampMs) => coordinator.replay(key, value, offset, timestampMs),
    )
    try {
      for await (const run of scan.runs(partition, bytesMax)) {
        if (coordinator.isClosed) return
        records.add(run)
      }
      coordinator.open()
    } catch (error) {
      if (coordinator.isClosed) return
      coordinator.fail()
      const which = `${partition.identity.topic}-${partition.identity.partition}`
      log.error({ err: error }, `${which} cannot be read: the groups of this partition are not served`)
    }
  }
}

/** 128 bits, as a UUID is written. */
function randomHex(random: Random): string {
  const digits = Array.from(random.bytes(16), (byte) => byte.toString(16).padStart(2, '0')).join('')
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
