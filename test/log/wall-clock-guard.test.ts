// Which clocks are believed: histories of what both clocks say and which time retention goes by.
import { describe, expect, test } from 'vitest'
import { WallClockGuard } from '../../src/log/wall-clock-guard.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const YEAR = 365 * DAY
/** Some time of day. */
const T = 1_700_000_000_000

/** A machine that looks every five minutes, unless it is told otherwise. */
class Machine {
  readonly guard: WallClockGuard
  nowMs = 17
  /** How far the clock is off. */
  offMs = 0

  constructor(lastTrustedMs: number | null = null, jumpMaxMs = HOUR) {
    this.guard = new WallClockGuard(jumpMaxMs, lastTrustedMs)
  }

  get trueMs(): number {
    return T + this.nowMs
  }

  /** How far the time that retention goes by is ahead of the truth. */
  look(): number {
    return this.guard.look(this.nowMs, this.trueMs + this.offMs) - this.trueMs
  }

  /** The greatest that `look` says while so much time passes. */
  pass(ms: number, everyMs = 5 * MINUTE): number {
    let ahead = Number.NEGATIVE_INFINITY
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; ) {
      this.nowMs += Math.min(everyMs, endMs - this.nowMs)
      ahead = Math.max(ahead, this.look())
    }
    return ahead
  }
}

describe('while it runs', () => {
  test('a clock that goes on is believed, and one that is set by less than an hour', () => {
    const machine = new Machine()
    for (const offMs of [0, 59 * MINUTE, -59 * MINUTE, 59 * MINUTE, 0]) {
      machine.offMs = offMs
      expect([machine.look(), machine.guard.isDoubted]).toEqual([offMs, false])
      machine.pass(HOUR)
    }
  })

  test.each([HOUR + 1, 2 * HOUR, 30 * DAY, 10 * YEAR])(
    'a jump of %i ms makes nothing old, till it is corrected',
    (jump) => {
      const machine = new Machine()
      machine.look()
      machine.offMs = jump
      expect(machine.look()).toBe(0)
      expect([machine.guard.isDoubted, machine.guard.jumpMs]).toEqual([true, jump])
      // Time goes on, and records grow old with it.
      expect(machine.pass(50 * MINUTE)).toBe(0)
      machine.offMs = 0
      expect([machine.look(), machine.guard.isDoubted, machine.guard.jumpMs]).toEqual([0, false, 0])
    },
  )

  test.each([
    [2 * HOUR, 2 * HOUR],
    [8 * HOUR, 8 * HOUR],
    [30 * DAY, DAY],
    [10 * YEAR, DAY],
  ])('a jump of %i ms that stays is believed after %i ms', (jump, heldMs) => {
    const machine = new Machine()
    machine.pass(DAY)
    machine.offMs = jump
    machine.look()
    expect(machine.pass(heldMs - 1)).toBeLessThanOrEqual(0)
    expect(machine.guard.isDoubted).toBe(true)
    expect(machine.pass(1)).toBe(jump)
    expect(machine.guard.isDoubted).toBe(false)
    expect(machine.pass(DAY)).toBe(jump)
  })

  test('a clock that jumps on and on is never believed', () => {
    const machine = new Machine()
    machine.look()
    for (let i = 0; i < 100; i++) {
      machine.offMs += 2 * HOUR
      expect(machine.pass(HOUR)).toBe(0)
    }
  })

  test('nor one that creeps', () => {
    const machine = new Machine()
    machine.look()
    for (let i = 0; i < 1000; i++) {
      machine.offMs += 4 * MINUTE
      expect(machine.pass(5 * MINUTE)).toBeLessThanOrEqual(HOUR + 10 * MINUTE)
    }
  })

  test('but one that drifts as clocks do, for years', () => {
    const machine = new Machine()
    for (let day = 0; day < 1000; day++) {
      machine.offMs += 0.0002 * DAY
      machine.pass(DAY, HOUR)
      expect(machine.guard.isDoubted).toBe(false)
    }
    expect(machine.offMs).toBeGreaterThan(4 * HOUR)
  })

  test('a clock that stands still, or is set back, makes nothing old, and is believed when it is back', () => {
    const machine = new Machine()
    machine.look()
    for (let i = 0; i < 30; i++) {
      machine.offMs -= 5 * MINUTE
      expect(machine.pass(5 * MINUTE)).toBe(machine.offMs)
    }
    expect(machine.guard.isDoubted).toBe(true)
    machine.offMs = 0
    expect([machine.look(), machine.guard.isDoubted]).toEqual([0, false])
  })

  test('an operator who knows better has it believed', () => {
    const machine = new Machine(null, Number(2n ** 63n - 1n))
    machine.look()
    machine.offMs = 10 * YEAR
    expect([machine.look(), machine.guard.isDoubted]).toEqual([10 * YEAR, false])
  })
})

describe('at a start', () => {
  test.each([0, -HOUR, 5 * MINUTE, 30 * DAY, YEAR])('a clock %i ms later than the last is believed', (offMs) => {
    const machine = new Machine(T)
    machine.offMs = offMs - 17
    expect([machine.look(), machine.guard.isDoubted]).toEqual([offMs - 17, false])
    expect(machine.pass(DAY)).toBe(offMs - 17)
    // From then on it is held to what passes.
    machine.offMs += 2 * HOUR
    expect(machine.look()).toBe(offMs - 17)
  })

  test('where there was none before, every clock is', () => {
    const machine = new Machine(null)
    machine.offMs = 100 * YEAR
    expect(machine.look()).toBe(100 * YEAR)
  })

  test('one that is years ahead makes nothing old for a day, but what passes', () => {
    const machine = new Machine(T + 17)
    machine.offMs = 2 * YEAR
    expect(machine.look()).toBe(0)
    expect(machine.pass(DAY - 1)).toBe(0)
    expect(machine.pass(1)).toBe(2 * YEAR)
  })

  test('one that has lost its battery is believed as soon as it is set, be the machine off for a month', () => {
    const machine = new Machine(T - 30 * DAY)
    machine.offMs = -T
    expect(machine.look()).toBe(-T)
    expect(machine.pass(HOUR)).toBe(-T)
    expect(machine.guard.isDoubted).toBe(true)
    machine.offMs = 0
    expect([machine.look(), machine.guard.isDoubted]).toEqual([0, false])
  })
})
