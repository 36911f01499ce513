// OffsetCommit, OffsetFetch, OffsetDelete: a group's positions. What is fetched is durable; what is committed is answered
// when it is.

import { ErrorCode } from '../model/error-codes.ts'
import type { Uuid } from '../model/uuid.ts'
import type { OffsetCommitRequest, OffsetCommitRequestPartition } from '../wire/generated/08-offset-commit.ts'
import type { OffsetDeleteRequest } from '../wire/generated/47-offset-delete.ts'
import type { Group } from './group.ts'
import type { GroupMachineOptions, GroupRequestEvent } from './group-border.ts'
import { offsetRecord } from './group-records.ts'
import type { Groups } from './groups.ts'
import type { CommittedOffset, OffsetWrite } from './offsets.ts'
import type { Rebalances } from './rebalance.ts'
import { appendRefusal, refuseMember } from './refusals.ts'
import type { Turn } from './turn.ts'

const GROUP_ID_NOT_FOUND_FROM = 9
const TOPIC_IDS_FROM = 10

export class OffsetCommits {
  readonly #turn: Turn
  readonly #groups: Groups
  readonly #rebalances: Rebalances
  readonly #options: GroupMachineOptions

  constructor(turn: Turn, groups: Groups, rebalances: Rebalances, options: GroupMachineOptions) {
    this.#turn = turn
    this.#groups = groups
    this.#rebalances = rebalances
    this.#options = options
  }

