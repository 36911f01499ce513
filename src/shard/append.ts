// One partition's batch on its way into the log of this shard, and back to who asked: a call of this shard, or a ticket
// of another. Pooled.
//
// Life: queued in the tick -> validated with all others in one native call -> refused, or appended -> answered (acks=0
// and 1: see `Appends`; acks=all: once the high watermark covers it).
import type { AwaitsOffset } from '../log/awaiting.ts'
import type { AppendWaiter } from '../log/batch.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import { ErrorCode } from '../model/error-codes.ts'
import type { Appends } from './appends.ts'

/** Who on this shard is told what became of an append. */
export interface AppendCaller {
  /**
   * `row` is what it gave with the append; the error may be one of api/record-errors.ts. Once, perhaps before the append
   * was queued.
   */
  onAppended(row: number, error: number, baseOffset: number, appendTimeMs: number, logStartOffset: number): void
}

export class Append implements AppendWaiter, AwaitsOffset {
  readonly #owner: Appends
  /** Null while it is not known to be here. */
  log: PartitionLog | null = null
  arena = 0
  block = 0
  offset = 0
  length = 0
  acks = 0
  /** Produce below version 7 may not carry zstd. */
  takesZstd = true
  /** Null for another shard's. */
  call: AppendCaller | null = null
  /** What the caller knows it by. */
  row = 0
  fromShard = 0
  ticket = 0
  /** acks=all: answered when the high watermark reaches it. */
  requiredOffset = 0
  baseOffset = -1
  /** -1 under CreateTime; of records that are untimely the time at which they are. */
  appendTimeMs = -1
  next: AwaitsOffset | null = null

  constructor(owner: Appends) {
    this.#owner = owner
  }

  onWritten(): void {
    this.#owner.answer(this, ErrorCode.None)
  }

  onReached(): void {
    this.#owner.answer(this, ErrorCode.None)
  }

  onGone(error: number): void {
    this.#owner.answer(this, error)
  }

  clear(): void {
    this.log = null
    this.call = null
    this.next = null
    this.baseOffset = -1
    this.appendTimeMs = -1
  }
}
