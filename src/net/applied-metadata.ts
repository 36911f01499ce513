// How far the shards have applied the metadata log, so that an answer can wait for all of them: once a client is told
// that a topic exists, it exists on every connection.
//
// Owner: the control thread. Bounded by the requests in flight, each of which waits at most once.

export class AppliedMetadata {
  /** By shard. */
  readonly #offsets: number[]
  #waiting: { offset: number; resolve: () => void }[] = []

  constructor(shards: number) {
    this.#offsets = new Array(shards).fill(-1)
  }

  /** Shard `shard` has applied everything up to and including `offset`. */
  advance(shard: number, offset: number): void {
    this.#offsets[shard] = offset
    if (this.#waiting.length === 0) return
    const everywhere = Math.min(...this.#offsets)
    const due = this.#waiting.filter((each) => each.offset <= everywhere)
    if (due.length === 0) return
    this.#waiting = this.#waiting.filter((each) => each.offset > everywhere)
    for (const { resolve } of due) resolve()
  }

  /** Resolves when every shard has applied everything up to and including `offset`. */
  reached(offset: number): Promise<void> {
    if (Math.min(...this.#offsets) >= offset) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push({ offset, resolve }))
  }
}
