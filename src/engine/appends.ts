// The write side of the engine: records into batches, batches into the arena, one message each to the shard that owns the
// partition, and its answer.
//
// Owner: the calling thread. A partition has one open batch at most. It is sealed when it has `batchBytes`, after `lingerMs`,
// when someone awaits one of its records, by a flush, or when too many others are open; then its bytes are placed in the
// arena and lent to the shard, which appends them where they lie. With no room in the arena the batch stays, full, until
// the shards have given some back: that is the back-pressure, and `append` says so.
//
// Memory: the arena, and the batches that are open: OPEN_BATCHES_MAX of about `batchBytes`.
import { errorOfRecords, isOfRecords } from '../api/record-errors.ts'
import type { PartitionRoute } from '../api/routes.ts'
import { fromWords } from '../lib/int64.ts'
import { Pool } from '../lib/pool.ts'
import { ErrorCode } from '../model/error-codes.ts'
import { PRODUCE } from '../shard/messages.ts'
import type { Asker } from '../shard/peers.ts'
import type { Crc32c } from '../wire/record-batch-builder.ts'
import type { AwaitedAppend } from './awaited-append.ts'
import { BatchWriter } from './batch-writer.ts'
import type { CallingPeer } from './calling-peer.ts'
import { appendError, type EngineError, RecordTooLargeError } from './errors.ts'
import { FlushGroup } from './flush-group.ts'
import type { RecordInput } from './records.ts'

const OPEN_BATCHES_MAX = 64
/** How often room is looked for while there is none: other threads give back what they were lent without a word. */
const ROOM_RETRY_MS = 1
/** How often they are asked to. */
const RELIEVE_RETRIES = 5
/** Records of a batch that share a reading of the clock, if they have no time of their own. */
const RECORDS_A_READING = 16
/** A writer that a single long record has made this much longer than a batch is not kept. */
const WRITER_KEPT_FACTOR = 4

/** What partitions of one log have in common. */
export interface AppendLog {
  /** What a flush of now waits for. */
  group: FlushGroup
  readonly acks: number
  readonly batchBytesMax: number
}

/** A partition as appends know it. */
export interface AppendTarget {
  readonly log: AppendLog
  readonly route: PartitionRoute
  /** For messages: topic and number. */
  readonly name: string
  /** Where the partition ends, as far as answers have said. */
  acknowledgedOffset: number
  open: OpenBatch | null
}

interface Awaited {
  readonly append: AwaitedAppend
  /** Of its last record in the batch. */
  index: number
}

/** A batch that takes records, or is full and waits for room in the arena. */
export interface OpenBatch {
  readonly target: AppendTarget
  readonly writer: BatchWriter
  readonly group: FlushGroup
  isFull: boolean
  awaited: Awaited[] | null
}

export interface AppendsOptions {
  peer: CallingPeer
  crc32c: Crc32c
  /** What a batch is sealed at. */
  batchBytes: number
  lingerMs: number
  metadataVersion: () => number
  wallMs: () => number
}

export class Appends {
  readonly #options: AppendsOptions
  /** Oldest first. */
  readonly #open = new Set<OpenBatch>()
  /** Of these, those that found no room. */
  readonly #unplaced = new Set<OpenBatch>()
  readonly #sent = new Set<SentBatch>()
  readonly #sentPool: Pool<SentBatch> = new Pool(() => new SentBatch(this))
  readonly #writers: Pool<BatchWriter>
  #roomWaiters: (() => void)[] = []
  #roomRetries = 0
  #isLookingForRoom = false
  #isLingering = false
  #isSealingAwaited = false
  #failure: EngineError | null = null
  #onSettled: (() => void) | null = null

  constructor(options: AppendsOptions) {
    this.#options = options
    this.#writers = new Pool(() => new BatchWriter(options.crc32c), OPEN_BATCHES_MAX)
  }

