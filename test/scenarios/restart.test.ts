// What outlives a stop, a crash, another number of shards, and what a deletion takes with it.
import { readdir } from 'node:fs/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { ErrorCode } from '../../src/model/error-codes.ts'
import { TestBroker } from './broker.ts'
import {
  batchOf,
  type Client,
  createTopic,
  deleteTopic,
  fetch,
  fetchAll,
  metadata,
  offsetAt,
  produce,
  produceAll,
  readAll,
} from './client.ts'

let broker: TestBroker
afterEach(() => broker.destroy())

const SMALL_JOURNAL = { 'millrace.journal.bytes': 8 << 20, 'message.max.bytes': 900_000 }
const PARTITIONS = [0, 1, 2, 3, 4]

/** Batches with times that rise over all rounds, from an idempotent producer. */
async function produceRound(client: Client, topic: string, round: number): Promise<void> {
  const answers = await produceAll(
    client,
    topic,
    PARTITIONS.map((partition) => [partition, batchOfRound(partition, round)] as const),
  )
  expect(answers.map(({ errorCode, baseOffset }) => [errorCode, baseOffset])).toEqual(
    PARTITIONS.map(() => [0, round * 3]),
  )
}

function batchOfRound(partition: number, round: number): Buffer {
  const records = [0, 1, 2].map((i) => ({
    value: `${partition}/${round * 3 + i}${round % 4 === 3 ? 'x'.repeat(3000) : ''}`,
    timestampMs: 1_000_000 + round * 1000 + i,
  }))
  return batchOf(records, { producerId: 900 + partition, producerEpoch: 1, baseSequence: round * 3 })
}

async function checkRounds(client: Client, topic: string, rounds: number): Promise<void> {
  for (const partition of PARTITIONS) {
    const values = await readAll(client, topic, partition, { partitionMaxBytes: 10_000 })
    expect(values.map((value) => value.replace(/x+$/, ''))).toEqual(
      Array.from({ length: rounds * 3 }, (_, i) => `${partition}/${i}`),
    )
    for (const round of [0, Math.floor(rounds / 2), rounds - 1]) {
      const found = await offsetAt(client, topic, partition, 1_000_000 + round * 1000 + 1)
      expect([found.offset, found.timestamp]).toEqual([round * 3 + 1, 1_000_000 + round * 1000 + 1])
    }
    expect((await offsetAt(client, topic, partition, -3)).offset).toBe(rounds * 3 - 1)
    // A retry of the last batch is still known.
    const retried = await produce(client, topic, partition, batchOfRound(partition, rounds - 1))
    expect([retried.errorCode, retried.baseOffset]).toEqual([0, (rounds - 1) * 3])
  }
}

describe.each(['stop', 'crash'] as const)('after a %s', (ending) => {
  test('with 3, then 1, then 2 shards, everything is there', async () => {
    broker = await TestBroker.start({ 'millrace.shards': 3 })
    let client = await broker.connect()
    // Several segments a partition, and several index entries a segment.
    const configs = { 'segment.ms': 5000, 'index.interval.bytes': 1000 }
    expect((await createTopic(client, 'kept', PARTITIONS.length, configs)).errorCode).toBe(0)
    let rounds = 0
    for (const shards of [1, 2, 2]) {
      for (let i = 0; i < 12; i++) await produceRound(client, 'kept', rounds++)
      await broker[ending]()
      await broker.start({ 'millrace.shards': shards })
      client = await broker.connect()
      await checkRounds(client, 'kept', rounds)
    }
    const left = (await readdir(broker.directory)).filter((name) => /^millrace-shard-[2-9]/.test(name))
    expect(left).toEqual([])
  })
})

test('a crash while the journal has gone round several times loses nothing', async () => {
  broker = await TestBroker.start({ 'millrace.shards': 2, ...SMALL_JOURNAL })
  let client = await broker.connect()
  await createTopic(client, 'around', 2)
  const value = 'v'.repeat(200_000)
  let count = 0
  for (let crash = 0; crash < 3; crash++) {
    for (let i = 0; i < 50; i++) {
      const produced = [0, 1].map((partition) => produce(client, 'around', partition, batchOf([`${count}:${value}`])))
      for (const { errorCode, baseOffset } of await Promise.all(produced))
        expect([errorCode, baseOffset]).toEqual([0, count])
      count++
    }
    await broker.crash()
    await broker.start({ 'millrace.shards': 2, ...SMALL_JOURNAL })
    client = await broker.connect()
    for (const partition of [0, 1]) {
      const values = await readAll(client, 'around', partition)
      expect(values.map((each) => each.slice(0, each.indexOf(':')))).toEqual(
        Array.from({ length: count }, (_, i) => `${i}`),
      )
    }
  }
})

