// The two blocks that the next receives go to: native/receive_window.h in TypeScript, with its invariants. The table of the
// contract is the state itself.
import { type ReactorTables, WINDOW_END, WINDOW_OFFSET, WINDOW_SPARE_END, WINDOW_SPARE_OFFSET } from '../contract.ts'

/** With less room than this a block is given up. */
export const receiveBytesMin = 16 * 1024

export class ReceiveWindow {
  readonly arena: Uint8Array
  readonly blockBytes: number
  readonly #holders: Int32Array
  readonly #words: Int32Array
  #wasUsedUp = false

  constructor(tables: ReactorTables) {
    this.arena = tables.arenas[tables.own]!
    this.blockBytes = tables.blockBytes
    this.#holders = tables.blockHolders
    this.#words = tables.window
  }

  /** Looks at what the owner has put in. */
  adopt(): void {
    this.#check(WINDOW_OFFSET)
    this.#check(WINDOW_SPARE_OFFSET)
    if (!this.isOpen) this.#promoteSpare()
  }

  get isOpen(): boolean {
    return this.#words[WINDOW_OFFSET]! >= 0
  }
  get offset(): number {
    return this.#words[WINDOW_OFFSET]!
  }
  get end(): number {
    return this.#words[WINDOW_END]!
  }
  get room(): number {
    return this.end - this.offset
  }

  /** Everything before `offset` has found an owner. Gives current up if too little is left. */
  advance(offset: number): void {
    this.#words[WINDOW_OFFSET] = offset
    while (this.isOpen && this.room < receiveBytesMin) this.#replaceCurrent()
  }

  /** Room for a frame that current cannot hold: where, with one hold on its block, or -1. */
  reserveInSpare(length: number): number {
    const offset = this.#words[WINDOW_SPARE_OFFSET]!
    const end = this.#words[WINDOW_SPARE_END]!
    if (offset < 0 || end - offset < length) return -1
    this.hold(offset)
    this.#words[WINDOW_SPARE_OFFSET] = offset + length
    if (end - offset - length < receiveBytesMin) {
      this.release(end - 1)
      this.#setSpare(-1, -1)
      this.#wasUsedUp = true
    }
    return offset
  }

  /** Room for a frame in either block: where, with one hold on its block, or -1. */
  reserve(length: number): number {
    const { offset } = this
    if (offset < 0 || this.room < length) return this.reserveInSpare(length)
    this.hold(offset)
    this.advance(offset + length)
    return offset
  }

  /** Makes way for a fresh block, if there is a spare one to go on with. */
  giveUpCurrent(): void {
    if (this.#words[WINDOW_SPARE_OFFSET]! >= 0) this.#replaceCurrent()
  }

  giveUpAll(): void {
    while (this.isOpen) this.#replaceCurrent()
  }

  /** Whether a block was given up since this was asked last: the owner must have its chance to put in another one. */
  wasUsedUp(): boolean {
    const was = this.#wasUsedUp
    this.#wasUsedUp = false
    return was
  }

  hold(offset: number): void {
    this.#holders[Math.floor(offset / this.blockBytes)]!++
  }
  release(offset: number): void {
    this.#holders[Math.floor(offset / this.blockBytes)]!--
  }

  #replaceCurrent(): void {
    this.release(this.end - 1)
    this.#promoteSpare()
    this.#wasUsedUp = true
  }

  #promoteSpare(): void {
    this.#words[WINDOW_OFFSET] = this.#words[WINDOW_SPARE_OFFSET]!
    this.#words[WINDOW_END] = this.#words[WINDOW_SPARE_END]!
    this.#setSpare(-1, -1)
  }

  #setSpare(offset: number, end: number): void {
    this.#words[WINDOW_SPARE_OFFSET] = offset
    this.#words[WINDOW_SPARE_END] = end
  }

  #check(word: number): void {
    const offset = this.#words[word]!
    const end = this.#words[word + 1]!
    if (offset < 0) return
    const isPart = Math.floor(offset / this.blockBytes) === Math.floor((end - 1) / this.blockBytes)
    if (!isPart || end - offset < receiveBytesMin || end > this.arena.length)
      throw new RangeError('reactor: bad window')
  }
}
