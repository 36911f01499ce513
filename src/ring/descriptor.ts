// A ring carries messages of 16 words from one thread to one other, through shared memory.
//
//   word    0        16       32                                32 + 16 * capacity
//           | head   | tail   | slot 0 | slot 1 | …             |
//           reader's writer's  64 bytes each: one cache line
//
// One writer a word: the reader alone writes `head` (how many it has taken), the writer alone `tail` (how many it has
// published), each on a cache line of its own. Counts wrap at 2^32; the capacity is a power of two.
//
// A ring never fills: a sender holds a credit for every request it may send (`limits.ringCredits`), and a request's credit
// also stands for its reply's slot in the ring of the other direction. Messages that hold no credit leave room for both.
import { assert } from '../lib/assert.ts'

export const HEAD_WORD = 0
export const TAIL_WORD = 16
export const SLOTS_WORD = 32
export const MESSAGE_WORDS = 16

export function createRingMemory(capacity: number): SharedArrayBuffer {
  assert(capacity > 0 && (capacity & (capacity - 1)) === 0, "a ring's capacity is a power of two")
  return new SharedArrayBuffer((SLOTS_WORD + capacity * MESSAGE_WORDS) * 4)
}

export function ringCapacity(memory: SharedArrayBuffer): number {
  return (memory.byteLength / 4 - SLOTS_WORD) / MESSAGE_WORDS
}
