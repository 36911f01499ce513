// Groups and their offsets over sockets, the same in every world: the coordinator may be on any shard.
import { open } from 'node:fs/promises'
import { join as pathOf } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { groupPartition } from '../../src/api/group-calls.ts'
import { ErrorCode } from '../../src/model/error-codes.ts'
import { TestBroker } from './broker.ts'
import { batchOf, type Client, createTopic, deleteTopic, metadata, produce } from './client.ts'
import {
  commit,
  committed,
  committedOf,
  deleteGroups,
  describeGroups,
  findCoordinators,
  heartbeat,
  type Joined,
  join,
  leave,
  listGroups,
  sync,
} from './group-client.ts'
import { inEveryWorld } from './worlds.ts'

const FAST = { 'group.initial.rebalance.delay.ms': 200, 'offsets.topic.num.partitions': 7 }
/** Enough for each shard to coordinate some. */
const GROUPS = ['g0', 'g1', 'g2', 'g3', 'g4', 'g5', 'g6', 'g7', 'g8']

inEveryWorld(FAST, (broker) => {
  test('the first to ask for a coordinator has the topic of offsets made', async () => {
    const client = await broker().connect()
    const answer = await findCoordinators(client, ['one', 'other'])
    const port = client.socket.remotePort
    expect(answer.coordinators.map(({ key, nodeId, errorCode, port: at }) => [key, nodeId, errorCode, at])).toEqual([
      ['one', 1, 0, port],
      ['other', 1, 0, port],
    ])
    expect((await findCoordinators(client, ['one'], 0, 2)).nodeId).toBe(1)
    const [topic] = (await metadata(client, ['__consumer_offsets'])).topics
    expect([topic!.isInternal, topic!.partitions.length]).toEqual([true, 7])
    // There are no transactions, and no share groups.
    expect((await findCoordinators(client, ['t'], 1)).coordinators[0]!.errorCode).toBe(
      ErrorCode.ClusterAuthorizationFailed,
    )
    expect((await findCoordinators(client, ['t'], 9)).coordinators[0]!.errorCode).toBe(ErrorCode.InvalidRequest)
  })

  test('clients may not write to it', async () => {
    const client = await broker().connect()
    await findCoordinators(client, ['one'])
    const { errorCode } = await produce(client, '__consumer_offsets', 0, batchOf(['x']))
    expect(errorCode).toBe(ErrorCode.InvalidTopicException)
  })

  test('three members come together, are assigned, stay, and one leaves', async () => {
    const clients = await broker().connectMany(3)
    await allKnow(clients)
    const joined = await Promise.all(clients.map((client) => join(client, 'trio')))
    const { leader, generationId } = joined[0]!
    expect(joined.map((each) => [each.errorCode, each.generationId, each.leader, each.protocolName])).toEqual(
      joined.map(() => [0, generationId, leader, 'any']),
    )
    const led = joined.findIndex(({ memberId }) => memberId === leader)
    expect(joined.map(({ members }) => members.length)).toEqual(joined.map((_, i) => (i === led ? 3 : 0)))
    const assignments = Object.fromEntries(joined.map(({ memberId }, i) => [memberId, `part ${i}`]))
    const synced = await Promise.all(
      clients.map((client, i) => sync(client, 'trio', joined[i]!, i === led ? assignments : {})),
    )
    expect(synced.map(({ errorCode, assignment }) => [errorCode, assignment])).toEqual(
      joined.map((_, i) => [0, `part ${i}`]),
    )
    expect(await Promise.all(clients.map((client, i) => heartbeat(client, 'trio', joined[i]!)))).toEqual([0, 0, 0])

    const [described] = await describeGroups(clients[2]!, ['trio'])
    expect([described!.groupState, described!.members.length]).toEqual(['Stable', 3])
    expect(new Set(described!.members.map(({ clientHost }) => clientHost))).toEqual(new Set(['/127.0.0.1']))
    expect(new Set(described!.members.map(({ clientId }) => clientId))).toEqual(new Set(['test']))

    expect(await leave(clients[0]!, 'trio', joined[0]!.memberId)).toBe(0)
    expect(await heartbeat(clients[1]!, 'trio', joined[1]!)).toBe(ErrorCode.RebalanceInProgress)
    const again = await Promise.all([1, 2].map((i) => join(clients[i]!, 'trio', joined[i]!.memberId)))
    expect(again.map((each) => [each.errorCode, each.generationId])).toEqual(again.map(() => [0, generationId + 1]))
    for (const i of [1, 2]) await leave(clients[i]!, 'trio', joined[i]!.memberId)
  })

  test('offsets are committed and fetched by connections on every shard', async () => {
    const clients = await broker().connectMany(3)
    await createTopic(clients[0]!, 'read', 4)
    await allKnow(clients, 'read')
    for (const [number, group] of GROUPS.entries()) {
      for (const [i, client] of clients.entries()) {
        const offset = number * 100 + i
        expect(await commit(client, group, 'read', { [i]: offset, 3: offset })).toEqual([0, 0])
      }
      const last = number * 100 + 2
      for (const client of clients) {
        const { offsets, metadata: texts } = await committed(client, group, 'read', [3, 0])
        expect(offsets).toEqual({ 3: last, 0: number * 100 })
        expect(texts).toEqual([`at ${last}`, `at ${number * 100}`])
      }
    }
    // Of groups on different shards, in one request.
    for (const client of clients) {
      const answer = await committedOf(client, [...GROUPS, 'nobody'])
      expect(answer.map(({ groupId, errorCode }) => [groupId, errorCode])).toEqual(
        [...GROUPS, 'nobody'].map((group) => [group, 0]),
      )
      expect(answer.map(({ offsets }) => offsets.find(([, partition]) => partition === 1)?.[2])).toEqual([
        ...GROUPS.map((_, number) => number * 100 + 1),
        undefined,
      ])
      const listed = (await listGroups(client)).groups.map(({ groupId }) => groupId)
      expect(listed.filter((group) => GROUPS.includes(group)).sort()).toEqual(GROUPS)
    }
    const deleted = await deleteGroups(clients[1]!, ['g1', 'nobody', 'g2'])
    expect(deleted.map(({ groupId, errorCode }) => [groupId, errorCode])).toEqual([
      ['g1', 0],
      ['nobody', ErrorCode.GroupIdNotFound],
      ['g2', 0],
    ])
    expect((await committed(clients[2]!, 'g1', 'read', [3])).offsets).toEqual({ 3: -1 })
  })

  test('positions in partitions that do not exist are refused, the others kept', async () => {
    const client = await broker().connect()
    await createTopic(client, 'small', 1)
    await findCoordinators(client, ['picky'])
    expect(await commit(client, 'picky', 'small', { 0: 5, 1: 6 })).toEqual([0, ErrorCode.UnknownTopicOrPartition])
    expect(await commit(client, 'picky', 'none', { 0: 5 })).toEqual([ErrorCode.UnknownTopicOrPartition])
    expect((await committed(client, 'picky', 'small', null)).offsets).toEqual({ 0: 5 })
  })

  test('offsets go with their topic', async () => {
    const [client, other] = await broker().connectMany(2)
    await createTopic(client!, 'mortal', 2)
    await allKnow([client!, other!], 'mortal')
    for (const group of GROUPS) await commit(other!, group, 'mortal', { 0: 1, 1: 2 })
    await deleteTopic(client!, 'mortal')
    const { topicId } = await createTopic(client!, 'mortal', 2)
    while ((await metadata(other!, ['mortal'])).topics[0]!.topicId !== topicId);
    for (const group of GROUPS) {
      expect((await committed(other!, group, 'mortal', [0, 1])).offsets).toEqual({ 0: -1, 1: -1 })
    }
  })

  test('a connection that goes while its member waits is forgotten at once', async () => {
    const [stays, goes, looks] = await broker().connectMany(3)
    await allKnow([stays!, goes!, looks!])
    const first = await join(stays!, 'left')
    await sync(stays!, 'left', first, { [first.memberId]: 'all' })
    // Waits until the first has joined again.
    const waiting = join(goes!, 'left').catch((error: Error) => error)
    const state = async () => (await describeGroups(looks!, ['left']))[0]!.groupState
    while ((await state()) !== 'PreparingRebalance');
    const ended = () => broker().counters.reduce((sum, { connectionsEnded }) => sum + connectionsEnded, 0)
    const before = ended()
    goes!.close()
    expect(await waiting).toBeInstanceOf(Error)
    while (ended() === before) await state()
    // It is a member until its session ends.
    expect((await join(stays!, 'left', first.memberId)).members.length).toBe(2)
    expect(broker().failure).toBeNull()
  })

  test('what stands behind a waiting join on its connection waits too', async () => {
    const [stays, waits, looks] = await broker().connectMany(3)
    await allKnow([stays!, waits!, looks!])
    const first = await join(stays!, 'queue')
    await sync(stays!, 'queue', first, { [first.memberId]: 'all' })
    const joining = join(waits!, 'queue')
    const state = async () => (await describeGroups(looks!, ['queue']))[0]!.groupState
    while ((await state()) !== 'PreparingRebalance');
    let isAnswered = false
    const behind = metadata(waits!, []).then(() => {
      isAnswered = true
    })
    for (let i = 0; i < 20; i++) await state()
    expect(isAnswered).toBe(false)
    await join(stays!, 'queue', first.memberId)
    expect((await joining).generationId).toBe(first.generationId + 1)
    await behind
  })
})

