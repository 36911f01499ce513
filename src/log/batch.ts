// A record batch that was appended and is not yet in its segment file: where its bytes lie, and who waits for it.
//
// Owner: the shard of its partition. Pooled: one object a batch, used again once the batch is drained.
// Life:  appended -> journal group written -> synced (durable) -> drained to its segment -> back to the pool. Its block
//        is held all that time; a batch that is carried forward moves to another block (see carrier.ts).
//
// A control record, which the journal keeps for the log and which is no part of it, travels as a batch without bytes.
import { ENTRY_APPEND } from '../journal/group.ts'
import type { PartitionLog } from './partition-log.ts'
import type { Segment } from './segment.ts'

/** Who is told what becomes of a batch. */
export interface AppendWaiter {
  /** The batch is written where it survives this process (acks=1). */
  onWritten(): void
}

export class Batch {
  log!: PartitionLog
  segment!: Segment
  /** ENTRY_APPEND, or what kind of control record it is: of that only log and base offset count. */
  kind = ENTRY_APPEND
  /** Of the journal group that it lies in, the last one if it was carried forward; 0 while it is in none. */
  sequence = 0
  /** In the segment. */
  position = 0
  arena = 0
  block = 0
  offset = 0
  length = 0
  baseOffset = 0
  nextOffset = 0
  maxTimestamp = -1
  leaderEpoch = 0
  crc = 0
  /** A reading of the shard's TickClock. */
  acceptedAt = 0
  /** Told once, when the journal has written it; then null. */
  waiter: AppendWaiter | null = null
  /** A control record's: called once, in the order of the journal, when it is durable. */
  onDurable: (() => void) | null = null
  /** The next batch of the shard, in append order: the journal's queue. */
  next: Batch | null = null

  clear(): void {
    this.kind = ENTRY_APPEND
    this.sequence = 0
    this.onDurable = null
    this.waiter = null
    this.next = null
  }
}
