// A topic as a program uses it: append, flush, read, follow.
//
// Owner: the calling thread. What it needs of the engine is in `LogContext`.
import { setTimeout as sleep } from 'node:timers/promises'
import type { TopicRoute } from '../api/routes.ts'
import type { Native } from '../native/contract.ts'
import type { AppendLog, Appends, AppendTarget } from './appends.ts'
import { AwaitedAppend } from './awaited-append.ts'
import { NotDurableError, TopicNotFoundError } from './errors.ts'
import { FlushGroup } from './flush-group.ts'
import { batchesOf, type LogBatch } from './log-batch.ts'
import type { Reads } from './reads.ts'
import type { LogRecord, RecordInput } from './records.ts'

/**
 * What a topic promises of a record that `flush` or an awaited append has answered: `durable`, that it is on stable storage
 * and survives a power cut; `os`, that the operating system has it and it survives the process.
 */
export type Durability = 'durable' | 'os'

/** Where to begin to read: an offset, or the first record with this time (milliseconds since 1970) or a later one. */
export type ReadFrom = number | { readonly time: number }

export interface ReadOptions {
  /** The partition's first record if not given. */
  readonly from?: ReadFrom | undefined
  /** About how many bytes are read at a time, and so held: 1 MiB if not given. A single batch may be longer. */
  readonly bytesMax?: number | undefined
}

export interface TailOptions extends ReadOptions {
  /** The partition's end if not given: only records that come from now on. */
  readonly from?: ReadFrom | undefined
  /** Ends the iteration when it aborts. */
  readonly signal?: AbortSignal | undefined
}

/** @internal */
export interface LogContext {
  readonly appends: Appends
  readonly reads: Reads
  readonly crc32c: Native['crc32c']
  /** Throws what ended the engine. */
  check(): void
}

const READ_BYTES = 1 << 20
/** A shard that has no memory for an answer is asked again. */
const MEMORY_RETRY_MS = 5

/** A topic of an open engine; `Engine.topic` makes it. It needs no closing. */
export class TopicLog {
  /** The topic's name. */
  readonly name: string
  readonly durability: Durability
  readonly #context: LogContext
  readonly #route: TopicRoute
  readonly #log: AppendLog
  readonly #targets: AppendTarget[] = []
  #flushing: Promise<unknown> = Promise.resolve()

  /** @internal */
  constructor(context: LogContext, route: TopicRoute, durability: Durability, batchBytesMax: number) {
    this.#context = context
    this.#route = route
    this.name = route.image.name
    this.durability = durability
    // The broker's own words: acks=all waits for the sync, acks=1 for the write.
    this.#log = { group: new FlushGroup(), acks: durability === 'os' ? 1 : -1, batchBytesMax }
  }

  /** How many partitions the topic has; they are numbered from 0. */
  get partitions(): number {
    return this.#route.partitions.length
  }

  /**
   * Appends a record, without a promise: its bytes are copied into a batch that is handed over when it is full, `lingerMs`
   * later, or by `flush`. Records of one partition keep their order.
   *
   * Returns false when there is no room: the record was not taken. Then await `engine.ready()` and append it again; the
   * call itself never waits. Throws a `RecordTooLargeError`, a `TypeError` for what is no record, or what ended the engine.
   */
  append(partition: number, record: RecordInput): boolean {
    return this.#context.appends.append(this.#targets[partition] ?? this.#targetOf(partition), record, null)
  }

