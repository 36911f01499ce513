// So many connections a second: a bucket of one second's worth, filled steadily. Pure: time is passed in.

const SECOND_MS = 1000

export class AcceptRate {
  readonly #perSecond: number
  #left: number
  #filledAtMs: number

  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond
    this.#left = perSecond
    this.#filledAtMs = nowMs
  }

  /** Counts one more; returns how long nothing more may be accepted, in ms, 0 for not at all. */
  take(nowMs: number): number {
    const filled = this.#left + ((nowMs - this.#filledAtMs) * this.#perSecond) / SECOND_MS
    this.#left = Math.min(this.#perSecond, filled) - 1
    this.#filledAtMs = nowMs
    if (this.#left >= 1 || this.#perSecond === 0) return this.#perSecond === 0 ? SECOND_MS : 0
    return Math.ceil(((1 - this.#left) * SECOND_MS) / this.#perSecond)
  }
}
