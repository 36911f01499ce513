// What each thread has done, in shared memory, so that any thread can read it without asking: one row of doubles a
// thread, the control thread's last.
//
// One writer a row. Readers see each number whole (an aligned 8-byte store), but not all as of one moment.

export const COUNTER_NAMES = [
  'ticks',
  'connectionsEnded',
  'frames',
  'receivedBytes',
  'sentBytes',
  'appendedBatches',
  'appendedRecords',
  'appendedBytes',
  'fetchedMemoryBytes',
  'fetchedFileBytes',
  'sendfileBytes',
  /** Copied before they were a whole frame, to where its rest has room; and answers that the socket did not take at once. */
  'movedInputBytes',
  'copiedOutputBytes',
  'peerProduces',
  'peerFetches',
  /** Appended here for other shards' connections; and of these, what lies where that shard received it. */
  'peerAppendedBytes',
  'peerBorrowedBytes',
  'journalGroups',
  'journalBytes',
  'drainedBytes',
  /** Written straight to segments. */
  'directBytes',
  'carriedBatches',
  'carriedBytes',
  'checkpoints',
  'checkpointBases',
  'checkpointBytes',
  /** Segments that retention deleted, and their bytes. */
  'retentionSegments',
  'retentionBytes',
  /** Requests that shards handed on to this thread: all that the control thread is given of what clients send. */
  'controlRequestBytes',
] as const

export type CounterName = (typeof COUNTER_NAMES)[number]
export type CounterSnapshot = Record<CounterName, number>

/** A counter's place in its row: what hot code adds by, since a look-up by name costs more than the addition. */
export const COUNTER = Object.fromEntries(COUNTER_NAMES.map((name, i) => [name, i])) as Readonly<
  Record<CounterName, number>
>

export function createCountersMemory(threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer(threads * COUNTER_NAMES.length * 8)
}

export class Counters {
  readonly #row: Float64Array

  constructor(memory: SharedArrayBuffer, thread: number) {
    this.#row = new Float64Array(memory, thread * COUNTER_NAMES.length * 8, COUNTER_NAMES.length)
  }

  add(counter: number, amount: number): void {
    this.#row[counter]! += amount
  }

  set(counter: number, value: number): void {
    this.#row[counter] = value
  }

  get(counter: number): number {
    return this.#row[counter]!
  }

  snapshot(): CounterSnapshot {
    return Object.fromEntries(COUNTER_NAMES.map((name, i) => [name, this.#row[i]!])) as CounterSnapshot
  }
}
