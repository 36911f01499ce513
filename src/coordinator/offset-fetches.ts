// OffsetFetch: what a group has durably committed. Asked to be stable, the answer waits for what is being written now.

import { ErrorCode } from '../model/error-codes.ts'
import { type Uuid, ZERO_UUID } from '../model/uuid.ts'
import type { OffsetFetchRequest } from '../wire/generated/09-offset-fetch.ts'
import type { Group } from './group.ts'
import type { GroupRequestEvent, TopicNames, VisitCommitted } from './group-border.ts'
import type { Groups } from './groups.ts'
import type { CommittedOffset } from './offsets.ts'
import type { Turn } from './turn.ts'

const GROUPS_FROM = 8
const TOPIC_IDS_FROM = 10
/** In one answer: each is an object of its own until it is encoded. More than Kafka's largest clusters have. */
const POSITIONS_MAX = 250_000

interface AskedTopic {
  readonly name: string
  readonly topicId?: Uuid
  readonly partitionIndexes: readonly number[]
}

export class OffsetFetches {
  readonly #turn: Turn
  readonly #groups: Groups
  readonly #topics: TopicNames

  constructor(turn: Turn, groups: Groups, topics: TopicNames) {
    this.#turn = turn
    this.#groups = groups
    this.#topics = topics
  }

  onRequest(event: GroupRequestEvent): void {
    const request = event.request as OffsetFetchRequest
    if (positionsAsked(request) > POSITIONS_MAX) this.#refuse(event, request, ErrorCode.InvalidRequest)
    else if (request.requireStable) this.#turn.whenSettled(() => this.#answer(event, request))
    else this.#answer(event, request)
  }

  /** Every group's offsets in topics that are there. */
  forEachDurable(visit: VisitCommitted): void {
    for (const group of this.#groups.all()) {
      for (const topic of group.offsets.topics()) {
        const topicId = this.#topics.idOf(topic)
        if (topicId === undefined) continue
        group.offsets.forEachDurable(topic, (partition, value) => {
          if (belongs(value, topicId)) visit(group.id, topic, partition, value.offset)
        })
      }
    }
  }

  #answer({ token, apiVersion }: GroupRequestEvent, request: OffsetFetchRequest): void {
    const base = { throttleTimeMs: 0, topics: [], errorCode: ErrorCode.None, groups: [] }
    if (apiVersion < GROUPS_FROM) {
      const topics = this.#positions(request.groupId, request.topics, apiVersion)
      this.#turn.answer(token, { ...base, topics })
      return
    }
    const groups = request.groups.map(({ groupId, topics }) => ({
      groupId,
      topics: this.#positions(groupId, topics, apiVersion),
      errorCode: ErrorCode.None,
    }))
    this.#turn.answer(token, { ...base, groups })
  }

  #refuse({ token }: GroupRequestEvent, { groups }: OffsetFetchRequest, errorCode: number): void {
    const refused = groups.map(({ groupId }) => ({ groupId, topics: [], errorCode }))
    this.#turn.answer(token, { throttleTimeMs: 0, topics: [], errorCode, groups: refused })
  }

  #positions(groupId: string, asked: readonly AskedTopic[] | null, apiVersion: number): object[] {
    const group = this.#groups.find(groupId)
    const byId = apiVersion >= TOPIC_IDS_FROM
    if (asked === null) return group ? this.#all(group, byId) : []
    return asked.map(({ name, topicId, partitionIndexes }) => {
      const known = byId ? this.#topics.nameOf(topicId!) : name
      const errorCode = known === undefined ? ErrorCode.UnknownTopicId : ErrorCode.None
      const currentId = byId ? topicId : this.#topics.idOf(name)
      const partitions = partitionIndexes.map((index) => {
        const value = known === undefined ? null : (group?.offsets.durable(known, index) ?? null)
        return position(index, value && belongs(value, currentId) ? value : null, errorCode)
      })
      return { name, topicId: topicId ?? ZERO_UUID, partitions }
    })
  }

  #all(group: Group, byId: boolean): object[] {
    const topics: object[] = []
    for (const name of group.offsets.topics()) {
      const topicId = this.#topics.idOf(name)
      if (byId && topicId === undefined) continue
      const partitions: object[] = []
      group.offsets.forEachDurable(name, (index, value) => {
        if (belongs(value, topicId)) partitions.push(position(index, value, ErrorCode.None))
      })
      if (partitions.length > 0) topics.push({ name, topicId: topicId ?? ZERO_UUID, partitions })
    }
    return topics
  }
}

function positionsAsked({ topics, groups }: OffsetFetchRequest): number {
  const sum = (asked: readonly AskedTopic[] | null) =>
    (asked ?? []).reduce((count, { partitionIndexes }) => count + partitionIndexes.length, 0)
  return groups.reduce((count, group) => count + sum(group.topics), sum(topics))
}

/** Whether it was committed for the topic that has the name now; of one that nobody knows now, nothing else can be said. */
function belongs(value: CommittedOffset, currentId: Uuid | undefined): boolean {
  return currentId === undefined || value.topicId === ZERO_UUID || value.topicId === currentId
}

function position(partitionIndex: number, value: CommittedOffset | null, errorCode: number): object {
  return {
    partitionIndex,
    committedOffset: value?.offset ?? -1,
    committedLeaderEpoch: value?.leaderEpoch ?? -1,
    metadata: value?.metadata ?? '',
    errorCode,
  }
}
