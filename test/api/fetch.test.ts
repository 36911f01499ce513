// The fetch call and its sessions (KIP-227) against partitions that the test plays: no log, no socket, no thread.
import { beforeEach, describe, expect, test } from 'vitest'
import { FetchCall, type FetchContext } from '../../src/api/01-fetch.ts'
import type { FetchPart } from '../../src/api/fetch-part.ts'
import { FetchSessions } from '../../src/api/fetch-session.ts'
import { Routes } from '../../src/api/routes.ts'
import { Deadlines } from '../../src/lib/deadlines.ts'
import { Pool } from '../../src/lib/pool.ts'
import { MetadataImage } from '../../src/metadata/image.ts'
import { ErrorCode } from '../../src/model/error-codes.ts'
import { FetchResponse, readFetchResponse } from '../../src/wire/generated/01-fetch.ts'
import { Reader } from '../../src/wire/reader.ts'
import { type RecordsSource, Writer } from '../../src/wire/writer.ts'
import { partitionRecord, topicRecord, uuid } from '../metadata/records.ts'
import { seededRandom } from '../raft/fake-disk.ts'

const VERSION = 12
const BY_ID = 13

interface Played {
  bytes: number
  highWatermark: number
  error: number
}

class World implements FetchContext {
  readonly routes = new Routes(1)
  readonly sessions: FetchSessions
  readonly nodeId = 1
  readonly fetchBytesMax = 10_000
  nowMs = 0
  readonly played = new Map<string, Played>()
  readonly deadlines = new Deadlines<FetchCall>()
  readonly watched = new Set<FetchPart>()
  /** Parts whose read the test answers. */
  readonly reading: FetchPart[] = []
  isSlow = false
  held = 0
  readonly resuming: FetchCall[] = []
  readonly pool: Pool<FetchCall> = new Pool(() => new FetchCall(this.pool))

  constructor(sessionsMax = 2) {
    const random = seededRandom(1)
    this.sessions = new FetchSessions(sessionsMax, 1 << 30, { uint32: random, bytes: () => new Uint8Array(0) })
    const image = new MetadataImage()
    const records = [1, 2].flatMap((id) => [topicRecord(`t${id}`, id), ...[0, 1, 2].map((p) => partitionRecord(id, p))])
    image.apply({ offset: 1, epoch: 1, records: [...records, partitionRecord(2, 3, { leader: 9 })] })
    for (const topic of image.topics.all()) {
      this.routes.addTopic(topic)
      for (let partition = 0; partition < topic.partitions.length; partition++)
        this.routes.addPartition(topic, partition)
    }
  }

  at(topic: string, partition: number): Played {
    const key = `${topic}-${partition}`
    let played = this.played.get(key)
    if (played === undefined) {
      played = { bytes: 0, highWatermark: 0, error: 0 }
      this.played.set(key, played)
    }
    return played
  }

  grow(topic: string, partition: number, bytes: number): void {
    const played = this.at(topic, partition)
    played.bytes += bytes
    played.highWatermark++
    for (const part of [...this.watched]) {
      if (part.route!.topic.image.name === topic && part.partition === partition) part.onGrown()
    }
    this.settle()
  }

  pass(ms: number): void {
    this.nowMs += ms
    for (let call = this.deadlines.popDue(this.nowMs); call !== undefined; call = this.deadlines.popDue(this.nowMs)) {
      call.onDeadline()
    }
    this.settle()
  }

  settle(): void {
    for (let i = 0; i < this.resuming.length; i++) this.resuming[i]!.resume()
    this.resuming.length = 0
  }

  read(part: FetchPart, bytesMax: number): void {
    this.reading.push(part)
    if (!this.isSlow) this.answerRead(bytesMax)
  }

  answerRead(bytesMax = 1 << 20): void {
    const part = this.reading.shift()!
    const { bytes, highWatermark, error } = this.at(part.route!.topic.image.name, part.partition)
    part.error = error
    part.highWatermark = error === 0 ? highWatermark : -1
    part.logStartOffset = error === 0 ? 0 : -1
    // One batch of 100 bytes at least, whole ones as far as they fit.
    part.byteLength = error !== 0 || bytes === 0 ? 0 : Math.min(bytes, Math.max(100, Math.floor(bytesMax / 100) * 100))
    part.rows = part.byteLength > 0 ? 1 : 0
    this.held += part.rows
    part.call.onRead(part)
  }

