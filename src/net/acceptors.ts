// Accepted sockets, from the control thread to the shards: each goes to the shard with the fewest connections.
//
// Thread: control. Only the descriptor crosses, in a ring message; the shard's reactor owns it from then on.
import { closeSync } from 'node:fs'
import type { Acceptor, Native } from '../native/contract.ts'
import type { Log } from '../observe/log.ts'
import type { SleepFlags } from '../ring/sleep.ts'
import { RingWriter } from '../ring/writer.ts'
import { ACCEPTED } from '../shard/messages.ts'

export interface AcceptorsOptions {
  native: Native
  /** Rings from this thread to each shard. */
  rings: readonly SharedArrayBuffer[]
  sleep: SleepFlags
  wake: (shard: number) => void
  /** How many connections the shard has ended, ever. */
  endedCount: (shard: number) => number
  /** max.connections: over all shards. */
  connectionsMax: number
  log: Log
}

export class Acceptors {
  readonly #options: AcceptorsOptions
  readonly #acceptor: Acceptor
  readonly #writers: RingWriter[]
  /** How many each shard was given, ever. */
  readonly #givenCounts: number[]

  constructor(options: AcceptorsOptions) {
    this.#options = options
    this.#writers = options.rings.map((memory) => new RingWriter(memory))
    this.#givenCounts = options.rings.map(() => 0)
    this.#acceptor = options.native.createAcceptor((descriptor, listener) => this.#handOver(descriptor, listener))
  }

  /** Returns the bound port. Throws `{ code, errno }`. */
  listen(listener: number, address: string, port: number, backlog: number): number {
    return this.#acceptor.listen(listener, address, port, backlog)
  }

  close(): void {
    this.#acceptor.close()
  }

  #handOver(descriptor: number, listener: number): void {
    const shard = this.#leastLoaded()
    const writer = this.#writers[shard]!
    if (this.#openCount() >= this.#options.connectionsMax) {
      closeSync(descriptor)
      this.#options.log.warn('max.connections are open: one more was closed')
      return
    }
    if (writer.isFull()) {
      // The shard has thousands of sockets that it has not looked at: one more would not be served either.
      closeSync(descriptor)
      this.#options.log.warn({ shard }, 'too many new connections: one was closed')
      return
    }
    const at = writer.claim()
    writer.words[at] = ACCEPTED
    writer.words[at + 1] = 0
    writer.words[at + 2] = descriptor
    writer.words[at + 3] = listener
    writer.publish()
    this.#givenCounts[shard]!++
    if (this.#options.sleep.mustWake(shard)) this.#options.wake(shard)
  }

  #openCount(): number {
    return this.#givenCounts.reduce((sum, given, shard) => sum + given - this.#options.endedCount(shard), 0)
  }

  #leastLoaded(): number {
    let least = 0
    let leastCount = Number.POSITIVE_INFINITY
    for (let shard = 0; shard < this.#writers.length; shard++) {
      const count = this.#givenCounts[shard]! - this.#options.endedCount(shard)
      if (count >= leastCount) continue
      least = shard
      leastCount = count
    }
    return least
  }
}
