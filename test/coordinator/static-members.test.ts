import { expect, test } from 'vitest'
import { ErrorCode } from '../../src/model/error-codes.ts'
import { Bench, bytes } from './harness.ts'

/** A stable group of a static leader `a-1` and a static follower `b-2`. */
function stableOfTwo(version = 9): Bench {
  const bench = new Bench()
  bench.join({ instance: 'a', version })
  bench.join({ instance: 'b', version })
  bench.pass(6000)
  bench.sync('b-2', 1, {}, { groupInstanceId: 'b' })
  bench.sync('a-1', 1, { 'a-1': bytes(1), 'b-2': bytes(2) }, { groupInstanceId: 'a' })
  return bench
}

test('a static member needs no id to join, and its id is named after it', () => {
  const bench = new Bench()
  const token = bench.join({ instance: 'a' })
  bench.pass(3000)
  expect(bench.answer(token)).toMatchObject({ errorCode: 0, memberId: 'a-1', generationId: 1 })
  expect(bench.answer(token).members[0].groupInstanceId).toBe('a')
})

test('one that comes back takes its place without a rebalance, when the log knows its new id', () => {
  const bench = stableOfTwo()
  bench.holds = true
  const token = bench.join({ instance: 'b' })
  expect(bench.answer(token)).toBeUndefined()
  bench.settle()
  expect(bench.answer(token)).toMatchObject({
    errorCode: 0,
    memberId: 'b-3',
    generationId: 1,
    leader: 'a-1',
    members: [],
  })
  expect(bench.heartbeat('b-2', 1, 'b')).toBe(ErrorCode.FencedInstanceId)
  expect(bench.heartbeat('b-2', 1)).toBe(ErrorCode.UnknownMemberId)
  expect(bench.heartbeat('b-3', 1, 'b')).toBe(0)
  const sync = bench.sync('b-3', 1, {}, { groupInstanceId: 'b' })
  expect(bench.answer(sync).assignment).toEqual(bytes(2))
  expect(bench.lastGroupRecord().members.map(({ memberId }) => memberId)).toEqual(['a-1', 'b-3'])
})

test('a leader that comes back is told to skip the assignment from version 9 on (KIP-814)', () => {
  const bench = stableOfTwo()
  expect(bench.answer(bench.join({ instance: 'a' }))).toMatchObject({
    leader: 'a-3',
    skipAssignment: true,
    members: [{ memberId: 'b-2' }, { memberId: 'a-3' }],
  })
  const older = stableOfTwo(8)
  expect(older.answer(older.join({ instance: 'a', version: 8 }))).toMatchObject({
    leader: 'a-1',
    memberId: 'a-3',
    skipAssignment: false,
    members: [],
  })
})

test('if the log refuses the new id, the old member is back', () => {
  const bench = stableOfTwo()
  bench.holds = true
  const token = bench.join({ instance: 'b' })
  bench.settle(ErrorCode.NotLeaderOrFollower)
  expect(bench.answer(token)).toMatchObject({ errorCode: ErrorCode.NotCoordinator })
  expect(bench.heartbeat('b-2', 1, 'b')).toBe(0)
  expect(bench.answer(bench.sync('b-2', 1, {}, { groupInstanceId: 'b' })).assignment).toEqual(bytes(2))
})

test('a rebalance that begins before the log knows the new id takes it along', () => {
  const bench = stableOfTwo()
  bench.holds = true
  const token = bench.join({ instance: 'b', protocols: { range: bytes(1), sticky: bytes(1) } })
  const leading = bench.join({ instance: 'a', member: 'a-1' })
  expect(bench.answer(token)).toMatchObject({ generationId: 2, memberId: 'b-3' })
  expect(bench.answer(leading).members.map((each: { memberId: string }) => each.memberId)).toEqual(['a-1', 'b-3'])
  bench.settle(ErrorCode.NotLeaderOrFollower)
  expect(bench.heartbeat('b-3', 2, 'b')).toBe(0)
})

test('one whose protocol changes the choice rebalances', () => {
  const bench = new Bench()
  bench.join({ instance: 'a', protocols: { range: bytes(1), sticky: bytes(1) } })
  bench.pass(3000)
  bench.sync('a-1', 1, {}, { groupInstanceId: 'a' })
  const token = bench.join({ instance: 'a', protocols: { sticky: bytes(1), range: bytes(1) } })
  expect(bench.answer(token)).toMatchObject({ generationId: 2, protocolName: 'sticky' })
})

test('one that is replaced while it waits is told that it is fenced', () => {
  const bench = new Bench()
  const first = bench.join({ instance: 'a' })
  const second = bench.join({ instance: 'a' })
  expect(bench.answer(first)).toMatchObject({ errorCode: ErrorCode.FencedInstanceId, memberId: 'a-1' })
  bench.pass(3000)
  expect(bench.answer(second)).toMatchObject({ errorCode: 0, memberId: 'a-2' })
})

