// The engine from dist (its threads need JavaScript), in directories of its own.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

type Package = typeof import('../../src/index.ts')
type RunningEngine = Awaited<ReturnType<Package['Engine']['open']>>
type Log = Awaited<ReturnType<RunningEngine['topic']>>
const millrace = (await import(new URL('../../dist/index.js', import.meta.url).href)) as Package
const { Engine } = millrace

const JOURNAL_BYTES = 12 << 20
let directory: string
let engine: RunningEngine | null = null

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-engine-'))
})

afterEach(async () => {
  await engine?.close()
  engine = null
  rmSync(directory, { recursive: true })
})

async function open(options: Partial<Parameters<Package['Engine']['open']>[0]> = {}): Promise<RunningEngine> {
  const settings = { 'millrace.journal.bytes': JOURNAL_BYTES, 'millrace.log.level': 'fatal', ...options.settings }
  engine = await Engine.open({ dir: directory, ...options, settings })
  return engine
}

async function reopen(options: Parameters<typeof open>[0] = {}): Promise<RunningEngine> {
  await engine?.close()
  return open(options)
}

async function readAll(log: Log, partition: number, options = {}) {
  const records = []
  for await (const batch of log.read(partition, options)) records.push(...batch)
  return records
}

async function values(log: Log, partition: number, options = {}): Promise<string[]> {
  return (await readAll(log, partition, options)).map(({ value }) => `${value}`)
}

const names = (count: number, prefix = 'r') => Array.from({ length: count }, (_, i) => `${prefix}${i}`)

describe.each([0, 1, 2])('with %i threads of its own', (shards) => {
  test.each(['os', 'durable'] as const)(
    '%s: what was flushed is read back, and again after a restart',
    async (durability) => {
      const log = await (await open({ shards })).topic('events', { partitions: 3, durability })
      for (const name of names(3000))
        expect(log.append(Number(name.slice(1)) % 3, { key: name, value: name })).toBe(true)
      await log.flush()
      const expected = (partition: number) => names(3000).filter((_, i) => i % 3 === partition)
      for (const partition of [0, 1, 2]) expect(await values(log, partition)).toEqual(expected(partition))

      const again = await (await reopen({ shards })).topic('events')
      expect([again.partitions, again.durability]).toEqual([3, durability])
      for (const partition of [0, 1, 2]) expect(await values(again, partition)).toEqual(expected(partition))
      expect(again.append(0, { value: 'more' })).toBe(true)
      await again.flush()
      expect((await values(again, 0)).at(-1)).toBe('more')
      expect(await again.offsets(0)).toEqual({ start: 0, end: 1001 })
    },
  )

  test('records come back whole: keys, headers, timestamps, nulls', async () => {
    const log = await (await open({ shards })).topic('events', {})
    const now = Date.now()
    await log.appendMany(0, [
      {
        key: 'k',
        value: Buffer.of(1, 2),
        headers: [
          { key: 'a', value: 'ä' },
          { key: 'a', value: null },
        ],
        timestamp: 5,
      },
      { key: null, value: null, timestamp: 3 },
      { key: '', value: '' },
    ])
    const records = await readAll(log, 0)
    expect(records.slice(0, 2)).toEqual([
      {
        offset: 0,
        timestamp: 5,
        key: Buffer.from('k'),
        value: Buffer.of(1, 2),
        headers: [
          { key: 'a', value: Buffer.from('ä') },
          { key: 'a', value: null },
        ],
      },
      { offset: 1, timestamp: 3, key: null, value: null, headers: [] },
    ])
    expect(records[2]!.key).toEqual(Buffer.alloc(0))
    expect(records[2]!.timestamp).toBeGreaterThanOrEqual(now)
  })
})

