// SyncGroup, Heartbeat and LeaveGroup: the rest of a generation's life.
import { expect, test } from 'vitest'
import { ErrorCode } from '../../src/model/error-codes.ts'
import { Bench, bytes } from './harness.ts'

function twoThatJoined(): { bench: Bench; leader: string; follower: string } {
  const bench = new Bench()
  const leader = bench.joinDynamic().id
  const follower = bench.joinDynamic().id
  bench.pass(6000)
  return { bench, leader, follower }
}

test('an assignment is handed out when it is durable', () => {
  const { bench, leader, follower } = twoThatJoined()
  bench.holds = true
  const early = bench.sync(follower, 1)
  const own = bench.sync(leader, 1, { [leader]: bytes(1), [follower]: bytes(2), stranger: bytes(3) })
  expect(bench.answer(early)).toBeUndefined()
  bench.settle()
  expect(bench.answer(early)).toMatchObject({ errorCode: 0, protocolName: 'range', assignment: bytes(2) })
  expect(bench.answer(own)).toMatchObject({ errorCode: 0, assignment: bytes(1) })
  expect(bench.answer(bench.sync(follower, 1)).assignment).toEqual(bytes(2))
  expect(bench.lastGroupRecord()).toMatchObject({ generation: 1, leader, protocol: 'range', protocolType: 'consumer' })
})

test.each([
  [ErrorCode.NotEnoughReplicas, ErrorCode.CoordinatorNotAvailable],
  [ErrorCode.NotLeaderOrFollower, ErrorCode.NotCoordinator],
  [ErrorCode.KafkaStorageError, ErrorCode.NotCoordinator],
  [ErrorCode.MessageTooLarge, ErrorCode.UnknownServerError],
  [ErrorCode.CoordinatorLoadInProgress, ErrorCode.CoordinatorLoadInProgress],
])('an assignment that is refused with %d is answered with %d, and everyone joins again', (error, answered) => {
  const { bench, leader, follower } = twoThatJoined()
  bench.holds = true
  const early = bench.sync(follower, 1)
  const own = bench.sync(leader, 1)
  bench.settle(error)
  expect(bench.answer(early).errorCode).toBe(answered)
  expect(bench.answer(own)).toMatchObject({ errorCode: answered, assignment: bytes() })
  expect(bench.describe().groupState).toBe('PreparingRebalance')
})

test('an assignment for a generation that is over changes nothing', () => {
  const { bench, leader, follower } = twoThatJoined()
  bench.holds = true
  const own = bench.sync(leader, 1, { [leader]: bytes(1) })
  bench.join({ member: follower, protocols: { range: bytes(7) } })
  expect(bench.answer(own).errorCode).toBe(ErrorCode.RebalanceInProgress)
  bench.settle()
  expect(bench.describe().groupState).toBe('PreparingRebalance')
  const second = bench.join({ member: leader })
  expect(bench.answer(second).generationId).toBe(2)
  expect(
    bench.describe().members.map((each: { memberAssignment: Uint8Array }) => each.memberAssignment.length),
  ).toEqual([0, 0])
})

test('a leader that asks twice is heard once', () => {
  const { bench, leader } = twoThatJoined()
  bench.holds = true
  const first = bench.sync(leader, 1, { [leader]: bytes(1) })
  const second = bench.sync(leader, 1, { [leader]: bytes(2) })
  expect(bench.heldCount).toBe(1)
  expect(bench.answer(first).errorCode).toBe(ErrorCode.RebalanceInProgress)
  bench.settle()
  expect(bench.answer(second).assignment).toEqual(bytes(1))
})

