// How groups and offsets go, and how operators see groups.
import { expect, test } from 'vitest'
import { ErrorCode } from '../../src/model/error-codes.ts'
import { Bench, bytes, subscription } from './harness.ts'

const deleteGroup = (bench: Bench, groupId = 'g'): number =>
  bench.ask(42, 2, { groupsNames: [groupId] }).results[0].errorCode

test('a group without members is deleted with its offsets', () => {
  const bench = new Bench()
  expect(deleteGroup(bench)).toBe(ErrorCode.GroupIdNotFound)
  const id = bench.stable()
  bench.commit({ 0: 1 }, { memberId: id, generationIdOrMemberEpoch: 1 })
  expect(deleteGroup(bench)).toBe(ErrorCode.NonEmptyGroup)
  bench.leave([id])
  expect(deleteGroup(bench)).toBe(0)
  expect(bench.describe().errorCode).toBe(ErrorCode.GroupIdNotFound)
  bench.restart()
  expect(bench.describe().errorCode).toBe(ErrorCode.GroupIdNotFound)
  expect(bench.committed(0)).toBe(-1)
})

test('while it is being deleted nobody gets in, and if the log refuses it is back', () => {
  const bench = new Bench()
  bench.commit({ 0: 1 })
  bench.holds = true
  const token = bench.send(42, 2, { groupsNames: ['g'] })
  expect(bench.describe().groupState).toBe('Dead')
  expect(bench.answer(bench.join()).errorCode).toBe(ErrorCode.CoordinatorNotAvailable)
  expect(bench.commitErrors(bench.commit({ 0: 2 }))).toEqual([ErrorCode.CoordinatorNotAvailable])
  expect(bench.heartbeat('x', 1)).toBe(ErrorCode.CoordinatorNotAvailable)
  expect(bench.answer(bench.sync('x', 1)).errorCode).toBe(ErrorCode.CoordinatorNotAvailable)
  expect(bench.leave(['x']).errorCode).toBe(ErrorCode.CoordinatorNotAvailable)
  expect(deleteGroup(bench)).toBe(ErrorCode.CoordinatorNotAvailable)
  expect(bench.committed(0)).toBe(1)
  bench.settle(ErrorCode.NotLeaderOrFollower)
  bench.settle(ErrorCode.NotLeaderOrFollower)
  expect(bench.answer(token).results[0].errorCode).toBe(ErrorCode.NotCoordinator)
  expect(bench.describe().groupState).toBe('Empty')
  expect(bench.committed(0)).toBe(1)
})

test('a commit that is under way when its group is deleted is deleted too', () => {
  const bench = new Bench()
  bench.holds = true
  bench.commit({ 0: 1 })
  const token = bench.send(42, 2, { groupsNames: ['g'] })
  while (bench.heldCount > 0) bench.settle()
  expect(bench.answer(token).results[0].errorCode).toBe(0)
  bench.restart()
  expect(bench.committed(0)).toBe(-1)
})

test('offsets of a group that never had members expire by their own age', () => {
  const bench = new Bench()
  bench.commit({ 0: 1 })
  bench.pass(60_000)
  bench.commit({ 1: 2 })
  bench.pass(40_000)
  expect(bench.committed(0)).toBe(-1)
  expect(bench.committed(1)).toBe(2)
  bench.pass(60_000)
  expect(bench.describe().errorCode).toBe(ErrorCode.GroupIdNotFound)
})

test('offsets of a group expire by how long it has been empty, also over a restart', () => {
  const bench = new Bench()
  const id = bench.stable()
  bench.commit({ 0: 1 }, { memberId: id, generationIdOrMemberEpoch: 1 })
  for (let i = 0; i < 30; i++) {
    bench.pass(5000)
    expect(bench.heartbeat(id, 1)).toBe(0)
  }
  expect(bench.committed(0)).toBe(1)
  bench.leave([id])
  bench.pass(50_000)
  bench.restart()
  bench.pass(40_000)
  expect(bench.committed(0)).toBe(1)
  bench.pass(20_000)
  expect(bench.committed(0)).toBe(-1)
  expect(bench.describe().errorCode).toBe(ErrorCode.GroupIdNotFound)
})

