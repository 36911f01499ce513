// The writing end of a ring. Thread: the one sender of this ring.
import { assert } from '../lib/assert.ts'
import { HEAD_WORD, MESSAGE_WORDS, ringCapacity, SLOTS_WORD, TAIL_WORD } from './descriptor.ts'

export class RingWriter {
  /** The ring's words: fill the 16 from what `claim` returned, before the next `publish`. */
  readonly words: Int32Array
  readonly #mask: number
  #claimed: number
  #published: number

  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory)
    this.#mask = ringCapacity(memory) - 1
    this.#published = Atomics.load(this.words, TAIL_WORD)
    this.#claimed = this.#published
  }

  /** The first word of the next message's slot. Throws when the ring is full: credits are there to make that impossible. */
  claim(): number {
    // Acquires the reader's `head`: it has done with the slots before it.
    const taken = Atomics.load(this.words, HEAD_WORD)
    assert(((this.#claimed - taken) | 0) <= this.#mask, 'a ring never fills: its senders hold credits')
    const slot = SLOTS_WORD + (this.#claimed & this.#mask) * MESSAGE_WORDS
    this.#claimed = (this.#claimed + 1) | 0
    return slot
  }

  /** For a sender without credits of its own (accepted sockets): true when `claim` must wait. */
  isFull(): boolean {
    return this.freeSlots() === 0
  }

  freeSlots(): number {
    return this.#mask + 1 - ((this.#claimed - Atomics.load(this.words, HEAD_WORD)) | 0)
  }

  /** Whether something is claimed that `publish` has not published. */
  hasClaimed(): boolean {
    return this.#claimed !== this.#published
  }

  /** Publishes every claimed message at once; true when there was one. Once a tick, not once a message. */
  publish(): boolean {
    if (this.#claimed === this.#published) return false
    this.#published = this.#claimed
    // Releases the slots' words to the reader.
    Atomics.store(this.words, TAIL_WORD, this.#published)
    return true
  }
}
