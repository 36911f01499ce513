// The logs with batches in memory, in the order in which the journal lets go of them.
//
// Owner: the shard. Each log stands with a journal sequence that its oldest batch does not lie before. These never fall
// from front to back: a log joins at the back, with the first sequence that is not synced, while its oldest batch is not;
// and one that was carried into the group that has just been synced, with that one's.
import type { PartitionLog } from './partition-log.ts'

export class DirtyLogs {
  readonly #since = new Map<PartitionLog, number>()
  readonly #unsyncedSequence: () => number

  /** `unsyncedSequence`: every journal group before it is synced. */
  constructor(unsyncedSequence: () => number) {
    this.#unsyncedSequence = unsyncedSequence
  }

  get size(): number {
    return this.#since.size
  }

  [Symbol.iterator](): Iterator<PartitionLog> {
    return this.#since.keys()
  }

  /** Its oldest batch is not durable yet. */
  add(log: PartitionLog): void {
    this.addCarried(log, this.#unsyncedSequence())
  }

  /** All its durable batches lie in the group `sequence`, or behind. */
  addCarried(log: PartitionLog, sequence: number): void {
    this.#since.delete(log)
    this.#since.set(log, sequence)
  }

  delete(log: PartitionLog): void {
    this.#since.delete(log)
  }

  /** No group before it has a batch that is only in memory. */
  oldestSequence(): number {
    let oldest = this.#unsyncedSequence()
    for (const [log, since] of this.#since) {
      if (since >= oldest) break
      oldest = Math.min(oldest, this.#oldestOf(log))
    }
    return oldest
  }

  /** Logs with a batch in a group before `sequence`, oldest first. */
  *before(sequence: number): Generator<PartitionLog> {
    for (const [log, since] of this.#since) {
      if (since >= sequence) break
      if (this.#oldestOf(log) < sequence) yield log
    }
  }

  /** Of a log that is deleted nothing is needed. */
  #oldestOf(log: PartitionLog): number {
    if (log.isClosed || log.tail === null || log.tail.count === 0) return Number.POSITIVE_INFINITY
    return log.tail.at(0).sequence || this.#unsyncedSequence()
  }
}