test('a consumer group that lives loses the offsets of topics that it has turned away from', () => {
  const bench = new Bench()
  bench.topicIds.set('other', 'otherAAAAAAAAAAAAAAAAA')
  const id = bench.stable()
  const by = { memberId: id, generationIdOrMemberEpoch: 1 }
  bench.commit({ 0: 1 }, by)
  bench.commit({ 0: 1 }, by, 9, { name: 'other' })
  for (let i = 0; i < 24; i++) {
    bench.pass(5000)
    bench.heartbeat(id, 1)
  }
  const { topics } = bench.ask(9, 5, { groupId: 'g', topics: null, groups: [], requireStable: false })
  expect(topics.map((each: { name: string }) => each.name)).toEqual(['orders'])
})

test('a group of another kind loses nothing while it lives', () => {
  const bench = new Bench()
  const id = bench.stable({ type: 'connect' })
  bench.commit({ 0: 1 }, { memberId: id, generationIdOrMemberEpoch: 1 })
  for (let i = 0; i < 24; i++) {
    bench.pass(5000)
    bench.heartbeat(id, 1)
  }
  expect(bench.committed(0)).toBe(1)
})

test('nothing expires where the subscriptions cannot be read', () => {
  const bench = new Bench()
  const id = bench.stable({ protocols: { range: bytes(0) } })
  bench.commit({ 0: 1 }, { memberId: id, generationIdOrMemberEpoch: 1 })
  for (let i = 0; i < 24; i++) {
    bench.pass(5000)
    bench.heartbeat(id, 1)
  }
  expect(bench.committed(0)).toBe(1)
})

test('a group is described in each of its states', () => {
  const bench = new Bench()
  expect(bench.describe('g', 5)).toMatchObject({ errorCode: 0, errorMessage: null, groupState: 'Dead' })
  expect(bench.describe('g', 6)).toMatchObject({
    errorCode: ErrorCode.GroupIdNotFound,
    errorMessage: 'Group g not found.',
  })
  const { id } = bench.joinDynamic()
  expect(bench.describe().groupState).toBe('PreparingRebalance')
  bench.pass(3000)
  expect(bench.describe().groupState).toBe('CompletingRebalance')
  bench.sync(id, 1, { [id]: bytes(4) })
  expect(bench.describe()).toMatchObject({
    errorCode: 0,
    groupState: 'Stable',
    protocolType: 'consumer',
    protocolData: 'range',
    members: [
      {
        memberId: id,
        groupInstanceId: null,
        clientId: 'client',
        clientHost: '/10.0.0.1',
        memberMetadata: subscription('orders'),
        memberAssignment: bytes(4),
      },
    ],
  })
})

test('groups are listed by state and type, whatever the case', () => {
  const bench = new Bench()
  bench.stable()
  bench.commit({ 0: 1 }, { groupId: 'simple' })
  const list = (statesFilter: string[], typesFilter: string[]): string[] =>
    bench.ask(16, 5, { statesFilter, typesFilter }).groups.map((each: { groupId: string }) => each.groupId)
  expect(list([], [])).toEqual(['g', 'simple'])
  expect(list(['stable'], [])).toEqual(['g'])
  expect(list(['EMPTY', 'Dead'], [])).toEqual(['simple'])
  expect(list([], ['Classic'])).toEqual(['g', 'simple'])
  expect(list([], ['consumer'])).toEqual([])
  expect(bench.ask(16, 5, { statesFilter: [], typesFilter: [] }).groups[0]).toEqual({
    groupId: 'g',
    protocolType: 'consumer',
    groupState: 'Stable',
    groupType: 'classic',
  })
})