test.each([
  ['no group id', { groupId: '' }, ErrorCode.InvalidGroupId],
  ['an unknown group', { groupId: 'other' }, ErrorCode.UnknownMemberId],
  ['an unknown member', { memberId: 'x' }, ErrorCode.UnknownMemberId],
  ['an unknown instance', { groupInstanceId: 'x' }, ErrorCode.UnknownMemberId],
  ['another generation', { generationId: 7 }, ErrorCode.IllegalGeneration],
  ['another protocol', { protocolName: 'sticky' }, ErrorCode.InconsistentGroupProtocol],
  ['another protocol type', { protocolType: 'connect' }, ErrorCode.InconsistentGroupProtocol],
  ['no protocol in version 5', { protocolName: null }, ErrorCode.InconsistentGroupProtocol],
])('SyncGroup with %s is refused', (_what, more, errorCode) => {
  const bench = new Bench()
  const id = bench.stable()
  expect(bench.answer(bench.sync(id, 1, {}, more)).errorCode).toBe(errorCode)
})

test('SyncGroup while members gather is told to join again', () => {
  const { bench, leader, follower } = twoThatJoined()
  bench.join({ member: follower, protocols: { range: bytes(7) } })
  expect(bench.answer(bench.sync(leader, 1)).errorCode).toBe(ErrorCode.RebalanceInProgress)
})

test('members that have joined and do not sync are out after the rebalance timeout', () => {
  const { bench, leader, follower } = twoThatJoined()
  bench.sync(leader, 1, {})
  for (let i = 0; i < 3; i++) {
    expect(bench.heartbeat(follower, 1)).toBe(0)
    expect(bench.heartbeat(leader, 1)).toBe(0)
    bench.pass(5000)
  }
  expect(bench.heartbeat(follower, 1)).toBe(0)
  expect(bench.heartbeat(leader, 1)).toBe(0)
  bench.pass(5000)
  expect(bench.heartbeat(follower, 1)).toBe(ErrorCode.UnknownMemberId)
  expect(bench.heartbeat(leader, 1)).toBe(ErrorCode.RebalanceInProgress)
})

test.each([
  ['no group id', '', 'x', 1, ErrorCode.InvalidGroupId],
  ['an unknown group', 'other', 'x', 1, ErrorCode.UnknownMemberId],
  ['an unknown member', 'g', 'x', 1, ErrorCode.UnknownMemberId],
  ['another generation', 'g', 'client-1', 2, ErrorCode.IllegalGeneration],
  ['all as it should be', 'g', 'client-1', 1, ErrorCode.None],
])('a heartbeat with %s', (_what, group, member, generation, errorCode) => {
  const bench = new Bench()
  bench.stable()
  expect(bench.heartbeat(member, generation, null, group)).toBe(errorCode)
})

test('a member that is silent for its session is lost, and the others rebalance', () => {
  const { bench, leader, follower } = twoThatJoined()
  bench.sync(follower, 1)
  bench.sync(leader, 1)
  bench.pass(9000)
  expect(bench.heartbeat(follower, 1)).toBe(0)
  bench.pass(1000)
  expect(bench.heartbeat(follower, 1)).toBe(ErrorCode.RebalanceInProgress)
  expect(bench.describe().members.map((each: { memberId: string }) => each.memberId)).toEqual([follower])
})

test('a commit counts as a heartbeat', () => {
  const bench = new Bench()
  const id = bench.stable()
  bench.pass(9000)
  bench.commit({ 0: 1 }, { memberId: id, generationIdOrMemberEpoch: 1 })
  bench.pass(9000)
  expect(bench.heartbeat(id, 1)).toBe(0)
})

test('the last one that leaves makes the group empty, with a generation of its own', () => {
  const bench = new Bench()
  const id = bench.stable()
  expect(bench.leave([id])).toMatchObject({ errorCode: 0, members: [{ memberId: id, errorCode: 0 }] })
  expect(bench.describe()).toMatchObject({ groupState: 'Empty', protocolType: 'consumer', members: [] })
  expect(bench.lastGroupRecord()).toMatchObject({ generation: 2, protocol: null, leader: null, members: [] })
  expect(bench.heartbeat(id, 2)).toBe(ErrorCode.UnknownMemberId)
  expect(bench.answer(bench.sync(id, 2)).errorCode).toBe(ErrorCode.UnknownMemberId)
})

