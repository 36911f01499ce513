// Offsets and groups that go: expired by Kafka's rules (KIP-211), of deleted topics, or by DeleteGroups. Each leaves the
// log by a tombstone, and memory when the tombstone is durable.
//
// Invariant: a group is deleted only while nothing else of it is being written, or all of that is deleted with it; until
//            its tombstone has settled it is Dead, and members are sent to ask again.

import { ErrorCode } from '../model/error-codes.ts'
import type { Uuid } from '../model/uuid.ts'
import type { DeleteGroupsRequest } from '../wire/generated/42-delete-groups.ts'
import type { Group } from './group.ts'
import type { GroupRequestEvent, GroupSettings } from './group-border.ts'
import { groupTombstone } from './group-records.ts'
import type { Groups } from './groups.ts'
import type { OffsetCommits } from './offset-commits.ts'
import type { CommittedOffset, OffsetWrite } from './offsets.ts'
import type { Rebalances } from './rebalance.ts'
import { appendRefusal } from './refusals.ts'
import { GroupTimer, type Turn } from './turn.ts'

/** Tombstones in one batch: a record takes 300 bytes or so, a batch may take a megabyte. */
const BATCH_RECORDS_MAX = 1000

export class Removals {
  readonly #turn: Turn
  readonly #groups: Groups
  readonly #rebalances: Rebalances
  readonly #commits: OffsetCommits
  readonly #settings: GroupSettings
  readonly #timer = new GroupTimer(() => this.#onCheck())

  constructor(turn: Turn, groups: Groups, rebalances: Rebalances, commits: OffsetCommits, settings: GroupSettings) {
    this.#turn = turn
    this.#groups = groups
    this.#rebalances = rebalances
    this.#commits = commits
    this.#settings = settings
  }

  start(): void {
    this.#turn.schedule(this.#timer, this.#settings.offsetsRetentionCheckIntervalMs)
  }

  onDeleteGroup(event: GroupRequestEvent): void {
    const request = event.request as DeleteGroupsRequest
    const [groupId = ''] = request.groupsNames
    const answer = (errorCode: number): void =>
      this.#turn.answer(event.token, { throttleTimeMs: 0, results: [{ groupId, errorCode }] })
    const group = this.#groups.find(groupId)
    if (!group) answer(ErrorCode.GroupIdNotFound)
    else if (group.state === 'Dead') answer(ErrorCode.CoordinatorNotAvailable)
    else if (group.state !== 'Empty') answer(ErrorCode.NonEmptyGroup)
    else this.#deleteGroup(group, (error) => answer(appendRefusal(error)))
  }

  onTopicsDeleted(topicIds: readonly Uuid[]): void {
    const deleted = new Set(topicIds)
    for (const group of this.#groups.all()) {
      const writes: OffsetWrite[] = []
      group.offsets.forEachLatest((topic, partition, latest) => {
        if (latest && deleted.has(latest.topicId)) writes.push({ topic, partition, value: null })
      })
      this.#deleteOffsets(group, writes)
    }
  }

  #onCheck(): void {
    for (const group of this.#groups.all()) this.#expire(group)
    this.start()
  }

  #expire(group: Group): void {
    this.#groups.forgetIfBlank(group)
    if (group.state === 'Dead' || group.isBlank) return
    const expired: OffsetWrite[] = []
    let keepsSome = false
    group.offsets.forEachLatest((topic, partition, latest, isSettled) => {
      if (latest && isSettled && this.#isExpired(group, topic, latest)) expired.push({ topic, partition, value: null })
      else keepsSome = true
    })
    if (keepsSome || group.state !== 'Empty' || group.pendingCount > 0) this.#deleteOffsets(group, expired)
    else this.#deleteGroup(group, () => {})
  }

  /** Counted from when the group lost its last member; while it lives, only for topics it has turned away from. */
  #isExpired(group: Group, topic: string, value: CommittedOffset): boolean {
    const { wallMs } = this.#turn
    if (group.isSubscribedTo(topic)) return false
    let since = value.commitTimestampMs
    if (group.protocolType !== null) {
      if (group.state === 'Empty') since = group.stateSinceMs >= 0 ? group.stateSinceMs : since
      else if (group.state !== 'Stable' || !group.knowsSubscriptions) return false
    }
    if (value.expireTimestampMs >= 0) return wallMs >= value.expireTimestampMs
    return wallMs - since >= this.#settings.offsetsRetentionMs
  }

  #deleteOffsets(group: Group, writes: readonly OffsetWrite[]): void {
    for (let at = 0; at < writes.length; at += BATCH_RECORDS_MAX)
      this.#commits.write(group, writes.slice(at, at + BATCH_RECORDS_MAX), () => {})
  }

  /** Its own tombstone is the last, and says that the others are there: appends settle in order. */
  #deleteGroup(group: Group, settled: (error: number) => void): void {
    const writes: OffsetWrite[] = []
    group.offsets.forEachLatest((topic, partition) => writes.push({ topic, partition, value: null }))
    for (const memberId of [...group.pendingIds()]) this.#rebalances.dropPending(group, memberId)
    const { stateSinceMs } = group
    group.transitionTo('Dead', stateSinceMs)
    this.#deleteOffsets(group, writes)
    this.#turn.append([groupTombstone(group.id)], (error) => {
      if (error === 0 && group.offsets.isEmpty) this.#groups.delete(group)
      else group.transitionTo('Empty', stateSinceMs)
      settled(error === 0 && !group.offsets.isEmpty ? ErrorCode.NotCoordinator : error)
    })
  }
}
