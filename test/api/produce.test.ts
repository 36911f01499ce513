// The produce call against shards that the test plays: who is asked what, and what the client is told.
import { describe, expect, test } from 'vitest'
import { ProduceCall, type ProduceContext } from '../../src/api/00-produce.ts'
import type { Call } from '../../src/api/call.ts'
import { RECORDS_UNTIMELY, RECORDS_WITHOUT_KEY } from '../../src/api/record-errors.ts'
import { type PartitionRoute, Routes } from '../../src/api/routes.ts'
import { type TopicSettings, topicSettings } from '../../src/config/topic-configs.ts'
import { Pool } from '../../src/lib/pool.ts'
import { MetadataImage } from '../../src/metadata/image.ts'
import { ErrorCode } from '../../src/model/error-codes.ts'
import { crc32c } from '../../src/native/stand-in/crc32c.ts'
import { type ProduceRequest, ProduceResponse, readProduceResponse } from '../../src/wire/generated/00-produce.ts'
import { Reader } from '../../src/wire/reader.ts'
import { LOG_APPEND_TIME, setBatchAttributes } from '../../src/wire/record-batch.ts'
import { RecordBatchBuilder } from '../../src/wire/record-batch-builder.ts'
import { Writer } from '../../src/wire/writer.ts'
import { partitionRecord, topicRecord, uuid } from '../metadata/records.ts'

const VERSION = 9
const BY_ID = 13
const RECORDS_BYTES = 100

interface Asked {
  call: ProduceCall
  row: number
  partition: string
  length: number
}

/** Topics t1 and t2 with three partitions each; t2-3 has its leader elsewhere. */
class World implements ProduceContext {
  readonly routes = new Routes(2)
  readonly nodeId = 1
  /** What the records of a request are read from; they begin at 0. */
  arena = arenaOf(new Uint8Array(0))
  readonly asked: Asked[] = []
  readonly ready: Call[] = []
  readonly pool: Pool<ProduceCall> = new Pool(() => new ProduceCall(this.pool))
  /** Answers an append before it returns. */
  isQuick = false
  readonly configs = new Map<string, string>()

  constructor() {
    const image = new MetadataImage()
    const records = [1, 2].flatMap((id) => [topicRecord(`t${id}`, id), ...[0, 1, 2].map((p) => partitionRecord(id, p))])
    image.apply({ offset: 1, epoch: 1, records: [...records, partitionRecord(2, 3, { leader: 9 })] })
    for (const topic of image.topics.all()) {
      this.routes.addTopic(topic)
      for (let partition = 0; partition < topic.partitions.length; partition++)
        this.routes.addPartition(topic, partition)
    }
  }

  settingsOf(): TopicSettings {
    return topicSettings(this.configs, () => undefined)
  }

  append(call: ProduceCall, row: number, { topic, partition }: PartitionRoute, _offset: number, length: number): void {
    const asked = { call, row, partition: `${topic.image.name}-${partition}`, length }
    this.asked.push(asked)
    if (this.isQuick) this.answer(asked, 7)
  }

  answer({ call, row }: Asked, baseOffset: number, error: number = ErrorCode.None, appendTimeMs = -1): void {
    call.onAppended(row, error, baseOffset, appendTimeMs, 0)
  }

  start(partitions: readonly string[], { acks = -1, version = VERSION, bytes = RECORDS_BYTES } = {}): ProduceCall {
    const call = this.pool.take()
    call.apiVersion = version
    call.owner = { onReady: (ready) => this.ready.push(ready) }
    fill(call.request, partitions, acks, bytes)
    call.start(this)
    return call
  }
}

function arenaOf(bytes: Uint8Array) {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) }
}

function fill(request: ProduceRequest, partitions: readonly string[], acks: number, bytes: number): void {
  request.reset()
  request.acks = acks
  for (const name of partitions) {
    const dash = name.indexOf('-')
    const topic = name.slice(0, dash)
    const data = request.topicData.add()
    data.name = topic
    data.topicId = uuid(Number(topic.slice(1)))
    const partition = data.partitionData.add()
    partition.index = Number(name.slice(dash + 1))
    partition.recordsOffset = 0
    partition.recordsLength = bytes
  }
}

function responseOf(call: ProduceCall): ProduceResponse {
  const writer = new Writer()
  call.encode(writer)
  const bytes = writer.written()
  const reader = new Reader()
  reader.reset(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length, 1 << 20)
  return readProduceResponse(reader, call.apiVersion, new ProduceResponse())
}

/** `topic-partition error offset`, in the answer's order. */
function told(call: ProduceCall): string[] {
  const response = responseOf(call)
  const lines: string[] = []
  for (let t = 0; t < response.responses.count; t++) {
    const topic = response.responses.at(t)
    for (let p = 0; p < topic.partitionResponses.count; p++) {
      const { index, errorCode, baseOffset } = topic.partitionResponses.at(p)
      lines.push(`${call.apiVersion >= BY_ID ? topic.topicId : topic.name}-${index} ${errorCode} ${baseOffset}`)
    }
  }
  return lines
}

