// `millrace group` against a broker in memory.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Client as RecordsClient } from '../../src/client/client.ts'
import { produceRecords } from '../../src/client/records.ts'
import { Client } from '../scenarios/client.ts'
import { commit, committedOf, findCoordinators, join, leave, sync } from '../scenarios/group-client.ts'
import { millrace as run } from './millrace.ts'

type Package = typeof import('../../src/index.ts')
const { Broker } = (await import(new URL('../../dist/index.js', import.meta.url).href)) as Package
let broker: Awaited<ReturnType<typeof Broker.start>>
let client: Client

/** Records of `orders` by partition; the timestamp of each is 1000 times its offset. */
const COUNTS = [10, 4]

beforeAll(async () => {
  broker = await Broker.start({ memory: true, settings: { 'group.initial.rebalance.delay.ms': 0 } })
  client = await Client.connect(broker.port)
  await millrace('topic create orders -p 2')
  const producer = await RecordsClient.connect({ host: '127.0.0.1', port: broker.port })
  for (const [partition, count] of COUNTS.entries()) {
    const records = Array.from({ length: count }, (_, n) => ({ value: Buffer.from(`${n}`), timestampMs: n * 1000 }))
    await produceRecords(producer, 'orders', partition, records)
  }
  producer.close()
  // The first to ask has the topic of committed offsets made.
  await findCoordinators(client, ['any'])
})
afterAll(async () => {
  client.close()
  await broker.close()
})

const millrace = (line: string) => run(line, broker.bootstrap)
const json = async (line: string) => JSON.parse((await millrace(`${line} --json`)).slice(1).join('\n'))

/** By partition of `orders`. */
const committed = async (groupId: string) =>
  (await committedOf(client, [groupId]))[0]!.offsets.map(([, partition, offset]) => [partition, offset])

/** As consumers write it: version, topics with their partitions, no words of their own. */
function assignmentOf(topic: string, partitions: number[]): Buffer {
  const words = (...values: number[]) => Buffer.from(Int32Array.from(values).buffer).swap32()
  const name = Buffer.concat([Buffer.from([0, topic.length]), Buffer.from(topic)])
  return Buffer.concat([Buffer.from([0, 0]), words(1), name, words(partitions.length, ...partitions), words(-1)])
}

test('groups are listed, by state and type too', async () => {
  expect(await millrace('group list')).toEqual(['exit 0', 'GROUP  STATE  TYPE  PROTOCOL'])
  await commit(client, 'idle', 'orders', { 0: 1 })
  const member = await join(client, 'busy')
  await sync(client, 'busy', member, {})
  expect(await millrace('group list')).toEqual([
    'exit 0',
    'GROUP  STATE   TYPE     PROTOCOL',
    'busy   Stable  classic  test',
    'idle   Empty   classic',
  ])
  expect(await json('group list --state stable,dead')).toEqual([
    { group: 'busy', state: 'Stable', type: 'classic', protocolType: 'test' },
  ])
  expect(await json('group list --type share')).toEqual([])
  await leave(client, 'busy', member.memberId)
})

test('a group is described by how far it has read, and by its members', async () => {
  const member = await join(client, 'readers', '', 30_000, 'consumer')
  await sync(client, 'readers', member, { [member.memberId]: assignmentOf('orders', [0, 1]) })
  await commit(client, 'readers', 'orders', { 0: 7 }, member)
  const { memberId } = member
  const [exit, titles, ...rows] = await millrace('group describe readers')
  expect(exit).toBe('exit 0')
  expect(titles).toMatch(/^GROUP +TOPIC +PARTITION +CURRENT OFFSET +LOG END OFFSET +LAG +MEMBER +HOST +CLIENT$/)
  expect(rows.map((row) => row.split(/ +/))).toEqual([
    ['readers', 'orders', '0', '7', '10', '3', memberId, '/127.0.0.1', 'test'],
    ['readers', 'orders', '1', '-', '4', '-', memberId, '/127.0.0.1', 'test'],
  ])
  const members = (await millrace('group describe readers --members')).map((row) => row.split(/ +/))
  expect(members.slice(1)).toEqual([
    ['GROUP', 'STATE', 'MEMBER', 'INSTANCE', 'HOST', 'CLIENT', 'ASSIGNMENT'],
    ['readers', 'Stable', memberId, '-', '/127.0.0.1', 'test', 'orders:0,1'],
  ])
  const both = await millrace('group describe readers --members --offsets')
  expect(both.filter((line) => line.startsWith('GROUP'))).toHaveLength(2)
  expect(await json('group describe readers')).toEqual([
    {
      group: 'readers',
      state: 'Stable',
      protocolType: 'consumer',
      protocol: 'any',
      members: [
        {
          memberId,
          instanceId: null,
          host: '/127.0.0.1',
          clientId: 'test',
          assignment: [{ topic: 'orders', partitions: [0, 1] }],
        },
      ],
      offsets: [
        { topic: 'orders', partition: 0, currentOffset: 7, logEndOffset: 10, lag: 3, memberId },
        { topic: 'orders', partition: 1, currentOffset: null, logEndOffset: 4, lag: null, memberId },
      ],
    },
  ])

  expect(await millrace('group reset-offsets readers --topic orders --to-earliest --dry-run')).toEqual([
    'exit 1',
    '! millrace: readers: the group is Stable: its offsets can be reset when all of its members have left (NON_EMPTY_GROUP)',
  ])
  expect(await millrace('group delete readers')).toEqual([
    'exit 1',
    '! millrace: readers: it has members (NON_EMPTY_GROUP)',
  ])
  expect(await millrace('group delete-offsets readers --topic orders:0')).toEqual([
    'exit 1',
    '! millrace: orders-0: its members are subscribed to the topic (GROUP_SUBSCRIBED_TO_TOPIC)',
  ])
  expect(await committed('readers')).toEqual([[0, 7]])
  await leave(client, 'readers', memberId)
})

