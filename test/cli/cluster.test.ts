// A cluster of which one broker only seems to be there: it knows where the others are.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Cluster } from '../../src/cli/cluster.ts'
import { createTopics, findCoordinator, listGroups, metadata } from '../../src/client/apis.ts'
import { Client } from '../../src/client/client.ts'
import { produceRecords } from '../../src/client/records.ts'
import { ErrorCode } from '../../src/model/error-codes.ts'
import { LATEST } from '../../src/model/offset-marks.ts'

type Package = typeof import('../../src/index.ts')
const { Broker } = (await import(new URL('../../dist/index.js', import.meta.url).href)) as Package
let broker: Awaited<ReturnType<typeof Broker.start>>

const SEEMING = 1
const REAL = 2
const GONE = 3

beforeAll(async () => {
  broker = await Broker.start({ memory: true })
  const client = await Client.connect({ host: '127.0.0.1', port: broker.port })
  const topic = { name: 'orders', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }
  await client.request(createTopics, { topics: [topic], timeoutMs: 10_000, validateOnly: false })
  await produceRecords(client, 'orders', 0, [{ value: Buffer.from('a') }, { value: Buffer.from('b') }])
  client.close()
})
afterAll(() => broker.close())

/** It leads nothing and coordinates nothing: the real broker does, and of partition 1 one that is not there. */
function seemingClient(): { client: Client; asked: unknown[] } {
  const asked: unknown[] = []
  const real = { host: '127.0.0.1', port: broker.port }
  const partitions = [
    { partitionIndex: 0, leaderId: REAL },
    { partitionIndex: 1, leaderId: GONE },
  ]
  const answers = new Map<unknown, object>([
    [
      metadata,
      {
        brokers: [
          { nodeId: SEEMING, host: '127.0.0.1', port: 1 },
          { nodeId: REAL, ...real },
        ],
        topics: [{ errorCode: 0, name: 'orders', partitions }],
      },
    ],
    [findCoordinator, { coordinators: [{ nodeId: REAL, ...real, errorCode: 0, errorMessage: null }] }],
  ])
  const request = async (api: unknown) => {
    asked.push(api)
    return answers.get(api)
  }
  return { client: { request } as unknown as Client, asked }
}

test('a group is asked of its coordinator, over one connection for all', async () => {
  const { client, asked } = seemingClient()
  const cluster = await Cluster.around(client)
  try {
    const coordinator = await cluster.coordinatorOf('g')
    const { errorCode, groups } = await coordinator.request(listGroups, { statesFilter: [], typesFilter: [] })
    expect([errorCode, groups]).toEqual([ErrorCode.None, []])
    expect(await cluster.coordinatorOf('h')).toBe(coordinator)
    expect(asked).toEqual([metadata, findCoordinator, findCoordinator])
  } finally {
    await cluster.close()
  }
})

test('a partition is asked of its leader; what cannot be asked is an error of its own', async () => {
  const cluster = await Cluster.around(seemingClient().client)
  try {
    const wanted = [
      { topic: 'orders', partition: 1 },
      { topic: 'orders', partition: 0 },
      { topic: 'orders', partition: 2 },
    ]
    expect(await cluster.offsets(wanted, LATEST)).toEqual([
      { topic: 'orders', partition: 1, errorCode: ErrorCode.LeaderNotAvailable, offset: -1 },
      { topic: 'orders', partition: 0, errorCode: ErrorCode.None, offset: 2 },
      { topic: 'orders', partition: 2, errorCode: ErrorCode.UnknownTopicOrPartition, offset: -1 },
    ])
  } finally {
    await cluster.close()
  }
})

test('a broker that cannot be reached is no answer', async () => {
  const cluster = await Cluster.around(seemingClient().client)
  await expect(cluster.brokers()).rejects.toThrow('cannot connect to 127.0.0.1:1: nobody listens there')
  await cluster.close()
})
