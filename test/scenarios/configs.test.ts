// What is altered of a topic's configs counts for every partition from the answer on, wherever it lives, and outlives a
// restart.
import { expect, test } from 'vitest'
import { ErrorCode } from '../../src/model/error-codes.ts'
import { crc32c } from '../../src/native/stand-in/crc32c.ts'
import { TestBroker } from './broker.ts'
import { alterTopic, batchOf, type Client, createTopic, fetch, produce, produceErrors, recordsIn } from './client.ts'
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

inEveryWorld({}, (broker) => {
  const DAY_MS = 86_400_000

  test('records whose time the topic does not take are refused, and named', async () => {
    const [altering, producing] = await broker().connectMany(2)
    await createTopic(altering!, 'dated', PARTITIONS.length)
    const nowMs = Date.now()
    const dated = (...times: number[]) => batchOf(times.map((timestampMs) => ({ value: 'v', timestampMs })))
    const expectAll = async (batch: Uint8Array, errorCode: number) =>
      expect(await errorsOf(producing!, 'dated', batch)).toEqual(all(errorCode))
    // By default the past is open, the future for an hour.
    await expectAll(dated(nowMs, 0, -1), ErrorCode.None)
    await expectAll(dated(nowMs, nowMs + DAY_MS), ErrorCode.InvalidTimestamp)
    await alterTopic(altering!, 'dated', {
      'message.timestamp.after.max.ms': 2 * DAY_MS,
      'message.timestamp.before.max.ms': DAY_MS,
    })
    await expectAll(dated(nowMs, nowMs + DAY_MS, -1), ErrorCode.None)
    // The latest of a batch may be fine where another is not.
    const batch = dated(nowMs, nowMs - 2 * DAY_MS, nowMs, 0)
    for (const partition of PARTITIONS) {
      const { errorCode, errorMessage, recordErrors } = await produceErrors(producing!, 'dated', partition, batch)
      expect([errorCode, recordErrors.map(({ batchIndex }) => batchIndex)]).toEqual([
        ErrorCode.InvalidTimestamp,
        [1, 3],
      ])
      expect([errorMessage, recordErrors[1]!.batchIndexErrorMessage]).toEqual([
        expect.stringContaining('Timestamps'),
        expect.stringContaining('The timestamp 0 is earlier than'),
      ])
    }
    // Under LogAppendTime it does not matter.
    await alterTopic(altering!, 'dated', { 'message.timestamp.type': 'LogAppendTime' })
    await expectAll(batch, ErrorCode.None)
    // That is not for producers to say: here it is refused, under CreateTime undone.
    const stamped = batchOf([{ value: 'v', timestampMs: nowMs }])
    stamped.writeInt16BE(8, 21)
    stamped.writeUInt32BE(crc32c(stamped, 21, stamped.length - 21, 0), 17)
    await expectAll(stamped, ErrorCode.InvalidTimestamp)
    await alterTopic(altering!, 'dated', { 'message.timestamp.type': null })
    for (const partition of PARTITIONS) {
      const { errorCode, baseOffset, logAppendTimeMs } = await produce(producing!, 'dated', partition, stamped)
      expect([errorCode, logAppendTimeMs]).toEqual([ErrorCode.None, -1])
      const { bytes } = await fetch(producing!, 'dated', partition, baseOffset)
      expect([bytes.readInt16BE(21), recordsIn(bytes)]).toMatchObject([0, [{ timestampMs: nowMs }]])
    }
  })

  test('a batch larger than a segment is refused by its code', async () => {
    const client = await broker().connect()
    await createTopic(client, 'small-segments', PARTITIONS.length, {
      'segment.bytes': 1 << 20,
      'max.message.bytes': 3 << 20,
    })
    const large = batchOf(['x'.repeat(1 << 20)])
    expect(await errorsOf(client, 'small-segments', large)).toEqual(all(ErrorCode.RecordListTooLarge))
    // Both by the whole batch, to the byte.
    const batch = batchOf(['x'.repeat(1000)])
    await alterTopic(client, 'small-segments', { 'max.message.bytes': batch.length })
    expect(await errorsOf(client, 'small-segments', batch)).toEqual(all(ErrorCode.None))
    await alterTopic(client, 'small-segments', { 'max.message.bytes': batch.length - 1 })
    expect(await errorsOf(client, 'small-segments', batch)).toEqual(all(ErrorCode.MessageTooLarge))
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
