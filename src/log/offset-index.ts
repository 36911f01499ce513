// The sparse index of one segment: about every `intervalBytes` of log, the last offset of a batch and the position
// where that batch begins. In memory it is the index file's content as numbers; on disk it is Kafka's format, big-endian
// (relative offset, position) pairs.
//
// Derived: it can be made again from the log, and what a file says is not believed without a look at the batch it points
// to. Of batches that this process has counted in itself it also knows where they start, which the file does not say.

const ENTRY_BYTES = 8

export class OffsetIndex {
  /** (relative last offset, position) pairs, both growing. */
  #entries: Int32Array
  /** The relative base offset of each entry's batch, or -1 where only the file told of it. */
  #starts: Int32Array
  #count = 0

  constructor(entries = new Int32Array(0)) {
    this.#entries = entries
    this.#count = entries.length / 2
    this.#starts = new Int32Array(this.#count).fill(-1)
  }

  static decode(bytes: Uint8Array): OffsetIndex {
    const count = Math.floor(bytes.length / ENTRY_BYTES)
    const entries = new Int32Array(count * 2)
    const view = new DataView(bytes.buffer, bytes.byteOffset, count * ENTRY_BYTES)
    for (let i = 0; i < count * 2; i++) entries[i] = view.getInt32(i * 4)
    return new OffsetIndex(entries)
  }

  get count(): number {
    return this.#count
  }

  append(relativeStart: number, relativeOffset: number, position: number): void {
    if (this.#count * 2 === this.#entries.length) {
      const grown = new Int32Array(Math.max(16, this.#entries.length * 2))
      grown.set(this.#entries)
      this.#entries = grown
      const starts = new Int32Array(grown.length / 2)
      starts.set(this.#starts)
      this.#starts = starts
    }
    this.#starts[this.#count] = relativeStart
    this.#entries[this.#count * 2] = relativeOffset
    this.#entries[this.#count * 2 + 1] = position
    this.#count++
  }

  /** A position at or before the batch that holds `relativeOffset`: the greatest entry not above it, or 0. */
  floorPosition(relativeOffset: number): number {
    const index = this.#lastAtMost(relativeOffset, 0)
    return index < 0 ? 0 : this.#entries[index * 2 + 1]!
  }

  /** Where the batch with this base offset begins, or -1 if that takes a look at the log. */
  positionOfBatch(relativeStart: number): number {
    const index = this.#lastAtMost(relativeStart - 1, 0) + 1
    return index < this.#count && this.#starts[index] === relativeStart ? this.#entries[index * 2 + 1]! : -1
  }

  /** The greatest indexed batch start at or before `position`, or 0: where an answer may end without cutting a batch. */
  floorBoundary(position: number): number {
    const index = this.#lastAtMost(position, 1)
    return index < 0 ? 0 : this.#entries[index * 2 + 1]!
  }

  /** Entries from number `first` on, as they stand in the file. */
  encode(first: number): Uint8Array {
    const bytes = new Uint8Array((this.#count - first) * ENTRY_BYTES)
    const view = new DataView(bytes.buffer)
    for (let i = first * 2; i < this.#count * 2; i++) view.setInt32((i - first * 2) * 4, this.#entries[i]!)
    return bytes
  }

  /** Forgets entries at or beyond a log position, after the log was cut there. */
  truncateTo(position: number): void {
    while (this.#count > 0 && this.#entries[this.#count * 2 - 1]! >= position) this.#count--
  }

  /** True if both columns grow strictly and stay inside a log of `logBytes`. */
  isSane(logBytes: number): boolean {
    for (let i = 0; i < this.#count; i++) {
      const previousOffset = i === 0 ? -1 : this.#entries[i * 2 - 2]!
      const previousPosition = i === 0 ? -1 : this.#entries[i * 2 - 1]!
      const isGrowing = this.#entries[i * 2]! > previousOffset && this.#entries[i * 2 + 1]! > previousPosition
      if (!isGrowing || this.#entries[i * 2 + 1]! >= logBytes) return false
    }
    return true
  }

  /** The last entry whose column (0 offset, 1 position) is at most `limit`, or -1. */
  #lastAtMost(limit: number, column: 0 | 1): number {
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#entries[middle * 2 + column]! <= limit) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}
