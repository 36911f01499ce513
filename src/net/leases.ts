// Answers whose records leave from memory or from files: until the reactor returns an answer's token, what it reads from
// is held. Each holds memory, also one that is all from files: its slice table keeps a block of the arena.
//
// Owner: the shard's loop. A token is issued before its answer is encoded; then it is lent, or ends without that.
import type { FetchCall } from '../api/01-fetch.ts'
import type { Connection } from './connection.ts'

export class Leases {
  /** By token. */
  readonly #calls: (FetchCall | null)[] = []
  readonly #connections: (Connection | null)[] = []
  readonly #sinceMs: number[] = []
  readonly #freeTokens: number[] = []

  issue(): number {
    const token = this.#freeTokens.pop()
    if (token !== undefined) return token
    this.#connections.push(null)
    this.#sinceMs.push(0)
    return this.#calls.push(null) - 1
  }

  lend(token: number, call: FetchCall, connection: Connection, sinceMs: number): void {
    this.#calls[token] = call
    this.#connections[token] = connection
    this.#sinceMs[token] = sinceMs
  }

  callOf(token: number): FetchCall {
    return this.#calls[token]!
  }

  connectionOf(token: number): Connection {
    return this.#connections[token]!
  }

  /** The token may be issued again. */
  end(token: number): void {
    this.#calls[token] = null
    this.#connections[token] = null
    this.#freeTokens.push(token)
  }

  /** Connections with an answer that was lent at `ms` or before, no more than `countMax`; some may come twice. */
  forEachOlder(ms: number, countMax: number, visit: (connection: Connection) => void): void {
    let count = 0
    for (let token = 0; token < this.#calls.length && count < countMax; token++) {
      const connection = this.#connections[token]!
      if (connection === null || this.#sinceMs[token]! > ms) continue
      visit(connection)
      count++
    }
  }
}