  /** False, and nothing has changed, when there is no room for the record now: `room` says when there is. */
  append(target: AppendTarget, record: RecordInput, awaited: AwaitedAppend | null): boolean {
    if (this.#failure !== null) throw this.#failure
    let batch = target.open
    if (batch?.isFull && !this.seal(batch)) return false
    batch = target.open ?? this.#begin(target)
    if (batch === null) return false
    if (!this.#add(batch, record)) {
      if (!this.seal(batch)) return false
      batch = this.#begin(target)
      if (batch === null) return false
      this.#add(batch, record)
    }
    if (awaited !== null) this.#await(batch, awaited)
    if (batch.writer.byteLength >= this.#options.batchBytes) this.seal(batch)
    return true
  }

  /** Resolves when a record is likely to find room: at once, as a rule. */
  room(): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    if (this.#unplaced.size === 0) return Promise.resolve()
    return new Promise<void>((resolve) => this.#roomWaiters.push(resolve)).then(() => {
      if (this.#failure !== null) throw this.#failure
    })
  }

  /** Hands over all that is open of the log; or, null, of all logs. What finds no room now follows when there is. */
  sealAll(log: AppendLog | null): void {
    for (const batch of this.#open) if (log === null || batch.target.log === log) this.seal(batch)
    this.#options.peer.publish()
  }

  /** Resolves when all that the log was given is as safe as it promises; what was refused of it rejects. */
  async flush(log: AppendLog): Promise<void> {
    if (this.#failure !== null) throw this.#failure
    const { group } = log
    log.group = new FlushGroup()
    this.sealAll(log)
    await group.done()
  }

  /** Takes no more, and hands over what it has: resolves when all of it is answered. */
  async settle(reason: EngineError): Promise<void> {
    this.#failure ??= reason
    this.sealAll(null)
    if (this.#open.size + this.#sent.size > 0) await new Promise<void>((resolve) => (this.#onSettled = resolve))
  }

  /** Something came from the shards. */
  onTick(): void {
    if (this.#unplaced.size > 0) this.#retry()
  }

  /** Nothing is answered any more. */
  fail(reason: EngineError): void {
    this.#failure ??= reason
    for (const { group, awaited } of [...this.#open, ...this.#sent]) leave(group, awaited, reason)
    for (const { target } of this.#open) target.open = null
    this.#open.clear()
    this.#unplaced.clear()
    this.#sent.clear()
    this.#endRoom()
  }

  /** Hands the batch over; false when there is no room for it now: it follows when there is. */
  seal(batch: OpenBatch): boolean {
    const { peer, metadataVersion } = this.#options
    const { target, writer } = batch
    batch.isFull = true
    const bytes = writer.finish()
    const offset = peer.place(bytes)
    if (offset < 0) {
      this.#unplaced.add(batch)
      this.#lookForRoom()
      return false
    }
    const sent = this.#sentPool.take()
    sent.target = target
    sent.group = batch.group
    sent.awaited = batch.awaited
    sent.recordCount = writer.recordCount
    sent.block = peer.arena.blockOf(offset)
    this.#sent.add(sent)
    this.#forget(batch)
    const { draft } = peer.peers
    draft[0] = PRODUCE
    draft[1] = peer.peers.issueTicket(sent)
    draft[2] = target.route.handle
    draft[3] = metadataVersion()
    draft[4] = peer.own
    draft[5] = sent.block
    draft[6] = offset
    draft[7] = bytes.length
    draft[8] = target.log.acks
    draft[9] = 1
    peer.send(target.route.shard)
    return true
  }

  onAnswered(sent: SentBatch, error: number, baseOffset: number): void {
    const { target, group, awaited, recordCount } = sent
    this.#sent.delete(sent)
    if (error === ErrorCode.None) {
      target.acknowledgedOffset = Math.max(target.acknowledgedOffset, baseOffset + recordCount)
      group!.leave(null)
      if (awaited !== null) for (const { append, index } of awaited) append.onAppended(baseOffset + index)
    } else if (isOfRecords(error)) {
      // Its records are still held.
      this.#options.peer.arena.release(sent.block)
      leave(group!, awaited, appendError(errorOfRecords(error), target.name))
    } else leave(group!, awaited, appendError(error, target.name))
    sent.group = null
    sent.awaited = null
    this.#sentPool.give(sent)
    if (this.#onSettled !== null && this.#open.size + this.#sent.size === 0) this.#onSettled()
  }

  /** Null when too many are open and the oldest finds no room. */
  #begin(target: AppendTarget): OpenBatch | null {
    if (this.#open.size >= OPEN_BATCHES_MAX) {
      const [oldest] = this.#open
      if (!this.seal(oldest!)) return null
    }
    const writer = this.#writers.take()
    writer.begin(target.log.batchBytesMax)
    const batch: OpenBatch = { target, writer, group: target.log.group, isFull: false, awaited: null }
    batch.group.join()
    this.#open.add(batch)
    target.open = batch
    this.#linger()
    return batch
  }

  /** False if the record has no place beside those that are in the batch. Throws for one that has no place anywhere. */
  #add(batch: OpenBatch, record: RecordInput): boolean {
    const { writer, target } = batch
    try {
      // A reading of the clock takes as long as the record.
      if (writer.recordCount % RECORDS_A_READING === 0) writer.nowMs = this.#options.wallMs()
      if (writer.add(record)) return true
      if (writer.recordCount > 0) return false
      const { batchBytesMax } = target.log
      throw new RecordTooLargeError(
        `${target.name} takes no record that is longer than ${batchBytesMax} bytes, batch and all`,
      )
    } catch (error) {
      // A batch without records could not be sealed.
      if (writer.recordCount === 0) {
        batch.group.leave(null)
        this.#forget(batch)
      }
      throw error
    }
  }

  #forget(batch: OpenBatch): void {
    const { target, writer } = batch
    this.#open.delete(batch)
    this.#unplaced.delete(batch)
    target.open = null
    if (writer.capacityBytes <= this.#options.batchBytes * WRITER_KEPT_FACTOR) this.#writers.give(writer)
  }

  #await(batch: OpenBatch, append: AwaitedAppend): void {
    const index = batch.writer.recordCount - 1
    batch.awaited ??= []
    const last = batch.awaited.at(-1)
    if (last?.append === append) last.index = index
    else {
      append.join()
      batch.awaited.push({ append, index })
    }
    if (this.#isSealingAwaited) return
    this.#isSealingAwaited = true
    // Behind what this turn goes on to append: those whose records were answered together come back together.
    process.nextTick(() => {
      this.#isSealingAwaited = false
      for (const open of this.#open) if (open.awaited !== null) this.seal(open)
      this.#options.peer.publish()
    })
  }

  #linger(): void {
    if (this.#isLingering) return
    this.#isLingering = true
    const { lingerMs } = this.#options
    const onDue = () => {
      this.#isLingering = false
      this.sealAll(null)
    }
    if (lingerMs === 0) setImmediate(onDue)
    else setTimeout(onDue, lingerMs)
  }

  #lookForRoom(): void {
    if (this.#isLookingForRoom) return
    this.#isLookingForRoom = true
    this.#options.peer.publish()
    if (this.#roomRetries++ % RELIEVE_RETRIES === 0) this.#options.peer.relieve()
    setTimeout(() => {
      this.#isLookingForRoom = false
      this.#retry()
    }, ROOM_RETRY_MS)
  }

  #retry(): void {
    for (const batch of this.#unplaced) if (!this.seal(batch)) return
    this.#options.peer.publish()
    this.#endRoom()
  }

  #endRoom(): void {
    this.#roomRetries = 0
    const waiters = this.#roomWaiters
    this.#roomWaiters = []
    for (const resolve of waiters) resolve()
  }
}

/** A batch on its way: lent to the shard until it answers. Pooled. */
class SentBatch implements Asker {
  readonly #owner: Appends
  target!: AppendTarget
  group: FlushGroup | null = null
  awaited: Awaited[] | null = null
  recordCount = 0
  block = 0

  constructor(owner: Appends) {
    this.#owner = owner
  }

  onAnswer(words: Int32Array, at: number): void {
    this.#owner.onAnswered(this, words[at + 2]!, fromWords(words[at + 3]!, words[at + 4]!))
  }
}

function leave(group: FlushGroup | null, awaited: readonly Awaited[] | null, reason: EngineError): void {
  group?.leave(reason)
  for (const { append } of awaited ?? []) append.onRefused(reason)
}