describe.each([1, 3])('deletion with %i shards', (shards) => {
  test('a fetch that waits is told, and the name is free for another topic', async () => {
    broker = await TestBroker.start({ 'millrace.shards': shards })
    const [client, reader] = await broker.connectMany(2)
    const large = 'l'.repeat(700_000)
    for (let life = 0; life < 5; life++) {
      const { errorCode } = await createTopic(client!, 'phoenix', 3)
      expect(errorCode).toBe(0)
      // Enough to be drained to a file, in the life before too.
      for (const i of [0, 1, 2]) {
        const produced = [0, 1, 2].map((partition) =>
          produce(client!, 'phoenix', partition, batchOf([`${life}.${i}`, large])),
        )
        expect((await Promise.all(produced)).map((each) => each.baseOffset)).toEqual([2 * i, 2 * i, 2 * i])
      }
      for (const partition of [0, 1, 2]) {
        const values = await readAll(client!, 'phoenix', partition)
        expect(values.filter((value) => value !== large)).toEqual([`${life}.0`, `${life}.1`, `${life}.2`])
      }
      if (life === 4) break
      const offsets = [0, 1, 2].map((partition) => [partition, 6] as const)
      const waiting = fetchAll(reader!, 'phoenix', offsets, { maxWaitMs: 25_000 })
      expect(await deleteTopic(client!, 'phoenix')).toBe(0)
      // Other shards may hear of it a moment later.
      expect((await waiting).partitions.map(({ errorCode: error }) => error)).toContain(
        ErrorCode.UnknownTopicOrPartition,
      )
    }
    await broker.restart({ 'millrace.shards': shards })
    const again = await broker.connect()
    for (const partition of [0, 1, 2]) {
      const values = await readAll(again, 'phoenix', partition)
      expect(values.filter((value) => value !== large)).toEqual(['4.0', '4.1', '4.2'])
    }
    expect((await readdir(broker.directory)).filter((name) => name.startsWith('phoenix'))).toHaveLength(3)
  })

  test('topics with names as long as they may be come and go while others are drained', async () => {
    broker = await TestBroker.start({ 'millrace.shards': shards, ...SMALL_JOURNAL })
    const [client, other] = await broker.connectMany(2)
    await createTopic(client!, 'steady', 3)
    const value = 's'.repeat(250_000)
    // Checkpoints go on all the time.
    const steady = (async () => {
      for (let i = 0; i < 60; i++) await produce(other!, 'steady', i % 3, batchOf([value]))
    })()
    for (let i = 0; i < 12; i++) {
      const name = `${'n'.repeat(247)}${i % 10}${i % 2}`
      expect((await createTopic(client!, name, 3)).errorCode).toBe(0)
      const produced = [0, 1, 2].map((partition) => produce(client!, name, partition, batchOf([value, value, value])))
      expect((await Promise.all(produced)).map(({ errorCode }) => errorCode)).toEqual([0, 0, 0])
      await deleteTopic(client!, name)
    }
    await steady
    expect((await metadata(client!, ['steady'])).topics[0]!.errorCode).toBe(0)
    expect((await fetch(client!, 'steady', 0, 0)).highWatermark).toBe(20)
    expect(broker.failure).toBeNull()
  })
})

test('a retry after the crash of an unclean start is not appended twice', async () => {
  broker = await TestBroker.start({ 'millrace.shards': 2 })
  const client = await broker.connect()
  await createTopic(client, 'twice', 2)
  const batch = (partition: number) => batchOf([`p${partition}`], { producerId: 5, producerEpoch: 0, baseSequence: 0 })
  for (const partition of [0, 1]) await produce(client, 'twice', partition, batch(partition))
  for (const shards of [1, 3]) {
    await broker.crash()
    await broker.start({ 'millrace.shards': shards })
    const again = await broker.connect()
    for (const partition of [0, 1]) {
      expect((await produce(again, 'twice', partition, batch(partition))).baseOffset).toBe(0)
      expect(await readAll(again, 'twice', partition)).toEqual([`p${partition}`])
    }
  }
})
