// Where the latest direct writes of a log begin, exactly: so that a consumer near the end, who reads on where a write ended,
// is answered from the open file without a look at it.
//
// Owner: the shard of the partition.
const REMEMBERED = 32

export class RecentWrites {
  readonly #offsets = new Float64Array(REMEMBERED).fill(-1)
  /** In the segment of that offset. */
  readonly #positions = new Float64Array(REMEMBERED)
  #count = 0

  add(baseOffset: number, position: number): void {
    const at = this.#count++ % REMEMBERED
    this.#offsets[at] = baseOffset
    this.#positions[at] = position
  }

  /** Where the batch with this base offset begins, or -1 if no write that is remembered began with it. */
  positionOf(baseOffset: number): number {
    for (let back = 1; back <= REMEMBERED && back <= this.#count; back++) {
      const at = (this.#count - back) % REMEMBERED
      if (this.#offsets[at] === baseOffset) return this.#positions[at]!
    }
    return -1
  }
}
