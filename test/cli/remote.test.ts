// `millrace topic` and `millrace config` against a broker in memory.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Client } from '../../src/client/client.ts'
import { produceRecords } from '../../src/client/records.ts'
import { millrace as run } from './millrace.ts'

type Package = typeof import('../../src/index.ts')
const { Broker } = (await import(new URL('../../dist/index.js', import.meta.url).href)) as Package
let broker: Awaited<ReturnType<typeof Broker.start>>

beforeAll(async () => {
  broker = await Broker.start({ memory: true, settings: { 'num.partitions': 2 } })
})
afterAll(() => broker.close())

const millrace = (line: string, bootstrap = broker.bootstrap) => run(line, bootstrap)

test('a topic is created, listed, described, altered and deleted', async () => {
  expect(await millrace('topic list')).toEqual(['exit 0', 'TOPIC  PARTITIONS  REPLICAS  ID'])
  expect(await millrace('topic create orders --config retention.ms=1000')).toEqual([
    'exit 0',
    'created orders: partitions 2, replicas 1, id <id>',
  ])
  expect(await millrace('topic create bills -p 1 -r 1')).toEqual([
    'exit 0',
    'created bills: partitions 1, replicas 1, id <id>',
  ])
  expect(await millrace('topic alter bills --partitions 3')).toEqual(['exit 0', 'altered bills: partitions 3'])
  expect(await millrace('topic list')).toEqual([
    'exit 0',
    'TOPIC   PARTITIONS  REPLICAS  ID',
    'bills            3         1  <id>',
    'orders           2         1  <id>',
  ])
  expect(await millrace('topic describe orders')).toEqual([
    'exit 0',
    'TOPIC   PARTITION  LEADER  EPOCH  REPLICAS  IN SYNC  OFFLINE  DURABLE  HIGH WATERMARK  LOG END',
    'orders          0       1      0  1         1                       0               0        0',
    'orders          1       1      0  1         1                       0               0        0',
  ])
  expect(await millrace('config describe --topic orders')).toEqual([
    'exit 0',
    'NAME          VALUE  FROM',
    'retention.ms  1000   topic',
  ])
  expect(await millrace('topic delete bills orders')).toEqual(['exit 0', 'deleted bills', 'deleted orders'])
  expect(await millrace('topic describe')).toEqual([
    'exit 0',
    'TOPIC  PARTITION  LEADER  EPOCH  REPLICAS  IN SYNC  OFFLINE  DURABLE  HIGH WATERMARK  LOG END',
  ])
})

test('configs of a topic are set and deleted; those of a broker are its file', async () => {
  await millrace('topic create trails -p 1')
  const set = 'config set --topic trails retention.ms=1000 cleanup.policy=compact,delete'
  expect(await millrace(set)).toEqual(['exit 0', 'trails: set retention.ms=1000, cleanup.policy=compact,delete'])
  expect(await millrace('config describe --topic trails')).toEqual([
    'exit 0',
    'NAME            VALUE           FROM',
    'cleanup.policy  compact,delete  topic',
    'retention.ms    1000            topic',
  ])
  const [exit, ...lines] = await millrace('config delete --topic trails retention.ms --json')
  expect([exit, JSON.parse(lines.join(''))]).toEqual(['exit 0', { topic: 'trails', deleted: ['retention.ms'] }])
  expect((await millrace('config describe --topic trails')).at(-1)).toMatch(/^cleanup.policy/)
  expect(await millrace('config set --topic trails retention.ms=soon')).toEqual([
    'exit 1',
    expect.stringMatching(/^! millrace: trails: Invalid value soon .*\(INVALID_CONFIG\)$/),
  ])
  expect(await millrace('config set --broker 1 log.dir=/')).toEqual([
    'exit 1',
    expect.stringMatching(/^! millrace: 1: Cannot update .* log.dir \(INVALID_REQUEST\)$/),
  ])
  expect((await millrace('config set --topic trails retention.ms')).at(-1)).toContain('It is not name=value.')
  expect((await millrace('config delete retention.ms'))[1]).toContain("'--topic <name>' and '--broker <id>'")
})

