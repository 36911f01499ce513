// More than there is room for: partitions than slots in a ring or credits between two shards, bytes than memory.
import { afterEach, expect, test } from 'vitest'
import { ErrorCode } from '../../src/model/error-codes.ts'
import { TestBroker } from './broker.ts'
import { batchOf, createTopic, fetchAll, offsetAt, produce, recordsIn } from './client.ts'

let broker: TestBroker
afterEach(() => broker.destroy())

test('a consumer of thousands of idle partitions of other shards stops nobody', async () => {
  broker = await TestBroker.start({ 'millrace.shards': 2 })
  const [reader, second, writer] = await broker.connectMany(3)
  const count = 10_000
  expect((await createTopic(writer!, 'idle', count)).errorCode).toBe(0)
  const offsets = Array.from({ length: count }, (_, partition) => [partition, 0] as const)
  // Both wait on shards that differ; one is woken by growth, one by its deadline.
  const woken = fetchAll(reader!, 'idle', offsets, { maxWaitMs: 20_000 })
  const expired = fetchAll(second!, 'idle', offsets.slice(0, count - 2), { maxWaitMs: 50 })
  expect((await expired).partitions).toHaveLength(count - 2)
  for (const partition of [count - 2, count - 1]) {
    expect((await produce(writer!, 'idle', partition, batchOf(['news']))).errorCode).toBe(0)
  }
  const found = (await woken).partitions.filter(({ bytes }) => bytes.length > 0)
  expect(found.length).toBeGreaterThan(0)
  expect(recordsIn(found[0]!.bytes).map(({ value }) => value)).toEqual(['news'])
  for (const client of [reader!, second!, writer!]) {
    for (const partition of [0, 1]) expect((await produce(client, 'idle', partition, batchOf(['x']))).errorCode).toBe(0)
  }
  expect(broker.failure).toBeNull()
})

test('small batches of other shards that lie among large refused ones do not use up the memory', async () => {
  const options = {
    'millrace.shards': 2,
    'millrace.arena.bytes': 16 << 20,
    'millrace.journal.bytes': 8 << 20,
    'message.max.bytes': 900_000,
    'socket.request.max.bytes': 4 << 20,
  }
  broker = await TestBroker.start(options)
  const clients = await broker.connectMany(2)
  await createTopic(clients[0]!, 'pinned', 2)
  const junk = batchOf(['j'.repeat(850_000)])
  // Each of them holds a block of 1 MiB of the connection's shard: twice what there is.
  for (let round = 0; round < 32; round++) {
    for (const client of clients) {
      const small = [0, 1].map((partition) => produce(client, 'pinned', partition, batchOf([`${round}`])))
      const refused = produce(client, 'no such topic', 0, junk)
      expect((await Promise.all(small)).map(({ errorCode }) => errorCode)).toEqual([0, 0])
      expect((await refused).errorCode).toBe(ErrorCode.UnknownTopicOrPartition)
    }
  }
  expect((await offsetAt(clients[0]!, 'pinned', 0, -1)).offset).toBe(64)
})
