// What the parts of a group machine share while it takes a step: the time, the way out for effects, the appends that
// are not settled yet, and the timers.

import { assert } from '../lib/assert.ts'
import { Deadlines, type Timed } from '../lib/deadlines.ts'
import type { CoordinatorRecord, GroupEffects } from './group-border.ts'

/**
 * A timer that may be put off again and again at no cost: it keeps its place in the heap, and when its turn comes too
 * early it takes a new one. So a heartbeat neither allocates nor moves anything.
 */
export class GroupTimer implements Timed {
  /** Its place in the heap: never later than `dueMs`. */
  deadlineMs = 0
  heapIndex = -1
  dueMs = 0
  readonly fire: () => void

  constructor(fire: () => void) {
    this.fire = fire
  }
}

/** 0: the records are durable. Else they are not in the log and never will be. */
export type Settled = (error: number) => void

export class Turn {
  nowMs = 0
  wallMs = 0
  #effects: GroupEffects | undefined
  #nextTicket = 1
  /** By ticket, in order: what is to be done when it settles. */
  readonly #unsettled = new Map<number, Settled[]>()
  readonly #timers = new Deadlines<GroupTimer>()

  begin(nowMs: number, wallMs: number, effects: GroupEffects): void {
    this.nowMs = nowMs
    this.wallMs = wallMs
    this.#effects = effects
  }

  answer(token: number, response: object): void {
    this.#effects!.answer(token, response)
  }

  append(records: readonly CoordinatorRecord[], settled: Settled): void {
    const ticket = this.#nextTicket++
    this.#unsettled.set(ticket, [settled])
    this.#effects!.append(ticket, records)
  }

  settle(ticket: number, error: number): void {
    const [first] = this.#unsettled.keys()
    assert(first === ticket, 'appends settle in the order of their tickets')
    const waiting = this.#unsettled.get(ticket)!
    this.#unsettled.delete(ticket)
    for (const settled of waiting) settled(error)
  }

  /** Runs it when all that is being appended now has settled, one way or the other. */
  whenSettled(run: () => void): void {
    const last = this.#nextTicket - 1
    const waiting = this.#unsettled.get(last)
    if (waiting === undefined) run()
    else waiting.push(run)
  }

  schedule(timer: GroupTimer, delayMs: number): void {
    timer.dueMs = this.nowMs + delayMs
    if (timer.heapIndex >= 0 && timer.deadlineMs <= timer.dueMs) return
    this.#timers.remove(timer)
    timer.deadlineMs = timer.dueMs
    this.#timers.add(timer)
  }

  cancel(timer: GroupTimer): void {
    this.#timers.remove(timer)
  }

  fireDue(): void {
    for (let timer = this.#timers.popDue(this.nowMs); timer; timer = this.#timers.popDue(this.nowMs)) {
      if (timer.dueMs <= this.nowMs) timer.fire()
      else {
        timer.deadlineMs = timer.dueMs
        this.#timers.add(timer)
      }
    }
  }

  nextDeadlineMs(): number {
    return this.#timers.nextMs()
  }
}
