// Which time retention goes by: the wall clock's, while that is plausible. Records that are deleted do not come back, so a
// clock that jumps ahead must not make them old.
//
// Pure: both clocks are passed in. A wall clock is plausible while it goes on as the monotonic one does, up to `jumpMaxMs`.
// Beyond that it is doubted: retention goes by the time that has passed since it was last trusted, or by the clock itself
// where that is behind. So records go on to grow old, and none faster than time passes. A doubted clock is trusted again
// when it is back, or when it has gone on evenly for as long as it jumped, a day at most.
//
// At a start nothing tells how long the machine was off: plausible is every time from the last that was trusted to a year
// later. A clock that is further ahead, or behind, is doubted until it comes to be plausible, or for as long as above.
//
// Invariant: once trusted in this run, no time that `look` returns is more than `jumpMaxMs` ahead of what has passed since,
//            but for clocks that went on evenly.

const DAY_MS = 86_400_000
/** Few machines that come back were off for longer. */
const OFF_MAX_MS = 365 * DAY_MS
/** Clocks drift, and are slewed by half of this at most: what a trusted clock is off is forgotten at this rate. */
const DRIFT = 1 / 1000
/** What slewing makes of a clock in a day, and some. */
const EVEN_MS = 60_000

export class WallClockGuard {
  readonly #jumpMaxMs: number
  /** How far the wall clock is from the monotonic one, as trusted: NaN before the first look. */
  #trusted = Number.NaN
  /** Null, or the wall clock of the last run, until the clock is trusted in this one. */
  #lastRunMs: number | null
  /** How far it is from it as doubted, and since when: NaN while it is trusted. */
  #doubted = Number.NaN
  #doubtedSinceMs = 0
  #lookedAtMs = 0

  /** `lastTrustedMs`: the wall clock when it was last trusted in a run before this; null if it never was. */
  constructor(jumpMaxMs: number, lastTrustedMs: number | null) {
    this.#jumpMaxMs = jumpMaxMs
    this.#lastRunMs = lastTrustedMs
  }

  /** As of the last look. */
  get isDoubted(): boolean {
    return !Number.isNaN(this.#doubted)
  }

  /** How far a doubted clock is ahead of what would be trusted; negative: behind. */
  get jumpMs(): number {
    return this.isDoubted ? this.#doubted - this.#trusted : 0
  }

  /** The time that retention goes by now. */
  look(nowMs: number, wallMs: number): number {
    const distance = wallMs - nowMs
    if (Number.isNaN(this.#trusted)) this.#trusted = (this.#lastRunMs ?? wallMs) - nowMs
    const jumpMs = distance - this.#trusted
    const aheadMaxMs = this.#lastRunMs === null ? this.#jumpMaxMs : Math.max(this.#jumpMaxMs, OFF_MAX_MS)
    if (jumpMs >= -this.#jumpMaxMs && jumpMs <= aheadMaxMs) this.#trust(distance, (nowMs - this.#lookedAtMs) * DRIFT)
    else this.#doubt(distance, nowMs)
    this.#lookedAtMs = nowMs
    return this.isDoubted ? Math.min(wallMs, this.#trusted + nowMs) : wallMs
  }

  #trust(distance: number, forgottenMs: number): void {
    const jumpMs = distance - this.#trusted
    const isFirst = this.#lastRunMs !== null
    this.#trusted += isFirst ? jumpMs : Math.sign(jumpMs) * Math.min(Math.abs(jumpMs), forgottenMs)
    this.#lastRunMs = null
    this.#doubted = Number.NaN
  }

  #doubt(distance: number, nowMs: number): void {
    const isEven = Math.abs(distance - this.#doubted) <= EVEN_MS
    if (!isEven) {
      this.#doubted = distance
      this.#doubtedSinceMs = nowMs
      return
    }
    if (nowMs - this.#doubtedSinceMs < Math.min(Math.abs(this.jumpMs), DAY_MS)) return
    this.#trusted = distance
    this.#lastRunMs = null
    this.#doubted = Number.NaN
  }
}
