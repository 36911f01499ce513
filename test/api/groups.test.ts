// The group APIs' handlers: what they refuse themselves, what they ask of which coordinator, how they put answers together.
import { describe, expect, test } from 'vitest'
import { offsetCommit } from '../../src/api/08-offset-commit.ts'
import { offsetFetch } from '../../src/api/09-offset-fetch.ts'
import { findCoordinator } from '../../src/api/10-find-coordinator.ts'
import { joinGroup } from '../../src/api/11-join-group.ts'
import { heartbeat } from '../../src/api/12-heartbeat.ts'
import { leaveGroup } from '../../src/api/13-leave-group.ts'
import { syncGroup } from '../../src/api/14-sync-group.ts'
import { describeGroups } from '../../src/api/15-describe-groups.ts'
import { listGroups } from '../../src/api/16-list-groups.ts'
import { deleteGroups } from '../../src/api/42-delete-groups.ts'
import { offsetDelete } from '../../src/api/47-offset-delete.ts'
import { groupPartition } from '../../src/api/group-calls.ts'
import * as codecs from '../../src/api/group-codecs.ts'
import { ErrorCode } from '../../src/model/error-codes.ts'
import { ZERO_UUID } from '../../src/model/uuid.ts'
import type { OffsetCommitRequest } from '../../src/wire/generated/08-offset-commit.ts'
import type { OffsetFetchRequest } from '../../src/wire/generated/09-offset-fetch.ts'
import {
  findCoordinatorApi,
  readFindCoordinatorResponse,
  writeFindCoordinatorRequest,
} from '../../src/wire/generated/10-find-coordinator.ts'
import type { OffsetDeleteRequest } from '../../src/wire/generated/47-offset-delete.ts'
import { brokerRecord, partitionRecord, topicRecord, uuid } from '../metadata/records.ts'
import { client, imageOf, shardContext, versionsOf } from './harness.ts'

const { None, NotCoordinator, CoordinatorLoadInProgress, CoordinatorNotAvailable } = ErrorCode
const image = imageOf(
  brokerRecord(1),
  topicRecord('t', 7),
  partitionRecord(7, 0),
  partitionRecord(7, 1),
  topicRecord('u', 8),
  partitionRecord(8, 0),
)

interface Asked {
  group: string
  // biome-ignore lint/suspicious/noExplicitAny: of the API under test.
  request: any
}

/** Coordinators that answer what `answer` makes of a question; its error, if it is a number. */
function coordinators(answer: (asked: Asked) => object | ErrorCode) {
  const asked: Asked[] = []
  const settle = (one: Asked) => {
    asked.push(one)
    const made = answer(one)
    return typeof made === 'number' ? { response: null, error: made } : { response: made, error: null }
  }
  const groups = {
    ask: async (_codec: unknown, group: string, request: unknown) => settle({ group, request }),
    askAll: async (_codec: unknown, request: unknown) =>
      ['0', '1', '2'].map((partition) => settle({ group: partition, request })),
  }
  return { asked, context: shardContext(image, { groups: groups as never }) }
}

const withoutCoordinator = (error: ErrorCode) => coordinators(() => error).context

test('a group’s partition is counted as Java does', () => {
  expect(groupPartition('team', 50)).toBe(33)
  expect(groupPartition('', 50)).toBe(0)
  // Beyond 16 bits a character counts as its two halves.
  expect(groupPartition('grüße-😀', 50)).toBe(Math.abs(javaHash([...'grüße-', '\ud83d', '\ude00'])) % 50)
  // Their hashes are the least there is, and one below zero.
  expect(groupPartition('polygenelubricants', 50)).toBe(0)
  expect(javaHash([...'zzzzzz'])).toBeLessThan(0)
  expect(groupPartition('zzzzzz', 50)).toBe(-javaHash([...'zzzzzz']) % 50)
})

function javaHash(characters: string[]): number {
  return characters.reduce((hash, character) => (Math.imul(31, hash) + character.charCodeAt(0)) | 0, 0)
}