  watch(part: FetchPart): void {
    this.watched.add(part)
    if (this.at(part.route!.topic.image.name, part.partition).highWatermark !== part.highWatermark) part.onGrown()
  }

  unwatch(part: FetchPart): void {
    this.watched.delete(part)
  }

  resumeLater(call: FetchCall): void {
    this.resuming.push(call)
  }

  addDeadline(call: FetchCall): void {
    this.deadlines.add(call)
  }

  removeDeadline(call: FetchCall): void {
    this.deadlines.remove(call)
  }

  release(part: FetchPart): void {
    this.held -= part.rows
    part.rows = 0
    part.byteLength = 0
  }
}

class AnswerWriter extends Writer {
  constructor() {
    super(new Uint8Array(4096))
  }

  protected override appendRecords(source: RecordsSource): void {
    this.reserve(source.byteLength)
  }
}

interface Asked {
  topics?: Record<string, Record<number, number>>
  forgotten?: Record<string, number[]>
  sessionId?: number
  sessionEpoch?: number
  maxWaitMs?: number
  minBytes?: number
  maxBytes?: number
  version?: number
}

/** A call, and its answer once it is ready: `t1-0 100` is a partition with 100 bytes, `t1-0 !3` one with an error. */
function begin(world: World, asked: Asked) {
  const call = world.pool.take()
  const version = asked.version ?? VERSION
  call.apiKey = 1
  call.apiVersion = version
  const { request } = call
  request.reset()
  Object.assign(request, {
    maxWaitMs: asked.maxWaitMs ?? 0,
    minBytes: asked.minBytes ?? 1,
    maxBytes: asked.maxBytes ?? 1 << 20,
    sessionId: asked.sessionId ?? 0,
    sessionEpoch: asked.sessionEpoch ?? -1,
  })
  const idOf = (name: string) => uuid(Number(name.slice(1)))
  for (const [name, partitions] of Object.entries(asked.topics ?? {})) {
    const topic = request.topics.add()
    if (version >= BY_ID) topic.topicId = idOf(name)
    else topic.topic = name
    for (const [partition, offset] of Object.entries(partitions)) {
      const row = topic.partitions.add()
      row.partition = Number(partition)
      row.fetchOffset = offset
      row.partitionMaxBytes = 5000
    }
  }
  for (const [name, partitions] of Object.entries(asked.forgotten ?? {})) {
    const topic = request.forgottenTopicsData.add()
    if (version >= BY_ID) topic.topicId = idOf(name)
    else topic.topic = name
    topic.partitions = partitions
  }
  let answer: Answer | null = null
  call.owner = {
    onReady() {
      const writer = new AnswerWriter()
      call.encode(writer)
      answer = decode(writer.written(), version)
      call.finish()
    },
  }
  call.start(world)
  return { call, answer: () => answer }
}

interface Answer {
  error: number
  sessionId: number
  parts: string[]
}

function decode(bytes: Uint8Array, version: number): Answer {
  const reader = new Reader()
  reader.reset(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length, 1 << 20)
  const { errorCode, sessionId, responses } = readFetchResponse(reader, version, new FetchResponse())
  const parts: string[] = []
  for (let i = 0; i < responses.count; i++) {
    const { topic, topicId, partitions } = responses.at(i)
    const name =
      version >= BY_ID ? [1, 2].map((id) => (uuid(id) === topicId ? `t${id}` : '')).join('') || 'other' : topic
    for (let j = 0; j < partitions.count; j++) {
      const { partitionIndex, errorCode: error, recordsLength } = partitions.at(j)
      parts.push(`${name}-${partitionIndex} ${error === 0 ? recordsLength : `!${error}`}`)
    }
  }
  return { error: errorCode, sessionId, parts }
}

/** The answer to what is not waited for. */
function ask(world: World, asked: Asked): Answer {
  return begin(world, asked).answer()!
}

let world: World

beforeEach(() => {
  world = new World()
})

const BOTH = { t1: { 0: 0, 1: 0 }, t2: { 2: 0 } }

