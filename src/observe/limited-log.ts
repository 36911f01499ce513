// Log lines about what strangers do: so many a second, and how many were left out. A flood of bad requests must not become
// a flood of lines.
//
// One per thread. What was left out is told with the next line, or by `settle` once the second is over.
import type { Log } from './log.ts'

const SECOND_MS = 1000

type Fields = Readonly<Record<string, unknown>>

export class LimitedLog {
  readonly #log: Log
  readonly #linesMax: number
  readonly #nowMs: () => number
  #secondEndsMs = Number.NEGATIVE_INFINITY
  #lines = 0
  #leftOut = 0

  constructor(log: Log, linesMax: number, nowMs: () => number) {
    this.#log = log
    this.#linesMax = linesMax
    this.#nowMs = nowMs
  }

  get hasLeftOut(): boolean {
    return this.#leftOut > 0
  }

  /** `fields` is called only for a line that is written. */
  write(level: 'debug' | 'info' | 'warn' | 'error', fields: () => Fields, message: string): void {
    if (!this.#log.isLevelEnabled(level)) return
    const nowMs = this.#nowMs()
    this.settle(nowMs)
    if (nowMs >= this.#secondEndsMs) {
      this.#secondEndsMs = nowMs + SECOND_MS
      this.#lines = 0
    }
    if (this.#lines < this.#linesMax) {
      this.#lines++
      this.#log[level](fields(), message)
    } else this.#leftOut++
  }

  /** Tells what was left out in a second that is over. */
  settle(nowMs: number): void {
    if (this.#leftOut === 0 || nowMs < this.#secondEndsMs) return
    const leftOut = this.#leftOut
    this.#leftOut = 0
    this.#log.warn({ leftOut }, 'more lines like the last ones were left out')
  }
}
