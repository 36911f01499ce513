// What groups take of memory: counted as they come and go, and refused, when there is no more, to what would be new.
import { expect, test } from 'vitest'
import { subscribedTopicsOf } from '../../src/coordinator/consumer-protocol.ts'
import { ErrorCode } from '../../src/model/error-codes.ts'
import { Random } from '../wire/support/random.ts'
import { Bench, bytes, subscription } from './harness.ts'

const FULL = 1 << 20
/** Up to here there is memory for what is new. */
const KEPT_FROM_NEW = (FULL / 8) * 7

/** Strangers ask to join groups of their own until there is no memory; returns how many were let in. */
function fillWithStrangers(bench: Bench): number {
  for (let count = 0; ; count++) {
    const answer = bench.answer(bench.join({ group: `stranger-${count}` }))
    expect(bench.memory.heldBytes).toBeLessThanOrEqual(FULL)
    if (answer.errorCode === ErrorCode.MemberIdRequired) continue
    expect([ErrorCode.CoordinatorNotAvailable, ErrorCode.GroupMaxSizeReached]).toContain(answer.errorCode)
    return count
  }
}

/** As if other groups of the shard had the rest; returns how much that is. */
function fill({ memory }: Bench): number {
  const rest = FULL - memory.heldBytes
  memory.add(rest)
  return rest
}

test('groups of strangers end where memory does, and when they do not come back it is free again', () => {
  const bench = new Bench({}, FULL)
  const count = fillWithStrangers(bench)
  expect(count).toBeGreaterThan(100)
  bench.pass(10_000)
  expect(bench.memory.heldBytes).toBe(0)
  expect(bench.describe('stranger-0').errorCode).toBe(ErrorCode.GroupIdNotFound)
  expect(fillWithStrangers(bench)).toBe(count)
})

test('without memory a group takes no new member, and goes on with those it has', () => {
  const bench = new Bench({}, FULL)
  const id = bench.stable()
  fill(bench)
  expect(bench.answer(bench.join()).errorCode).toBe(ErrorCode.GroupMaxSizeReached)
  expect(bench.answer(bench.join({ instance: 'static' })).errorCode).toBe(ErrorCode.GroupMaxSizeReached)
  expect(bench.heartbeat(id, 1)).toBe(0)
  const again = bench.join({ member: id })
  expect(bench.answer(again)).toMatchObject({ errorCode: 0, generationId: 2 })
  bench.sync(id, 2, { [id]: bytes(1) })
  expect(bench.describe().groupState).toBe('Stable')
})

test('a static member that restarts takes its own place, memory or not', () => {
  const bench = new Bench({}, FULL)
  const first = bench.join({ instance: 'one' })
  bench.pass(3000)
  const { memberId } = bench.answer(first)
  bench.sync(memberId, 1, { [memberId]: bytes(1) }, { groupInstanceId: 'one' })
  fill(bench)
  expect(bench.answer(bench.join({ instance: 'one' })).errorCode).toBe(0)
})

test('a member that joins again with more than there is memory for stays what it was, and may ask again', () => {
  const bench = new Bench({}, FULL)
  const id = bench.stable()
  const more = { member: id, protocols: { range: new Uint8Array(FULL) } }
  expect(bench.answer(bench.join(more)).errorCode).toBe(ErrorCode.CoordinatorNotAvailable)
  expect(bench.heartbeat(id, 1)).toBe(0)
  expect(bench.describe().groupState).toBe('Stable')
  expect(bench.answer(bench.join({ member: id }))).toMatchObject({ errorCode: 0, generationId: 2 })
})

