// Encodes answers into the own arena and lines up what leaves at the end of the tick: frames' bytes, and between them the
// slices of memory and files that carry records.
//
// Owner: the shard's loop. A frame is `begin`, the generated writers, `finish`. Its bytes are free after the flush, since
// what can't leave at once is copied by the reactor; slices are leased until the reactor returns their token.

import type { FetchPart } from '../api/fetch-part.ts'
import { assert } from '../lib/assert.ts'
import type { Arena, ArenaView } from '../memory/arena.ts'
import { SLICE_MEMORY, SLICE_ROW_WORDS } from '../memory/slices.ts'
import {
  SEND_ASSIGN,
  SEND_BYTES,
  SEND_CLOSE,
  SEND_EVICT,
  SEND_FILE,
  SEND_FORGET,
  SEND_LEASED,
  SEND_PAUSE,
  SEND_RESUME,
  SEND_TRUST,
  SEND_WORDS,
} from '../native/contract.ts'
import type { RecordsSource } from '../wire/writer.ts'
import { Writer } from '../wire/writer.ts'

const NO_TOKEN = -1
const SIZE_BYTES = 4
/** A frame is not begun with less room than this, so that most never move. */
const ROOM_MIN = 64 << 10
/** Rows that one answer may take: more than a slice table has for each partition is not counted on. */
const ROWS_SPARE = 4096

export class NoMemoryError extends Error {
  override name = 'NoMemoryError'
}

export class Output extends Writer {
  readonly sends: Int32Array
  readonly #rowsMax: number
  readonly #arena: Arena
  readonly #arenas: readonly ArenaView[]
  readonly #homeOffset: number
  readonly #homeEnd: number
  /** Runs that a long frame moved to; released after the flush. */
  readonly #runs: number[] = []
  #rows = 0
  #connection = 0
  #frameStart = 0
  #pieceStart = 0
  #sliceBytes = 0
  #lastSliceRow = -1

  constructor(arena: Arena, arenas: readonly ArenaView[], rowsMax: number) {
    super()
    this.#arena = arena
    this.#arenas = arenas
    this.#rowsMax = rowsMax
    this.sends = new Int32Array(rowsMax * SEND_WORDS)
    this.#homeOffset = arena.allocate(arena.blockBytes)
    assert(this.#homeOffset >= 0, 'the arena is empty when the loop starts')
    this.#homeEnd = this.#homeOffset + arena.blockBytes
    this.reset(arena.bytes, arena.view, this.#homeOffset, this.#homeEnd)
  }

  get rowCount(): number {
    return this.#rows
  }

  /** Whether another answer may be begun before the next flush. */
  get hasRoom(): boolean {
    return this.end - this.position >= ROOM_MIN && this.#rows + ROWS_SPARE <= this.#rowsMax
  }

  begin(connection: number): void {
    this.#connection = connection
    this.start = this.position
    this.#frameStart = this.position
    this.#pieceStart = this.position
    this.#sliceBytes = 0
    this.#lastSliceRow = -1
    this.reserve(SIZE_BYTES)
  }

  /** True when the frame has slices: `token` then comes back when they have left. */
  finish(token: number): boolean {
    const bytes = this.position - this.start
    this.view.setInt32(this.#frameStart, bytes - SIZE_BYTES + this.#sliceBytes)
    this.#endPiece()
    if (this.#lastSliceRow < 0) return false
    this.sends[this.#lastSliceRow + 7] = token
    return true
  }

  /** Forgets the frame that was begun. */
  abandon(firstRow: number): void {
    this.#rows = firstRow
    this.position = this.start
  }

  /** After the flush: the bytes are free. */
  clear(): void {
    this.#rows = 0
    for (const run of this.#runs) this.#arena.release(this.#arena.blockOf(run))
    if (this.#runs.length > 0) this.#runs.length = 0
    this.reset(this.#arena.bytes, this.#arena.view, this.#homeOffset, this.#homeEnd)
  }

  close(connection: number): void {
    this.#command(SEND_CLOSE, connection, 0)
  }

  forget(connection: number): void {
    this.#command(SEND_FORGET, connection, 0)
  }

  pause(connection: number): void {
    this.#command(SEND_PAUSE, connection, 0)
  }

  resume(connection: number): void {
    this.#command(SEND_RESUME, connection, 0)
  }

  trust(connection: number): void {
    this.#command(SEND_TRUST, connection, 0)
  }

  /** Ends the connection if nothing of its answers has left for `ms`. */
  evict(connection: number, ms: number): void {
    // It can wait; rows that answers and other commands need can't.
    if (this.#rows + ROWS_SPARE > this.#rowsMax) return
    this.#command(SEND_EVICT, connection, ms)
  }

  assign(connection: number, offset: number): void {
    this.#command(SEND_ASSIGN, connection, offset)
  }

  protected override appendRecords(source: RecordsSource): void {
    const part = source as FetchPart
    this.#endPiece()
    const { words } = this.#arenas[part.tableArena]!
    for (let i = 0, row = part.tableOffset >> 2; i < part.rows; i++, row += SLICE_ROW_WORDS) {
      const at = this.#nextRow()
      const { sends } = this
      sends[at + 1] = this.#connection
      sends[at + 7] = NO_TOKEN
      if (words[row] === SLICE_MEMORY) {
        sends[at] = SEND_LEASED
        sends[at + 2] = words[row + 1]!
        sends[at + 3] = words[row + 2]!
        sends[at + 4] = words[row + 3]!
      } else {
        sends[at] = SEND_FILE
        sends[at + 2] = words[row + 1]!
        sends[at + 3] = words[row + 2]!
        sends[at + 4] = words[row + 3]!
        sends[at + 5] = words[row + 4]!
      }
      this.#lastSliceRow = at
    }
    this.#sliceBytes += part.byteLength
  }

  /** A long frame goes on in a larger run; what was written of it moves along, what was lined up stays where it is. */
  protected override grow(bytesMin: number): void {
    const used = this.position - this.start
    const offset = this.#arena.allocate(Math.max(used * 2, used + bytesMin))
    if (offset < 0) throw new NoMemoryError(`no ${used + bytesMin} bytes free in the arena for an answer`)
    this.#runs.push(offset)
    const { bytes, view, blockBytes } = this.#arena
    bytes.copyWithin(offset, this.start, this.position)
    // The first piece is lined up already: its size field stays behind with it.
    if (this.#pieceStart === this.#frameStart) this.#frameStart = offset
    this.#pieceStart = offset + (this.#pieceStart - this.start)
    const runBytes = Math.ceil(Math.max(used * 2, used + bytesMin) / blockBytes) * blockBytes
    this.reset(bytes, view, offset, offset + runBytes)
    this.position = offset + used
  }

  #endPiece(): void {
    const length = this.position - this.#pieceStart
    if (length > 0) {
      const at = this.#nextRow()
      const { sends } = this
      sends[at] = SEND_BYTES
      sends[at + 1] = this.#connection
      sends[at + 2] = 0
      sends[at + 3] = this.#pieceStart
      sends[at + 4] = length
    }
    this.#pieceStart = this.position
  }

  #command(kind: number, connection: number, argument: number): void {
    const at = this.#nextRow()
    this.sends[at] = kind
    this.sends[at + 1] = connection
    this.sends[at + 2] = argument
  }

  #nextRow(): number {
    if (this.#rows === this.#rowsMax) throw new NoMemoryError('an answer takes more rows than one flush has')
    return this.#rows++ * SEND_WORDS
  }
}
