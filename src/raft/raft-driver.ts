// Drives the quorum on one node: carries out what the machine (quorum.ts) asks for, in order, against the log on disk.
//
// Owned by the control thread. Appends that arrive while a sync is under way share the next one: they become one batch,
// which is written and synced before anything else is written.
//
// Invariants: `onCommitted` gets every batch exactly once, in offset order, and only after it is committed; the promise
//             of an append resolves after that. The first failure of the disk is final: every append, then and later,
//             rejects with it, and `failed` resolves to it. Nothing is tried again.
import { assert } from '../lib/assert.ts'
import type { Env } from '../lib/env.ts'
import { join } from '../lib/paths.ts'
import type { MetadataBatch } from '../metadata/image.ts'
import type { MetadataRecord } from '../wire/generated/metadata-records.ts'
import type { Crc32c } from '../wire/record-batch-builder.ts'
import { MetadataLog, metadataDirectory } from './metadata-log.ts'
import { Quorum, type QuorumEffect, type QuorumEvent, type Voter } from './quorum.ts'
import { readQuorumState, writeQuorumState } from './quorum-state.ts'
import { MetadataDecoder, MetadataEncoder } from './record-codec.ts'
import { readLatestSnapshot, writeSnapshot } from './snapshot.ts'

/** A batch takes no further command once it has this many records or bytes. */
const BATCH_RECORDS_MAX = 10_000
const BATCH_BYTES_MAX = 8 * 1024 * 1024

export interface RaftOptions {
  readonly env: Env
  readonly logDirectory: string
  readonly self: Voter
  readonly crc32c: Crc32c
  /** Called in offset order. If it throws, the node fails. */
  readonly onCommitted: (batch: MetadataBatch) => void
  readonly segmentBytesMax?: number
}

interface Waiter {
  /** Resolved when everything below this is committed. */
  readonly endOffset: number
  resolve(): void
  reject(error: Error): void
}

export class RaftDriver {
  /** Resolves, never rejects, when the node can no longer keep its log. */
  readonly failed: Promise<Error>
  private readonly options: RaftOptions
  private readonly quorum: Quorum
  private readonly encoder: MetadataEncoder
  private readonly statePath: string
  private readonly events: QuorumEvent[] = []
  /** On disk or on its way there, in offset order; not known to be committed. */
  private uncommitted: MetadataBatch[] = []
  private log: MetadataLog | null = null
  /** Runs of records that must not be divided between batches. */
  private readonly queue: (readonly MetadataRecord[])[] = []
  private queuedEnd = 0
  private readonly waiters: Waiter[] = []
  private draining: Promise<void> | null = null
  private failure: Error | null = null
  private closed = false
  private announceFailure: (error: Error) => void = () => undefined

  private constructor(options: RaftOptions) {
    this.options = options
    this.quorum = new Quorum(options.self, [options.self])
    this.encoder = new MetadataEncoder(options.crc32c)
    this.statePath = join(metadataDirectory(options.logDirectory), 'quorum-state')
    this.failed = new Promise((resolve) => {
      this.announceFailure = resolve
    })
  }

  /** Resolves when this node leads and all that the log held before is committed and handed over. */
  static async start(options: RaftOptions): Promise<RaftDriver> {
    const driver = new RaftDriver(options)
    try {
      await driver.recoverAndLead()
    } catch (error) {
      await driver.log?.close()
      throw error
    }
    return driver
  }

  get epoch(): number {
    return this.quorum.epoch
  }

  /** The offset that the next appended record gets. */
  get endOffset(): number {
    return this.queuedEnd
  }

  /**
   * Resolves when the records, and all appended before them, are committed and handed over. Up to 10,000 records are
   * one batch; more must be a metadata transaction, as they may be cut apart by a crash. None: waits for those before.
   */
  append(records: readonly MetadataRecord[]): Promise<void> {
    if (this.failure !== null) return Promise.reject(this.failure)
    assert(!this.closed, 'a closed log takes no records')
    for (let from = 0; from < records.length; from += BATCH_RECORDS_MAX) {
      this.queue.push(records.length <= BATCH_RECORDS_MAX ? records : records.slice(from, from + BATCH_RECORDS_MAX))
    }
    this.queuedEnd += records.length
    if (this.queuedEnd <= this.quorum.highWatermark) return Promise.resolve()
    const committed = new Promise<void>((resolve, reject) => {
      this.waiters.push({ endOffset: this.queuedEnd, resolve, reject })
    })
    this.draining ??= this.drain()
    return committed
  }

  /** Bytes of log that the next start would read, beside the snapshot. */
  get logBytes(): number {
    return this.log?.bytes ?? 0
  }

