// The power is cut at every operation of the disk, while a node appends and deletes records, and while it recovers from the
// cut before. A start that was answered is where the log begins, or later if more was asked; nothing from before it comes
// back, nothing acknowledged after it is missing, and no file is left of what is gone.
import { describe, expect, test } from 'vitest'
import { LogStartCheckpoint } from '../../src/log/log-start-checkpoint.ts'
import { ErrorCode } from '../../src/model/error-codes.ts'
import type { MetadataRecord } from '../../src/wire/generated/metadata-records.ts'
import { configRecord, partitionRecord, topicRecord, uuid } from '../metadata/records.ts'
import { FakeDisk, PowerCut, seededRandom } from '../raft/fake-disk.ts'
import { batchOf, recordsIn } from '../scenarios/client.ts'
import { SmallNode } from './small-node.ts'

const PARTITIONS = 8
/** The others get little, and wait in memory while the journal goes round. */
const BUSY = 3
const STRIDE = Number(process.env.POWER_CUT_STRIDE ?? 41)
const JOURNAL_BYTES = 4 * 16 * 1024

/** The topic as it is in its life `id`. Segments are small, so that many of them go. */
function metadataOf(id: number): MetadataRecord[] {
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partitionRecord(id, partition))
  return [topicRecord('logs', id), configRecord('logs', 'segment.bytes', '20000'), ...partitions]
}

interface PartitionHistory {
  /** Offset → value, acknowledged. */
  acked: Map<number, string>
  /** The log begins here, for sure. */
  start: number
  /** And not later than here. */
  askedStart: number
}

class History {
  sent = 0
  partitions: PartitionHistory[] = []

  constructor() {
    this.begin()
  }

  begin(): void {
    this.partitions = Array.from({ length: PARTITIONS }, () => ({ acked: new Map(), start: 0, askedStart: 0 }))
  }
}

async function newNode(disk: FakeDisk, shards: number, run: number, life = 1): Promise<SmallNode> {
  const topicId = uuid(life)
  const starts = await LogStartCheckpoint.open(disk, 'data', (topic) => (topic === 'logs' ? topicId : undefined))
  const metadata = { offset: 10, epoch: 1, records: metadataOf(life) }
  const node = new SmallNode(disk, shards, run, JOURNAL_BYTES, metadata, starts)
  await node.start()
  return node
}

/** Appends and deletes, several at a time; returns when all are answered. */
async function load(node: SmallNode, history: History, random: () => number, count: number): Promise<void> {
  const pending: Promise<unknown>[] = []
  for (let i = 0; i < count; i++) {
    const isBusy = random() % 4 !== 0
    const partition = isBusy ? random() % BUSY : BUSY + (random() % (PARTITIONS - BUSY))
    const told = history.partitions[partition]!
    const via = random() % node.shards.length
    if (random() % 6 === 0) pending.push(deleteSome(node, via, partition, told, random))
    else {
      const value = `${partition}.${history.sent++}`
      const batch = batchOf([`${value}:${'v'.repeat(random() % (isBusy ? 5000 : 20))}`, `${value}+:`])
      while (!node.hasRoom(via)) {
        for (const shard of node.shards) shard.relieve()
        await node.tick()
      }
      pending.push(
        node.append(via, 'logs', partition, batch).then(({ error, baseOffset }) => {
          expect(error).toBe(ErrorCode.None)
          told.acked.set(baseOffset, value).set(baseOffset + 1, `${value}+`)
        }),
      )
    }
    if (random() % 3 !== 0) await node.tick()
    if (pending.length > 6) await node.settle(Promise.all(pending.splice(0)))
    if (random() % 60 === 0) node.shards[random() % node.shards.length]!.relieve()
  }
  await node.settle(Promise.all(pending))
}

async function deleteSome(
  node: SmallNode,
  via: number,
  partition: number,
  told: PartitionHistory,
  random: () => number,
): Promise<void> {
  const { highWatermark, logStartOffset } = node.logOf('logs', partition)
  const isAll = random() % 4 === 0
  const target = isAll ? highWatermark : logStartOffset + (random() % (highWatermark - logStartOffset + 1))
  // By the time it is read there may be more: the batches of before, two records each.
  told.askedStart = Math.max(told.askedStart, isAll ? Number.POSITIVE_INFINITY : target)
  const answer = await node.deleteBefore(via, 'logs', partition, isAll ? -1 : target)
  // The power is off: nobody gets this answer.
  if (node.failure !== null) return
  expect(answer.error).toBe(ErrorCode.None)
  expect(answer.logStartOffset).toBeGreaterThanOrEqual(target)
  told.start = Math.max(told.start, answer.logStartOffset)
}