test('bytes that are no assignment are shown as none', async () => {
  const member = await join(client, 'odd', '', 30_000, 'consumer')
  await sync(client, 'odd', member, { [member.memberId]: Buffer.from([0, 0, 127, 255, 255, 255, 1]) })
  const [group] = await json('group describe odd')
  expect(group.members[0].assignment).toBeNull()
  expect(group.offsets).toEqual([])
  await leave(client, 'odd', member.memberId)
})

test.each([
  ['--to-earliest', 0, 0],
  ['--to-latest', 10, 4],
  ['--to-offset 6', 6, 4],
  ['--shift-by -2', 3, 1],
  ['--shift-by 100', 10, 4],
  ['--shift-by -100', 0, 0],
  ['--to-datetime 1970-01-01T00:00:02Z', 2, 2],
  ['--to-datetime 1970-01-01T00:00:01.500', 2, 2],
  ['--to-datetime 1970-01-01T01:00:05+01:00', 5, 4],
])('offsets are reset %s, within what is there', async (to, first, second) => {
  await commit(client, 'movers', 'orders', { 0: 5, 1: 3 })
  const rows = [
    ['TOPIC', 'PARTITION', 'CURRENT OFFSET', 'NEW OFFSET'],
    ['orders', '0', '5', `${first}`],
    ['orders', '1', '3', `${second}`],
  ]
  const shown = async (line: string) => (await millrace(line)).map((row) => row.split(/ {2,}/))
  const plan = `group reset-offsets movers --topic orders ${to}`
  expect(await shown(`${plan} --dry-run`)).toEqual([['exit 0'], ...rows])
  expect(await committed('movers')).toEqual([
    [0, 5],
    [1, 3],
  ])
  expect(await shown(plan)).toEqual([['exit 0'], ...rows])
  expect(await committed('movers')).toEqual([
    [0, first],
    [1, second],
  ])
})

test('some partitions are reset, and a group that is not there is made by it', async () => {
  expect(await json('group reset-offsets born --topic orders:1 --to-offset 2')).toEqual({
    group: 'born',
    isDryRun: false,
    partitions: [{ topic: 'orders', partition: 1, currentOffset: null, newOffset: 2 }],
  })
  expect(await committed('born')).toEqual([[1, 2]])
  expect(await millrace('group reset-offsets born --topic orders --topic lost --topic orders:7 --shift-by 1')).toEqual([
    'exit 1',
    'TOPIC   PARTITION  CURRENT OFFSET  NEW OFFSET',
    'orders          1               2           3',
    '! millrace: lost: there is no such partition (UNKNOWN_TOPIC_OR_PARTITION)',
    '! millrace: orders-7: there is no such partition (UNKNOWN_TOPIC_OR_PARTITION)',
    '! millrace: orders-0: nothing is committed that could be shifted',
  ])
  expect(await committed('born')).toEqual([[1, 3]])
})

test('offsets are deleted, then the group; what is refused is a line, and the rest is done', async () => {
  await commit(client, 'leaving', 'orders', { 0: 1, 1: 1 })
  expect(await millrace('group delete-offsets leaving --topic orders:1')).toEqual([
    'exit 0',
    'deleted the offset of orders-1',
  ])
  expect(await committed('leaving')).toEqual([[0, 1]])
  expect(await millrace('group delete leaving nobody')).toEqual([
    'exit 1',
    'deleted leaving',
    '! millrace: nobody: there is no such group (GROUP_ID_NOT_FOUND)',
  ])
  expect(await millrace('group delete leaving')).toEqual([
    'exit 1',
    '! millrace: leaving: there is no such group (GROUP_ID_NOT_FOUND)',
  ])
  expect(await millrace('group delete-offsets leaving --topic orders')).toEqual([
    'exit 1',
    '! millrace: leaving: there is no such group (GROUP_ID_NOT_FOUND)',
  ])
  expect(await millrace('group describe leaving idle')).toEqual([
    'exit 1',
    'GROUP  TOPIC   PARTITION  CURRENT OFFSET  LOG END OFFSET  LAG  MEMBER  HOST  CLIENT',
    'idle   orders          0               1              10    9  -       -     -',
    '! millrace: leaving: there is no such group (GROUP_ID_NOT_FOUND)',
  ])
})

test('what is written wrong is said without a broker', async () => {
  const reset = async (words: string) => (await millrace(`group reset-offsets g ${words}`)).at(-1)
  expect(await reset('--topic t')).toMatch(/^! error: one of '--to-earliest', .* must be given$/)
  expect(await reset('--topic t --to-earliest --to-latest')).toMatch(/^! error: one of /)
  expect(await reset('--to-earliest')).toContain("'-t, --topic <topic[:partition,...]>' not specified")
  expect(await reset('--topic t:x --to-earliest')).toContain('It is not topic or topic:partition,...')
  expect(await reset('--topic t --to-offset -1')).toContain('It is not an offset.')
  expect(await reset('--topic t --shift-by far')).toContain('It is not a count.')
  expect(await reset('--topic t --to-datetime yesterday')).toContain('It is not a date and time')
  expect(await reset('--topic t --to-datetime 1969-12-31T23:59:59Z')).toContain('It is not a date and time')
})
