// How many connections each client address has, counted by two threads without a word: the control thread counts what it
// gives to shards, each shard what has ended, in shared memory by the address's slot.
//
// Owner: the control thread; `AddressEnds` is the shards' side. A slot whose connections have all ended may become another
// address's; that is looked for only when no slot is free.
// Invariant: an address with an open connection keeps its slot.

export class AddressCounts {
  readonly #given: Int32Array
  readonly #ended: Int32Array
  readonly #slots = new Map<string, number>()
  readonly #free: number[] = []
  #used = 0

  constructor(memory: SharedArrayBuffer) {
    this.#ended = new Int32Array(memory)
    this.#given = new Int32Array(this.#ended.length)
  }

  openOf(address: string): number {
    const slot = this.#slots.get(address)
    return slot === undefined ? 0 : this.#openIn(slot)
  }

  /** One more connection: the slot that its end is to be counted in, or -1 when every slot has open connections. */
  add(address: string): number {
    const slot = this.#slots.get(address) ?? this.#assign(address)
    if (slot >= 0) this.#given[slot]!++
    return slot
  }

  #openIn(slot: number): number {
    // Both wrap around, together.
    return (this.#given[slot]! - Atomics.load(this.#ended, slot)) | 0
  }

  #assign(address: string): number {
    if (this.#free.length === 0 && this.#used === this.#given.length) this.#reclaim()
    const slot = this.#free.pop() ?? (this.#used < this.#given.length ? this.#used++ : -1)
    if (slot >= 0) this.#slots.set(address, slot)
    return slot
  }

  #reclaim(): void {
    for (const [address, slot] of this.#slots) {
      if (this.#openIn(slot) > 0) continue
      this.#slots.delete(address)
      this.#free.push(slot)
    }
  }
}

/** A shard's side. */
export class AddressEnds {
  readonly #ended: Int32Array

  constructor(memory: SharedArrayBuffer) {
    this.#ended = new Int32Array(memory)
  }

  /** Publishes that a connection of that slot has ended; below zero it was in none. */
  add(slot: number): void {
    if (slot >= 0) Atomics.add(this.#ended, slot, 1)
  }
}