describe('reading', () => {
  test('from an offset, from a time, in small pieces, from memory and from segments', async () => {
    const settings = { 'log.segment.bytes': 1 << 20 }
    const log = await (await open({ settings, batchBytes: 4096 })).topic('events')
    const value = 'x'.repeat(1000)
    for (let i = 0; i < 5000; i++) while (!log.append(0, { value, timestamp: i })) await engine!.ready()
    await log.flush()
    for (const options of [{}, { bytesMax: 1 }, { bytesMax: 50_000 }]) {
      const offsets = (await readAll(log, 0, options)).map(({ offset }) => offset)
      expect(offsets).toEqual(Array.from({ length: 5000 }, (_, i) => i))
    }
    expect((await readAll(log, 0, { from: 4321 }))[0]!.offset).toBe(4321)
    expect((await readAll(log, 0, { from: { time: 1234 } }))[0]!.offset).toBe(1234)
    expect(await readAll(log, 0, { from: 5000 })).toEqual([])
    expect(await readAll(log, 0, { from: { time: 5000 } })).toEqual([])

    const again = await (await reopen()).topic('events')
    expect((await readAll(again, 0, { from: 777 }))[0]!.offset).toBe(777)
    expect(await readAll(again, 0)).toHaveLength(5000)
  })

  test('an offset that is not there', async () => {
    const log = await (await open()).topic('events')
    await log.appendMany(0, [{ value: 'a' }])
    for (const from of [2, -1]) {
      await expect(readAll(log, 0, { from })).rejects.toThrow(millrace.OffsetOutOfRangeError)
    }
    await expect(log.tail(0, { from: 7 }).next()).rejects.toThrow(millrace.OffsetOutOfRangeError)
  })

  test.each([0, 1])('tail follows the end, with %i threads', async (shards) => {
    const log = await (await open({ shards })).topic('events')
    await log.appendMany(0, [{ value: 'before' }])
    const seen: string[] = []
    const stop = new AbortController()
    const follow = async (options: object) => {
      for await (const { value } of log.tail(0, { ...options, signal: stop.signal })) {
        seen.push(`${value}`)
        if (`${value}` === 'r9') break
      }
    }
    const all = follow({ from: 0 })
    for (const name of names(10)) await log.appendMany(0, [{ value: name }])
    await all
    expect(seen).toEqual(['before', ...names(10)])

    const waiting = log.tail(0, { signal: stop.signal })
    const next = waiting.next()
    stop.abort()
    expect(await next).toEqual({ done: true, value: undefined })
  })
})

describe('appending', () => {
  test('awaited records know their offsets, and share batches', async () => {
    const log = await (await open()).topic('events', { partitions: 2 })
    const offsets = await Promise.all(names(100).map((value) => log.appendDurable(1, { value })))
    expect(offsets).toEqual(Array.from({ length: 100 }, (_, i) => i))
    expect(
      await log.appendMany(
        1,
        names(50).map((value) => ({ value })),
      ),
    ).toBe(149)
    const batches = []
    for await (const batch of log.read(1)) batches.push(batch.recordCount)
    expect(batches).toEqual([100, 50])
  })

  test('what lingers is written without a flush', async () => {
    for (const lingerMs of [0, 5]) {
      const log = await (await reopen({ lingerMs })).topic(`events-${lingerMs}`)
      const tail = log.tail(0)
      const first = tail.next()
      log.append(0, { value: 'a' })
      expect(`${((await first).value as { value: Buffer }).value}`).toBe('a')
    }
  })

  test('with the memory used up append says so, and loses nothing', async () => {
    const log = await (await open({ memoryBytes: 8 << 20, shards: 0 })).topic('events', { durability: 'os' })
    const value = Buffer.alloc(1000, 'x')
    let appended = 0
    let refused = 0
    while (appended < 40_000) {
      if (log.append(0, { key: `${appended}`, value })) appended++
      else {
        refused++
        await engine!.ready()
      }
    }
    expect(refused).toBeGreaterThan(3)
    await log.flush()
    let read = 0
    for await (const batch of log.read(0)) for (const { key } of batch) expect(`${key}`).toBe(`${read++}`)
    expect(read).toBe(40_000)
  })

  test('more partitions than may be open at a time', async () => {
    const log = await (await open({ lingerMs: 60_000 })).topic('events', { partitions: 200 })
    for (let i = 0; i < 2000; i++) while (!log.append(i % 200, { value: `${i}` })) await engine!.ready()
    await log.flush()
    for (const partition of [0, 1, 199]) expect(await values(log, partition)).toHaveLength(10)
  })

  test('a record that is too long is refused, the longest is not', async () => {
    const log = await (await open({ settings: { 'message.max.bytes': 300_000 } })).topic('events')
    expect(() => log.append(0, { value: Buffer.alloc(300_000) })).toThrow(millrace.RecordTooLargeError)
    expect(() => log.append(0, { value: 7 } as never)).toThrow(TypeError)
    expect(() => log.append(0, { timestamp: 0.5 })).toThrow(TypeError)
    await log.flush()
    log.append(0, { value: 'a' })
    expect(log.append(0, { value: Buffer.alloc(299_900) })).toBe(true)
    expect(() => log.append(0, { value: Buffer.alloc(300_000) })).toThrow(millrace.RecordTooLargeError)
    log.append(0, { value: 'b' })
    await log.flush()
    expect((await readAll(log, 0)).map(({ value }) => value!.length)).toEqual([1, 299_900, 1])
  })

  test('what the log refuses is told by the flush that covers it, once', async () => {
    const log = await (await open()).topic('events', { config: { 'cleanup.policy': 'compact' } })
    log.append(0, { value: 'without a key' })
    await expect(log.flush()).rejects.toThrow(millrace.AppendRefusedError)
    await log.flush()
    await expect(log.appendMany(0, [{ value: 'a' }])).rejects.toThrow(/without a key/)
    await expect(log.flush()).rejects.toThrow(millrace.AppendRefusedError)
    expect(await log.appendMany(0, [{ key: 'a', value: 'a' }])).toBe(0)
  })
})

