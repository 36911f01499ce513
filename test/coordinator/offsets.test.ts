import { expect, test } from 'vitest'
import { ErrorCode } from '../../src/model/error-codes.ts'
import { Bench, ORDERS } from './harness.ts'

const OTHER_ID = 'otherAAAAAAAAAAAAAAAAA'

test('a commit is answered and found when it is durable', () => {
  const bench = new Bench()
  bench.holds = true
  const token = bench.commit({ 0: 42 })
  expect(bench.answer(token)).toBeUndefined()
  expect(bench.committed(0)).toBe(-1)
  bench.settle()
  expect(bench.commitErrors(token)).toEqual([0])
  const found = { partitionIndex: 0, committedOffset: 42, committedLeaderEpoch: 5, metadata: 'm', errorCode: 0 }
  expect(bench.fetch([0])).toEqual([found])
  bench.restart()
  expect(bench.fetch([0])).toEqual([found])
})

test('a commit that the log refuses is not there', () => {
  const bench = new Bench()
  bench.commit({ 0: 1 })
  bench.holds = true
  const token = bench.commit({ 0: 2, 1: 2 })
  bench.settle(ErrorCode.NotEnoughReplicas)
  expect(bench.commitErrors(token)).toEqual([ErrorCode.CoordinatorNotAvailable, ErrorCode.CoordinatorNotAvailable])
  expect(bench.committed(0)).toBe(1)
  expect(bench.committed(1)).toBe(-1)
})

test('a fetch that must be stable waits for what is being written', () => {
  const bench = new Bench()
  bench.holds = true
  bench.commit({ 0: 7 })
  const topics = [{ name: 'orders', topicId: ORDERS, partitionIndexes: [0] }]
  const token = bench.send(9, 7, { groupId: 'g', topics, groups: [], requireStable: true })
  expect(bench.answer(token)).toBeUndefined()
  bench.settle()
  expect(bench.answer(token).topics[0].partitions[0].committedOffset).toBe(7)
})

test('metrics see what is durable, of the topic that has the name now', () => {
  const bench = new Bench()
  bench.commit({ 0: 3, 1: 4 })
  bench.commit({ 0: 9 }, { groupId: 'h' })
  bench.holds = true
  bench.commit({ 0: 5 })
  expect(bench.everyCommitted()).toEqual(['g orders 0: 3', 'g orders 1: 4', 'h orders 0: 9'])
  bench.settle()
  expect(bench.everyCommitted()).toEqual(['g orders 0: 5', 'g orders 1: 4', 'h orders 0: 9'])
  bench.topicIds.set('orders', OTHER_ID)
  expect(bench.everyCommitted()).toEqual([])
  bench.topicIds.delete('orders')
  expect(bench.everyCommitted()).toEqual([])
})

test.each([
  [
    'a generation of a group that is not there',
    { groupId: 'x', generationIdOrMemberEpoch: 1 },
    8,
    ErrorCode.IllegalGeneration,
  ],
  ['the same from version 9 on', { groupId: 'x', generationIdOrMemberEpoch: 1 }, 9, ErrorCode.GroupIdNotFound],
  ['no member where there are members', {}, 9, ErrorCode.UnknownMemberId],
  ['an unknown member', { memberId: 'x', generationIdOrMemberEpoch: 1 }, 9, ErrorCode.UnknownMemberId],
  ['another generation', { memberId: 'client-1', generationIdOrMemberEpoch: 2 }, 9, ErrorCode.IllegalGeneration],
  ['all as it should be', { memberId: 'client-1', generationIdOrMemberEpoch: 1 }, 9, ErrorCode.None],
])('a commit with %s', (_what, more, version, errorCode) => {
  const bench = new Bench()
  bench.stable()
  expect(bench.commitErrors(bench.commit({ 0: 1 }, more, version))).toEqual([errorCode])
})

test('a commit while the assignment is awaited is refused, while members gather it is not', () => {
  const bench = new Bench()
  const { id } = bench.joinDynamic()
  bench.pass(3000)
  const commit = (): number[] | undefined =>
    bench.commitErrors(bench.commit({ 0: 1 }, { memberId: id, generationIdOrMemberEpoch: 1 }))
  expect(commit()).toEqual([ErrorCode.RebalanceInProgress])
  bench.sync(id, 1)
  expect(commit()).toEqual([0])
  bench.joinDynamic()
  expect(bench.describe().groupState).toBe('PreparingRebalance')
  expect(commit()).toEqual([0])
})

test('metadata that is too long is refused, its neighbours are not', () => {
  const bench = new Bench()
  const partition = { committedOffset: 1, committedLeaderEpoch: -1 }
  const partitions = [
    { ...partition, partitionIndex: 0, committedMetadata: 'x'.repeat(11) },
    { ...partition, partitionIndex: 1, committedMetadata: null },
  ]
  const token = bench.commit({}, {}, 9, { partitions })
  expect(bench.commitErrors(token)).toEqual([ErrorCode.OffsetMetadataTooLarge, 0])
  expect(bench.fetch([0, 1])).toMatchObject([{ committedOffset: -1 }, { committedOffset: 1, metadata: '' }])
})

