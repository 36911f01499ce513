// Records that are deleted are gone from the answer on: for every client, after a crash and after a clean stop; what is
// behind them stays as it is, and what is being read of them arrives whole.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ErrorCode } from '../../src/model/error-codes.ts'
import { TestBroker } from './broker.ts'
import {
  batchOf,
  type Client,
  createTopic,
  deleteRecords,
  deleteTopic,
  epochEnd,
  fetch,
  fetchAll,
  metadata,
  offsetAt,
  produce,
  recordsIn,
} from './client.ts'
import { inEveryWorld } from './worlds.ts'

const PARTITIONS = [0, 1, 2]
const EARLIEST = -2
const LATEST = -1
const MAX_TIMESTAMP = -3

/** Records `0` to `count - 1`, ten to a batch, at times from 1000 on. */
async function fill(client: Client, topic: string, partition: number, count: number): Promise<void> {
  for (let from = 0; from < count; from += 10) {
    const records = Array.from({ length: 10 }, (_, i) => ({ value: `${from + i}`, timestampMs: 1000 + from + i }))
    expect((await produce(client, topic, partition, batchOf(records))).errorCode).toBe(ErrorCode.None)
  }
}

async function valuesFrom(client: Client, topic: string, partition: number, offset: number): Promise<string[]> {
  const values: string[] = []
  for (;;) {
    const next = offset + values.length
    const { errorCode, highWatermark, bytes } = await fetch(client, topic, partition, next)
    expect(errorCode).toBe(ErrorCode.None)
    for (const record of recordsIn(bytes)) if (record.offset >= next) values.push(record.value)
    if (offset + values.length >= highWatermark) return values
  }
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `${from + i}`)

