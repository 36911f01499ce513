// The rows that the stand-in reactor writes: native/event_table.h in TypeScript. What is put in while no poll or flush is
// collecting, or finds no room, is held back and stands first next time; the order is always the order of putting in.
import { EVENT_WORDS } from '../contract.ts'

export class EventTable {
  rows = 0
  readonly #words: Int32Array
  readonly #rowsMax: number
  readonly #held: number[] = []
  #isCollecting = false

  constructor(words: Int32Array) {
    this.#words = words
    this.#rowsMax = Math.floor(words.length / EVENT_WORDS)
  }

  start(): void {
    const words = this.#held.splice(0, this.#rowsMax * EVENT_WORDS)
    this.#words.set(words)
    this.rows = words.length / EVENT_WORDS
    this.#isCollecting = true
  }

  /** Ends the collecting: how many rows there are. */
  finish(): number {
    this.#isCollecting = false
    return this.rows
  }

  put(kind: number, connection: number, first: number, second: number): void {
    if (!this.#isCollecting || this.#held.length > 0 || this.rows === this.#rowsMax) {
      this.#held.push(kind, connection, first, second)
      return
    }
    const at = this.rows++ * EVENT_WORDS
    this.#words[at] = kind
    this.#words[at + 1] = connection
    this.#words[at + 2] = first
    this.#words[at + 3] = second
  }

  get rowsFree(): number {
    return this.#rowsMax - this.rows
  }
  get holdsBack(): boolean {
    return this.#held.length > 0
  }
}
