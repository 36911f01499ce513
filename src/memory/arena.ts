// A shard's memory for bytes that come from sockets and wait for the disk: one SharedArrayBuffer in equal blocks.
//
// Thread:     every thread maps every arena, only the owner allocates. Holders are counted per block.
// Holders:    the owner counts its own in plain words (`holders`, the reactor counts there too); any other thread that
//             was lent a hold gives it back, or lends it on, in `lent` with Atomics.
// Invariants: a block is free when holders + lent = 0. An allocation longer than a block is a run of neighbours, held
//             through its first block; its other blocks have no holders of their own.
import { assert } from '../lib/assert.ts'

/** The shared part of an arena, as it is posted to every thread. */
export interface ArenaMemory {
  bytes: SharedArrayBuffer
  /** One word a block: holds given back (-) or lent on (+) by other threads, not yet folded into `holders`. */
  lent: SharedArrayBuffer
  blockBytes: number
}

export function createArenaMemory(bytes: number, blockBytes: number): ArenaMemory {
  assert(bytes % blockBytes === 0, 'an arena is whole blocks')
  return {
    bytes: new SharedArrayBuffer(bytes),
    lent: new SharedArrayBuffer((bytes / blockBytes) * 4),
    blockBytes,
  }
}

/** An arena as any thread sees it: its bytes, and the holds that were lent to this thread. */
export class ArenaView {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly words: Int32Array
  readonly blockBytes: number
  protected readonly lent: Int32Array

  constructor(memory: ArenaMemory) {
    this.bytes = new Uint8Array(memory.bytes)
    this.view = new DataView(memory.bytes)
    this.words = new Int32Array(memory.bytes)
    this.lent = new Int32Array(memory.lent)
    this.blockBytes = memory.blockBytes
  }

  blockOf(offset: number): number {
    return Math.floor(offset / this.blockBytes)
  }

  /** One more holder of a block that this thread holds already (or borrows from one who does). */
  hold(block: number): void {
    Atomics.add(this.lent, block, 1)
  }

  /** Publishes to the owner that one hold of this block is over; the bytes must not be read after. */
  release(block: number): void {
    Atomics.sub(this.lent, block, 1)
  }
}

/** An arena as its owner sees it. */
export class Arena extends ArenaView {
  readonly holders: Int32Array
  /** Blocks of the run that starts here; meaningful at the first block of a run only. */
  readonly #runBlocks: Int32Array
  readonly #blockCount: number

  constructor(memory: ArenaMemory) {
    super(memory)
    this.#blockCount = memory.bytes.byteLength / memory.blockBytes
    this.holders = new Int32Array(this.#blockCount)
    this.#runBlocks = new Int32Array(this.#blockCount).fill(1)
  }

  override hold(block: number): void {
    this.holders[block]!++
  }

  override release(block: number): void {
    this.holders[block]!--
  }

  /**
   * The offset of a run of at least `bytes` bytes, held once, or -1 when no run is free. The lowest run is taken, so
   * that a lightly loaded shard keeps to a few warm blocks.
   */
  allocate(bytes: number): number {
    const wanted = Math.ceil(bytes / this.blockBytes)
    let first = 0
    let free = 0
    for (let block = 0; block < this.#blockCount; ) {
      const blocks = this.#runBlocks[block]!
      if (this.#isHeld(block)) {
        block += blocks
        first = block
        free = 0
        continue
      }
      free += blocks
      block += blocks
      if (free >= wanted) return this.#take(first, wanted, free)
    }
    return -1
  }

  /** How many bytes are in blocks that someone holds: what is pinned, not what is used. */
  heldBytes(): number {
    let blocks = 0
    for (let block = 0; block < this.#blockCount; block += this.#runBlocks[block]!)
      if (this.#isHeld(block)) blocks += this.#runBlocks[block]!
    return blocks * this.blockBytes
  }

  #isHeld(block: number): boolean {
    if (Atomics.load(this.lent, block) !== 0) this.holders[block]! += Atomics.exchange(this.lent, block, 0)
    assert(this.holders[block]! >= 0, 'a block is not released more often than it was held')
    return this.holders[block]! !== 0
  }

  #take(first: number, wanted: number, free: number): number {
    for (let block = first; block < first + free; block++) this.#runBlocks[block] = 1
    this.#runBlocks[first] = wanted
    this.holders[first] = 1
    return first * this.blockBytes
  }
}