describe('topics', () => {
  test('what can not be is refused by name', async () => {
    const { InvalidTopicError, NotDurableError, TopicNotFoundError } = millrace
    await open()
    const log = await engine!.topic('events', { partitions: 2, durability: 'os' })
    expect(await engine!.topic('events')).toBe(log)
    expect(engine!.topics()).toEqual(['events'])
    await expect(engine!.topic('events', { partitions: 3 })).rejects.toThrow(InvalidTopicError)
    await expect(engine!.topic('events', { durability: 'durable' })).rejects.toThrow(InvalidTopicError)
    await expect(engine!.topic('__consumer_offsets')).rejects.toThrow(InvalidTopicError)
    await expect(engine!.topic('a/b')).rejects.toThrow(InvalidTopicError)
    await expect(engine!.topic('c', { config: { 'retention.hours': 1 } })).rejects.toThrow(/retention.hours/)
    await expect(log.appendDurable(0, { value: 'a' })).rejects.toThrow(NotDurableError)
    expect(() => log.append(2, { value: 'a' })).toThrow(TopicNotFoundError)
    await expect(log.read(-1).next()).rejects.toThrow(TopicNotFoundError)
    await expect(engine!.deleteTopic('none')).rejects.toThrow(TopicNotFoundError)
  })

  test('a topic that is deleted takes no more, and its name may be used again', async () => {
    await open()
    const log = await engine!.topic('events')
    await log.appendMany(0, [{ value: 'a' }])
    const waiting = log.tail(0).next()
    await engine!.deleteTopic('events')
    await expect(waiting).rejects.toThrow(millrace.TopicNotFoundError)
    await expect(log.appendMany(0, [{ value: 'b' }])).rejects.toThrow(millrace.TopicNotFoundError)
    const next = await engine!.topic('events', { partitions: 2 })
    expect(await next.appendMany(0, [{ value: 'c' }])).toBe(0)
    expect(await values(next, 0)).toEqual(['c'])
  })
})

describe('the end', () => {
  test('close finishes what was appended, and refuses what comes after', async () => {
    const { EngineClosedError } = millrace
    await open({ memoryBytes: 8 << 20, lingerMs: 60_000 })
    const log = await engine!.topic('events', { partitions: 2, durability: 'os' })
    const waiting = log.tail(1).next()
    const lost = expect(waiting).rejects.toThrow(EngineClosedError)
    log.append(0, { value: 'lingers' })
    const awaited = log.appendMany(0, [{ value: 'awaited' }])
    const value = Buffer.alloc(100_000)
    const many = log.appendMany(
      0,
      Array.from({ length: 1000 }, () => ({ value })),
    )
    const refused = expect(many).rejects.toThrow(EngineClosedError)
    const closed = engine!.close()
    expect(() => log.append(0, { value: 'late' })).toThrow(EngineClosedError)
    await Promise.all([lost, refused, expect(log.flush()).rejects.toThrow(EngineClosedError)])
    expect(await awaited).toBe(1)
    await closed
    await engine!.close()
    await expect(engine!.topic('events')).rejects.toThrow(EngineClosedError)
    await expect(engine!.ready()).rejects.toThrow(EngineClosedError)

    const again = await (await open()).topic('events')
    const found = await readAll(again, 0)
    expect(found.slice(0, 2).map((record) => `${record.value}`)).toEqual(['lingers', 'awaited'])
    // What was taken of the many is there too.
    expect(found.length).toBeGreaterThan(50)
    expect(found.slice(2).every((record) => record.value!.length === 100_000)).toBe(true)
  })

  test('a directory is open once', async () => {
    await open()
    const second = Engine.open({ dir: directory })
    await expect(second).rejects.toThrow(millrace.DirectoryInUseError)
    await expect(second).rejects.toThrow(millrace.LogDirectoryError)
    await expect(Engine.open({ dir: join(directory, 'meta.properties', 'below') })).rejects.toThrow(
      millrace.LogDirectoryError,
    )
    await expect(Engine.open({ dir: directory, settings: { 'num.partition': 1 } })).rejects.toThrow(
      millrace.SettingsError,
    )
    await expect(Engine.open({ dir: directory, batchBytes: 0 })).rejects.toThrow(RangeError)
  })

  test('a broker reads what the engine has written', async () => {
    const log = await (await open()).topic('events')
    await log.appendMany(
      0,
      names(10).map((value) => ({ value })),
    )
    await engine!.close()
    const settings = { 'log.dirs': directory, 'millrace.journal.bytes': JOURNAL_BYTES }
    const broker = await millrace.Broker.start({ shards: 0, settings })
    const { Client, fetchRecords } = await import('../../src/client/index.ts')
    const client = await Client.connect({ host: '127.0.0.1', port: broker.port })
    expect((await fetchRecords(client, 'events', 0, 0)).map(({ value }) => `${Buffer.from(value!)}`)).toEqual(names(10))
    client.close()
    await broker.close()
  })
})
