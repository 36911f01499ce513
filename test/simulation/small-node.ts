// The shards of one node without sockets, threads or a machine: real shards on a fake disk, ticked by hand, so that the
// power can be cut at every write, and what comes back compared with what was promised.
import type { ProduceCall } from '../../src/api/00-produce.ts'
import type { DeletionAnswer } from '../../src/api/define-api.ts'
import { loadSettings } from '../../src/config/settings.ts'
import type { LogStartCheckpoint } from '../../src/log/log-start-checkpoint.ts'
import type { PartitionLog } from '../../src/log/partition-log.ts'
import { Arena, ArenaView } from '../../src/memory/arena.ts'
import type { MetadataBatch } from '../../src/metadata/image.ts'
import {
  DISK_ALIGNED,
  DISK_SYNC,
  type DiskQueue,
  type Native,
  PROGRESS_DONE,
  PROGRESS_ERRNO,
  PROGRESS_FAILED,
  PROGRESS_WRITTEN,
  SLICE_WORDS,
} from '../../src/native/contract.ts'
import { standIn } from '../../src/native/stand-in/stand-in.ts'
import { COUNTER } from '../../src/observe/counters.ts'
import { createLog } from '../../src/observe/log.ts'
import { Shard } from '../../src/shard/shard.ts'
import { createSharedMemory } from '../../src/shard/shared-memory.ts'
import { type FakeDisk, fakeEnv } from '../raft/fake-disk.ts'

const ARENA_BYTES = 16 << 20
const ALIGNMENT = 4096
const EIO = 5
/** Its records are as old as the test likes. */
const RETENTION_NEVER = ['log.initial.task.delay.ms=9000000000000']

interface Task {
  descriptor: number
  position: number
  bytes: Uint8Array
  flags: number
}

/** A disk queue whose thread does a step when it is told to: a write, or a sync. */
class FakeQueue implements DiskQueue {
  readonly #disk: FakeDisk
  readonly #arenas: readonly Uint8Array[]
  readonly #progress: Int32Array
  readonly #tasks: Task[] = []
  #submitted = 0
  #done = 0
  #isWritten = false

  constructor(disk: FakeDisk, arenas: readonly Uint8Array[], progress: Int32Array) {
    this.#disk = disk
    this.#arenas = arenas
    this.#progress = progress
  }