test('the oldest records of partitions are deleted, or all', async () => {
  await millrace('topic create letters-to-burn -p 2')
  const client = await Client.connect({ host: '127.0.0.1', port: broker.port })
  for (const partition of [0, 1]) {
    for (const value of ['a', 'b', 'c'])
      await produceRecords(client, 'letters-to-burn', partition, [{ value: Buffer.from(value) }])
  }
  client.close()
  expect(await millrace('topic delete-records letters-to-burn:1 --before 2')).toEqual([
    'exit 0',
    'TOPIC            PARTITION  EARLIEST OFFSET',
    'letters-to-burn          1                2',
  ])
  expect(await millrace('topic delete-records letters-to-burn:2,1 --before 4')).toEqual([
    'exit 1',
    'TOPIC  PARTITION  EARLIEST OFFSET',
    '! millrace: letters-to-burn-1: OFFSET_OUT_OF_RANGE',
    '! millrace: letters-to-burn-2: UNKNOWN_TOPIC_OR_PARTITION',
  ])
  const [exit, ...lines] = await millrace('topic delete-records letters-to-burn --all --json')
  expect([exit, JSON.parse(lines.join(''))]).toEqual([
    'exit 0',
    [0, 1].map((partition) => ({ topic: 'letters-to-burn', partition, earliestOffset: 3 })),
  ])
  expect((await millrace('topic delete-records nowhere --all')).at(-1)).toBe(
    '! millrace: nowhere: UNKNOWN_TOPIC_OR_PARTITION',
  )
  expect((await millrace('topic delete-records letters-to-burn'))[1]).toContain("'--before <offset>' and '--all'")
  expect((await millrace('topic delete-records letters-to-burn --before x')).at(-1)).toContain('It is not an offset.')
})

test('answers in JSON', async () => {
  await millrace('topic create letters -p 1')
  const [exit, ...lines] = await millrace('topic describe letters --json')
  expect(exit).toBe('exit 0')
  expect(JSON.parse(lines.join('\n'))).toEqual([
    {
      topic: 'letters',
      topicId: '<id>',
      isInternal: false,
      partitions: [
        {
          ...{ partition: 0, leader: 1, leaderEpoch: 0, replicas: [1], inSync: [1], offline: [] },
          ...{ durableOffset: 0, highWatermark: 0, logEndOffset: 0 },
        },
      ],
    },
  ])
  const configs = JSON.parse((await millrace('config describe --broker 1 --json')).slice(1).join('\n'))
  expect(configs).toContainEqual({
    name: 'num.partitions',
    value: '2',
    source: 'server.properties',
    readOnly: true,
    isSensitive: false,
  })
})

test('what is refused is a line in words and exit 1; the rest is done', async () => {
  await millrace('topic create kept')
  expect(await millrace('topic create kept')).toEqual([
    'exit 1',
    "! millrace: kept: Topic 'kept' already exists. (TOPIC_ALREADY_EXISTS)",
  ])
  expect(await millrace('topic delete kept lost')).toEqual([
    'exit 1',
    'deleted kept',
    expect.stringMatching(/^! millrace: lost: .*\(UNKNOWN_TOPIC_OR_PARTITION\)$/),
  ])
  expect(await millrace('topic describe lost')).toEqual([
    'exit 1',
    expect.stringMatching(/^TOPIC/),
    '! millrace: lost: UNKNOWN_TOPIC_OR_PARTITION',
  ])
  expect((await millrace('topic create a --config color=red')).at(-1)).toMatch(/color.*\(INVALID_CONFIG\)$/)
})

test('what is written wrong is said without a broker', async () => {
  expect(await millrace('config describe')).toEqual([
    'exit 1',
    "! error: one of '--topic <name>' and '--broker <id>' must be given",
  ])
  expect((await millrace('topic create a -p none')).at(-1)).toContain('It is not a count.')
  expect((await millrace('topic list', 'nowhere'))[1]).toContain('nowhere is not host:port.')
})

test('of several brokers the first that answers is asked, and none is exit 1', async () => {
  const dead = '127.0.0.1:1'
  expect((await millrace('topic list', `${dead},${broker.bootstrap}`))[0]).toBe('exit 0')
  expect(await millrace('topic list', `${dead},[::1]:1`)).toEqual([
    'exit 1',
    '! millrace: cannot connect to 127.0.0.1:1: nobody listens there',
    expect.stringMatching(/^! millrace: cannot connect to ::1:1: /),
  ])
})
