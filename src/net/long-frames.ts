// Frames that are too long for a block: each asks for a run of blocks when its length is known, and is received into it.
//
// Thread: the shard's, which owns it with its loop.
//
// Invariant: runs are given in the order they were asked for, so none waits for ever behind shorter ones.
import { admit } from '../api/table.ts'
import { LIMITS } from '../config/limits.ts'
import type { Arena } from '../memory/arena.ts'
import type { LimitedLog } from '../observe/limited-log.ts'
import type { Connection } from './connection.ts'

interface Need {
  readonly connection: Connection
  readonly length: number
  readonly deadlineMs: number
}

export interface LongFramesHost {
  readonly arena: Arena
  readonly log: LimitedLog
  /** The connection's frame is received at `offset`. */
  assign(connection: Connection, offset: number): void
  close(connection: Connection): void
}

export class LongFrames {
  readonly #host: LongFramesHost
  #needs: Need[] = []

  constructor(host: LongFramesHost) {
    this.#host = host
  }

  /** `key`: API key and version. Before a connection's first request it decides whether the frame is worth any memory. */
  ask(connection: Connection, length: number, key: number, nowMs: number): void {
    const apiKey = key >> 16
    const apiVersion = (key << 16) >> 16
    if (connection.isTrusted || admit(apiKey, apiVersion) === 'serve') {
      this.#needs.push({ connection, length, deadlineMs: nowMs + LIMITS.longRequestWaitMsMax })
      return
    }
    const { peer } = connection
    const words = `a first request of ${length} bytes of an API that is not served: the connection is closed`
    this.#host.log.write('warn', () => ({ apiKey, apiVersion, peer }), words)
    this.#host.close(connection)
  }

  /** Gives frames their runs of blocks; false when there are not enough. */
  serve(nowMs: number): boolean {
    if (this.#needs.length === 0) return true
    let isOut = false
    this.#needs = this.#needs.filter(({ connection, length, deadlineMs }) => {
      if (connection.isClosed || connection.isClosing) return false
      const offset = isOut ? -1 : this.#host.arena.allocate(length)
      if (offset >= 0) {
        this.#host.assign(connection, offset)
        return false
      }
      isOut = true
      if (nowMs < deadlineMs) return true
      const words = `no memory for a request of ${length} bytes: the connection is closed`
      this.#host.log.write('warn', () => ({ peer: connection.peer }), words)
      this.#host.close(connection)
      return false
    })
    return this.#needs.length === 0
  }
}
