// The batches of one partition that are still in memory, oldest first, gap-free: what readers near the end read, and
// what the drainer writes to the segment.
//
// Owner: the shard of the partition. A growing ring of references, so that a batch is found by offset in O(log n).
import { assert } from '../lib/assert.ts'
import type { Batch } from './batch.ts'

export class Tail {
  #ring: (Batch | undefined)[] = new Array(8)
  #head = 0
  #count = 0
  byteLength = 0
  /** How often what is the oldest now was written into the journal once more, instead of to the segment. */
  timesCarried = 0

  get count(): number {
    return this.#count
  }

  /** Whether all of it was carried: then all of it lies in one group, in memory that only such batches share. */
  get isCarried(): boolean {
    return this.timesCarried > 0 && this.#count > 0 && this.at(0).sequence === this.at(this.#count - 1).sequence
  }

  at(index: number): Batch {
    return this.#ring[(this.#head + index) & (this.#ring.length - 1)]!
  }

  push(batch: Batch): void {
    assert(this.#count === 0 || this.at(this.#count - 1).nextOffset === batch.baseOffset, 'the tail has no gap')
    if (this.#count === this.#ring.length) this.#grow()
    this.#ring[(this.#head + this.#count) & (this.#ring.length - 1)] = batch
    this.#count++
    this.byteLength += batch.length
  }

  shift(): Batch {
    const batch = this.at(0)
    this.#ring[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#ring.length - 1)
    this.#count--
    this.byteLength -= batch.length
    return batch
  }

  /** The index of the batch that holds `offset`, or -1 when it is older than the tail (or beyond its end). */
  indexOf(offset: number): number {
    if (this.#count === 0 || offset < this.at(0).baseOffset || offset >= this.at(this.#count - 1).nextOffset) return -1
    let low = 0
    let high = this.#count - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (this.at(middle).baseOffset <= offset) low = middle
      else high = middle - 1
    }
    return low
  }

  #grow(): void {
    const grown: (Batch | undefined)[] = new Array(this.#ring.length * 2)
    for (let i = 0; i < this.#count; i++) grown[i] = this.at(i)
    this.#ring = grown
    this.#head = 0
  }
}
