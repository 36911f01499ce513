// Where the bytes of an answer lie, as a table in shared memory: rows that point at memory or at files, each with the
// hold that keeps it there. A table is written by the shard that owns the partition and read by the shard whose
// connection sends it, so an answer crosses threads without a copy and without an object.
//
// Ownership: whoever has (table arena, table offset, row count) holds every row and the table itself, until
//            `releaseSlices`; that may happen on any thread.
import { highWord, lowWord } from '../lib/int64.ts'
import type { Arena, ArenaView } from './arena.ts'
import type { DescriptorHolds } from './descriptor-holds.ts'

/** `[MEMORY, arena, offset, length, block, 0]` or `[FILE, descriptor, positionLow, positionHigh, length, holder]`. */
export const SLICE_ROW_WORDS = 6
export const SLICE_MEMORY = 1
export const SLICE_FILE = 2
const ROW_BYTES = SLICE_ROW_WORDS * 4

export function sliceLength(words: Int32Array, row: number): number {
  return words[row] === SLICE_MEMORY ? words[row + 3]! : words[row + 4]!
}

/** Gives back every row's hold, then the table's. */
export function releaseSlices(
  arenas: readonly ArenaView[],
  descriptors: DescriptorHolds,
  tableArena: number,
  tableOffset: number,
  count: number,
): void {
  const table = arenas[tableArena]!
  const words = table.words
  for (let i = 0, row = tableOffset >> 2; i < count; i++, row += SLICE_ROW_WORDS) {
    if (words[row] === SLICE_MEMORY) arenas[words[row + 1]!]!.release(words[row + 4]!)
    else descriptors.release(words[row + 5]!)
  }
  table.release(table.blockOf(tableOffset))
}

/**
 * Writes tables into blocks of the own arena, one after the other. One table is open at a time: `begin`, rows, `end`.
 */
export class SliceTables {
  readonly #arenas: readonly ArenaView[]
  readonly #descriptors: DescriptorHolds
  readonly #arena: Arena
  #block = -1
  #position = 0
  #end = 0
  #start = 0
  /** Of the open or last table. */
  offset = 0
  count = 0
  byteLength = 0

  constructor(arena: Arena, arenas: readonly ArenaView[], descriptors: DescriptorHolds) {
    this.#arena = arena
    this.#arenas = arenas
    this.#descriptors = descriptors
  }

  /** Opens a table of up to `rowsMax` rows; false when the arena has no block for it now. */
  begin(rowsMax: number): boolean {
    if (this.#position + rowsMax * ROW_BYTES > this.#end && !this.#takeBlock(rowsMax * ROW_BYTES)) return false
    this.#start = this.#position
    this.offset = this.#start
    this.count = 0
    this.byteLength = 0
    return true
  }

  /** Bytes that this thread holds or borrows; neighbours in one block become one row. */
  addMemory(arena: number, offset: number, length: number, block: number): void {
    const words = this.#arena.words
    const last = (this.#position >> 2) - SLICE_ROW_WORDS
    this.byteLength += length
    if (
      this.count > 0 &&
      words[last] === SLICE_MEMORY &&
      words[last + 1] === arena &&
      words[last + 4] === block &&
      words[last + 2]! + words[last + 3]! === offset
    ) {
      words[last + 3]! += length
      return
    }
    this.#arenas[arena]!.hold(block)
    const row = this.#nextRow()
    words[row] = SLICE_MEMORY
    words[row + 1] = arena
    words[row + 2] = offset
    words[row + 3] = length
    words[row + 4] = block
    words[row + 5] = 0
  }

  addFile(descriptor: number, holder: number, position: number, length: number): void {
    this.#descriptors.hold(holder)
    const words = this.#arena.words
    const row = this.#nextRow()
    words[row] = SLICE_FILE
    words[row + 1] = descriptor
    words[row + 2] = lowWord(position)
    words[row + 3] = highWord(position)
    words[row + 4] = length
    words[row + 5] = holder
    this.byteLength += length
  }

  /** Closes the table: `offset`, `count` and `byteLength` say where it is. It is held until `releaseSlices`. */
  end(): void {
    if (this.count > 0) this.#arena.hold(this.#block)
  }

  #nextRow(): number {
    const row = this.#position >> 2
    this.#position += ROW_BYTES
    this.count++
    return row
  }

  #takeBlock(bytes: number): boolean {
    const offset = this.#arena.allocate(Math.max(bytes, this.#arena.blockBytes))
    if (offset < 0) return false
    if (this.#block >= 0) this.#arena.release(this.#block)
    this.#block = this.#arena.blockOf(offset)
    this.#position = offset
    this.#end = offset + this.#arena.blockBytes
    return true
  }
}
