// The classic group coordinator of one partition of __consumer_offsets: groups, their members and their offsets.

import type { GroupEffects, GroupEvent, GroupMachineOptions } from './group-border.ts'

export type * from './group-border.ts'

export class GroupMachine {
  constructor(readonly_: GroupMachineOptions) {
    void readonly_
  }

  step(_event: GroupEvent, _nowMs: number, _wallMs: number, _effects: GroupEffects): void {}

  /** When a `time` event is due (of the monotonic clock); Infinity: never. */
  nextDeadlineMs(): number {
    return Number.POSITIVE_INFINITY
  }

  /** A record of the log, in order, before the first event. Refused by a throw: a record that no Kafka wrote. */
  replay(_key: Uint8Array, _value: Uint8Array | null, _offset: number, _timestampMs: number): void {}

  /** All records are replayed: members have their sessions from now on. */
  loaded(_nowMs: number, _wallMs: number, _effects: GroupEffects): void {}
}