describe('what outlives', () => {
  let broker: TestBroker
  afterEach(() => broker.destroy())

  async function checkAll(client: Client, member: Joined | null): Promise<void> {
    for (const [number, group] of GROUPS.entries()) {
      const { offsets } = await committed(client, group, 'kept', null)
      expect(offsets).toEqual({ 0: number + 20, 1: number })
    }
    if (member === null) return
    const [described] = await describeGroups(client, ['stays'])
    expect([described!.groupState, described!.members.map(({ memberId }) => memberId)]).toEqual([
      'Stable',
      [member.memberId],
    ])
    expect(await heartbeat(client, 'stays', member)).toBe(0)
  }

  test('a crash and a stop, with 3, then 1, then 2 shards: offsets and members', async () => {
    broker = await TestBroker.start({ 'millrace.shards': 3, ...FAST })
    let client = await broker.connect()
    await createTopic(client, 'kept', 2)
    await findCoordinators(client, GROUPS)
    for (let offset = 0; offset <= 20; offset++) {
      await Promise.all(GROUPS.map((group, number) => commit(client, group, 'kept', { 0: number + offset, 1: number })))
    }
    const member = await join(client, 'stays')
    await sync(client, 'stays', member, { [member.memberId]: 'all' })
    for (const [ending, shards] of [
      ['crash', 1],
      ['stop', 2],
    ] as const) {
      await broker[ending]()
      await broker.start({ 'millrace.shards': shards, ...FAST })
      client = await broker.connect()
      await untilLoaded(client)
      await checkAll(client, member)
    }
  })

  test('a stop does not wait for a member that waits', async () => {
    broker = await TestBroker.start({ 'millrace.shards': 2, ...FAST })
    const clients = await broker.connectMany(2)
    await allKnow(clients)
    const first = await join(clients[0]!, 'half')
    await sync(clients[0]!, 'half', first, { [first.memberId]: 'all' })
    const waiting = join(clients[1]!, 'half').catch((error: Error) => error)
    while ((await describeGroups(clients[0]!, ['half']))[0]!.groupState !== 'PreparingRebalance');
    await broker.restart({ 'millrace.shards': 1, ...FAST })
    expect(await waiting).toBeInstanceOf(Error)
    const again = await broker.connect()
    await untilLoaded(again)
    // Who had only asked was no member of what the log holds.
    expect((await describeGroups(again, ['half']))[0]!.members.map(({ memberId }) => memberId)).toEqual([
      first.memberId,
    ])
  })

  test('damage in one partition of offsets: its groups are not served, all others are', async () => {
    broker = await TestBroker.start({ 'millrace.shards': 2, ...FAST })
    let client = await broker.connect()
    await createTopic(client, 'kept', 2)
    await allKnow([client], 'kept')
    for (let i = 0; i < 5; i++) for (const group of GROUPS) await commit(client, group, 'kept', { 0: i })
    await broker.stop()
    const partition = groupPartition('g3', 7)
    const file = await open(pathOf(broker.directory, `__consumer_offsets-${partition}`, `${'0'.repeat(20)}.log`), 'r+')
    await file.write(Uint8Array.of(0xff), 0, 1, 70)
    await file.close()
    await broker.start({ 'millrace.shards': 2, ...FAST })
    client = await broker.connect()
    await untilLoaded(client)
    for (const group of GROUPS) {
      const isDamaged = groupPartition(group, 7) === partition
      const { errorCode, offsets } = await committed(client, group, 'kept', [0])
      if (isDamaged) expect(errorCode).toBe(ErrorCode.CoordinatorNotAvailable)
      else expect(offsets).toEqual({ 0: 4 })
    }
    expect(broker.failure).toBeNull()
  })

  test('deleting the topic of offsets takes them all, and groups begin anew', async () => {
    broker = await TestBroker.start({ 'millrace.shards': 2, ...FAST })
    const client = await broker.connect()
    await createTopic(client, 'kept', 2)
    await findCoordinators(client, GROUPS)
    for (const group of GROUPS) await commit(client, group, 'kept', { 0: 7 })
    expect(await deleteTopic(client, '__consumer_offsets')).toBe(0)
    expect(await commit(client, 'g0', 'kept', { 0: 8 })).toEqual([ErrorCode.NotCoordinator])
    // A client that names it has it made the same.
    expect((await metadata(client, ['__consumer_offsets'], true)).topics[0]!.partitions).toHaveLength(7)
    for (const group of GROUPS) expect((await committed(client, group, 'kept', [0])).offsets).toEqual({ 0: -1 })
    expect(await commit(client, 'g0', 'kept', { 0: 8 })).toEqual([0])
  })
})

/** The first to ask has the topic of offsets made; other shards than its own hear of it, and of others, a moment later. */
async function allKnow(clients: readonly Client[], topic?: string): Promise<void> {
  for (const client of clients) {
    await findCoordinators(client, ['any'])
    if (topic !== undefined) while ((await metadata(client, [topic])).topics[0]!.errorCode !== 0);
  }
}

/** Coordinators are loaded behind the first connections' backs. */
async function untilLoaded(client: Client): Promise<void> {
  while ((await listGroups(client)).errorCode === ErrorCode.CoordinatorLoadInProgress) await metadata(client, [])
}