  submit(descriptor: number, position: number, slices: Int32Array, sliceCount: number, flags: number): number {
    if (this.#tasks.length === 64) return 0
    const parts: Uint8Array[] = []
    for (let i = 0; i < sliceCount; i++) {
      const [arena, offset, length] = slices.subarray(i * SLICE_WORDS, (i + 1) * SLICE_WORDS)
      parts.push(this.#arenas[arena!]!.slice(offset!, offset! + length!))
    }
    const joined = Buffer.concat(parts)
    const padded = flags & DISK_ALIGNED ? Math.ceil(joined.length / ALIGNMENT) * ALIGNMENT : joined.length
    this.#tasks.push({ descriptor, position, bytes: Buffer.concat([joined], padded), flags })
    return ++this.#submitted
  }

  /** Throws PowerCut. */
  step(): void {
    const task = this.#tasks[0]
    if (task === undefined) return
    const file = this.#disk.files[task.descriptor]!
    if (file.isClosed) {
      Atomics.store(this.#progress, PROGRESS_ERRNO, EIO)
      Atomics.store(this.#progress, PROGRESS_FAILED, this.#done + 1)
      return
    }
    if (!this.#isWritten) {
      if (task.bytes.length > 0) {
        this.#disk.beginNow()
        file.writeNow(task.bytes, task.position)
      }
      this.#isWritten = true
      Atomics.store(this.#progress, PROGRESS_WRITTEN, this.#done + 1)
      if (task.flags & DISK_SYNC) return
    }
    if (task.flags & DISK_SYNC) {
      this.#disk.beginNow()
      file.syncNow()
    }
    this.#isWritten = false
    this.#tasks.shift()
    Atomics.store(this.#progress, PROGRESS_DONE, ++this.#done)
  }

  close(): void {
    while (this.#tasks.length > 0) this.step()
  }
}

export interface Appended {
  error: number
  baseOffset: number
}

/** What a node has done that a test is about. */
export interface Deeds {
  carriedBatches: number
  checkpoints: number
  checkpointBases: number
  batchesAhead: number
}

export class SmallNode {
  readonly disk: FakeDisk
  readonly shards: Shard[]
  readonly arenas: Arena[]
  /** What a shard called fatal. */
  failure: Error | null = null
  /** How far the time of day is ahead of the time since the start. */
  wallAheadMs = 1_700_000_000_000
  readonly #queues: FakeQueue[] = []
  #nowMs = 0
  /** The time that passes between two ticks. */
  msPerTick = 1
  #batchesAhead = 0

  constructor(
    disk: FakeDisk,
    shardCount: number,
    runEpoch: number,
    journalBytes: number,
    metadata: MetadataBatch,
    logStarts: LogStartCheckpoint | null = null,
    overrides: readonly string[] = [],
    arenaBytes = ARENA_BYTES,
  ) {
    this.disk = disk
    const shared = createSharedMemory(shardCount, arenaBytes)
    this.arenas = shared.arenas.map((memory) => new Arena(memory))
    const { settings } = loadSettings({ overrides: [...RETENTION_NEVER, ...overrides] })
    const native: Native = {
      ...standIn,
      createDiskQueue: (arenas, progress) => {
        const queue = new FakeQueue(disk, arenas, progress)
        this.#queues.push(queue)
        return queue
      },
      ringDoorbell: () => undefined,
    }
    this.shards = this.arenas.map((arena, own) => {
      const shard = new Shard({
        own,
        nodeId: 1,
        runEpoch,
        directory: 'data',
        settings: { ...settings, 'millrace.journal.bytes': journalBytes },
        env: { ...fakeEnv(disk, own), clock: { nowMs: () => this.#nowMs, wallMs: () => this.wallMs } },
        native,
        shared,
        arena,
        arenas: shared.arenas.map((memory, each) => (each === own ? arena : new ArenaView(memory))),
        doorbell: -1,
        log: createLog({ level: 'fatal', thread: `shard-${own}` }),
        wake: () => undefined,
        onFatal: (error) => {
          this.failure ??= error
        },
        onRelieve: () => undefined,
        onAccepted: () => undefined,
        logStarts: logStarts?.starts ?? [],
        storeLogStarts: (changes) => logStarts!.store(changes),
        trustedTimeMs: null,
        onTimeTrusted: () => undefined,
      })
      shard.applyMetadata(metadata)
      return shard
    })
  }

  /** Time of day. */
  get wallMs(): number {
    return this.#nowMs + this.wallAheadMs
  }

  /** Recovers, writes the first checkpoints, opens the journals: as the control thread has it done. */
  async start(): Promise<void> {
    const reports = await this.settle(Promise.all(this.shards.map((shard) => shard.recover())))
    for (const { batchesAhead } of reports) this.#batchesAhead += batchesAhead
    await this.settle(Promise.all(this.shards.map((shard) => shard.checkpoint())))
    await this.settle(Promise.all(this.shards.map((shard) => shard.open())))
  }

  async close(): Promise<void> {
    while (!this.shards.every((shard) => shard.isQuiet)) await this.tick()
    await this.settle(Promise.all(this.shards.map((shard) => shard.close())))
  }

  /** Adds to `deeds` what was done since the start. */
  count(deeds: Deeds): void {
    deeds.batchesAhead += this.#batchesAhead
    for (const { counters } of this.shards) {
      deeds.carriedBatches += counters.get(COUNTER.carriedBatches)
      deeds.checkpoints += counters.get(COUNTER.checkpoints)
      deeds.checkpointBases += counters.get(COUNTER.checkpointBases)
    }
  }

  /** Whether there is a block for one more append by way of this shard. */
  hasRoom(via: number): boolean {
    const arena = this.arenas[via]!
    return arena.heldBytes() < arena.bytes.length
  }

  /** Appends by way of `via`, as a request that came in there. Resolves with the answer, at the earliest a tick later. */
  append(via: number, topic: string, partition: number, batch: Uint8Array, acks = -1): Promise<Appended> {
    const shard = this.shards[via]!
    const arena = this.arenas[via]!
    const offset = arena.allocate(batch.length)
    if (offset < 0) throw new Error('the arena is full')
    arena.bytes.set(batch, offset)
    const block = arena.blockOf(offset)
    const route = shard.routes.topicByName(topic)!.partitions[partition]!
    const answer = new Promise<Appended>((resolve) => {
      const call = {
        block,
        acks,
        takesZstd: true,
        onAppended: (_row: number, error: number, baseOffset: number) => resolve({ error, baseOffset }),
      }
      shard.append(call as unknown as ProduceCall, 0, route, offset, batch.length)
    })
    arena.release(block)
    return answer
  }

  /** As it is where it lives. */
  logOf(topic: string, partition: number): PartitionLog {
    const { shard } = this.shards[0]!.routes.topicByName(topic)!.partitions[partition]!
    return this.shards[shard]!.routes.topicByName(topic)!.partitions[partition]!.log!
  }

  /** Deletes by way of `via` what is before `offset`. */
  deleteBefore(via: number, topic: string, partition: number, offset: number): Promise<DeletionAnswer> {
    const shard = this.shards[via]!
    return shard.deletions.deleteBefore(shard.routes.topicByName(topic)!.partitions[partition]!, offset)
  }

  /** So much later, what was to be done by then is done. */
  async pass(ms: number): Promise<void> {
    this.#nowMs += ms
    await this.tick()
  }

  /** Cuts the log at the batch that holds `offset`; resolves to where it ends then. */
  truncate(topic: string, partition: number, offset: number): Promise<number> {
    const { shard } = this.shards[0]!.routes.topicByName(topic)!.partitions[partition]!
    return this.shards[shard]!.truncations.truncate(this.logOf(topic, partition), offset)
  }

  /** One tick of every shard and one step of every disk thread. Throws what ended the node. */
  async tick(): Promise<void> {
    this.#nowMs += this.msPerTick
    for (const queue of this.#queues) queue.step()
    for (const shard of this.shards) {
      shard.beginTick(this.#nowMs)
      shard.work()
    }
    await new Promise((resolve) => setImmediate(resolve))
    if (this.failure !== null) throw this.failure
  }

  /** Ticks until the promise is settled. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false
    promise.then(
      () => {
        isSettled = true
      },
      () => {
        isSettled = true
      },
    )
    while (!isSettled) await this.tick()
    return promise
  }
}