describe('a fetch', () => {
  test('is answered at once with what there is, in the order asked', () => {
    world.grow('t1', 1, 300)
    world.grow('t2', 2, 100)
    expect(ask(world, { topics: BOTH, maxWaitMs: 1000 }).parts).toEqual(['t1-0 0', 't1-1 300', 't2-2 100'])
    expect([world.held, world.deadlines.size, world.watched.size]).toEqual([0, 0, 0])
  })

  test('waits for min bytes over all its partitions, from the moment it came', () => {
    world.nowMs = 5000
    const fetch = begin(world, { topics: BOTH, maxWaitMs: 1000, minBytes: 350 })
    world.grow('t1', 0, 100)
    world.grow('t1', 2, 900)
    world.grow('t2', 2, 200)
    world.pass(999)
    expect([fetch.answer(), world.held, world.watched.size]).toEqual([null, 0, 3])
    world.grow('t1', 1, 100)
    expect(fetch.answer()!.parts).toEqual(['t1-0 100', 't1-1 100', 't2-2 200'])
    expect([world.held, world.deadlines.size, world.watched.size]).toEqual([0, 0, 0])
  })

  test('is answered with what there is when its time is up', () => {
    const fetch = begin(world, { topics: BOTH, maxWaitMs: 1000, minBytes: 350 })
    world.grow('t1', 0, 100)
    world.pass(1000)
    expect(fetch.answer()!.parts).toEqual(['t1-0 100', 't1-1 0', 't2-2 0'])
  })

  test('tells errors at once, beside what is well', () => {
    world.grow('t1', 1, 100)
    world.at('t2', 2).error = ErrorCode.OffsetOutOfRange
    const topics = { t1: { 0: 0, 1: 0, 7: 0 }, t2: { 2: 0, 3: 0 }, t9: { 0: 0 } }
    expect(ask(world, { topics, maxWaitMs: 1000, minBytes: 9999 }).parts).toEqual([
      't1-0 0',
      't1-1 100',
      `t1-7 !${ErrorCode.UnknownTopicOrPartition}`,
      `t2-2 !${ErrorCode.OffsetOutOfRange}`,
      `t2-3 !${ErrorCode.NotLeaderOrFollower}`,
      `t9-0 !${ErrorCode.UnknownTopicOrPartition}`,
    ])
    expect(ask(world, { topics: { t9: { 0: 0 } }, version: BY_ID }).parts).toEqual([
      `other-0 !${ErrorCode.UnknownTopicId}`,
    ])
  })

  test('keeps to its max bytes, but for the first batch', () => {
    for (const partition of [0, 1]) world.grow('t1', partition, 1000)
    world.grow('t2', 2, 1000)
    expect(ask(world, { topics: BOTH, maxBytes: 1500 }).parts).toEqual(['t1-0 1000', 't1-1 500', 't2-2 0'])
    expect(ask(world, { topics: BOTH, maxBytes: 1 }).parts).toEqual(['t1-0 100', 't1-1 0', 't2-2 0'])
    expect(world.held).toBe(0)
  })

  test('that is cancelled gives back all it holds, waiting or reading', () => {
    const waiting = begin(world, { topics: BOTH, maxWaitMs: 1000 })
    waiting.call.cancel()
    world.settle()
    expect([world.deadlines.size, world.watched.size, waiting.answer()]).toEqual([0, 0, null])
    world.grow('t1', 0, 100)
    world.isSlow = true
    const reading = begin(world, { topics: BOTH, maxWaitMs: 1000 })
    world.answerRead()
    reading.call.cancel()
    expect(world.held).toBe(1)
    world.answerRead()
    world.answerRead()
    expect([world.held, world.deadlines.size, reading.answer()]).toEqual([0, 0, null])
    // Both calls are back in the pool, and as good as new.
    world.isSlow = false
    expect(ask(world, { topics: BOTH }).parts).toEqual(['t1-0 100', 't1-1 0', 't2-2 0'])
  })

  test('may name a partition twice', () => {
    const fetch = begin(world, { topics: { t1: { 0: 0 }, t2: { 0: 0 } }, maxWaitMs: 1000 })
    world.grow('t2', 0, 100)
    expect(fetch.answer()!.parts).toEqual(['t1-0 0', 't2-0 100'])
  })
})