function check(disk: FakeDisk, node: SmallNode, history: History): void {
  for (const [partition, told] of history.partitions.entries()) {
    const log = node.logOf('logs', partition)
    expect(log.logStartOffset, `${partition}: what was answered holds`).toBeGreaterThanOrEqual(told.start)
    expect(log.logStartOffset, `${partition}: no more is gone than was asked`).toBeLessThanOrEqual(told.askedStart)
    const files = [...disk.names.keys()].filter((path) => path.startsWith(`data/logs-${partition}/0`)).sort()
    const bases = [...new Set(files.map((path) => Number(/(\d{20})/.exec(path)![1])))]
    const known = log.segments.map(({ baseOffset }) => baseOffset)
    expect(known, `${partition}: what is on disk is known`).toEqual(expect.arrayContaining(bases))
    expect(known[1] ?? Number.POSITIVE_INFINITY, `${partition}: nothing is kept for nothing`).toBeGreaterThan(
      log.logStartOffset,
    )
    const values = new Map<number, string>()
    for (const path of files.filter((path) => path.endsWith('.log'))) {
      for (const { offset, value } of recordsIn(Buffer.from(disk.bytesOf(path)))) {
        values.set(offset, value.slice(0, value.lastIndexOf(':')))
      }
    }
    for (let offset = log.logStartOffset; offset < log.endOffset; offset++) {
      expect(values.has(offset), `${partition}: ${offset} is there`).toBe(true)
    }
    for (const [offset, value] of told.acked) {
      expect(offset, `${partition}: what was acknowledged`).toBeLessThan(log.endOffset)
      if (offset >= log.logStartOffset) expect(values.get(offset), `${partition}: at ${offset}`).toBe(value)
    }
    expect([log.durableOffset, log.highWatermark]).toEqual([log.endOffset, log.endOffset])
    // What came back unanswered stays: from now on it is as good as answered.
    told.start = log.logStartOffset
    told.askedStart = log.logStartOffset
    for (const [offset, value] of values) told.acked.set(offset, value)
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

function checkAt(disk: FakeDisk, node: SmallNode, history: History): void {
  const left = disk.operationsLeft
  disk.operationsLeft = Number.POSITIVE_INFINITY
  check(disk, node, history)
  disk.operationsLeft = left
}

/** Plays `history` anew for cuts ever later, until one is so late that it does not happen. */
async function cutEverywhere(
  shards: number,
  play: (disk: FakeDisk, random: () => number) => Promise<{ isWhole: boolean; disk: FakeDisk }>,
): Promise<void> {
  let cuts = 0
  for (let isWhole = false, cutAfter = 20 + shards; !isWhole; cutAfter += STRIDE) {
    const seed = cutAfter * 10 + shards
    const disk = new FakeDisk()
    disk.operationsLeft = cutAfter
    try {
      isWhole = (await play(disk, seededRandom(seed))).isWhole
      cuts++
    } catch (error) {
      throw new Error(`seed ${seed}, cut after ${cutAfter}`, { cause: error })
    }
  }
  expect(cuts).toBeGreaterThan(5)
}

describe('the power is cut while records are deleted', () => {
  test.each([1, 2, 3])('at every operation, with %i shards', (shards) =>
    cutEverywhere(shards, async (first, random) => {
      const history = new History()
      let disk = first
      const isWhole = await untilCut(async () => {
        await load(await newNode(disk, shards, 1), history, random, 70)
      })
      // The next starts are cut too, at random.
      for (let run = 2; run < 6; run++) {
        disk = disk.afterPowerCut(random)
        if (run < 5) disk.operationsLeft = random() % 250
        await untilCut(async () => {
          const node = await newNode(disk, 1 + (random() % 3), run)
          checkAt(disk, node, history)
          await load(node, history, random, 12)
        })
      }
      disk = disk.afterPowerCut(random)
      const last = await newNode(disk, 2, 6)
      check(disk, last, history)
      await last.close()
      // Kafka's file says the same, for its tools.
      const starts = [...history.partitions.entries()].filter(([, { start }]) => start > 0)
      const path = 'data/log-start-offset-checkpoint'
      const text = disk.names.has(path) ? new TextDecoder().decode(disk.bytesOf(path)) : ''
      const stored = text.split('\n').slice(2, -1)
      expect(stored.sort()).toEqual(starts.map(([partition, { start }]) => `logs ${partition} ${start}`))
      // After a clean stop nothing is replayed, and nothing is deleted again.
      check(disk, await newNode(disk, 1, 7), history)
      return { isWhole, disk }
    }),
  )

  test.each([1, 2])('a topic that comes again under the name begins at 0, with %i shards', (shards) =>
    cutEverywhere(shards, async (first, random) => {
      const history = new History()
      let life = 1
      let disk = first
      const isWhole = await untilCut(async () => {
        const node = await newNode(disk, shards, 1)
        await load(node, history, random, 30)
        life = 2
        history.begin()
        const records: MetadataRecord[] = [{ type: 'RemoveTopicRecord', topicId: uuid(1) }, ...metadataOf(2)]
        for (const shard of node.shards) shard.applyMetadata({ offset: 20, epoch: 1, records })
        await load(node, history, random, 30)
      })
      for (let run = 2; run < 4; run++) {
        disk = disk.afterPowerCut(random)
        const node = await newNode(disk, 1 + (random() % 2), run, life)
        check(disk, node, history)
        await load(node, history, random, 5)
      }
      return { isWhole, disk }
    }),
  )
})
