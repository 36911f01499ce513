// A record batch that was appended and is not yet in its segment file: where its bytes lie, and who waits for it.
//
// Owner: the shard of its partition. Pooled: one object a batch, used again once the batch is drained.
// Life:  appended -> journal group written -> synced (durable) -> drained to its segment -> back to the pool. Its block
//        is held all that time.
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
  /** The next batch of the shard, in append order: the journal's queue. */
  next: Batch | null = null

  clear(): void {
    this.waiter = null
    this.next = null
  }
}