test('one that is replaced while the assignment is awaited rebalances', () => {
  const bench = new Bench()
  bench.join({ instance: 'a' })
  const other = bench.join({ instance: 'b' })
  bench.pass(6000)
  const waiting = bench.sync('b-2', 1, {}, { groupInstanceId: 'b' })
  bench.join({ instance: 'a' })
  expect(bench.answer(other).generationId).toBe(1)
  expect(bench.answer(waiting).errorCode).toBe(ErrorCode.RebalanceInProgress)
  const again = bench.join({ instance: 'b', member: 'b-2' })
  expect(bench.answer(again)).toMatchObject({ generationId: 2, leader: 'a-3' })
})

test('a rebalance does not put a static member out before its session ends', () => {
  const bench = stableOfTwo()
  bench.join({ member: 'a-1', instance: 'a', rebalanceMs: 2000 })
  bench.pass(9_999)
  expect(bench.describe().members).toHaveLength(2)
  bench.pass(1)
  expect(bench.describe().members).toHaveLength(1)
})

test('an operator removes a static member by its name', () => {
  const bench = stableOfTwo()
  expect(bench.leave(['', 'b'], ['', 'c'], ['a-9', 'a']).members).toMatchObject([
    { groupInstanceId: 'b', errorCode: 0 },
    { groupInstanceId: 'c', errorCode: ErrorCode.UnknownMemberId },
    { groupInstanceId: 'a', errorCode: ErrorCode.FencedInstanceId },
  ])
  expect(bench.describe().members).toHaveLength(1)
})

test('commits of a replaced member are refused', () => {
  const bench = stableOfTwo()
  bench.join({ instance: 'b' })
  const more = { memberId: 'b-2', groupInstanceId: 'b', generationIdOrMemberEpoch: 1 }
  expect(bench.commitErrors(bench.commit({ 0: 1 }, more))).toEqual([ErrorCode.FencedInstanceId])
})

test('one that comes back is given what the one before had, even if that was on its way to others', () => {
  const bench = stableOfTwo()
  const again = bench.join({ instance: 'a', member: 'a-1' })
  bench.join({ instance: 'b', member: 'b-2' })
  expect(bench.answer(again)).toMatchObject({ generationId: 2, leader: 'a-1' })
  // Of partitions 1 and 2 the leader gives one up; b is to have it in the rebalance that follows.
  bench.sync('a-1', 2, { 'a-1': bytes(1), 'b-2': bytes() }, { groupInstanceId: 'a' })
  expect(bench.answer(bench.join({ instance: 'a', version: 8 }))).toMatchObject({
    memberId: 'a-3',
    generationId: 2,
    leader: 'a-1',
  })
  expect(bench.answer(bench.sync('a-3', 2, {}, { groupInstanceId: 'a' })).assignment).toEqual(bytes(1))
  bench.pass(5000)
  expect(bench.heartbeat('a-3', 2, 'a')).toBe(0)
  expect(bench.heartbeat('b-2', 2, 'b')).toBe(0)
  // It is a leader nevertheless: whenever it joins, everyone does.
  bench.join({ instance: 'a', member: 'a-3' })
  expect(bench.heartbeat('b-2', 2, 'b')).toBe(ErrorCode.RebalanceInProgress)
})

test('one that has not joined a generation can commit nothing of before; in the next it goes on from where it was', () => {
  const bench = stableOfTwo()
  const leading = bench.join({ instance: 'a', member: 'a-1', rebalanceMs: 2000, sessionMs: 30_000 })
  bench.heartbeat('b-2', 1, 'b')
  bench.pass(9000)
  bench.heartbeat('b-2', 1, 'b')
  bench.pass(9000)
  bench.heartbeat('b-2', 1, 'b')
  bench.pass(2000)
  // What b told when it last joined is all that the leader knows of it.
  expect(bench.answer(leading)).toMatchObject({ generationId: 2, members: [{ memberId: 'a-1' }, { memberId: 'b-2' }] })
  bench.sync('a-1', 2, { 'a-1': bytes(1, 2), 'b-2': bytes() }, { groupInstanceId: 'a' })
  const asA = { memberId: 'a-1', groupInstanceId: 'a', generationIdOrMemberEpoch: 2 }
  expect(bench.commitErrors(bench.commit({ 0: 5 }, asA))).toEqual([0])
  const asB = (generation: number) => ({
    ...asA,
    memberId: 'b-2',
    groupInstanceId: 'b',
    generationIdOrMemberEpoch: generation,
  })
  expect(bench.commitErrors(bench.commit({ 0: 1 }, asB(1)))).toEqual([ErrorCode.IllegalGeneration])
  const joined = bench.join({ instance: 'b', member: 'b-2', protocols: { range: bytes(7) } })
  bench.join({ instance: 'a', member: 'a-1' })
  expect(bench.answer(joined)).toMatchObject({ errorCode: 0, generationId: 3, memberId: 'b-2' })
  bench.sync('a-1', 3, { 'a-1': bytes(1), 'b-2': bytes(2) }, { groupInstanceId: 'a' })
  expect(bench.commitErrors(bench.commit({ 0: 4 }, asB(3)))).toEqual([0])
  expect(bench.committed(0)).toBe(4)
})