  /** Puts these records, which stand for everything committed, in place of the log. Nothing may be appended meanwhile. */
  async snapshot(records: Iterable<MetadataRecord>): Promise<void> {
    await this.draining
    const { log, encoder } = this
    assert(log !== null && this.draining === null && this.queue.length === 0, 'a snapshot is taken at rest')
    assert(this.quorum.highWatermark === log.endOffset, 'a snapshot holds what is committed, and all of it')
    const { disk, clock } = this.options.env
    const id = { endOffset: log.endOffset, epoch: log.lastEpoch }
    await writeSnapshot(disk, log.directory, id, records, encoder, clock.wallMs())
    await log.dropWhatIsInSnapshot()
  }

  /** Waits for what was appended. */
  async close(): Promise<void> {
    this.closed = true
    await this.draining
    await this.log?.close()
    this.log = null
  }

  private async recoverAndLead(): Promise<void> {
    const { env, logDirectory, crc32c, segmentBytesMax } = this.options
    const persisted = await readQuorumState(env.disk, this.statePath)
    const snapshot = await readLatestSnapshot(env.disk, metadataDirectory(logDirectory), crc32c)
    if (snapshot !== null) this.uncommitted.push(snapshot)
    const decoder = new MetadataDecoder()
    this.log = await MetadataLog.open(
      {
        disk: env.disk,
        logDirectory,
        crc32c,
        epochMax: persisted?.leaderEpoch ?? Number.POSITIVE_INFINITY,
        replayFrom: snapshot === null ? 0 : snapshot.offset + 1,
        ...(segmentBytesMax === undefined ? {} : { segmentBytesMax }),
      },
      (bytes, view, at) => this.uncommitted.push(decoder.decode(bytes, view, at)),
    )
    this.queuedEnd = this.log.endOffset
    const { endOffset } = this.log
    const lastEpoch = Math.max(this.log.lastEpoch, snapshot?.epoch ?? 0)
    this.events.push({ type: 'started', persisted, lastEpoch, logEnd: endOffset })
    await this.settle()
    await this.log.writeEpochs()
    assert(this.quorum.role === 'leader', 'the only voter leads once it has started')
  }

  /** Steps the machine through what has happened, carries its effects out in order, and goes on with what comes of them. */
  private async settle(): Promise<void> {
    for (let next = this.events.shift(); next !== undefined; next = this.events.shift()) {
      const effects: QuorumEffect[] = []
      this.quorum.step(next, effects)
      for (const effect of effects) await this.carryOut(effect)
    }
  }

  private async carryOut(effect: QuorumEffect): Promise<void> {
    switch (effect.type) {
      case 'persist':
        await writeQuorumState(this.options.env.disk, this.statePath, effect.state)
        this.events.push({ type: 'persisted' })
        break
      case 'append-leader-change': {
        const { epoch, leaderId, voters, granting } = effect
        const offset = this.queuedEnd++
        const wallMs = this.options.env.clock.wallMs()
        await this.write(this.encoder.leaderChange(offset, epoch, leaderId, voters, granting, wallMs), epoch, [], 1)
        break
      }
      case 'commit':
        this.commit(effect.to)
        break
    }
  }

  private async drain(): Promise<void> {
    try {
      while (this.queue.length > 0) {
        const records = this.encodeNext()
        await this.write(this.encoder.finish(), this.quorum.epoch, records, records.length)
        await this.settle()
      }
      this.draining = null
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error(String(error)))
    }
  }

  /** As many whole commands as fit a batch; the first in any case. */
  private encodeNext(): MetadataRecord[] {
    const { encoder, queue } = this
    const wallMs = this.options.env.clock.wallMs()
    const records: MetadataRecord[] = []
    encoder.begin(this.log!.endOffset, this.quorum.epoch)
    let taken = 0
    while (taken < queue.length) {
      const command = queue[taken]!
      if (taken > 0 && (records.length + command.length > BATCH_RECORDS_MAX || encoder.bytes > BATCH_BYTES_MAX)) break
      for (const record of command) {
        encoder.add(record, wallMs)
        records.push(record)
      }
      taken++
    }
    queue.splice(0, taken)
    return records
  }

  private async write(batch: Uint8Array, epoch: number, records: MetadataRecord[], count: number): Promise<void> {
    const log = this.log!
    await log.append(batch, count, epoch)
    this.uncommitted.push({ offset: log.endOffset - 1, epoch, records })
    this.events.push({ type: 'synced', logEnd: log.endOffset })
  }

  private commit(to: number): void {
    const count = this.uncommitted.findIndex((batch) => batch.offset >= to)
    const committed = this.uncommitted.splice(0, count < 0 ? this.uncommitted.length : count)
    for (const batch of committed) this.options.onCommitted(batch)
    while (this.waiters.length > 0 && this.waiters[0]!.endOffset <= to) this.waiters.shift()!.resolve()
  }

  private fail(error: Error): void {
    this.failure = error
    this.queue.length = 0
    for (const waiter of this.waiters.splice(0)) waiter.reject(error)
    this.announceFailure(error)
  }
}
