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
  'peerProduces',
  'peerFetches',
  'peerCopiedBytes',
  'journalGroups',
  'journalBytes',
  'drainedBytes',
  'checkpoints',
  'recordBytesTouched',
] as const

export type CounterName = (typeof COUNTER_NAMES)[number]
export type CounterSnapshot = Record<CounterName, number>

const index = Object.fromEntries(COUNTER_NAMES.map((name, i) => [name, i])) as Record<CounterName, number>

export function createCountersMemory(threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer(threads * COUNTER_NAMES.length * 8)
}

export class Counters {
  readonly #row: Float64Array

  constructor(memory: SharedArrayBuffer, thread: number) {
    this.#row = new Float64Array(memory, thread * COUNTER_NAMES.length * 8, COUNTER_NAMES.length)
  }

  add(name: CounterName, amount: number): void {
    this.#row[index[name]]! += amount
  }

  set(name: CounterName, value: number): void {
    this.#row[index[name]] = value
  }

  get(name: CounterName): number {
    return this.#row[index[name]]!
  }

  snapshot(): CounterSnapshot {
    return Object.fromEntries(COUNTER_NAMES.map((name, i) => [name, this.#row[i]!])) as CounterSnapshot
  }
}
