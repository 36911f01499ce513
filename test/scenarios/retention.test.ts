// Retention of a running broker: segments go by size and by time, consumers are told so, and the disk has room again.
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ErrorCode } from '../../src/model/error-codes.ts'
import { TestBroker } from './broker.ts'
import { alterTopic, batchOf, type Client, createTopic, fetch, offsetAt, produce, recordsIn } from './client.ts'

const EARLIEST = -2
const HOUR_MS = 3_600_000
const LARGE = 'x'.repeat(100_000)
const OPTIONS = {
  'millrace.shards': 2,
  'log.initial.task.delay.ms': 50,
  'log.retention.check.interval.ms': 100,
  'millrace.http.listener': '127.0.0.1:0',
}

async function startOf(client: Client, topic: string, partition: number): Promise<number> {
  return (await offsetAt(client, topic, partition, EARLIEST)).offset
}

/** Of the record batches alone. */
async function bytesOnDisk(broker: TestBroker, partition: string): Promise<number> {
  const directory = join(broker.directory, partition)
  const names = (await readdir(directory)).filter((name) => name.endsWith('.log'))
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(directory, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** The part of the values that tells them apart. */
async function valuesFrom(client: Client, topic: string, partition: number, offset: number): Promise<string[]> {
  const values: string[] = []
  for (;;) {
    const fetched = await fetch(client, topic, partition, offset + values.length)
    expect(fetched.errorCode).toBe(ErrorCode.None)
    for (const { value, offset: at } of recordsIn(fetched.bytes)) {
      if (at >= offset + values.length) values.push(value.replace(/x+$/, ''))
    }
    if (offset + values.length >= fetched.highWatermark) return values
  }
}

async function metric(broker: TestBroker, name: string): Promise<number> {
  const text = await (await globalThis.fetch(`http://127.0.0.1:${broker.httpPort}/metrics`)).text()
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`))
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

test('what is too large loses its oldest segments, from the alteration on', async () => {
  const broker = await TestBroker.start(OPTIONS)
  try {
    let client = await broker.connect()
    await createTopic(client, 'large', 2, { 'segment.bytes': 1 << 20, 'retention.ms': -1 })
    for (const partition of [0, 1]) {
      for (let i = 0; i < 60; i++) await produce(client, 'large', partition, batchOf([`${i}${LARGE}`]))
    }
    // Into segments: a start drains what it finds in the journal. Their ages are known again only from their files.
    await broker.restart(OPTIONS)
    client = await broker.connect()
    expect(await bytesOnDisk(broker, 'large-0')).toBeGreaterThan(6_000_000)
    expect(await startOf(client, 'large', 0)).toBe(0)
    await alterTopic(client, 'large', { 'retention.bytes': 2_500_000 })
    for (const partition of [0, 1]) {
      // Ten to a segment, of which three are kept: without the oldest there would not be enough.
      await expect.poll(() => startOf(client, 'large', partition)).toBe(30)
      await expect.poll(() => bytesOnDisk(broker, `large-${partition}`)).toBeLessThan(3_100_000)
      const below = await fetch(client, 'large', partition, 29)
      expect([below.errorCode, below.bytes.length]).toEqual([ErrorCode.OffsetOutOfRange, 0])
      const values = await valuesFrom(client, 'large', partition, 30)
      expect(values).toEqual(Array.from({ length: 30 }, (_, i) => `${30 + i}`))
    }
    expect(await metric(broker, 'millrace_retention_deleted_segments_total')).toBe(6)
    expect(await metric(broker, 'millrace_retention_deleted_bytes_total')).toBeGreaterThan(6_000_000)
    expect(await metric(broker, 'millrace_retention_held')).toBe(0)
    await broker.crash()
    await broker.start(OPTIONS)
    client = await broker.connect()
    expect([await startOf(client, 'large', 0), await startOf(client, 'large', 1)]).toEqual([30, 30])
  } finally {
    await broker.destroy()
  }
})

test('what is old goes, be it all there is; what is of now stays', async () => {
  const broker = await TestBroker.start(OPTIONS)
  try {
    const client = await broker.connect()
    await createTopic(client, 'timed', 3, { 'retention.ms': HOUR_MS, 'segment.ms': HOUR_MS })
    const nowMs = Date.now()
    const send = (partition: number, value: string, timestampMs: number) =>
      produce(client, 'timed', partition, batchOf([{ value, timestampMs }]))
    for (let i = 0; i < 10; i++) await send(0, `old ${i}`, nowMs - 2 * HOUR_MS)
    for (let i = 0; i < 5; i++) await send(0, `new ${i}`, nowMs)
    for (let i = 0; i < 5; i++) await send(1, `old ${i}`, nowMs - 2 * HOUR_MS)
    // Of a segment it is the latest record that decides.
    await send(2, 'old', nowMs - HOUR_MS - 60_000)
    await send(2, 'new', nowMs - HOUR_MS + 60_000)
    await expect.poll(() => startOf(client, 'timed', 0)).toBe(10)
    await expect.poll(() => startOf(client, 'timed', 1)).toBe(5)
    expect((await valuesFrom(client, 'timed', 0, 10)).length).toBe(5)
    expect((await fetch(client, 'timed', 1, 4)).errorCode).toBe(ErrorCode.OffsetOutOfRange)
    expect((await fetch(client, 'timed', 1, 5)).errorCode).toBe(ErrorCode.None)
    expect(await startOf(client, 'timed', 2)).toBe(0)
    expect((await send(1, 'new', nowMs)).baseOffset).toBe(5)
    await alterTopic(client, 'timed', { 'retention.ms': 60_000 })
    await expect.poll(() => startOf(client, 'timed', 2)).toBe(2)
    expect(await startOf(client, 'timed', 1)).toBe(5)
    const trusted = Number(await readFile(join(broker.directory, 'millrace-trusted-time'), 'utf8'))
    expect(trusted).toBeGreaterThanOrEqual(nowMs - 60_000)
  } finally {
    await broker.destroy()
  }
})

test('a clock that was years ahead at the last stop, or is now, makes nothing old', async () => {
  const broker = await TestBroker.start(OPTIONS)
  try {
    let client = await broker.connect()
    await createTopic(client, 'dated', 1)
    await produce(client, 'dated', 0, batchOf([{ value: 'a', timestampMs: Date.now() - 100 * 24 * HOUR_MS }]))
    await expect.poll(() => startOf(client, 'dated', 0)).toBe(1)
    await broker.stop()
    // As if the last clock that was trusted had been two years behind this one.
    await writeFile(join(broker.directory, 'millrace-trusted-time'), `${Date.now() - 730 * 24 * HOUR_MS}\n`)
    await broker.start(OPTIONS)
    client = await broker.connect()
    await produce(client, 'dated', 0, batchOf([{ value: 'b', timestampMs: Date.now() - 100 * 24 * HOUR_MS }]))
    await expect.poll(() => metric(broker, 'millrace_retention_held')).toBe(2)
    // By size it goes all the same.
    await createTopic(client, 'sized', 1, { 'retention.bytes': 0, 'retention.ms': -1 })
    await produce(client, 'sized', 0, batchOf(['c']))
    await expect.poll(() => startOf(client, 'sized', 0)).toBe(1)
    expect(await startOf(client, 'dated', 0)).toBe(1)
    // The operator knows better.
    await broker.restart({ ...OPTIONS, 'millrace.retention.clock.jump.max.ms': '9223372036854775807' })
    client = await broker.connect()
    await expect.poll(() => startOf(client, 'dated', 0)).toBe(2)
  } finally {
    await broker.destroy()
  }
})
