// Producing and fetching over sockets, the same in every world.
import { expect, test } from 'vitest'
import { ErrorCode } from '../../src/model/error-codes.ts'
import {
  batchOf,
  ConnectionEnded,
  createTopic,
  deleteTopic,
  epochEnd,
  fetch,
  fetchAll,
  metadata,
  offsetAt,
  produce,
  produceAll,
  produceSilently,
  readAll,
  recordsIn,
} from './client.ts'
import { inEveryWorld } from './worlds.ts'

inEveryWorld({ 'num.partitions': 2 }, (broker) => {
  test('what several connections produce is read back from the beginning, in order', async () => {
    const [first, second, third] = await broker().connectMany(3)
    expect((await createTopic(first!, 'several', 6)).errorCode).toBe(0)
    const partitions = [0, 1, 2, 3, 4, 5]
    for (let round = 0; round < 5; round++) {
      await Promise.all(
        [first!, second!, third!].map((client, number) =>
          produceAll(
            client,
            'several',
            partitions.map((partition) => [partition, batchOf([`${number}.${round}.a`, `${number}.${round}.b`])]),
          ).then((answers) => {
            expect(answers.map(({ index, errorCode }) => [index, errorCode])).toEqual(partitions.map((p) => [p, 0]))
          }),
        ),
      )
    }
    for (const client of [first!, third!]) {
      for (const partition of partitions) {
        const values = await readAll(client, 'several', partition)
        expect(values).toHaveLength(30)
        for (const number of [0, 1, 2]) {
          expect(values.filter((value) => value.startsWith(`${number}.`))).toEqual(
            [0, 1, 2, 3, 4].flatMap((round) => [`${number}.${round}.a`, `${number}.${round}.b`]),
          )
        }
      }
    }
  })

  test('a fetch at the tail waits for what comes, wherever the partition lives', async () => {
    const [reader, writer] = await broker().connectMany(2)
    await createTopic(writer!, 'waited', 3)
    for (const partition of [0, 1, 2]) {
      const offsets = [0, 1, 2].map((each) => [each, 0] as const)
      const started = await fetchAll(reader!, 'waited', offsets, { maxWaitMs: 0 })
      const at = started.partitions.map(({ partition: each, highWatermark }) => [each, highWatermark] as const)
      const waiting = fetchAll(reader!, 'waited', at, { maxWaitMs: 20_000 })
      await produce(writer!, 'waited', partition, batchOf([`for ${partition}`]))
      const found = (await waiting).partitions.flatMap(({ partition: each, bytes }) =>
        recordsIn(bytes).map(({ value }) => [each, value]),
      )
      expect(found).toEqual([[partition, `for ${partition}`]])
    }
  })

  test('min bytes are counted over all partitions', async () => {
    const [reader, writer] = await broker().connectMany(2)
    await createTopic(writer!, 'counted', 3)
    const batch = batchOf(['x'.repeat(100)])
    const offsets = [0, 1, 2].map((partition) => [partition, 0] as const)
    let isAnswered = false
    const waiting = fetchAll(reader!, 'counted', offsets, { maxWaitMs: 20_000, minBytes: batch.length * 3 })
    waiting.then(() => {
      isAnswered = true
    })
    await produce(writer!, 'counted', 0, batch)
    await produce(writer!, 'counted', 1, batch)
    await metadata(writer!, ['counted'])
    expect(isAnswered).toBe(false)
    await produce(writer!, 'counted', 2, batch)
    expect((await waiting).partitions.map(({ bytes }) => bytes.length)).toEqual([1, 1, 1].map(() => batch.length))
  })

  test('requests of one connection are answered in their order', async () => {
    const [client, other] = await broker().connectMany(2)
    await createTopic(client!, 'ordered', 3)
    // The client itself checks that answers come in the order of requests.
    const waiting = fetch(client!, 'ordered', 0, 0, { maxWaitMs: 20_000 })
    const produced = [0, 1, 2, 0, 1, 2].map((partition, i) =>
      produce(client!, 'ordered', partition, batchOf([`p${i}`])),
    )
    const end = offsetAt(client!, 'ordered', 1, -1)
    const described = metadata(client!, ['ordered'])
    const last = produce(client!, 'ordered', 2, batchOf(['last']))
    await metadata(other!, ['ordered'])
    expect(recordsIn((await waiting).bytes)[0]!.value).toBe('p0')
    expect((await Promise.all(produced)).map(({ baseOffset }) => baseOffset)).toEqual([0, 0, 0, 1, 1, 1])
    // What is neither produce nor fetch sees all that stands before it.
    expect((await end).offset).toBe(2)
    expect((await described).topics[0]!.errorCode).toBe(0)
    expect((await last).baseOffset).toBe(2)
  })

  test('a topic is there for what is pipelined behind its creation', async () => {
    const client = await broker().connect()
    await createTopic(client, 'before', 1)
    const earlier = produce(client, 'before', 0, batchOf(['a']))
    const created = createTopic(client, 'behind', 1)
    const produced = produce(client, 'behind', 0, batchOf(['b']))
    expect([(await earlier).errorCode, (await created).errorCode, (await produced).errorCode]).toEqual([0, 0, 0])
  })

  test('more requests than may be in flight are answered, and so is what stands before a goodbye', async () => {
    const client = await broker().connect()
    await createTopic(client, 'goodbye', 3)
    const answers = [
      ...Array.from({ length: 200 }, (_, i) => produce(client, 'goodbye', i % 3, batchOf([`${i}`]))),
      ...Array.from({ length: 20 }, () => metadata(client, ['goodbye'])),
    ]
    client.socket.end()
    const settled = await Promise.all(answers)
    expect(settled).toHaveLength(220)
    await client.closed
  })

  test('a goodbye behind a waiting fetch ends the connection, and what was produced behind it is kept', async () => {
    const client = await broker().connect()
    await createTopic(client, 'leaving', 3)
    const ended = () => broker().counters.reduce((sum, { connectionsEnded }) => sum + connectionsEnded!, 0)
    const before = ended()
    const waiting = fetch(client, 'leaving', 0, 0, { maxWaitMs: 30_000 }).catch((error) => error)
    const produced = produce(client, 'leaving', 1, batchOf(['kept'])).catch((error) => error)
    client.socket.end()
    await Promise.race([client.closed, waiting])
    await produced
    const other = await broker().connect()
    expect(await readAll(other, 'leaving', 1)).toEqual(['kept'])
    while (ended() === before) await metadata(other, ['leaving'])
    client.close()
  })

  test('acks=0 is not answered, and what came before the close is kept', async () => {
    const client = await broker().connect()
    await createTopic(client, 'silent', 3)
    for (let i = 0; i < 30; i++) produceSilently(client, 'silent', i % 3, batchOf([`${i}`]))
    client.socket.end()
    await client.closed
    const other = await broker().connect()
    for (const partition of [0, 1, 2]) {
      const { bytes, highWatermark } = await fetch(other, 'silent', partition, 9, { maxWaitMs: 10_000 })
      expect([highWatermark, recordsIn(bytes).map(({ value }) => value)]).toEqual([10, [`${27 + partition}`]])
    }
  })

  test('acks=0 with an error closes the connection', async () => {
    const client = await broker().connect()
    produceSilently(client, 'nowhere', 0, batchOf(['lost']))
    await client.closed
  })

  test('a retry of an idempotent producer is recognised, a gap and an old epoch are refused', async () => {
    const [client, other] = await broker().connectMany(2)
    await createTopic(client!, 'once', 3)
    for (const partition of [0, 1, 2]) {
      const at = (baseSequence: number, producerEpoch = 5) =>
        batchOf([`s${baseSequence}`, `s${baseSequence + 1}`], { producerId: 77, producerEpoch, baseSequence })
      const send = async (batch: Uint8Array, connection = client!) => {
        const { errorCode, baseOffset } = await produce(connection, 'once', partition, batch)
        return errorCode === 0 ? baseOffset : -errorCode
      }
      expect(await send(at(0))).toBe(0)
      expect(await send(at(2))).toBe(2)
      expect(await send(at(0), other!)).toBe(0)
      expect(await send(at(2), other!)).toBe(2)
      expect(await send(at(6))).toBe(-ErrorCode.OutOfOrderSequenceNumber)
      expect(await send(at(4, 4))).toBe(-ErrorCode.InvalidProducerEpoch)
      expect(await send(at(4))).toBe(4)
      expect(await readAll(client!, 'once', partition)).toEqual(['s0', 's1', 's2', 's3', 's4', 's5'])
    }
    // Pipelined with its own retry: both are answered with the one place.
    const retried = [1, 2].map(() =>
      produce(client!, 'once', 0, batchOf(['x'], { producerId: 78, producerEpoch: 0, baseSequence: 0 })),
    )
    expect((await Promise.all(retried)).map(({ baseOffset }) => baseOffset)).toEqual([6, 6])
  })

  test('LogAppendTime stamps the batch and says so', async () => {
    const client = await broker().connect()
    await createTopic(client, 'stamped', 3, { 'message.timestamp.type': 'LogAppendTime' })
    for (const partition of [0, 1, 2]) {
      const { logAppendTimeMs, errorCode } = await produce(client, 'stamped', partition, batchOf(['a', 'b']))
      expect(errorCode).toBe(0)
      const { bytes } = await fetch(client, 'stamped', partition, 0)
      expect(recordsIn(bytes)).toHaveLength(2)
      expect(Number(bytes.readBigInt64BE(35))).toBe(logAppendTimeMs)
      expect(bytes.readInt16BE(21) & 8).toBe(8)
    }
  })

  test('each refusal by its code, beside partitions that are well', async () => {
    const client = await broker().connect()
    const { topicId } = await createTopic(client, 'refusing', 4, { 'max.message.bytes': 1000 })
    const good = batchOf(['good'])
    const damaged = Buffer.from(good)
    damaged[damaged.length - 1]! ^= 1
    const two = Buffer.concat([good, good])
    const large = batchOf(['x'.repeat(2000)])
    const codes = async (...batches: [number, Uint8Array][]) =>
      (await produceAll(client, 'refusing', batches)).map(({ errorCode }) => errorCode)
    expect(await codes([0, good], [1, damaged], [2, large], [3, two], [4, good], [1, good])).toEqual([
      ErrorCode.None,
      ErrorCode.CorruptMessage,
      ErrorCode.MessageTooLarge,
      ErrorCode.InvalidRecord,
      ErrorCode.UnknownTopicOrPartition,
      ErrorCode.None,
    ])
    expect((await produce(client, 'unknown', 0, good)).errorCode).toBe(ErrorCode.UnknownTopicOrPartition)
    expect((await produce(client, 'refusing', 0, good, { acks: 2 })).errorCode).toBe(ErrorCode.InvalidRequiredAcks)
    const unknownId = 'AAAAAAAAAAAAAAAAAAAAEQ'
    const byId = (id: string) => produce(client, '', 0, good, { version: 13, topicId: id })
    expect((await byId(topicId)).errorCode).toBe(ErrorCode.None)
    expect((await byId(unknownId)).errorCode).toBe(ErrorCode.UnknownTopicId)
    expect((await fetch(client, 'refusing', 0, 0, { version: 13, topicId: unknownId })).errorCode).toBe(
      ErrorCode.UnknownTopicId,
    )
    expect((await fetch(client, 'unknown', 0, 0)).errorCode).toBe(ErrorCode.UnknownTopicOrPartition)
    expect((await fetch(client, 'refusing', 9, 0)).errorCode).toBe(ErrorCode.UnknownTopicOrPartition)
    expect((await fetch(client, 'refusing', 0, 99)).errorCode).toBe(ErrorCode.OffsetOutOfRange)
    expect((await fetch(client, 'refusing', 0, -5)).errorCode).toBe(ErrorCode.OffsetOutOfRange)
  })

  test('offsets by mark and by time, and the end of an epoch', async () => {
    const [client, other] = await broker().connectMany(2)
    await createTopic(client!, 'timed', 3)
    for (const partition of [0, 1, 2]) {
      for (let i = 0; i < 10; i++) {
        const batch = batchOf([0, 1, 2].map((j) => ({ value: 'v', timestampMs: 1000 + i * 100 + j * 10 })))
        await produce(client!, 'timed', partition, batch)
      }
      for (const connection of [client!, other!]) {
        const at = async (timestamp: number) => {
          const { offset, timestamp: found } = await offsetAt(connection, 'timed', partition, timestamp)
          return [offset, found]
        }
        expect(await at(-1)).toEqual([30, -1])
        expect(await at(-2)).toEqual([0, -1])
        expect(await at(-3)).toEqual([29, 1920])
        expect(await at(0)).toEqual([0, 1000])
        expect(await at(1015)).toEqual([2, 1020])
        expect(await at(1500)).toEqual([15, 1500])
        expect(await at(1921)).toEqual([-1, -1])
        expect(await epochEnd(connection, 'timed', partition, 0)).toMatchObject({ leaderEpoch: 0, endOffset: 30 })
        expect(await epochEnd(connection, 'timed', partition, 7)).toMatchObject({ leaderEpoch: -1, endOffset: -1 })
      }
    }
    expect((await offsetAt(client!, 'timed', 7, -1)).errorCode).toBe(ErrorCode.UnknownTopicOrPartition)
  })

  test('a topic that a client asks for is made, if it allows that', async () => {
    const client = await broker().connect()
    expect((await metadata(client, ['asked-for'])).topics[0]!.errorCode).toBe(ErrorCode.UnknownTopicOrPartition)
    const { topics } = await metadata(client, ['asked-for'], true)
    expect([topics[0]!.errorCode, topics[0]!.partitions.length]).toEqual([0, 2])
    expect((await produce(client, 'asked-for', 1, batchOf(['at once']))).errorCode).toBe(0)
  })

  test('a frame of 20 MB over many partitions, and an answer of the same size', async () => {
    const client = await broker().connect()
    await createTopic(client, 'large', 25)
    const batches = Array.from({ length: 25 }, (_, partition) => {
      return [partition, batchOf([`${partition}:${'z'.repeat(800_000)}`])] as const
    })
    const answers = await produceAll(client, 'large', batches)
    expect(answers.map(({ errorCode }) => errorCode)).toEqual(batches.map(() => 0))
    const { partitions } = await fetchAll(
      client,
      'large',
      batches.map(([partition]) => [partition, 0] as const),
    )
    expect(partitions.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeGreaterThan(20_000_000)
    for (const { partition, bytes } of partitions) {
      expect(recordsIn(bytes).map(({ value }) => value.slice(0, value.indexOf(':')))).toEqual([`${partition}`])
    }
  })

  test('a topic is there on every connection once its creation is answered, and gone once its deletion is', async () => {
    const clients = await broker().connectMany(4)
    for (let round = 0; round < 20; round++) {
      await createTopic(clients[round % 4]!, `everywhere-${round}`, 4)
      const produced = clients.map((client, partition) =>
        produce(client, `everywhere-${round}`, partition, batchOf(['here'])),
      )
      expect((await Promise.all(produced)).map(({ errorCode }) => errorCode)).toEqual([0, 0, 0, 0])
      await deleteTopic(clients[(round + 1) % 4]!, `everywhere-${round}`)
      const late = clients.map((client, partition) =>
        produce(client, `everywhere-${round}`, partition, batchOf(['late'])),
      )
      expect((await Promise.all(late)).map(({ errorCode }) => errorCode)).toEqual(
        new Array(4).fill(ErrorCode.UnknownTopicOrPartition),
      )
    }
  })

  test('a connection that goes while its fetches wait leaves nothing behind', async () => {
    const clients = await broker().connectMany(4)
    await createTopic(clients[0]!, 'left', 6)
    const offsets = [0, 1, 2, 3, 4, 5].map((partition) => [partition, 0] as const)
    const waiting = clients
      .slice(1)
      .flatMap((client) =>
        [1, 2, 3].map(() => fetchAll(client, 'left', offsets, { maxWaitMs: 30_000 }).catch((error) => error)),
      )
    await metadata(clients[0]!, ['left'])
    for (const client of clients.slice(1)) client.close()
    for (const error of await Promise.all(waiting)) expect(error).toBeInstanceOf(ConnectionEnded)
    for (const partition of [0, 1, 2, 3, 4, 5]) {
      await produce(clients[0]!, 'left', partition, batchOf(['on it goes']))
      expect(await readAll(clients[0]!, 'left', partition)).toEqual(['on it goes'])
    }
    expect(broker().failure).toBeNull()
  })

  test('bytes that are no request end their connection only', async () => {
    const [good, bad] = await broker().connectMany(2)
    bad!.socket.write(Buffer.from([0, 0, 0, 20, 0, 0, 0, 12, 9, 9, 9, 9, 127, 255, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]))
    await bad!.closed
    expect((await metadata(good!, [])).brokers).toHaveLength(1)
  })
})
