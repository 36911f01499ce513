import { Broker } from 'millrace'
import { apis, Client, fetchRecords, produceRecords } from 'millrace/client'
import { afterAll, beforeAll, expect, test } from 'vitest'

let broker: Broker
let client: Client

beforeAll(async () => {
  broker = await Broker.start({ memory: true, settings: { 'num.partitions': 3 } })
  client = await Client.connect({ host: '127.0.0.1', port: broker.port })
})

afterAll(async () => {
  client.close()
  await broker.close()
})

test('orders come back in the order in which they were placed', async () => {
  await client.request(apis.createTopics, {
    topics: [{ name: 'orders', numPartitions: -1, replicationFactor: -1, assignments: [], configs: [] }],
    timeoutMs: 5000,
    validateOnly: false,
  })
  const placed = ['a kettle', 'two cups', 'tea']
  await produceRecords(
    client,
    'orders',
    2,
    placed.map((value) => ({ key: 'customer-7', value })),
  )
  const records = await fetchRecords(client, 'orders', 2, 0, 1000)
  expect(records.map(({ value }) => Buffer.from(value!).toString())).toEqual(placed)
})