describe('a coordinator that is not there', () => {
  test('is an error in the place that each answer has for it', async () => {
    const context = withoutCoordinator(NotCoordinator)
    const member = { groupId: 'g', memberId: 'm', groupInstanceId: null }
    const joined = {
      ...member,
      sessionTimeoutMs: 1,
      rebalanceTimeoutMs: 1,
      protocolType: 'p',
      protocols: [],
      reason: null,
    }
    for (const version of versionsOf(codecs.joinGroupCodec)) {
      const answer = await client(joinGroup, codecs.joinGroupCodec)(version, joined, context)
      expect([answer.errorCode, answer.generationId, answer.memberId]).toEqual([NotCoordinator, -1, 'm'])
    }
    const synced = { ...member, generationId: 1, protocolType: null, protocolName: null, assignments: [] }
    for (const version of versionsOf(codecs.syncGroupCodec)) {
      expect((await client(syncGroup, codecs.syncGroupCodec)(version, synced, context)).errorCode).toBe(NotCoordinator)
    }
    const left = { groupId: 'g', memberId: 'm', members: [] }
    expect((await client(leaveGroup, codecs.leaveGroupCodec)(5, left, context)).errorCode).toBe(NotCoordinator)
    const described = { groups: ['g', 'h', 'g'], includeAuthorizedOperations: false }
    const { groups } = await client(describeGroups, codecs.describeGroupsCodec)(6, described, context)
    expect(groups.map(({ groupId, errorCode }) => [groupId, errorCode])).toEqual([
      ['g', NotCoordinator],
      ['h', NotCoordinator],
    ])
    const deleted = await client(deleteGroups, codecs.deleteGroupsCodec)(2, { groupsNames: ['g', 'h', 'g'] }, context)
    expect(deleted.results.map(({ groupId, errorCode }) => [groupId, errorCode])).toEqual([
      ['g', NotCoordinator],
      ['h', NotCoordinator],
    ])
  })

  test('but a member whose group is being loaded is alive', async () => {
    const request = { groupId: 'g', generationId: 1, memberId: 'm', groupInstanceId: null }
    const call = client(heartbeat, codecs.heartbeatCodec)
    expect((await call(4, request, withoutCoordinator(CoordinatorLoadInProgress))).errorCode).toBe(None)
    expect((await call(4, request, withoutCoordinator(NotCoordinator))).errorCode).toBe(NotCoordinator)
  })
})

describe('OffsetCommit', () => {
  const call = client(offsetCommit, codecs.offsetCommitCodec)
  const partition = (partitionIndex: number) => ({
    partitionIndex,
    committedOffset: 5,
    committedLeaderEpoch: -1,
    committedMetadata: '',
  })
  const topics = [
    { name: 'none', topicId: uuid(99), partitions: [partition(0)] },
    { name: 't', topicId: uuid(7), partitions: [partition(1), partition(2), partition(0)] },
    { name: 'u', topicId: uuid(8), partitions: [partition(0)] },
  ]
  const request: OffsetCommitRequest = {
    groupId: 'g',
    generationIdOrMemberEpoch: -1,
    memberId: '',
    groupInstanceId: null,
    retentionTimeMs: -1,
    topics,
  }
  /** Answers 60 + partition of t, 0 for the rest. */
  const answer = ({ request: asked }: Asked) => ({
    throttleTimeMs: 0,
    topics: (asked as OffsetCommitRequest).topics.map(({ name, topicId, partitions }) => ({
      name,
      topicId,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode: name === 't' || topicId === uuid(7) ? 60 + partitionIndex : None,
      })),
    })),
  })

  test.each(versionsOf(codecs.offsetCommitCodec))('v%i: each partition has its answer, in order', async (version) => {
    const { asked, context } = coordinators(answer)
    const response = await call(version, request, context)
    const unknown = version >= 10 ? ErrorCode.UnknownTopicId : ErrorCode.UnknownTopicOrPartition
    expect(
      response.topics.map(({ partitions }) => partitions.map((each) => [each.partitionIndex, each.errorCode])),
    ).toEqual([
      [[0, unknown]],
      [
        [1, 61],
        [2, ErrorCode.UnknownTopicOrPartition],
        [0, 60],
      ],
      [[0, None]],
    ])
    expect(response.topics.map(({ name, topicId }) => [name, topicId])).toEqual(
      topics.map(({ name, topicId }) => (version >= 10 ? ['', topicId] : [name, ZERO_UUID])),
    )
    expect(asked[0]!.request.topics.map(({ partitions }: { partitions: object[] }) => partitions.length)).toEqual([
      2, 1,
    ])
  })

  test('without a coordinator the partitions that there are have its error; without one of these nobody is asked', async () => {
    const response = await call(9, request, withoutCoordinator(CoordinatorLoadInProgress))
    expect(response.topics.map(({ partitions }) => partitions.map(({ errorCode }) => errorCode))).toEqual([
      [ErrorCode.UnknownTopicOrPartition],
      [CoordinatorLoadInProgress, ErrorCode.UnknownTopicOrPartition, CoordinatorLoadInProgress],
      [CoordinatorLoadInProgress],
    ])
    const { asked, context } = coordinators(answer)
    await call(9, { ...request, topics: topics.slice(0, 1) }, context)
    expect(asked).toEqual([])
  })
})

