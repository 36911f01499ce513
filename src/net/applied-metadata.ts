// How far the shards have applied the metadata log, so that an answer can wait for all of them: once a client is told
// that a topic exists, it exists on every connection.
//
// Owner: the control thread.
import { OffsetWaiters } from '../lib/offset-waiters.ts'

export class AppliedMetadata {
  /** By shard. */
  readonly #offsets: number[]
  readonly #waiters = new OffsetWaiters()

  constructor(shards: number) {
    this.#offsets = new Array(shards).fill(-1)
  }

  /** Shard `shard` has applied everything up to and including `offset`. */
  advance(shard: number, offset: number): void {
    this.#offsets[shard] = offset
    this.#waiters.reach(this.#everywhere())
  }

  /** Resolves when every shard has applied everything up to and including `offset`. */
  reached(offset: number): Promise<void> {
    return this.#everywhere() >= offset ? Promise.resolve() : this.#waiters.wait(offset)
  }

  #everywhere(): number {
    return Math.min(...this.#offsets)
  }
}