/** Of each partition: error, indexes of records, message. */
function recordErrorsOf(call: ProduceCall): [number, number[], string | null][] {
  const { responses } = responseOf(call)
  const told: [number, number[], string | null][] = []
  for (let t = 0; t < responses.count; t++) {
    const { partitionResponses } = responses.at(t)
    for (let p = 0; p < partitionResponses.count; p++) {
      const { errorCode, recordErrors, errorMessage } = partitionResponses.at(p)
      const indexes = Array.from({ length: recordErrors.count }, (_, i) => recordErrors.at(i).batchIndex)
      told.push([errorCode, indexes, errorMessage])
    }
  }
  return told
}

function batchOfKeys(keys: readonly (string | null)[]): Uint8Array {
  const builder = new RecordBatchBuilder(crc32c).begin()
  for (const key of keys) builder.add({ timestampMs: 0, key: key === null ? null : Buffer.from(key), value: null })
  return builder.finish()
}

describe('a produce request', () => {
  test('is answered in the order it asked, whatever order its partitions are appended in', () => {
    const world = new World()
    const call = world.start(['t1-2', 't2-0', 't1-1'])
    expect(world.asked.map(({ partition, length }) => `${partition} ${length}`)).toEqual([
      't1-2 100',
      't2-0 100',
      't1-1 100',
    ])
    world.answer(world.asked[2]!, 30)
    world.answer(world.asked[0]!, 10)
    expect(world.ready).toEqual([])
    world.answer(world.asked[1]!, 20)
    expect(world.ready).toEqual([call])
    expect(told(call)).toEqual(['t1-2 0 10', 't2-0 0 20', 't1-1 0 30'])
  })

  test('is ready once although every append is answered before the next is asked', () => {
    const world = new World()
    world.isQuick = true
    const call = world.start(['t1-0', 't1-1', 't2-2'])
    expect(world.asked.length).toBe(3)
    expect(world.ready).toEqual([call])
    expect(told(call)).toEqual(['t1-0 0 7', 't1-1 0 7', 't2-2 0 7'])
  })

  test('without partitions is answered at once', () => {
    const world = new World()
    expect(world.ready).toEqual([world.start([])])
  })

  test('names what it refuses and appends the rest', () => {
    const world = new World()
    const call = world.start(['t9-0', 't1-7', 't2-3', 't1-0', 't1--1'])
    expect(world.asked.map(({ partition }) => partition)).toEqual(['t1-0'])
    world.answer(world.asked[0]!, 5)
    expect(told(call)).toEqual([
      `t9-0 ${ErrorCode.UnknownTopicOrPartition} -1`,
      `t1-7 ${ErrorCode.UnknownTopicOrPartition} -1`,
      `t2-3 ${ErrorCode.NotLeaderOrFollower} -1`,
      't1-0 0 5',
      `t1--1 ${ErrorCode.UnknownTopicOrPartition} -1`,
    ])
  })

  test('by topic id finds the topic, and names an unknown id as such', () => {
    const world = new World()
    const call = world.start(['t1-1', 't9-0'], { version: BY_ID })
    expect(world.asked.map(({ partition }) => partition)).toEqual(['t1-1'])
    world.answer(world.asked[0]!, 3)
    expect(told(call)).toEqual([`${uuid(1)}-1 0 3`, `${uuid(9)}-0 ${ErrorCode.UnknownTopicId} -1`])
  })

  test('with a number of acks that there is not, of a transaction, or without records appends nothing', () => {
    const world = new World()
    expect(told(world.start(['t1-0'], { acks: 2 }))).toEqual([`t1-0 ${ErrorCode.InvalidRequiredAcks} -1`])
    expect(told(world.start(['t1-0'], { bytes: 0 }))).toEqual([`t1-0 ${ErrorCode.InvalidRecord} -1`])
    const call = world.pool.take()
    call.apiVersion = VERSION
    call.owner = { onReady: () => {} }
    fill(call.request, ['t1-0'], -1, RECORDS_BYTES)
    call.request.transactionalId = 'payments'
    call.start(world)
    expect(told(call)).toEqual([`t1-0 ${ErrorCode.InvalidTxnState} -1`])
    expect(world.asked).toEqual([])
  })

  test('tells no offset of a batch that the log refused', () => {
    const world = new World()
    const call = world.start(['t1-0'])
    world.answer(world.asked[0]!, 12, ErrorCode.OutOfOrderSequenceNumber)
    expect(told(call)).toEqual([`t1-0 ${ErrorCode.OutOfOrderSequenceNumber} -1`])
  })

  test('of records without a key says which they are, from v8 on', () => {
    const world = new World()
    const batch = batchOfKeys(['a', null, '', null])
    world.arena = arenaOf(batch)
    for (const version of [7, 8, 9, 13]) {
      world.asked.length = 0
      const call = world.start(['t1-0', 't1-1', 't2-2'], { version, bytes: batch.length })
      // Not in the order of the request.
      world.answer(world.asked[2]!, -1, RECORDS_WITHOUT_KEY)
      world.answer(world.asked[0]!, -1, RECORDS_WITHOUT_KEY)
      world.answer(world.asked[1]!, 5)
      const told = recordErrorsOf(call)
      const expected = version >= 8 ? [1, 3] : []
      expect(told.map(([errorCode, indexes]) => [errorCode, indexes])).toEqual([
        [ErrorCode.InvalidRecord, expected],
        [ErrorCode.None, []],
        [ErrorCode.InvalidRecord, expected],
      ])
      expect(told.map(([, , message]) => message !== null)).toEqual([version >= 8, false, version >= 8])
      call.finish()
    }
  })

  test('names no more records than an answer can bear, over all its partitions', () => {
    const world = new World()
    const batch = batchOfKeys(new Array(700).fill(null))
    world.arena = arenaOf(batch)
    const call = world.start(['t1-0', 't1-1'], { bytes: batch.length })
    for (const asked of world.asked) world.answer(asked, -1, RECORDS_WITHOUT_KEY)
    expect(recordErrorsOf(call).map(([errorCode, indexes]) => [errorCode, indexes.length])).toEqual([
      [ErrorCode.InvalidRecord, 700],
      [ErrorCode.InvalidRecord, 324],
    ])
  })

  describe('names records whose time the topic does not take', () => {
    const NOW = 1_000_000_000_000

    function refused(batch: Uint8Array): [number, number[], string | null][] {
      world.arena = arenaOf(batch)
      world.asked.length = 0
      const call = world.start(['t1-0'], { bytes: batch.length })
      world.answer(world.asked[0]!, -1, RECORDS_UNTIMELY, NOW)
      expect(responseOf(call).responses.at(0).partitionResponses.at(0).logAppendTimeMs).toBe(-1)
      return recordErrorsOf(call)
    }

    const world = new World()
    const batchOfTimes = (times: readonly number[], options = {}) => {
      const builder = new RecordBatchBuilder(crc32c).begin(options)
      for (const timestampMs of times) builder.add({ timestampMs, value: null })
      return builder.finish()
    }

    test.each([
      [{ 'message.timestamp.after.max.ms': '10' }, [NOW, NOW + 11, NOW + 10, 5, NOW + 99], [1, 4]],
      [{ 'message.timestamp.before.max.ms': '10' }, [NOW - 10, NOW - 11, -1, NOW, 0], [1, 4]],
    ])('%j', (configs, times, indexes) => {
      world.configs.clear()
      for (const [name, value] of Object.entries(configs)) world.configs.set(name, value)
      expect(refused(batchOfTimes(times))).toEqual([
        [ErrorCode.InvalidTimestamp, indexes, 'Timestamps of records of the batch are not such as the topic takes.'],
      ])
    })

    test('nor a producer that says it is the time of append', () => {
      world.configs.clear()
      world.configs.set('message.timestamp.type', 'LogAppendTime')
      const batch = batchOfTimes([NOW, NOW])
      setBatchAttributes(arenaOf(batch).view, 0, LOG_APPEND_TIME)
      expect(refused(batch)).toEqual([[ErrorCode.InvalidTimestamp, [0, 1], expect.any(String)]])
    })

    test('but not of a compressed batch, into which nobody looks', () => {
      const batch = batchOfTimes([NOW + 1e9])
      setBatchAttributes(arenaOf(batch).view, 0, 1)
      expect(refused(batch)).toEqual([[ErrorCode.InvalidTimestamp, [], expect.any(String)]])
    })
  })

  test('with acks=0 is silent; an error closes the connection', () => {
    const world = new World()
    const good = world.start(['t1-0'], { acks: 0 })
    world.answer(world.asked[0]!, 1)
    expect([good.isSilent, good.mustClose]).toEqual([true, false])
    const bad = world.start(['t1-0', 't9-0'], { acks: 0 })
    world.answer(world.asked[1]!, 2)
    expect([bad.isSilent, bad.mustClose]).toEqual([true, true])
    const asked = world.start(['t9-0'], { acks: 1 })
    expect([asked.isSilent, asked.mustClose]).toEqual([false, false])
  })

  test('starts from nothing when its call is used again', () => {
    const world = new World()
    const first = world.start(['t1-0', 't9-9'], { acks: 0 })
    world.answer(world.asked[0]!, 1)
    first.finish()
    const second = world.start(['t2-1'])
    expect(second).toBe(first)
    expect([second.isSilent, second.mustClose, second.isReady]).toEqual([false, false, false])
    world.answer(world.asked[1]!, 44)
    expect(told(second)).toEqual(['t2-1 0 44'])
  })
})