describe('OffsetFetch', () => {
  const call = client(offsetFetch, codecs.offsetFetchCodec)
  const position = (partitionIndex: number) => ({
    partitionIndex,
    committedOffset: 40 + partitionIndex,
    committedLeaderEpoch: 3,
    metadata: 'm',
    errorCode: 0,
  })
  const request: OffsetFetchRequest = {
    groupId: 'g',
    topics: [{ name: 't', partitionIndexes: [1, 0] }],
    groups: [],
    requireStable: true,
  }

  test('of one group: an error stands with the group, in version 1 with each partition', async () => {
    const context = withoutCoordinator(NotCoordinator)
    const old = await call(1, request, context)
    expect(
      old.topics[0]!.partitions.map((each) => [each.partitionIndex, each.committedOffset, each.errorCode]),
    ).toEqual([
      [1, -1, NotCoordinator],
      [0, -1, NotCoordinator],
    ])
    expect(await call(7, request, context)).toMatchObject({ errorCode: NotCoordinator, topics: [] })
    expect(await call(7, { ...request, topics: null }, context)).toMatchObject({ errorCode: NotCoordinator })
  })

  test('of several: each asked by itself and once, refused by itself', async () => {
    const { asked, context } = coordinators(({ group }) => {
      if (group === 'b') return CoordinatorNotAvailable
      const topics = [{ name: 't', topicId: ZERO_UUID, partitions: [position(0)] }]
      return { throttleTimeMs: 0, topics: [], errorCode: 0, groups: [{ groupId: group, topics, errorCode: 0 }] }
    })
    const groups = ['a', 'b', 'a', 'c', 'b'].map((groupId) => ({
      groupId,
      memberId: null,
      memberEpoch: -1,
      topics: [{ name: 't', topicId: ZERO_UUID, partitionIndexes: [0] }],
    }))
    const response = await call(8, { ...request, groups }, context)
    expect(response.groups.map((each) => [each.groupId, each.errorCode, each.topics.length])).toEqual([
      ['a', 0, 1],
      ['b', CoordinatorNotAvailable, 0],
      ['c', 0, 1],
    ])
    expect(asked.map(({ group, request: one }) => [group, one.groups[0].groupId, one.requireStable])).toEqual(
      ['a', 'b', 'c'].map((group) => [group, group, true]),
    )
  })

  test('by topic id: one that is unknown is refused in its place', async () => {
    const { asked, context } = coordinators(({ request: one }) => ({
      throttleTimeMs: 0,
      topics: [],
      errorCode: 0,
      groups: (one as OffsetFetchRequest).groups.map(({ groupId, topics }) => ({
        groupId,
        errorCode: 0,
        topics: topics!.map(({ name, topicId, partitionIndexes }) => ({
          name,
          topicId,
          partitions: partitionIndexes.map(position),
        })),
      })),
    }))
    const topics = [99, 7].map((id) => ({ name: '', topicId: uuid(id), partitionIndexes: [1] }))
    const groups = [{ groupId: 'g', memberId: null, memberEpoch: -1, topics }]
    const response = await call(10, { ...request, groups }, context)
    expect(
      response.groups[0]!.topics.map(({ topicId, partitions: [one] }) => [
        topicId,
        one!.committedOffset,
        one!.errorCode,
      ]),
    ).toEqual([
      [uuid(99), -1, ErrorCode.UnknownTopicId],
      [uuid(7), 41, None],
    ])
    expect(asked[0]!.request.groups[0].topics).toHaveLength(1)
  })
})

