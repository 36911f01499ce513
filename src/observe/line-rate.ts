// So many lines a second and no more, for lines that clients cause.
//
// One thread. Time comes in as an argument.
export class LineRate {
  readonly #perSecond: number
  #secondEndMs = Number.NEGATIVE_INFINITY
  #written = 0
  #omitted = 0

  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  /** How many lines were left out since the last that was written; -1: this one is left out, too. */
  admit(nowMs: number): number {
    if (nowMs >= this.#secondEndMs) {
      this.#secondEndMs = nowMs + 1000
      this.#written = 0
    }
    if (this.#written === this.#perSecond) {
      this.#omitted++
      return -1
    }
    this.#written++
    const omitted = this.#omitted
    this.#omitted = 0
    return omitted
  }
}
