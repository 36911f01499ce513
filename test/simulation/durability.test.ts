// The power is cut, or the process killed, at every operation of the disk, while a node appends to topics of every
// durability and one that goes from one to the other, deletes records, checkpoints, and recovers from the end before.
//
// After a kill all that was answered is there. After a power cut what is there is whole, in order and without a gap, and
// it has all that was promised: acks=all of a durable topic, what was synced before its answer, and what was recovered and
// served once.
import { describe, expect, test } from 'vitest'
import { LogStartCheckpoint } from '../../src/log/log-start-checkpoint.ts'
import { ErrorCode } from '../../src/model/error-codes.ts'
import type { MetadataRecord } from '../../src/wire/generated/metadata-records.ts'
import { configRecord, partitionRecord, topicRecord, uuid } from '../metadata/records.ts'
import { FakeDisk, PowerCut, seededRandom } from '../raft/fake-disk.ts'
import { batchOf, recordsIn } from '../scenarios/client.ts'
import { SmallNode } from './small-node.ts'

const PARTITIONS = 2
const JOURNAL_BYTES = 4 * 32 * 1024
const CHECKPOINT_MS = 60_000
const TOPICS = {
  durable: {},
  os: { 'millrace.durability': 'os' },
  synced: { 'millrace.durability': 'os', 'flush.messages': '1' },
  timed: { 'millrace.durability': 'os', 'flush.ms': '3' },
  moving: {},
} as const
type Topic = keyof typeof TOPICS
type Ending = 'kill' | 'power cut'
const NAMES = Object.keys(TOPICS) as Topic[]

class PartitionHistory {
  readonly topic: Topic
  readonly partition: number
  readonly sent = new Set<string>()
  /** Answered, by offset. */
  readonly answered = new Map<number, { value: string; isPromised: boolean }>()
  /** Known to be synced. */
  synced = 0
  /** The log begins here for sure, and not later than there. */
  start = 0
  askedStart = 0

  constructor(topic: Topic, partition: number) {
    this.topic = topic
    this.partition = partition
  }
}

class History {
  readonly partitions = NAMES.flatMap((topic) =>
    Array.from({ length: PARTITIONS }, (_, partition) => new PartitionHistory(topic, partition)),
  )
  /** Of the topic that moves. */
  isDurable = true
  sent = 0
  metadataOffset = 10

  get records(): MetadataRecord[] {
    const configs: [Topic, Record<string, string>][] = NAMES.map((name) => [name, TOPICS[name]])
    return [
      ...NAMES.map((name, i) => topicRecord(name, i + 1)),
      ...configs.flatMap(([name, own]) => Object.entries(own).map(([key, value]) => configRecord(name, key, value))),
      ...NAMES.map((name) => configRecord(name, 'segment.bytes', '15000')),
      this.moved(),
      ...NAMES.flatMap((_, i) =>
        Array.from({ length: PARTITIONS }, (_, partition) => partitionRecord(i + 1, partition)),
      ),
    ]
  }

  moved(): MetadataRecord {
    return configRecord('moving', 'millrace.durability', this.isDurable ? 'durable' : 'os')
  }
}

async function startNode(disk: FakeDisk, shards: number, run: number, history: History): Promise<SmallNode> {
  const topicIdOf = (topic: string) => uuid(NAMES.indexOf(topic as Topic) + 1)
  const starts = await LogStartCheckpoint.open(disk, 'data', topicIdOf)
  const metadata = { offset: history.metadataOffset, epoch: 1, records: history.records }
  const node = new SmallNode(disk, shards, run, JOURNAL_BYTES, metadata, starts)
  await node.start()
  return node
}