describe('a session', () => {
  const open = (version = VERSION) => ask(world, { topics: BOTH, sessionEpoch: 0, version }).sessionId
  const next = (sessionId: number, sessionEpoch: number, asked: Asked = {}) =>
    ask(world, { sessionId, sessionEpoch, ...asked })

  test('is told what changed, and only that', () => {
    const id = open()
    expect(id).toBeGreaterThan(0)
    expect(next(id, 1)).toEqual({ error: 0, sessionId: id, parts: [] })
    world.grow('t1', 1, 100)
    expect(next(id, 2).parts).toEqual(['t1-1 100'])
    // The client has it: it asks from further on.
    world.at('t1', 1).bytes = 0
    expect(next(id, 3, { topics: { t1: { 1: 1 } } }).parts).toEqual([])
    expect(next(id, 4, { topics: { t2: { 0: 0 } }, forgotten: { t1: [0, 1] } }).parts).toEqual(['t2-0 0'])
    world.grow('t1', 0, 100)
    world.grow('t2', 2, 100)
    expect(next(id, 5).parts).toEqual(['t2-2 100'])
  })

  test('is told an error until it is gone, and that it is gone', () => {
    const id = open()
    world.at('t1', 0).error = ErrorCode.KafkaStorageError
    expect([next(id, 1).parts, next(id, 2).parts]).toEqual([['t1-0 !56'], ['t1-0 !56']])
    world.at('t1', 0).error = 0
    expect([next(id, 3).parts, next(id, 4).parts]).toEqual([['t1-0 0'], []])
  })

  test('waits for its members, and is empty when its time is up', () => {
    const id = open()
    const grown = begin(world, { sessionId: id, sessionEpoch: 1, maxWaitMs: 1000 })
    world.grow('t2', 2, 100)
    expect(grown.answer()!.parts).toEqual(['t2-2 100'])
    world.at('t2', 2).bytes = 0
    const expired = begin(world, { sessionId: id, sessionEpoch: 2, maxWaitMs: 1000 })
    world.pass(1000)
    expect(expired.answer()).toEqual({ error: 0, sessionId: id, parts: [] })
  })

  test('begins each answer with another partition', () => {
    const id = open()
    for (const partition of [0, 1]) world.grow('t1', partition, 100)
    world.grow('t2', 2, 100)
    const first = [1, 2, 3, 4].map((epoch) =>
      next(id, epoch, { maxBytes: 100 }).parts.find((part) => part.endsWith(' 100')),
    )
    expect(first).toEqual(['t1-0 100', 't1-1 100', 't2-2 100', 't1-0 100'])
  })

  test('refuses another epoch, another form of topic names, and what it does not know', () => {
    const id = open()
    expect(next(id, 2).error).toBe(ErrorCode.InvalidFetchSessionEpoch)
    expect(next(id, 1, { version: BY_ID }).error).toBe(ErrorCode.FetchSessionTopicIdError)
    expect(next(id + 1, 1).error).toBe(ErrorCode.FetchSessionIdNotFound)
    // It is as it was.
    expect(next(id, 1)).toEqual({ error: 0, sessionId: id, parts: [] })
    const byId = open(BY_ID)
    world.grow('t1', 0, 100)
    expect(next(byId, 1, { version: BY_ID }).parts).toEqual(['t1-0 100'])
  })

  test('ends when asked to, and is made anew in its place', () => {
    const id = open()
    expect(ask(world, { topics: BOTH, sessionId: id, sessionEpoch: -1 })).toMatchObject({ error: 0, sessionId: 0 })
    expect(next(id, 1).error).toBe(ErrorCode.FetchSessionIdNotFound)
    const again = ask(world, { topics: BOTH, sessionId: open(), sessionEpoch: 0 }).sessionId
    expect(next(again, 1).error).toBe(0)
  })

  test('the one used longest ago goes for a new one; with none allowed there are none', () => {
    const [a, b] = [open(), open()]
    next(a, 1)
    const c = open()
    expect([next(a, 2).error, next(b, 1).error, next(c, 1).error]).toEqual([0, ErrorCode.FetchSessionIdNotFound, 0])
    world = new World(0)
    expect(open()).toBe(0)
  })

  test('takes partition numbers as they come, be they no partitions', () => {
    const id = open()
    const topics = { t1: { 2147483646: 0 } }
    expect(next(id, 1, { topics }).parts).toEqual([`t1-2147483646 !${ErrorCode.UnknownTopicOrPartition}`])
    expect(next(id, 2, { forgotten: { t1: [2147483646, -1, 5] } }).parts).toEqual([])
  })
})
