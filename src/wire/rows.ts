// The arrays of hot messages: rows that are used again for the next message, so that reading or building one allocates
// nothing once it has seen its like. Owned by one thread, with the message.
//
// All rows of a kind in a message lie in one store, in depth-first order: the partitions of topic 0, then those of topic
// 1. Each array is a stretch of it. So what a message keeps between uses is bounded by the store, however the requests
// were shaped, and it has to be built as it is written: a topic's partitions before the next topic's.

import { assert } from '../lib/assert.ts'

export interface Row {
  /** Back to the schema's defaults. */
  reset(): void
}

/** What a store keeps for the next message. */
export const ROWS_KEPT_MAX = 4096

export class RowStore<T extends Row> {
  count = 0
  private readonly rows: T[] = []
  private readonly make: () => T

  constructor(make: () => T) {
    this.make = make
  }

  at(i: number): T {
    return this.rows[i]!
  }

  add(): T {
    if (this.count === this.rows.length) this.rows.push(this.make())
    const row = this.rows[this.count++]!
    row.reset()
    return row
  }

  clear(): void {
    this.count = 0
    if (this.rows.length > ROWS_KEPT_MAX) this.rows.length = ROWS_KEPT_MAX
  }
}

export class Rows<T extends Row> {
  /** -1: null, where the schema allows it. */
  count = 0
  private start = 0
  private readonly store: RowStore<T>

  constructor(store: RowStore<T>) {
    this.store = store
  }

  at(i: number): T {
    assert(i >= 0 && i < this.count, 'a row below the count')
    return this.store.at(this.start + i)
  }

  /** A row of defaults at the end. The row it gave for an earlier message may come back as this one. */
  add(): T {
    if (this.count <= 0) {
      this.start = this.store.count
      this.count = 0
    }
    assert(this.start + this.count === this.store.count, 'rows are added depth first')
    this.count++
    return this.store.add()
  }

  setNull(): void {
    this.count = -1
  }

  /** Empty again. Its rows stay in the store until the message is reset. */
  clear(): void {
    this.count = 0
  }
}