/** Does `count` things, several at a time; returns when all are answered. */
async function load(node: SmallNode, history: History, random: () => number, count: number): Promise<void> {
  const pending: Promise<unknown>[] = []
  for (let i = 0; i < count; i++) {
    const told = history.partitions[random() % history.partitions.length]!
    const dice = random() % 40
    if (dice === 0) await node.pass(CHECKPOINT_MS)
    else if (dice === 1) node.shards[random() % node.shards.length]!.relieve()
    else if (dice === 2) move(node, history)
    else if (dice === 3) pending.push(deleteSome(node, told, random))
    else pending.push(...(await append(node, history, told, random)))
    if (random() % 3 !== 0) await node.tick()
    note(node, history)
    if (pending.length > 6) await node.settle(Promise.all(pending.splice(0)))
  }
  await node.settle(Promise.all(pending))
}

function move(node: SmallNode, history: History): void {
  history.isDurable = !history.isDurable
  history.metadataOffset++
  for (const shard of node.shards) {
    shard.applyMetadata({ offset: history.metadataOffset, epoch: 1, records: [history.moved()] })
  }
}

async function append(
  node: SmallNode,
  history: History,
  told: PartitionHistory,
  random: () => number,
): Promise<Promise<void>[]> {
  const { topic, partition } = told
  const value = `${topic}.${partition}.${history.sent++}`
  const via = random() % node.shards.length
  const acks = random() % 2 === 0 ? 1 : -1
  const isDurable = topic === 'durable' || (topic === 'moving' && history.isDurable)
  const isPromised = topic === 'synced' || (isDurable && acks === -1)
  const batch = batchOf([`${value}:${'v'.repeat(random() % 5000)}`])
  while (!node.hasRoom(via)) {
    for (const shard of node.shards) shard.relieve()
    await node.tick()
  }
  told.sent.add(value)
  // In an array, or the wait for the answer would be part of it.
  return [
    node.append(via, topic, partition, batch, acks).then(({ error, baseOffset }) => {
      expect(error).toBe(ErrorCode.None)
      told.answered.set(baseOffset, { value, isPromised })
    }),
  ]
}

async function deleteSome(node: SmallNode, told: PartitionHistory, random: () => number): Promise<void> {
  const { highWatermark, logStartOffset } = node.logOf(told.topic, told.partition)
  const target = logStartOffset + (random() % (highWatermark - logStartOffset + 1))
  told.askedStart = Math.max(told.askedStart, target)
  const via = random() % node.shards.length
  const answer = await node.deleteBefore(via, told.topic, told.partition, target)
  if (node.failure !== null) return
  expect(answer.error).toBe(ErrorCode.None)
  told.start = Math.max(told.start, answer.logStartOffset)
}

/** What logs say of themselves holds: in order, and for what comes after a power cut. */
function note(node: SmallNode, history: History): void {
  for (const told of history.partitions) {
    const { topic, partition } = told
    const log = node.logOf(topic, partition)
    const { durableOffset, highWatermark, writtenOffset, endOffset } = log
    expect(durableOffset).toBeLessThanOrEqual(writtenOffset)
    expect(highWatermark).toBeLessThanOrEqual(writtenOffset)
    expect(writtenOffset).toBeLessThanOrEqual(endOffset)
    if (topic === 'durable' || topic === 'synced') expect(highWatermark).toBeLessThanOrEqual(durableOffset)
    told.synced = Math.max(told.synced, durableOffset)
  }
}

/** A partition's records as they stand in its segments: everything is there after recovery. */
function valuesOnDisk(disk: FakeDisk, { topic, partition }: PartitionHistory): Map<number, string> {
  const values = new Map<number, string>()
  const pattern = new RegExp(`^data/${topic}-${partition}/\\d{20}\\.log$`)
  for (const path of [...disk.names.keys()].filter((each) => pattern.test(each)).sort()) {
    for (const { offset, value } of recordsIn(Buffer.from(disk.bytesOf(path)))) {
      values.set(offset, value.slice(0, value.lastIndexOf(':')))
    }
  }
  return values
}