test('OffsetDelete refuses partitions that do not exist and asks for the rest', async () => {
  const { context } = coordinators(({ request }) => ({
    errorCode: 0,
    throttleTimeMs: 0,
    topics: (request as OffsetDeleteRequest).topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: 70 + partitionIndex })),
    })),
  }))
  const topics = [
    { name: 't', partitions: [2, 1].map((partitionIndex) => ({ partitionIndex })) },
    { name: 'none', partitions: [{ partitionIndex: 0 }] },
  ]
  const call = client(offsetDelete, codecs.offsetDeleteCodec)
  const response = await call(0, { groupId: 'g', topics }, context)
  expect(response.topics.map(({ partitions }) => partitions.map(({ errorCode }) => errorCode))).toEqual([
    [ErrorCode.UnknownTopicOrPartition, 71],
    [ErrorCode.UnknownTopicOrPartition],
  ])
  const refused = await call(
    0,
    { groupId: 'g', topics },
    coordinators(() => ({ errorCode: 69, throttleTimeMs: 0, topics: [] })).context,
  )
  expect(refused).toMatchObject({ errorCode: 69, topics: [] })
})

describe('ListGroups', () => {
  const call = client(listGroups, codecs.listGroupsCodec)
  const request = { statesFilter: [], typesFilter: [] }
  const listed = (groupId: string) => ({
    groupId,
    protocolType: 'consumer',
    groupState: 'Stable',
    groupType: 'classic',
  })

  test('puts together what all coordinators have; those of another broker have none', async () => {
    const { context } = coordinators(({ group }) =>
      group === '1'
        ? NotCoordinator
        : { throttleTimeMs: 0, errorCode: 0, groups: [listed(`a${group}`), listed(`b${group}`)] },
    )
    const answer = await call(5, request, context)
    expect([answer.errorCode, answer.groups.map(({ groupId }) => groupId)]).toEqual([0, ['a0', 'b0', 'a2', 'b2']])
  })

  test('is refused as a whole while one of them is loaded', async () => {
    const { context } = coordinators(({ group }) =>
      group === '1' ? CoordinatorLoadInProgress : { throttleTimeMs: 0, errorCode: 0, groups: [listed(group)] },
    )
    expect(await call(5, request, context)).toMatchObject({ errorCode: CoordinatorLoadInProgress, groups: [] })
  })
})

describe('FindCoordinator', () => {
  const call = client(findCoordinator, {
    writeRequest: writeFindCoordinatorRequest,
    readResponse: readFindCoordinatorResponse,
  })
  const offsets = [topicRecord('__consumer_offsets', 9), partitionRecord(9, 0), partitionRecord(9, 1, { leader: 2 })]
  const request = { key: 'a', keyType: 0, coordinatorKeys: ['a', 'b'] }

  test.each(versionsOf(findCoordinatorApi))('v%i: the leader of the partition, if it is alive', async (version) => {
    const made: string[] = []
    const createInternalTopic = async (name: string) => {
      made.push(name)
    }
    const context = shardContext(imageOf(brokerRecord(1), ...offsets), { createInternalTopic })
    // 'a' is 97, 'b' 98: partitions 1, whose leader is not there, and 0.
    const answer = await call(version, request, context)
    const found = answer.coordinators.map((each) => [each.key, each.errorCode, each.nodeId, each.host, each.port])
    if (version >= 4) {
      expect(found).toEqual([
        ['a', CoordinatorNotAvailable, -1, '', -1],
        ['b', None, 1, 'host1', 9092],
      ])
    } else {
      expect([answer.errorCode, answer.nodeId, answer.host]).toEqual([CoordinatorNotAvailable, -1, ''])
      const other = await call(version, { ...request, key: 'b' }, context)
      expect([other.errorCode, other.nodeId, other.host, other.port]).toEqual([None, 1, 'host1', 9092])
    }
    expect(made).toEqual([])
  })

  test('has the topic made, and says try again if that failed', async () => {
    const made: string[] = []
    const createInternalTopic = async (name: string) => {
      made.push(name)
    }
    const answer = await call(4, request, shardContext(imageOf(brokerRecord(1)), { createInternalTopic }))
    expect(made).toEqual(['__consumer_offsets'])
    expect(answer.coordinators.map(({ errorCode }) => errorCode)).toEqual([
      CoordinatorNotAvailable,
      CoordinatorNotAvailable,
    ])
  })
})
