// What is altered of a topic's configs counts for every partition from the answer on, wherever it lives, and outlives a
// restart.
import { expect, test } from 'vitest'
import { ErrorCode } from '../../src/model/error-codes.ts'
import { TestBroker } from './broker.ts'
import { alterTopic, batchOf, type Client, createTopic, fetch, produce } from './client.ts'
import { inEveryWorld } from './worlds.ts'

const PARTITIONS = [0, 1, 2]

function errorsOf(client: Client, topic: string, batch: Uint8Array): Promise<number[]> {
  return Promise.all(PARTITIONS.map(async (partition) => (await produce(client, topic, partition, batch)).errorCode))
}

const all = (errorCode: number) => PARTITIONS.map(() => errorCode)

inEveryWorld({}, (broker) => {
  test('what is altered counts from the answer on, and is the default again once it is deleted', async () => {
    const [altering, producing] = await broker().connectMany(2)
    await createTopic(altering!, 'altered', PARTITIONS.length)
    const large = batchOf(['x'.repeat(2000)])
    expect(await errorsOf(producing!, 'altered', large)).toEqual(all(ErrorCode.None))
    expect(await alterTopic(altering!, 'altered', { 'max.message.bytes': 1000 })).toBe(0)
    expect(await errorsOf(producing!, 'altered', large)).toEqual(all(ErrorCode.MessageTooLarge))
    expect(await alterTopic(altering!, 'altered', { 'max.message.bytes': null })).toBe(0)
    expect(await errorsOf(producing!, 'altered', large)).toEqual(all(ErrorCode.None))

    expect(await alterTopic(altering!, 'altered', { 'cleanup.policy': 'compact' })).toBe(0)
    expect(await errorsOf(producing!, 'altered', large)).toEqual(all(ErrorCode.InvalidRecord))
    await alterTopic(altering!, 'altered', { 'cleanup.policy': null, 'message.timestamp.type': 'LogAppendTime' })
    for (const partition of PARTITIONS) {
      const { baseOffset, logAppendTimeMs } = await produce(producing!, 'altered', partition, batchOf(['now']))
      expect(logAppendTimeMs).toBeGreaterThan(1_700_000_000_000)
      const { bytes } = await fetch(producing!, 'altered', partition, baseOffset)
      expect(Number(bytes.readBigInt64BE(35))).toBe(logAppendTimeMs)
    }
  })
})

test('what was altered is there after a clean stop and after a crash', async () => {
  const broker = await TestBroker.start()
  try {
    let client = await broker.connect()
    await createTopic(client, 'kept', 1, { 'max.message.bytes': 100 })
    await alterTopic(client, 'kept', { 'max.message.bytes': 1000 })
    await broker.restart()
    client = await broker.connect()
    const large = batchOf(['x'.repeat(500)])
    const tooLarge = batchOf(['x'.repeat(2000)])
    expect((await produce(client, 'kept', 0, large)).errorCode).toBe(ErrorCode.None)
    expect((await produce(client, 'kept', 0, tooLarge)).errorCode).toBe(ErrorCode.MessageTooLarge)
    await alterTopic(client, 'kept', { 'max.message.bytes': null })
    await broker.crash()
    await broker.start()
    client = await broker.connect()
    expect((await produce(client, 'kept', 0, tooLarge)).errorCode).toBe(ErrorCode.None)
  } finally {
    await broker.destroy()
  }
})