inEveryWorld({}, (broker) => {
  test('a log begins where it was told to, on every connection, and goes on as before', async () => {
    const [client, other] = await broker().connectMany(2)
    await createTopic(client!, 'cut', PARTITIONS.length)
    for (const partition of PARTITIONS) await fill(client!, 'cut', partition, 50)
    expect(
      await deleteRecords(client!, 'cut', [
        [0, 15],
        [1, 20],
        [2, -1],
      ]),
    ).toEqual([
      [ErrorCode.None, 15],
      [ErrorCode.None, 20],
      [ErrorCode.None, 50],
    ])
    for (const [partition, start] of [15, 20, 50].entries()) {
      expect(await offsetAt(other!, 'cut', partition, EARLIEST)).toMatchObject({ errorCode: 0, offset: start })
      expect(await offsetAt(other!, 'cut', partition, LATEST)).toMatchObject({ offset: 50 })
      const below = await fetch(other!, 'cut', partition, start - 1)
      expect([below.errorCode, below.bytes.length]).toEqual([ErrorCode.OffsetOutOfRange, 0])
      const { logStartOffset, highWatermark } = await fetch(other!, 'cut', partition, start)
      expect([logStartOffset, highWatermark]).toEqual([start, 50])
      expect(await valuesFrom(other!, 'cut', partition, start)).toEqual(numbers(start, 50))
      const produced = await produce(client!, 'cut', partition, batchOf(['50']))
      expect([produced.baseOffset, produced.logStartOffset]).toEqual([50, start])
      expect(await valuesFrom(other!, 'cut', partition, start)).toEqual(numbers(start, 51))
    }
  })

  test('times are found from the start on', async () => {
    const client = await broker().connect()
    await createTopic(client, 'timed', PARTITIONS.length)
    for (const partition of PARTITIONS) {
      await fill(client, 'timed', partition, 30)
      // Later than all that follows.
      await produce(client, 'timed', partition, batchOf([{ value: 'late', timestampMs: 9000 }, 'x'.repeat(10)]))
      await produce(client, 'timed', partition, batchOf([{ value: 'early', timestampMs: 500 }]))
      await deleteRecords(client, 'timed', [[partition, 15]])
      expect(await offsetAt(client, 'timed', partition, 1003)).toMatchObject({ offset: 15, timestamp: 1015 })
      expect(await offsetAt(client, 'timed', partition, 1018)).toMatchObject({ offset: 18, timestamp: 1018 })
      await deleteRecords(client, 'timed', [[partition, 32]])
      expect(await offsetAt(client, 'timed', partition, MAX_TIMESTAMP)).toMatchObject({ offset: 32, timestamp: 500 })
      expect(await offsetAt(client, 'timed', partition, 1003)).toMatchObject({ offset: -1 })
    }
  })

  test('what cannot be deleted is refused by its code, beside what can', async () => {
    const client = await broker().connect()
    await createTopic(client, 'refusing-deletions', 3)
    await createTopic(client, 'compacted', 1, { 'cleanup.policy': 'compact' })
    await createTopic(client, 'both', 1, { 'cleanup.policy': 'compact,delete' })
    for (const partition of PARTITIONS) await fill(client, 'refusing-deletions', partition, 10)
    const offsets: [number, number][] = [
      [0, 11],
      [1, -2],
      [2, 5],
      [3, 0],
      [-1, 0],
    ]
    const beyondAll: [number, number][] = [
      [0, Number.MIN_SAFE_INTEGER],
      [1, 2 ** 63],
    ]
    expect(await deleteRecords(client, 'refusing-deletions', offsets)).toEqual([
      [ErrorCode.OffsetOutOfRange, -1],
      [ErrorCode.OffsetOutOfRange, -1],
      [ErrorCode.None, 5],
      [ErrorCode.UnknownTopicOrPartition, -1],
      [ErrorCode.UnknownTopicOrPartition, -1],
    ])
    expect(await deleteRecords(client, 'refusing-deletions', beyondAll)).toEqual([
      [ErrorCode.OffsetOutOfRange, -1],
      [ErrorCode.OffsetOutOfRange, -1],
    ])
    // What is gone already is no error.
    expect(await deleteRecords(client, 'refusing-deletions', [[2, 3]])).toEqual([[ErrorCode.None, 5]])
    expect(await deleteRecords(client, 'compacted', [[0, 0]])).toEqual([[ErrorCode.PolicyViolation, -1]])
    expect(await deleteRecords(client, 'both', [[0, -1]])).toEqual([[ErrorCode.None, 0]])
    expect(await deleteRecords(client, 'unheard.of', [[0, 0]])).toEqual([[ErrorCode.UnknownTopicOrPartition, -1]])
    await metadata(client, ['__consumer_offsets'], true)
    expect(await deleteRecords(client, '__consumer_offsets', [[0, 0]])).toEqual([[ErrorCode.InvalidTopicException, -1]])
  })

  test('a fetch that waits for more below the new start is told', async () => {
    const [client, waiting] = await broker().connectMany(2)
    await createTopic(client!, 'waited', PARTITIONS.length)
    for (const partition of PARTITIONS) {
      await fill(client!, 'waited', partition, 20)
      const fetched = fetch(waiting!, 'waited', partition, 10, { maxWaitMs: 60_000, minBytes: 1 << 20 })
      // Whether it waits by now or is still to come: it is answered at once.
      expect(await deleteRecords(client!, 'waited', [[partition, 20]])).toEqual([[ErrorCode.None, 20]])
      expect((await fetched).errorCode).toBe(ErrorCode.OffsetOutOfRange)
    }
  })

  test('many partitions at once, and the same one by many', async () => {
    const clients = await broker().connectMany(4)
    const count = 60
    await createTopic(clients[0]!, 'many', count)
    const all = Array.from({ length: count }, (_, partition) => partition)
    await Promise.all(all.map((partition) => fill(clients[partition % 4]!, 'many', partition, 20)))
    const answers = await Promise.all(
      clients.map((client, i) => deleteRecords(client, 'many', [...all.map((each) => [each, 5 + i] as const)])),
    )
    for (const [i, answer] of answers.entries()) {
      for (const [errorCode, lowWatermark] of answer) {
        expect(errorCode).toBe(ErrorCode.None)
        expect(lowWatermark).toBeGreaterThanOrEqual(5 + i)
      }
    }
    const { partitions } = await fetchAll(clients[0]!, 'many', [...all.map((each) => [each, 8] as const)])
    expect(partitions.map(({ logStartOffset }) => logStartOffset)).toEqual(all.map(() => 8))
  })
})

