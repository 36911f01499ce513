// What groups take of a shard's memory: one count for the shard, in it one for each machine, in that one for each group.
//
// Owner: the shard. Only what would be new is refused for want of memory: what a log holds is loaded, and what is there
// stays and is renewed, whatever it takes.

/** A text or a typed array beside its content, with the objects that hold it. */
export const VALUE_BYTES = 256

export class GroupMemory {
  readonly #bytesMax: number
  readonly #whole: GroupMemory | null
  #heldBytes = 0

  constructor(bytesMax: number, whole: GroupMemory | null = null) {
    this.#bytesMax = bytesMax
    this.#whole = whole
  }

  /** A count within this one. */
  part(): GroupMemory {
    return new GroupMemory(this.#bytesMax, this)
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  hasRoomFor(bytes: number): boolean {
    if (bytes <= 0) return true
    return this.#whole === null ? this.#heldBytes + bytes <= this.#bytesMax : this.#whole.hasRoomFor(bytes)
  }

  /** Fewer than none: given back. */
  add(bytes: number): void {
    this.#heldBytes += bytes
    this.#whole?.add(bytes)
  }

  /** All that it counts is gone. */
  end(): void {
    this.add(-this.#heldBytes)
  }
}

/** A text may take two bytes a character. */
export function textBytes(text: string | null): number {
  return text === null ? 0 : 2 * text.length
}
