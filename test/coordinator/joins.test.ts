import { expect, test } from 'vitest'
import { ErrorCode } from '../../src/model/error-codes.ts'
import { Bench, bytes, subscription } from './harness.ts'

test('a new member is given its id, joins with it, and leads its group after the initial delay', () => {
  const bench = new Bench()
  const first = bench.answer(bench.join())
  expect(first).toMatchObject({ errorCode: ErrorCode.MemberIdRequired, memberId: 'client-1', generationId: -1 })
  const token = bench.join({ member: 'client-1' })
  bench.pass(2999)
  expect(bench.answer(token)).toBeUndefined()
  bench.pass(1)
  expect(bench.answer(token)).toMatchObject({
    errorCode: ErrorCode.None,
    generationId: 1,
    protocolType: 'consumer',
    protocolName: 'range',
    leader: 'client-1',
    memberId: 'client-1',
    skipAssignment: false,
    members: [{ memberId: 'client-1', groupInstanceId: null, metadata: subscription('orders') }],
  })
})

test('before version 4 a new member joins at once', () => {
  const bench = new Bench()
  const token = bench.join({ version: 3 })
  bench.pass(3000)
  expect(bench.answer(token)).toMatchObject({ errorCode: ErrorCode.None, memberId: 'client-1', generationId: 1 })
})

test('the initial rebalance waits again while members come, until the rebalance timeout', () => {
  const bench = new Bench()
  const token = bench.joinDynamic({ rebalanceMs: 7000 }).token
  bench.pass(2000)
  bench.joinDynamic({ rebalanceMs: 7000 })
  bench.pass(3000)
  bench.joinDynamic({ rebalanceMs: 7000 })
  bench.pass(1999)
  expect(bench.answer(token)).toBeUndefined()
  bench.pass(1)
  expect(bench.answer(token).members).toHaveLength(3)
})

test.each([
  ['no group id', { group: '' }, ErrorCode.InvalidGroupId],
  ['a session too short', { sessionMs: 5999 }, ErrorCode.InvalidSessionTimeout],
  ['a session too long', { sessionMs: 60_001 }, ErrorCode.InvalidSessionTimeout],
  ['a member of a group that is not there', { member: 'x' }, ErrorCode.UnknownMemberId],
  ['no protocol type', { type: '' }, ErrorCode.InconsistentGroupProtocol],
  ['no protocol', { protocols: {} }, ErrorCode.InconsistentGroupProtocol],
])('%s is refused', (_what, options, errorCode) => {
  const bench = new Bench()
  expect(bench.answer(bench.join(options))).toMatchObject({ errorCode })
  expect(bench.ask(16, 4, { statesFilter: [], typesFilter: [] }).groups).toEqual([])
})

test('who has another protocol type, or no protocol in common, is refused', () => {
  const bench = new Bench()
  bench.stable()
  expect(bench.answer(bench.join({ type: 'connect' })).errorCode).toBe(ErrorCode.InconsistentGroupProtocol)
  const other = bench.answer(bench.join({ protocols: { sticky: bytes(1) } }))
  expect(other.errorCode).toBe(ErrorCode.InconsistentGroupProtocol)
})

test('members vote among the protocols that all of them have', () => {
  const bench = new Bench()
  const [range, sticky, own] = [bytes(1), bytes(2), bytes(3)]
  const one = bench.joinDynamic({ protocols: { own, range, sticky } })
  const two = bench.joinDynamic({ protocols: { sticky, range } })
  const three = bench.joinDynamic({ protocols: { sticky, range } })
  bench.pass(6000)
  expect(bench.answer(one.token)).toMatchObject({ protocolName: 'sticky', leader: one.id })
  expect(bench.answer(one.token).members.map((each: { metadata: Uint8Array }) => each.metadata[0])).toEqual([2, 2, 2])
  expect(bench.answer(two.token).members).toEqual([])
  expect(bench.answer(three.token).leader).toBe(one.id)
})

test('a protocol named twice has one vote', () => {
  const bench = new Bench()
  const request = {
    groupId: 'g',
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 20_000,
    memberId: '',
    groupInstanceId: null,
  }
  const twice = ['a', 'a', 'b'].map((name) => ({ name, metadata: bytes(1) }))
  bench.send(11, 3, { ...request, protocolType: 'consumer', protocols: twice, reason: null })
  const token = bench.joinDynamic({ protocols: { b: bytes(2), c: bytes(2) } }).token
  bench.pass(6000)
  expect(bench.answer(token).protocolName).toBe('b')
})

test('an id that was given out and is not used is forgotten when its session would end', () => {
  const bench = new Bench()
  const { memberId } = bench.answer(bench.join())
  bench.pass(10_000)
  expect(bench.answer(bench.join({ member: memberId })).errorCode).toBe(ErrorCode.UnknownMemberId)
})

test('a rebalance waits for a pending member, and not longer than for its session', () => {
  const bench = new Bench()
  const leader = bench.stable()
  bench.join()
  const token = bench.join({ member: leader })
  bench.pass(9999)
  expect(bench.answer(token)).toBeUndefined()
  bench.pass(1)
  expect(bench.answer(token).generationId).toBe(2)
})

