// What groups take of a shard's memory: one count for the shard, in it one for each machine, in that one for each group.
//
// Owner: the shard. What a log holds is loaded, whatever it takes, and what is there stays. What would be new is refused
// for want of memory; a part is kept from it, in which what is there may grow: members that join again with a longer
// subscription, assignments.

/** Of the memory, what only groups that are there may take. */
const KEPT_PART = 1 / 8

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

  /** For something new. */
  hasRoomFor(bytes: number): boolean {
    return this.#fits(bytes, this.#bytesMax * (1 - KEPT_PART))
  }

  /** For more of what is there. */
  hasRoomToGrow(bytes: number): boolean {
    return this.#fits(bytes, this.#bytesMax)
  }

  #fits(bytes: number, bytesMax: number): boolean {
    if (bytes <= 0) return true
    return this.#whole === null ? this.#heldBytes + bytes <= bytesMax : this.#whole.#fits(bytes, bytesMax)
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