  onCommit(event: GroupRequestEvent): void {
    const request = event.request as OffsetCommitRequest
    const group = this.#groupOf(request)
    const refusal = refuseCommit(group, request, event.apiVersion)
    const writes: OffsetWrite[] = []
    let growth = 0
    const errors = request.topics.map((topic) => {
      const found = this.#topicOf(topic.name, topic.topicId, event.apiVersion)
      return topic.partitions.map((partition) => {
        if (typeof found === 'number') return found
        if (refusal !== ErrorCode.None) return refusal
        if ((partition.committedMetadata ?? '').length > this.#options.settings.offsetMetadataMaxBytes)
          return ErrorCode.OffsetMetadataTooLarge
        const value = this.#valueOf(partition, found.id, request.retentionTimeMs)
        const write = { topic: found.name, partition: partition.partitionIndex, value }
        const more = group!.offsets.growthOf(write)
        if (more > 0 && !group!.memory.hasRoomFor(growth + more)) return ErrorCode.CoordinatorNotAvailable
        growth += Math.max(more, 0)
        writes.push(write)
        return ErrorCode.None
      })
    })
    const answer = (appendError: number): void => {
      const topics = request.topics.map(({ name, topicId, partitions }, i) => ({
        name,
        topicId,
        partitions: partitions.map(({ partitionIndex }, j) => {
          const errorCode = errors[i]![j]!
          return { partitionIndex, errorCode: errorCode === ErrorCode.None ? appendError : errorCode }
        }),
      }))
      this.#turn.answer(event.token, { throttleTimeMs: 0, topics })
    }
    if (!group || refusal !== ErrorCode.None) {
      answer(ErrorCode.None)
      return
    }
    this.#noteLife(group, request.memberId)
    if (writes.length === 0) answer(ErrorCode.None)
    else this.write(group, writes, (error) => answer(appendRefusal(error)))
    this.#groups.forgetIfBlank(group)
  }

  onDelete(event: GroupRequestEvent): void {
    const request = event.request as OffsetDeleteRequest
    const group = this.#groups.find(request.groupId)
    const refusal = request.groupId === '' ? ErrorCode.InvalidGroupId : refuseOffsetDelete(group)
    if (!group || refusal !== ErrorCode.None) {
      this.#turn.answer(event.token, { errorCode: refusal, throttleTimeMs: 0, topics: [] })
      return
    }
    const writes: OffsetWrite[] = []
    const topics = request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => {
        let errorCode: number = ErrorCode.None
        if (this.#options.topics.idOf(name) === undefined) errorCode = ErrorCode.UnknownTopicOrPartition
        else if (group.isSubscribedTo(name)) errorCode = ErrorCode.GroupSubscribedToTopic
        else if (group.offsets.latest(name, partitionIndex))
          writes.push({ topic: name, partition: partitionIndex, value: null })
        return { partitionIndex, errorCode }
      }),
    }))
    const answer = (errorCode: number): void =>
      this.#turn.answer(event.token, { errorCode, throttleTimeMs: 0, topics: errorCode === 0 ? topics : [] })
    if (writes.length === 0) answer(ErrorCode.None)
    else this.write(group, writes, (error) => answer(appendRefusal(error)))
  }

  /** As one batch. */
  write(group: Group, writes: readonly OffsetWrite[], settled: (error: number) => void): void {
    for (const write of writes) group.offsets.begin(write)
    const records = writes.map((write) => offsetRecord(group.id, write))
    this.#turn.append(records, (error) => {
      for (const write of writes) group.offsets.settle(write, error)
      settled(error)
      this.#groups.forgetIfBlank(group)
    })
  }

  /** Positions without a generation are committed by someone who assigns partitions on their own: the group is made. */
  #groupOf({ groupId, generationIdOrMemberEpoch }: OffsetCommitRequest): Group | undefined {
    return generationIdOrMemberEpoch < 0 ? this.#groups.admit(groupId) : this.#groups.find(groupId)
  }

  #topicOf(name: string, id: Uuid, apiVersion: number): { name: string; id: Uuid } | ErrorCode {
    const { topics } = this.#options
    if (apiVersion >= TOPIC_IDS_FROM) {
      const itsName = topics.nameOf(id)
      return itsName === undefined ? ErrorCode.UnknownTopicId : { name: itsName, id }
    }
    const itsId = topics.idOf(name)
    return itsId === undefined ? ErrorCode.UnknownTopicOrPartition : { name, id: itsId }
  }

  #valueOf(partition: OffsetCommitRequestPartition, topicId: Uuid, retentionTimeMs: number): CommittedOffset {
    const { wallMs } = this.#turn
    return {
      offset: partition.committedOffset,
      leaderEpoch: partition.committedLeaderEpoch,
      metadata: partition.committedMetadata ?? '',
      commitTimestampMs: wallMs,
      expireTimestampMs: retentionTimeMs < 0 ? -1 : wallMs + retentionTimeMs,
      topicId,
    }
  }

  /** Who commits lives, unless the assignment is waited for. */
  #noteLife(group: Group, memberId: string): void {
    const member = group.members.get(memberId)
    if (member && group.state !== 'CompletingRebalance') this.#rebalances.renewSession(member)
  }
}

function refuseCommit(group: Group | undefined, request: OffsetCommitRequest, apiVersion: number): ErrorCode {
  const { memberId, groupInstanceId, generationIdOrMemberEpoch: generation } = request
  if (!group && generation < 0) return ErrorCode.CoordinatorNotAvailable
  if (!group) return apiVersion >= GROUP_ID_NOT_FOUND_FROM ? ErrorCode.GroupIdNotFound : ErrorCode.IllegalGeneration
  if (group.state === 'Dead') return ErrorCode.CoordinatorNotAvailable
  if (generation < 0 && group.state === 'Empty') return ErrorCode.None
  if (generation < 0 && memberId === '' && groupInstanceId === null) return ErrorCode.UnknownMemberId
  const refusal = refuseMember(group, memberId, groupInstanceId)
  if (refusal !== ErrorCode.None) return refusal
  if (generation !== group.generation) return ErrorCode.IllegalGeneration
  return group.state === 'CompletingRebalance' ? ErrorCode.RebalanceInProgress : ErrorCode.None
}

function refuseOffsetDelete(group: Group | undefined): ErrorCode {
  if (!group) return ErrorCode.GroupIdNotFound
  if (group.state === 'Dead') return ErrorCode.CoordinatorNotAvailable
  return group.state === 'Empty' || group.usesConsumerProtocol ? ErrorCode.None : ErrorCode.NonEmptyGroup
}