test('before version 3 LeaveGroup is about one member, and its error is the whole', () => {
  const bench = new Bench()
  const id = bench.stable()
  const leave = (memberId: string): number => bench.ask(13, 2, { groupId: 'g', memberId, members: [] }).errorCode
  expect(leave('x')).toBe(ErrorCode.UnknownMemberId)
  expect(leave(id)).toBe(0)
  expect(bench.ask(13, 2, { groupId: '', memberId: 'x', members: [] }).errorCode).toBe(ErrorCode.InvalidGroupId)
})

test('a member that leaves while it waits, and one whose id was only given out', () => {
  const bench = new Bench()
  const { id, token } = bench.joinDynamic()
  const pending = bench.answer(bench.join()).memberId
  expect(bench.leave([id], [pending]).members.map((each: { errorCode: number }) => each.errorCode)).toEqual([0, 0])
  expect(bench.answer(token).errorCode).toBe(ErrorCode.UnknownMemberId)
  bench.pass(3000)
  expect(bench.describe().groupState).toBe('Empty')
})

test('LeaveGroup of a group that is not there names every member unknown', () => {
  const bench = new Bench()
  expect(bench.leave(['x'])).toMatchObject({ errorCode: 0, members: [{ errorCode: ErrorCode.UnknownMemberId }] })
})

test('after a restart a group is what the log says, and its sessions begin anew', () => {
  const bench = new Bench()
  const id = bench.stable()
  bench.restart()
  expect(bench.describe()).toMatchObject({ groupState: 'Stable', protocolData: 'range', members: [{ memberId: id }] })
  expect(bench.heartbeat(id, 1)).toBe(0)
  expect(bench.answer(bench.sync(id, 1)).assignment).toEqual(bytes(1))
  bench.pass(9999)
  expect(bench.describe().groupState).toBe('Stable')
  bench.pass(1)
  expect(bench.heartbeat(id, 1)).toBe(ErrorCode.UnknownMemberId)
})

test('a member that is expelled before it reads its assignment is a zombie: it can commit nothing', () => {
  const { bench, leader, follower } = twoThatJoined()
  bench.sync(leader, 1, { [leader]: bytes(1), [follower]: bytes(2) })
  const unread = bench.sync(follower, 1)
  expect(bench.answer(unread)).toMatchObject({ errorCode: 0, assignment: bytes(2) })
  bench.pass(9000)
  bench.heartbeat(leader, 1)
  bench.pass(9000)
  const token = bench.join({ member: leader })
  expect(bench.answer(token)).toMatchObject({ generationId: 2, members: [{ memberId: leader }] })
  bench.sync(leader, 2, { [leader]: bytes(1, 2) })
  const more = { memberId: follower, generationIdOrMemberEpoch: 1 }
  expect(bench.commitErrors(bench.commit({ 0: 1 }, more))).toEqual([ErrorCode.UnknownMemberId])
  expect(bench.heartbeat(follower, 1)).toBe(ErrorCode.UnknownMemberId)
})

test('a generation that was announced and not assigned when the coordinator died is counted again', () => {
  const bench = new Bench()
  const first = bench.join({ instance: 'a' })
  bench.pass(3000)
  bench.sync('a-1', 1, { 'a-1': bytes(1, 2) }, { groupInstanceId: 'a' })
  bench.join({ instance: 'b' })
  const again = bench.join({ instance: 'a', member: 'a-1' })
  expect(bench.answer(first).generationId).toBe(1)
  expect(bench.answer(again)).toMatchObject({ generationId: 2, members: [{ memberId: 'a-1' }, { memberId: 'b-2' }] })
  bench.restart()
  expect(bench.describe().members).toMatchObject([{ memberId: 'a-1' }])
  // Who knows it of before has no assignment of it, and is told to join.
  expect(bench.heartbeat('a-1', 2, 'a')).toBe(ErrorCode.IllegalGeneration)
  const other = bench.join({ instance: 'b' })
  const joined = bench.join({ instance: 'a', member: 'a-1', protocols: { range: bytes(7) } })
  expect(bench.answer(joined)).toMatchObject({ generationId: 2, leader: 'a-1' })
  expect(bench.answer(other)).toMatchObject({ generationId: 2, memberId: 'b-3' })
})