  /**
   * Resolves when every record that was appended before the call is as safe as the topic's durability promises. Rejects if
   * the log has refused one of them (`AppendRefusedError`) or has failed; such a record is told of once.
   */
  flush(): Promise<void> {
    const flushed = this.#context.appends.flush(this.#log)
    const done = Promise.all([this.#flushing, flushed])
    this.#flushing = done.catch(() => undefined)
    return done.then(() => undefined)
  }

  /**
   * Appends a record and resolves to its offset when it is synced to stable storage. Those that are awaited at the same
   * time share a sync. Rejects with a `NotDurableError` in a topic whose durability is `os`.
   */
  async appendDurable(partition: number, record: RecordInput): Promise<number> {
    if (this.durability === 'os')
      throw new NotDurableError(`${this.name} is a topic of durability os: nothing syncs it`)
    return this.appendMany(partition, [record])
  }

  /**
   * Appends records in their order, waiting for room where there is none, and resolves to the offset of the last when all
   * of them are as safe as the topic's durability promises. Other appends may come in between, where it waits; while there
   * is room it does not let go of the thread. Of no records it is -1.
   */
  async appendMany(partition: number, records: Iterable<RecordInput>): Promise<number> {
    const { appends } = this.#context
    const target = this.#targetOf(partition)
    const awaited = new AwaitedAppend()
    for (const record of records) while (!appends.append(target, record, awaited)) await appends.room()
    return awaited.settled()
  }

  /** Where the partition begins and ends: the offset of its first record, and the one that the next record will get. */
  async offsets(partition: number): Promise<{ start: number; end: number }> {
    const { reads } = this.#context
    const target = this.#targetOf(partition)
    const [start, end] = await Promise.all([reads.startOffset(target), this.#endOf(target)])
    return { start, end }
  }

  /**
   * The partition's records, batch by batch, up to its end as it was when the iteration began: all that was answered by
   * then is there. About `bytesMax` bytes are held at a time, and nothing is read ahead.
   *
   * ```ts
   * for await (const batch of log.read(0)) for (const { offset, value } of batch) …
   * ```
   *
   * Throws an `OffsetOutOfRangeError` if `from` is not in the log, a `LogReadError` for damage.
   */
  async *read(partition: number, options: ReadOptions = {}): AsyncGenerator<LogBatch, void, undefined> {
    const { bytesMax = READ_BYTES } = options
    const target = this.#targetOf(partition)
    const end = await this.#endOf(target)
    let offset = await this.#begin(target, options.from, () => this.#context.reads.startOffset(target))
    // Beyond the end is an error, which a fetch tells.
    if (offset > end) await this.#context.reads.fetch(target, offset, bytesMax)
    while (offset < end) {
      const { batches, nextOffset } = await this.#fetch(target, offset, bytesMax, undefined)
      for (const batch of batches) if (batch.firstOffset < end) yield batch
      offset = nextOffset
    }
  }

  /**
   * The partition's records one by one, and then those that come, as they come: it ends only by `break`, by its signal, or
   * with the error that ends the engine.
   */
  async *tail(partition: number, options: TailOptions = {}): AsyncGenerator<LogRecord, void, undefined> {
    const { bytesMax = READ_BYTES, signal } = options
    const target = this.#targetOf(partition)
    let offset = await this.#begin(target, options.from, () => this.#endOf(target))
    while (!signal?.aborted) {
      const { batches, nextOffset } = await this.#fetch(target, offset, bytesMax, signal)
      for (const batch of batches) {
        for (const record of batch) {
          if (signal?.aborted) return
          yield record
        }
      }
      offset = nextOffset
    }
  }

  /** What lies at `offset`; at the end it waits until something does. Nothing when the signal aborts. */
  async #fetch(target: AppendTarget, offset: number, bytesMax: number, signal: AbortSignal | undefined) {
    const { reads, crc32c } = this.#context
    for (;;) {
      const { bytes, highWatermark } = await reads.fetch(target, offset, bytesMax)
      if (bytes.length > 0 || signal?.aborted) return batchesOf(bytes, offset, crc32c, target.name)
      if (offset < highWatermark) await sleep(MEMORY_RETRY_MS)
      else await reads.grown(target, highWatermark, signal)
    }
  }

  /** What was answered may be read, even if it is not yet below the high watermark: reading waits for it. */
  async #endOf(target: AppendTarget): Promise<number> {
    return Math.max(await this.#context.reads.endOffset(target), target.acknowledgedOffset)
  }

  async #begin(target: AppendTarget, from: ReadFrom | undefined, byDefault: () => Promise<number>): Promise<number> {
    if (from === undefined) return byDefault()
    if (typeof from === 'number') return from
    const offset = await this.#context.reads.offsetAt(target, from.time)
    return offset < 0 ? this.#endOf(target) : offset
  }

  #targetOf(partition: number): AppendTarget {
    this.#context.check()
    const target = this.#targets[partition]
    if (target !== undefined) return target
    const route = this.#route.partitions[partition]
    const name = `${this.name}-${partition}`
    if (route === undefined) {
      throw new TopicNotFoundError(`there is no ${name}: ${this.name} has ${this.partitions} partitions, from 0 on`)
    }
    const made: AppendTarget = { log: this.#log, route, name, acknowledgedOffset: 0, open: null }
    this.#targets[partition] = made
    return made
  }
}
