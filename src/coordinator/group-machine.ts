// The coordinator of classic groups for one partition of __consumer_offsets. Pure: events in, effects out; the driver on
// the shard that owns the partition carries them out in order. This file only takes events to whom they concern:
//
//   joins.ts → rebalance.ts → syncs.ts → heartbeats.ts     the life of a generation
//   offset-commits.ts, offset-fetches.ts, removals.ts      positions, and how they go
//
// Invariants: nothing is answered that the log does not hold yet if it claims to be durable. What the log holds, and
//             nothing else, is the state after a restart: members, their generation and assignment, and offsets.

import { assert } from '../lib/assert.ts'
import { offsetCommitApi } from '../wire/generated/08-offset-commit.ts'
import { offsetFetchApi } from '../wire/generated/09-offset-fetch.ts'
import { joinGroupApi } from '../wire/generated/11-join-group.ts'
import { heartbeatApi } from '../wire/generated/12-heartbeat.ts'
import { leaveGroupApi } from '../wire/generated/13-leave-group.ts'
import { syncGroupApi } from '../wire/generated/14-sync-group.ts'
import { describeGroupsApi } from '../wire/generated/15-describe-groups.ts'
import { listGroupsApi } from '../wire/generated/16-list-groups.ts'
import { deleteGroupsApi } from '../wire/generated/42-delete-groups.ts'
import { offsetDeleteApi } from '../wire/generated/47-offset-delete.ts'
import type { GroupMetadataValue } from '../wire/generated/group-records.ts'
import { Descriptions } from './descriptions.ts'
import type {
  GroupEffects,
  GroupEvent,
  GroupMachineOptions,
  GroupRequestEvent,
  VisitCommitted,
} from './group-border.ts'
import { readGroupRecord } from './group-records.ts'
import { Groups } from './groups.ts'
import { Heartbeats } from './heartbeats.ts'
import { Joins } from './joins.ts'
import { loadGroup, startLoadedGroup, unloadGroup } from './loading.ts'
import { OffsetCommits } from './offset-commits.ts'
import { OffsetFetches } from './offset-fetches.ts'
import { Rebalances } from './rebalance.ts'
import { Removals } from './removals.ts'
import { Syncs } from './syncs.ts'
import { Turn } from './turn.ts'

export type * from './group-border.ts'
export { GroupMemory } from './group-memory.ts'

export class GroupMachine {
  readonly #turn = new Turn()
  readonly #options: GroupMachineOptions
  readonly #groups: Groups
  readonly #rebalances: Rebalances
  readonly #removals: Removals
  readonly #fetches: OffsetFetches
  /** By API key. */
  readonly #handlers: ReadonlyMap<number, (event: GroupRequestEvent) => void>

  constructor(options: GroupMachineOptions) {
    const { settings, topics, memory } = options
    const turn = this.#turn
    const groups: Groups = new Groups(memory, (id, part) => rebalances.newGroup(id, part))
    const rebalances = new Rebalances(turn, groups, settings, options.log ?? (() => {}))
    const joins = new Joins(turn, groups, rebalances, options)
    const syncs = new Syncs(turn, groups, rebalances)
    const heartbeats = new Heartbeats(turn, groups, rebalances)
    const commits = new OffsetCommits(turn, groups, rebalances, options)
    const fetches = new OffsetFetches(turn, groups, topics)
    const removals = new Removals(turn, groups, rebalances, commits, settings)
    const descriptions = new Descriptions(turn, groups)
    this.#options = options
    this.#groups = groups
    this.#rebalances = rebalances
    this.#removals = removals
    this.#fetches = fetches
    this.#handlers = new Map([
      [offsetCommitApi.key, (event) => commits.onCommit(event)],
      [offsetFetchApi.key, (event) => fetches.onRequest(event)],
      [joinGroupApi.key, (event) => joins.onRequest(event)],
      [heartbeatApi.key, (event) => heartbeats.onHeartbeat(event)],
      [leaveGroupApi.key, (event) => heartbeats.onLeave(event)],
      [syncGroupApi.key, (event) => syncs.onRequest(event)],
      [describeGroupsApi.key, (event) => descriptions.onDescribe(event)],
      [listGroupsApi.key, (event) => descriptions.onList(event)],
      [deleteGroupsApi.key, (event) => removals.onDeleteGroup(event)],
      [offsetDeleteApi.key, (event) => commits.onDelete(event)],
    ] as [number, (event: GroupRequestEvent) => void][])
  }

  step(event: GroupEvent, nowMs: number, wallMs: number, effects: GroupEffects): void {
    this.#turn.begin(nowMs, wallMs, effects)
    switch (event.type) {
      case 'request': {
        const handle = this.#handlers.get(event.apiKey)
        assert(handle !== undefined, 'the request is one of the coordinator')
        handle(event)
        return
      }
      case 'gone':
        // Who has asked to join has joined, whether or not the answer finds its way: the member asks again.
        return
      case 'appended':
        this.#turn.settle(event.ticket, event.error)
        return
      case 'time':
        this.#turn.fireDue()
        return
      case 'topics-deleted':
        this.#removals.onTopicsDeleted(event.topicIds)
        return
    }
  }

  /** When a `time` event is due, of the monotonic clock. It may come to nothing. */
  nextDeadlineMs(): number {
    return this.#turn.nextDeadlineMs()
  }

  /** What is durable, of topics that are there. */
  forEachCommitted(visit: VisitCommitted): void {
    this.#fetches.forEachDurable(visit)
  }

  /** A record of the log, in order, before the first event. Throws a DecodeError for bytes that no Kafka wrote. */
  replay(key: Uint8Array, value: Uint8Array | null, _offset: number, _timestampMs: number): void {
    const record = readGroupRecord(key, value)
    if (record === undefined) return
    const group = this.#groups.find(record.group)
    if (record.type === 'offset') {
      if (record.value) this.#groups.ensure(record.group).offsets.load(record)
      else group?.offsets.load(record)
    } else if (record.value) this.#replayGroup(record.group, record.value)
    else if (group) this.#forget(record.group)
  }

  /** All records are replayed: sessions begin anew. */
  loaded(nowMs: number, wallMs: number, effects: GroupEffects): void {
    this.#turn.begin(nowMs, wallMs, effects)
    for (const group of this.#groups.all()) {
      startLoadedGroup(group, this.#rebalances, this.#options)
      this.#groups.forgetIfBlank(group)
    }
    this.#removals.start()
  }

  /** Nothing is coordinated here any more. */
  close(): void {
    this.#options.memory.end()
  }

  #replayGroup(id: string, value: GroupMetadataValue): void {
    const group = this.#groups.ensure(id)
    unloadGroup(group)
    loadGroup(group, value, this.#rebalances)
  }

  /** Its offsets, should there be any left, are those of a group without members. */
  #forget(id: string): void {
    const group = this.#groups.find(id)!
    unloadGroup(group)
    if (group.offsets.isEmpty) this.#groups.delete(group)
  }
}