test('when there is no memory for anything new, what is there may grow', () => {
  const bench = new Bench({}, FULL)
  const id = bench.stable()
  bench.memory.add(KEPT_FROM_NEW - bench.memory.heldBytes)
  expect(bench.answer(bench.join({ group: 'other' })).errorCode).toBe(ErrorCode.CoordinatorNotAvailable)
  expect(bench.answer(bench.join()).errorCode).toBe(ErrorCode.GroupMaxSizeReached)
  const again = bench.join({ member: id, protocols: { range: subscription('orders', 'payments') } })
  expect(bench.answer(again)).toMatchObject({ errorCode: 0, generationId: 2 })
  expect(bench.answer(bench.sync(id, 2, { [id]: new Uint8Array(1000) })).errorCode).toBe(0)
})

test('without memory an id that nobody knows is told so', () => {
  const bench = new Bench({}, FULL)
  bench.stable()
  fill(bench)
  expect(bench.answer(bench.join({ member: 'nobody' })).errorCode).toBe(ErrorCode.UnknownMemberId)
})

test('of members with too many topics, alone or together, the subscriptions are not known', () => {
  const named = (letter: string, count: number) => {
    const metadata = Buffer.alloc(10 + 10 * count, 0xff)
    metadata.writeInt16BE(0, 0)
    metadata.writeInt32BE(count, 2)
    for (let index = 0; index < count; index++) {
      metadata.writeInt16BE(8, 6 + 10 * index)
      metadata.write(`${letter}${index}`.padEnd(8, '.'), 8 + 10 * index)
    }
    return metadata
  }
  expect(subscribedTopicsOf(named('a', 100_000))).toHaveLength(100_000)
  expect(subscribedTopicsOf(named('a', 100_001))).toBeNull()
  const bench = new Bench()
  const one = bench.joinDynamic({ protocols: { range: named('a', 60_000) } })
  bench.joinDynamic({ protocols: { range: named('b', 60_000) } })
  const heldBytes = bench.memory.heldBytes
  bench.pass(6000)
  expect(bench.answer(one.token).generationId).toBe(1)
  expect(bench.memory.heldBytes).toBe(heldBytes)
})

test('an assignment that there is no memory for is given to nobody', () => {
  const bench = new Bench({}, FULL)
  const { id, token } = bench.joinDynamic()
  bench.pass(3000)
  expect(bench.answer(token).generationId).toBe(1)
  const sync = bench.sync(id, 1, { [id]: new Uint8Array(FULL) })
  expect(bench.answer(sync).errorCode).toBe(ErrorCode.CoordinatorNotAvailable)
  expect(bench.describe().groupState).toBe('PreparingRebalance')
})

test('without memory offsets that are there are renewed, and others are not taken', () => {
  const bench = new Bench({}, FULL)
  bench.commit({ 0: 1 })
  const rest = fill(bench)
  expect(bench.commitErrors(bench.commit({ 7: 1, 0: 2, 8: 1 }))).toEqual([
    0,
    ErrorCode.CoordinatorNotAvailable,
    ErrorCode.CoordinatorNotAvailable,
  ])
  expect([bench.committed(0), bench.committed(7)]).toEqual([2, -1])
  const other = bench.commit({ 0: 1 }, { groupId: 'other' })
  expect(bench.commitErrors(other)).toEqual([ErrorCode.CoordinatorNotAvailable])
  bench.memory.add(-rest)
  expect(bench.commitErrors(bench.commit({ 7: 1 }))).toEqual([0])
})

test('what the log holds is loaded, however much it is', () => {
  const bench = new Bench({}, FULL)
  const partitions = Array.from({ length: 5000 }, (_, partition) => partition)
  bench.memory.add(-2 * FULL)
  for (const partition of partitions) expect(bench.commitErrors(bench.commit({ [partition]: 1 }))).toEqual([0])
  bench.restart()
  expect(bench.memory.heldBytes).toBeGreaterThan(FULL)
  expect(bench.fetch(partitions).every((each: { committedOffset: number }) => each.committedOffset === 1)).toBe(true)
  expect(bench.commitErrors(bench.commit({ 5000: 1 }))).toEqual([ErrorCode.CoordinatorNotAvailable])
})