function check(node: SmallNode, history: History, ending: Ending): void {
  for (const told of history.partitions) {
    const name = `${told.topic}-${told.partition} after a ${ending}`
    const log = node.logOf(told.topic, told.partition)
    const { logStartOffset, endOffset } = log
    const values = valuesOnDisk(node.disk, told)
    expect(logStartOffset, `${name}: the start`).toBeGreaterThanOrEqual(told.start)
    expect(logStartOffset, `${name}: the start`).toBeLessThanOrEqual(told.askedStart)
    expect([log.durableOffset, log.writtenOffset, log.highWatermark], name).toEqual([1, 1, 1].map(() => endOffset))
    const kept = Array.from({ length: endOffset - logStartOffset }, (_, i) => values.get(logStartOffset + i))
    for (const [i, value] of kept.entries()) {
      expect(told.sent.has(value ?? ''), `${name}: ${value} at ${logStartOffset + i} was sent`).toBe(true)
    }
    expect(new Set(kept).size, `${name}: nothing comes twice`).toBe(kept.length)
    expect(endOffset, `${name}: what was said to be durable`).toBeGreaterThanOrEqual(told.synced)
    for (const [offset, { value, isPromised }] of told.answered) {
      if (isPromised || ending === 'kill') expect(offset, `${name}: ${value}`).toBeLessThan(endOffset)
      if (offset >= logStartOffset && offset < endOffset) expect(values.get(offset), `${name}: ${offset}`).toBe(value)
      else told.answered.delete(offset)
    }
    // What came back is served now: it stays, whatever comes.
    for (const [i, value] of kept.entries()) told.answered.set(logStartOffset + i, { value: value!, isPromised: true })
    told.synced = endOffset
    told.start = logStartOffset
    told.askedStart = logStartOffset
  }
}

/** Runs until the power is cut; true if it came to the end before. */
async function untilCut(action: () => Promise<void>): Promise<boolean> {
  try {
    await action()
    return true
  } catch (error) {
    if (!(error instanceof PowerCut) && !String((error as Error).cause).includes('PowerCut')) throw error
    return false
  }
}

describe.each(['kill', 'power cut', 'either'] as const)('after a %s', (endings) => {
  test.each([1, 2])('at every operation, with %i shards', async (shards) => {
    let isWhole = false
    let cuts = 0
    const seen = { entered: 0, left: 0 }
    for (let cutAfter = 30 + shards; !isWhole; cutAfter += 59) {
      const seed = cutAfter * 10 + shards
      const random = seededRandom(seed)
      const history = new History()
      /** The worst since the last check. */
      let ending: Ending = 'kill'
      const end = (disk: FakeDisk): FakeDisk => {
        const isKill = endings === 'kill' || (endings === 'either' && random() % 2 === 0)
        if (isKill) return disk.afterProcessKill()
        ending = 'power cut'
        return disk.afterPowerCut(random)
      }
      try {
        let disk = new FakeDisk()
        disk.operationsLeft = cutAfter
        isWhole = await untilCut(async () => {
          await load(await startNode(disk, shards, 1, history), history, random, 120)
        })
        cuts++
        for (let run = 2; run < 6; run++) {
          disk = end(disk)
          if (run < 5) disk.operationsLeft = 40 + (random() % 400)
          await untilCut(async () => {
            const node = await startNode(disk, 1 + (random() % 3), run, history)
            const left = disk.operationsLeft
            disk.operationsLeft = Number.POSITIVE_INFINITY
            check(node, history, ending)
            ending = 'kill'
            disk.operationsLeft = left
            await load(node, history, random, 30)
            count(node, seen)
          })
        }
        disk = end(disk)
        const last = await startNode(disk, 2, 6, history)
        check(last, history, ending)
        await last.close()
      } catch (error) {
        throw new Error(`seed ${seed}, end after ${cutAfter}`, { cause: error })
      }
    }
    expect(cuts).toBeGreaterThan(5)
    expect([seen.entered > 0, seen.left > 0], 'the moving topic was on either side').toEqual([true, true])
  })
})

function count(node: SmallNode, seen: { entered: number; left: number }): void {
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const log = node.logOf('moving', partition)
    if (log.isDirect) seen.entered++
    else if (log.directFrom > 0) seen.left++
  }
}
