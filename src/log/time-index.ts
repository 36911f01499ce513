// The time index of one segment: the largest timestamp so far and the offset that brought it, both growing. On disk
// Kafka's format, big-endian (int64 timestamp, int32 relative offset). Derived, like the offset index.
import { fromWords, highWord, lowWord } from '../lib/int64.ts'

const ENTRY_BYTES = 12

export class TimeIndex {
  readonly #timestamps: number[] = []
  readonly #relativeOffsets: number[] = []

  static decode(bytes: Uint8Array): TimeIndex {
    const index = new TimeIndex()
    const count = Math.floor(bytes.length / ENTRY_BYTES)
    const view = new DataView(bytes.buffer, bytes.byteOffset, count * ENTRY_BYTES)
    for (let at = 0; at < count * ENTRY_BYTES; at += ENTRY_BYTES) {
      const timestamp = fromWords(view.getInt32(at + 4), view.getInt32(at))
      if (!index.maybeAppend(timestamp, view.getInt32(at + 8))) break
    }
    return index
  }

  get count(): number {
    return this.#timestamps.length
  }

  /** Adds an entry if it is later than the last one in both columns; false when it is not. */
  maybeAppend(timestamp: number, relativeOffset: number): boolean {
    const last = this.#timestamps.length - 1
    if (last >= 0 && (timestamp <= this.#timestamps[last]! || relativeOffset <= this.#relativeOffsets[last]!))
      return false
    this.#timestamps.push(timestamp)
    this.#relativeOffsets.push(relativeOffset)
    return true
  }

  /** A relative offset before which no record has a timestamp of at least `timestamp`. */
  floorOffset(timestamp: number): number {
    let low = 0
    let high = this.#timestamps.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#timestamps[middle]! < timestamp) low = middle + 1
      else high = middle
    }
    return low === 0 ? 0 : this.#relativeOffsets[low - 1]!
  }

  lastTimestamp(): number {
    return this.#timestamps.at(-1) ?? -1
  }

  lastOffset(): number {
    return this.#relativeOffsets.at(-1) ?? 0
  }

  /** Entries from number `first` on, as they stand in the file. */
  encode(first: number): Uint8Array {
    const bytes = new Uint8Array((this.count - first) * ENTRY_BYTES)
    const view = new DataView(bytes.buffer)
    for (let i = first, at = 0; i < this.count; i++, at += ENTRY_BYTES) {
      view.setInt32(at, highWord(this.#timestamps[i]!))
      view.setInt32(at + 4, lowWord(this.#timestamps[i]!))
      view.setInt32(at + 8, this.#relativeOffsets[i]!)
    }
    return bytes
  }

  /** Forgets entries at or beyond a relative offset, after the log was cut there. */
  truncateTo(relativeOffset: number): void {
    while (this.count > 0 && this.#relativeOffsets.at(-1)! >= relativeOffset) {
      this.#relativeOffsets.pop()
      this.#timestamps.pop()
    }
  }
}