test('a follower that joins a stable group again unchanged is told its generation; a leader rebalances', () => {
  const bench = new Bench()
  const leader = bench.joinDynamic()
  const follower = bench.joinDynamic()
  bench.pass(6000)
  bench.sync(follower.id, 1)
  bench.sync(leader.id, 1)
  expect(bench.answer(bench.join({ member: follower.id }))).toMatchObject({
    errorCode: 0,
    generationId: 1,
    members: [],
  })
  expect(bench.describe().groupState).toBe('Stable')
  const again = bench.join({ member: leader.id })
  expect(bench.describe().groupState).toBe('PreparingRebalance')
  expect(bench.heartbeat(follower.id, 1)).toBe(ErrorCode.RebalanceInProgress)
  const joined = bench.join({ member: follower.id })
  expect(bench.answer(again)).toMatchObject({ generationId: 2, leader: leader.id })
  expect(bench.answer(joined)).toMatchObject({ generationId: 2, leader: leader.id, members: [] })
})

test('a follower with changed metadata rebalances a stable group', () => {
  const bench = new Bench()
  const leader = bench.joinDynamic()
  const follower = bench.joinDynamic()
  bench.pass(6000)
  bench.sync(follower.id, 1)
  bench.sync(leader.id, 1)
  const token = bench.join({ member: follower.id, protocols: { range: subscription('other') } })
  expect(bench.answer(token)).toBeUndefined()
  bench.join({ member: leader.id })
  expect(bench.answer(token).generationId).toBe(2)
})

test('while the assignment is awaited, an unchanged member is told again, a changed one rebalances', () => {
  const bench = new Bench()
  const { id, token } = bench.joinDynamic()
  bench.pass(3000)
  expect(bench.answer(bench.join({ member: id }))).toEqual(bench.answer(token))
  const changed = bench.join({ member: id, protocols: { range: subscription('other') } })
  expect(bench.answer(changed).generationId).toBe(2)
})

test('who does not join a rebalance in time is out, and another leads', () => {
  const bench = new Bench()
  const leader = bench.joinDynamic({ sessionMs: 60_000 })
  const follower = bench.joinDynamic({ sessionMs: 60_000 })
  bench.pass(6000)
  bench.sync(follower.id, 1)
  bench.sync(leader.id, 1)
  const token = bench.join({ member: follower.id, protocols: { range: subscription('other') } })
  bench.pass(19_999)
  expect(bench.answer(token)).toBeUndefined()
  bench.pass(1)
  expect(bench.answer(token)).toMatchObject({ generationId: 2, leader: follower.id })
  expect(bench.heartbeat(leader.id, 1)).toBe(ErrorCode.UnknownMemberId)
})

test('a JoinGroup that is sent again takes the place of the first', () => {
  const bench = new Bench()
  const { id, token } = bench.joinDynamic()
  bench.gone(token)
  const again = bench.join({ member: id })
  expect(bench.answer(token).errorCode).toBe(ErrorCode.RebalanceInProgress)
  bench.pass(3000)
  expect(bench.answer(again)).toMatchObject({ errorCode: 0, generationId: 1 })
})

test('a group takes no more members than it may have', () => {
  const bench = new Bench({ groupMaxSize: 1 })
  const id = bench.stable()
  expect(bench.answer(bench.join())).toMatchObject({ errorCode: ErrorCode.GroupMaxSizeReached, memberId: '' })
  expect(bench.answer(bench.join({ member: id, protocols: { range: bytes(9) } })).generationId).toBe(2)
})

test('of a group that is too large when it is loaded, those that join last find no room', () => {
  const bench = new Bench()
  const leader = bench.joinDynamic()
  const follower = bench.joinDynamic()
  bench.pass(6000)
  bench.sync(follower.id, 1)
  bench.sync(leader.id, 1)
  const smaller = new Bench({ groupMaxSize: 1 })
  smaller.log.push(...bench.log)
  smaller.restart()
  expect(smaller.describe().groupState).toBe('PreparingRebalance')
  const token = smaller.join({ member: follower.id })
  expect(smaller.answer(smaller.join({ member: leader.id })).errorCode).toBe(ErrorCode.GroupMaxSizeReached)
  smaller.pass(20_000)
  expect(smaller.answer(token)).toMatchObject({ generationId: 2, leader: follower.id })
})

test('the protocol name of a refusal is empty, not null, before version 7', () => {
  const bench = new Bench()
  expect(bench.answer(bench.join({ version: 6, member: 'x' })).protocolName).toBe('')
  expect(bench.answer(bench.join({ version: 7, member: 'x' })).protocolName).toBeNull()
})

test('version 0 has no rebalance timeout: the session is it', () => {
  const bench = new Bench()
  const first = bench.join({ version: 0, rebalanceMs: -1 })
  bench.pass(3000)
  const { memberId } = bench.answer(first)
  bench.pass(9999)
  expect(bench.describe().members).toHaveLength(1)
  expect(bench.heartbeat(memberId, 1)).toBe(0)
  bench.pass(1)
  expect(bench.describe()).toMatchObject({ groupState: 'Empty', members: [] })
})