describe('after a stop', () => {
  const SMALL_JOURNAL = { 'millrace.journal.bytes': 8 << 20, 'message.max.bytes': 900_000 }

  test.each([1, 3])('of any kind the log begins where it did, with %i shards', async (shards) => {
    const broker = await TestBroker.start({ ...SMALL_JOURNAL, 'millrace.shards': shards })
    try {
      let client = await broker.connect()
      await createTopic(client, 'kept', PARTITIONS.length)
      for (const partition of PARTITIONS) await fill(client, 'kept', partition, 30)
      // Nothing but the journal has them; one is told to lose some, one all, one none.
      await deleteRecords(client, 'kept', [
        [0, 13],
        [1, -1],
      ])
      await broker.crash()
      for (const restart of ['crash', 'stop', 'crash']) {
        await broker.start({ ...SMALL_JOURNAL, 'millrace.shards': restart === 'stop' ? 2 : shards })
        client = await broker.connect()
        for (const [partition, start] of [13, 30, 0].entries()) {
          expect(await offsetAt(client, 'kept', partition, EARLIEST)).toMatchObject({ errorCode: 0, offset: start })
          const { logStartOffset, highWatermark } = await fetch(client, 'kept', partition, start)
          expect(logStartOffset).toBe(start)
          expect((await valuesFrom(client, 'kept', partition, start)).slice(0, 30 - start)).toEqual(numbers(start, 30))
          expect((await epochEnd(client, 'kept', partition, 0)).endOffset).toBe(30)
          expect((await produce(client, 'kept', partition, batchOf(['more']))).baseOffset).toBe(highWatermark)
        }
        if (restart === 'crash') await broker.crash()
        else await broker.stop()
      }
      const lines = (await readFile(join(broker.directory, 'log-start-offset-checkpoint'), 'utf8')).split('\n')
      expect(lines.sort()).toEqual(['', '0', '2', 'kept 0 13', 'kept 1 30'])
    } finally {
      await broker.destroy()
    }
  })

  test('a deleted topic leaves no start behind for the next of its name', async () => {
    const broker = await TestBroker.start(SMALL_JOURNAL)
    try {
      let client = await broker.connect()
      await createTopic(client, 'again', 1)
      await fill(client, 'again', 0, 30)
      await deleteRecords(client, 'again', [[0, 20]])
      await deleteTopic(client, 'again')
      await createTopic(client, 'again', 1)
      await fill(client, 'again', 0, 10)
      await broker.crash()
      await broker.start(SMALL_JOURNAL)
      client = await broker.connect()
      expect(await valuesFrom(client, 'again', 0, 0)).toEqual(numbers(0, 10))
    } finally {
      await broker.destroy()
    }
  })
})

describe('files', () => {
  const SEGMENT_BYTES = 1 << 20
  const OPTIONS = { 'millrace.shards': 2, 'message.max.bytes': 900_000 }
  const LARGE = 'x'.repeat(100_000)

  async function segmentsOf(broker: TestBroker): Promise<string[]> {
    const names = await readdir(join(broker.directory, 'large-0'))
    return names.filter((name) => name.endsWith('.log')).sort()
  }

  test('of deleted segments are gone, but for those who read them', async () => {
    const broker = await TestBroker.start(OPTIONS)
    try {
      const client = await broker.connect()
      await createTopic(client, 'large', 1, { 'segment.bytes': SEGMENT_BYTES })
      for (let i = 0; i < 80; i++) await produce(client, 'large', 0, batchOf([`${i}${LARGE}`]))
      // Into segments: a start drains what it finds in the journal.
      await broker.restart(OPTIONS)
      const [deleting, reading] = await broker.connectMany(2)
      expect((await segmentsOf(broker)).length).toBe(8)
      // Answers that fill what the sockets hold, and wait for us in the broker.
      reading!.socket.pause()
      const offsets = Array.from({ length: 8 }, (_, i) => i * 10)
      const fetched = offsets.map((offset) => fetch(reading!, 'large', 0, offset))
      await fetch(deleting!, 'large', 0, 0)
      expect(await deleteRecords(deleting!, 'large', [[0, 45]])).toEqual([[ErrorCode.None, 45]])
      expect(await segmentsOf(broker)).toEqual(['00000000000000000040.log', ...(await segmentsOf(broker)).slice(1)])
      expect(await deleteRecords(deleting!, 'large', [[0, -1]])).toEqual([[ErrorCode.None, 80]])
      expect(await segmentsOf(broker)).toEqual([])
      reading!.socket.resume()
      const answers = await Promise.all(fetched)
      for (const [i, { errorCode, bytes }] of answers.entries()) {
        if (errorCode === ErrorCode.OffsetOutOfRange) continue
        const records = recordsIn(bytes)
        expect(records[0]!.value.slice(0, 5)).toBe(`${offsets[i]}xxxxx`.slice(0, 5))
      }
      // The first was answered before anything was deleted.
      expect(recordsIn(answers[0]!.bytes).length).toBeGreaterThanOrEqual(10)
      expect((await produce(deleting!, 'large', 0, batchOf(['after']))).baseOffset).toBe(80)
      expect(await valuesFrom(deleting!, 'large', 0, 80)).toEqual(['after'])
      await broker.restart()
      expect(await segmentsOf(broker)).toEqual(['00000000000000000080.log'])
      expect(await valuesFrom(await broker.connect(), 'large', 0, 80)).toEqual(['after'])
    } finally {
      await broker.destroy()
    }
  })
})