test('a topic that is not there is refused, by name or by id', () => {
  const bench = new Bench()
  expect(bench.commitErrors(bench.commit({ 0: 1 }, {}, 9, { name: 'none' }))).toEqual([
    ErrorCode.UnknownTopicOrPartition,
  ])
  expect(bench.commitErrors(bench.commit({ 0: 1 }, {}, 10, { topicId: OTHER_ID }))).toEqual([ErrorCode.UnknownTopicId])
  expect(bench.commitErrors(bench.commit({ 0: 1 }, {}, 10, { name: '' }))).toEqual([0])
  expect(bench.committed(0)).toBe(1)
})

test('all offsets of a group, in the three forms of the answer', () => {
  const bench = new Bench()
  bench.commit({ 0: 10, 3: 13 })
  const fetchAll = (version: number, groupId = 'g') =>
    bench.ask(9, version, {
      groupId,
      topics: null,
      groups: [{ groupId, memberId: null, memberEpoch: -1, topics: null }],
      requireStable: false,
    })
  const partitions = [{ committedOffset: 10 }, { committedOffset: 13 }]
  expect(fetchAll(5).topics).toMatchObject([{ name: 'orders', partitions }])
  expect(fetchAll(9).groups).toMatchObject([{ groupId: 'g', topics: [{ name: 'orders', partitions }] }])
  expect(fetchAll(10).groups).toMatchObject([{ groupId: 'g', topics: [{ topicId: ORDERS, partitions }] }])
  expect(fetchAll(9, 'none').groups).toMatchObject([{ groupId: 'none', topics: [], errorCode: 0 }])
})

test('a fetch by an id that nobody knows', () => {
  const bench = new Bench()
  const topics = [{ name: '', topicId: OTHER_ID, partitionIndexes: [0] }]
  const groups = [{ groupId: 'g', memberId: null, memberEpoch: -1, topics }]
  const answer = bench.ask(9, 10, { groupId: '', topics: null, groups, requireStable: false })
  expect(answer.groups[0].topics[0].partitions).toMatchObject([
    { committedOffset: -1, errorCode: ErrorCode.UnknownTopicId },
  ])
})

test('a topic that is created again does not inherit, whether or not the machine heard of it', () => {
  const bench = new Bench()
  bench.commit({ 0: 1 })
  bench.topicIds.set('orders', OTHER_ID)
  expect(bench.committed(0)).toBe(-1)
  bench.commit({ 0: 5 })
  expect(bench.committed(0)).toBe(5)
  bench.topicsDeleted(ORDERS)
  expect(bench.committed(0)).toBe(5)
  bench.topicsDeleted(OTHER_ID)
  bench.topicIds.set('orders', OTHER_ID)
  bench.restart()
  expect(bench.committed(0)).toBe(-1)
})

test('a commit that is under way when its topic goes, goes with it', () => {
  const bench = new Bench()
  bench.holds = true
  bench.commit({ 0: 1 })
  bench.topicsDeleted(ORDERS)
  bench.settle()
  bench.settle()
  bench.restart()
  expect(bench.committed(0)).toBe(-1)
})

const deleteOffset = (bench: Bench, name = 'orders', groupId = 'g') =>
  bench.ask(47, 0, { groupId, topics: [{ name, partitions: [{ partitionIndex: 0 }] }] })

test('OffsetDelete takes what the group does not consume', () => {
  const bench = new Bench()
  expect(deleteOffset(bench).errorCode).toBe(ErrorCode.GroupIdNotFound)
  expect(deleteOffset(bench, 'orders', '').errorCode).toBe(ErrorCode.InvalidGroupId)
  bench.commit({ 0: 1 })
  expect(deleteOffset(bench, 'none').topics[0].partitions[0].errorCode).toBe(ErrorCode.UnknownTopicOrPartition)
  expect(deleteOffset(bench)).toMatchObject({ errorCode: 0, topics: [{ partitions: [{ errorCode: 0 }] }] })
  bench.restart()
  expect(bench.committed(0)).toBe(-1)
})

test('OffsetDelete of a topic that members are subscribed to is refused', () => {
  const bench = new Bench()
  const id = bench.stable()
  bench.commit({ 0: 1 }, { memberId: id, generationIdOrMemberEpoch: 1 })
  expect(deleteOffset(bench).topics[0].partitions[0].errorCode).toBe(ErrorCode.GroupSubscribedToTopic)
  bench.leave([id])
  expect(deleteOffset(bench).topics[0].partitions[0].errorCode).toBe(0)
})

test('OffsetDelete of a group with members of another kind is refused', () => {
  const bench = new Bench()
  bench.stable({ type: 'connect' })
  expect(deleteOffset(bench).errorCode).toBe(ErrorCode.NonEmptyGroup)
})

test('a commit of version 2 to 4 may say how long it lasts', () => {
  const bench = new Bench()
  bench.commit({ 0: 1 }, { retentionTimeMs: 25_000 }, 4)
  bench.restart()
  bench.pass(20_000)
  expect(bench.committed(0)).toBe(1)
  bench.pass(10_000)
  expect(bench.committed(0)).toBe(-1)
})
