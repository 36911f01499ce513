// Accepted sockets, from the control thread to the shards: each goes to the shard with the fewest connections, if there
// may be one more at all.
//
// Thread: control. Only the descriptor crosses, in a ring message; the shard's reactor owns it from then on.
import { closeSync } from 'node:fs'
import type { Clock } from '../lib/env.ts'
import type { Acceptor, Native } from '../native/contract.ts'
import type { LimitedLog } from '../observe/limited-log.ts'
import type { SleepFlags } from '../ring/sleep.ts'
import { RingWriter } from '../ring/writer.ts'
import { ACCEPTED } from '../shard/messages.ts'
import { AcceptRate } from './accept-rate.ts'
import { AddressCounts } from './address-counts.ts'
import type { ConnectionQuota } from './connection-quota.ts'

export interface AcceptorsOptions {
  native: Native
  clock: Clock
  /** Rings from this thread to each shard. */
  rings: readonly SharedArrayBuffer[]
  sleep: SleepFlags
  wake: (shard: number) => void
  /** How many connections the shard has ended, ever. */
  endedCount: (shard: number) => number
  /** Where shards count ends by address. */
  addresses: SharedArrayBuffer
  quota: ConnectionQuota
  /** max.connection.creation.rate. */
  perSecond: number
  log: LimitedLog
}

export class Acceptors {
  readonly #options: AcceptorsOptions
  readonly #acceptor: Acceptor
  readonly #writers: RingWriter[]
  /** How many each shard was given, ever. */
  readonly #givenCounts: number[]
  readonly #addresses: AddressCounts
  readonly #rate: AcceptRate

  constructor(options: AcceptorsOptions) {
    this.#options = options
    this.#writers = options.rings.map((memory) => new RingWriter(memory))
    this.#givenCounts = options.rings.map(() => 0)
    this.#addresses = new AddressCounts(options.addresses)
    this.#rate = new AcceptRate(options.perSecond, options.clock.nowMs())
    this.#acceptor = options.native.createAcceptor((descriptor, listener, address) => {
      const restMs = this.#rate.take(options.clock.nowMs())
      if (restMs > 0) this.#acceptor.rest(restMs)
      this.#handOver(descriptor, listener, address)
    })
  }

  /** Returns the bound port. Throws `{ code, errno }`. */
  listen(listener: number, address: string, port: number, backlog: number): number {
    return this.#acceptor.listen(listener, address, port, backlog)
  }

  close(): void {
    this.#acceptor.close()
  }

  #handOver(descriptor: number, listener: number, address: string): void {
    const shard = this.#leastLoaded()
    const writer = this.#writers[shard]!
    const refusal = this.#refusal(address, writer)
    const slot = refusal === null ? this.#addresses.add(address) : -1
    if (slot < 0) {
      closeSync(descriptor)
      const why = refusal ?? 'too many addresses have connections'
      this.#options.log.write('warn', () => ({ peer: address }), `${why}: one more was closed`)
      return
    }
    const at = writer.claim()
    writer.words[at] = ACCEPTED
    writer.words[at + 1] = 0
    writer.words[at + 2] = descriptor
    writer.words[at + 3] = listener
    writer.words[at + 4] = slot
    writer.publish()
    this.#givenCounts[shard]!++
    if (this.#options.sleep.mustWake(shard)) this.#options.wake(shard)
  }

  /** Why there may not be one more; null if there may. */
  #refusal(address: string, writer: RingWriter): string | null {
    const { connectionsMax, perAddressMax, overrides } = this.#options.quota
    if (this.#openCount() >= connectionsMax) return `max.connections (${connectionsMax}) are open`
    const addressMax = overrides.get(address) ?? perAddressMax
    if (this.#addresses.openOf(address) >= addressMax) return `max.connections.per.ip (${addressMax}) are open`
    // The shard has thousands of sockets that it has not looked at: one more would not be served either.
    return writer.isFull() ? 'too many new connections wait for their shard' : null
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