test('positions of a million partitions in one request are refused', () => {
  const bench = new Bench()
  const topics = [{ name: 'orders', topicId: '', partitionIndexes: Array.from({ length: 1e6 }, (_, index) => index) }]
  const groups = [{ groupId: 'g', memberId: null, memberEpoch: -1, topics }]
  const answer = bench.ask(9, 8, { groupId: '', topics: null, groups, requireStable: false })
  expect(answer.groups).toEqual([{ groupId: 'g', topics: [], errorCode: ErrorCode.InvalidRequest }])
})

test('a group that lives on is counted as at first when members and offsets have come and gone', () => {
  const bench = new Bench()
  const options = { sessionMs: 60_000, protocols: { range: subscription('payments') } }
  const stays = bench.stable(options)
  const commit = (partition: number, generationIdOrMemberEpoch: number) =>
    bench.commitErrors(bench.commit({ [partition]: 1 }, { memberId: stays, generationIdOrMemberEpoch }))
  expect(commit(0, 1)).toEqual([0])
  const heldBytes = bench.memory.heldBytes

  const { id } = bench.joinDynamic({
    sessionMs: 60_000,
    protocols: { range: subscription('refunds'), other: bytes(1) },
  })
  bench.join({ ...options, member: stays })
  bench.sync(stays, 2, { [stays]: bytes(1), [id]: bytes(1, 2, 3) })
  expect(commit(1, 2)).toEqual([0])
  bench.join({ sessionMs: 6000 })
  expect(bench.memory.heldBytes).toBeGreaterThan(heldBytes)

  bench.leave([id])
  bench.join({ ...options, member: stays })
  bench.pass(6000)
  bench.sync(stays, 3, { [stays]: bytes(1) })
  expect(bench.describe().groupState).toBe('Stable')
  bench.ask(47, 0, { groupId: 'g', topics: [{ name: 'orders', partitions: [{ partitionIndex: 1 }] }] })
  expect(bench.committed(1)).toBe(-1)
  expect(bench.memory.heldBytes).toBe(heldBytes)
})

test.each([1, 2, 3, 4, 5])('whatever groups have done, when all are gone nothing is held: seed %d', (seed) => {
  const random = new Random(seed)
  const bench = new Bench({ offsetsRetentionMs: 50_000 })
  const known: { group: string; id: string }[] = []
  const oneOf = () => known[random.below(known.length)] ?? { group: 'g', id: '' }
  const actions: (() => void)[] = [
    () => known.push({ group: 'g', id: bench.joinDynamic({ protocols: { range: subscription('orders') } }).id }),
    () => bench.join({ group: `g${random.below(3)}` }),
    () => bench.join({ instance: `static-${random.below(3)}` }),
    () => bench.join({ member: oneOf().id, protocols: { range: new Uint8Array(random.below(100)) } }),
    () => bench.sync(oneOf().id, 1 + random.below(6), { [oneOf().id]: new Uint8Array(random.below(50)) }),
    () => bench.commit({ [random.below(5)]: 1 }, { groupId: `g${random.below(3)}` }),
    () => bench.leave([oneOf().id]),
    () => void bench.ask(42, 2, { groupsNames: [`g${random.below(3)}`] }),
    () => bench.pass(random.below(15_000)),
    () => {
      bench.holds = !bench.holds
      while (bench.heldCount > 0) bench.settle(random.below(4) === 0 ? ErrorCode.NotEnoughReplicas : 0)
    },
    () => bench.heldCount === 0 && bench.restart(),
  ]
  let peakBytes = 0
  for (let step = 0; step < 3000; step++) {
    actions[random.below(actions.length)]!()
    peakBytes = Math.max(peakBytes, bench.memory.heldBytes)
  }
  bench.holds = false
  while (bench.heldCount > 0) bench.settle()
  bench.pass(600_000)
  expect(peakBytes).toBeGreaterThan(10_000)
  expect(bench.memory.heldBytes).toBe(0)
})
