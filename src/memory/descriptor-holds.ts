// How many answers under way still read from each open file, over all shards. A file is closed only when nobody
// holds its slot, so that a descriptor's number never serves another file by mistake.
//
// Thread: any; one shared word a slot. A holder is shard * slotsPerShard + slot.

export function createDescriptorHoldsMemory(shards: number, slotsPerShard: number): SharedArrayBuffer {
  return new SharedArrayBuffer(shards * slotsPerShard * 4)
}

export class DescriptorHolds {
  readonly #words: Int32Array

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory)
  }

  hold(holder: number): void {
    Atomics.add(this.#words, holder, 1)
  }

  /** Publishes that the holder's reads are over. */
  release(holder: number): void {
    Atomics.sub(this.#words, holder, 1)
  }

  isHeld(holder: number): boolean {
    return Atomics.load(this.#words, holder) !== 0
  }
}
