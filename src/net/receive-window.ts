// The blocks that the reactor receives into next: refilled from the arena before each flush.
//
// Owner: the shard's loop. The reactor gives up the hold on a block that is full; frames in it keep it by theirs.
import type { Arena } from '../memory/arena.ts'
import { WINDOW_END, WINDOW_OFFSET, WINDOW_SPARE_END, WINDOW_SPARE_OFFSET, WINDOW_WORDS } from '../native/contract.ts'

export class ReceiveWindow {
  readonly words = new Int32Array(WINDOW_WORDS).fill(-1)
  readonly #arena: Arena

  constructor(arena: Arena) {
    this.#arena = arena
  }

  /** False when the arena had no block for an empty place. */
  refill(): boolean {
    return this.#fill(WINDOW_OFFSET, WINDOW_END) && this.#fill(WINDOW_SPARE_OFFSET, WINDOW_SPARE_END)
  }

  #fill(offsetWord: number, endWord: number): boolean {
    if (this.words[offsetWord]! >= 0) return true
    const { blockBytes } = this.#arena
    const offset = this.#arena.allocate(blockBytes)
    if (offset < 0) return false
    this.words[offsetWord] = offset
    this.words[endWord] = offset + blockBytes
    return true
  }
}
