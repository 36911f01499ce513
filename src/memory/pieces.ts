// Small pieces of the own arena, one behind the other in a block, each with a hold of its own.
//
// Owner: the shard. Whoever takes a piece holds it through `arena.blockOf(offset)` and gives that hold back, on any
// thread. Pieces of one `Pieces` should live about equally long: the last one keeps the block.
import type { Arena } from './arena.ts'

/** A copy to an odd address of shared memory goes byte by byte, ten times as slowly. */
const ALIGNMENT_BYTES = 8

export class Pieces {
  readonly #arena: Arena
  #block = -1
  #position = 0
  #end = 0

  constructor(arena: Arena) {
    this.#arena = arena
  }

  /** A copy of `bytes`: its offset, or -1 when the arena has no room now. */
  put(bytes: Uint8Array): number {
    const arena = this.#arena
    const isLong = bytes.length > arena.blockBytes
    // A long one has a run of blocks to itself, and with it the run's hold.
    const offset = isLong ? arena.allocate(bytes.length) : this.#take(bytes.length)
    if (offset >= 0) arena.bytes.set(bytes, offset)
    return offset
  }

  #take(length: number): number {
    const arena = this.#arena
    if (this.#position + length > this.#end) {
      const offset = arena.allocate(arena.blockBytes)
      if (offset < 0) return -1
      if (this.#block >= 0) arena.release(this.#block)
      this.#block = arena.blockOf(offset)
      this.#position = offset
      this.#end = offset + arena.blockBytes
    }
    const offset = this.#position
    this.#position += (length + ALIGNMENT_BYTES - 1) & -ALIGNMENT_BYTES
    arena.hold(this.#block)
    return offset
  }
}
