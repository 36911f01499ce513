// The reading end of a ring. Thread: the one receiver of this ring.
import { HEAD_WORD, MESSAGE_WORDS, ringCapacity, SLOTS_WORD, TAIL_WORD } from './descriptor.ts'

/** Takes one message: its 16 words begin at `words[slot]` and are the writer's again when this returns. */
export type OnMessage = (words: Int32Array, slot: number) => void

export class RingReader {
  readonly #words: Int32Array
  readonly #mask: number
  readonly #onMessage: OnMessage
  #taken: number

  constructor(memory: SharedArrayBuffer, onMessage: OnMessage) {
    this.#words = new Int32Array(memory)
    this.#mask = ringCapacity(memory) - 1
    this.#onMessage = onMessage
    this.#taken = Atomics.load(this.#words, HEAD_WORD)
  }

  isEmpty(): boolean {
    return Atomics.load(this.#words, TAIL_WORD) === this.#taken
  }

  /** Handles what was published when it was called, so that one busy peer can't hold the tick; returns how many. */
  poll(): number {
    // Acquires the words of every slot before the writer's `tail`.
    const published = Atomics.load(this.#words, TAIL_WORD)
    const count = (published - this.#taken) | 0
    for (let i = 0; i < count; i++) {
      const slot = SLOTS_WORD + ((this.#taken + i) & this.#mask) * MESSAGE_WORDS
      this.#onMessage(this.#words, slot)
    }
    if (count === 0) return 0
    this.#taken = published
    // Releases the slots to the writer.
    Atomics.store(this.#words, HEAD_WORD, published)
    return count
  }
}
