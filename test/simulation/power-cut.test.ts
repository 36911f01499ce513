// The power is cut at every operation of the disk, while a node appends, drains, carries stragglers forward, checkpoints,
// goes round its journal, and while it recovers from the cut before. What comes back is a prefix of each partition's batches
// that holds every acknowledged one, whatever the number of shards; a second start finds the same.
import { describe, expect, test } from 'vitest'
import type { MetadataRecord } from '../../src/wire/generated/metadata-records.ts'
import { partitionRecord, topicRecord } from '../metadata/records.ts'
import { FakeDisk, PowerCut, seededRandom } from '../raft/fake-disk.ts'
import { batchOf, recordsIn } from '../scenarios/client.ts'
import { type Deeds, SmallNode } from './small-node.ts'

const PARTITIONS = 16
/** The others get little, now and then, and wait in memory while the journal goes round. */
const BUSY = 3
/** Operations between two cuts: 1 takes an hour. */
const STRIDE = Number(process.env.POWER_CUT_STRIDE ?? 97)
const JOURNAL_BYTES = 4 * 16 * 1024
const METADATA: MetadataRecord[] = [
  topicRecord('logs', 1),
  ...Array.from({ length: PARTITIONS }, (_, partition) => partitionRecord(1, partition)),
]

interface History {
  /** Batches, each with a value of its own. */
  sent: number
  /** By partition: offset → value, acknowledged. */
  acked: Map<number, string>[]
}

function newHistory(): History {
  return {
    sent: 0,
    acked: Array.from({ length: PARTITIONS }, () => new Map()),
  }
}

function newNode(disk: FakeDisk, shards: number, runEpoch: number): SmallNode {
  return new SmallNode(disk, shards, runEpoch, JOURNAL_BYTES, { offset: 10, epoch: 1, records: METADATA })
}

/** Appends `count` batches, several at a time; returns when all are answered. */
async function load(node: SmallNode, history: History, random: () => number, count: number): Promise<void> {
  const pending: Promise<unknown>[] = []
  for (let i = 0; i < count; i++) {
    const isBusy = random() % 3 !== 0
    const partition = isBusy ? random() % BUSY : BUSY + (random() % (PARTITIONS - BUSY))
    const value = `${partition}.${history.sent++}`
    const batch = batchOf([`${value}:${'v'.repeat(random() % (isBusy ? 5000 : 20))}`])
    const via = random() % node.shards.length
    while (!node.hasRoom(via)) {
      for (const shard of node.shards) shard.relieve()
      await node.tick()
    }
    const appending = node.append(via, 'logs', partition, batch).then((answer) => {
      expect(answer.error).toBe(0)
      history.acked[partition]!.set(answer.baseOffset, value)
    })
    pending.push(appending)
    if (random() % 3 !== 0) await node.tick()
    if (pending.length > 6) await node.settle(Promise.all(pending.splice(0)))
    if (random() % 60 === 0) node.shards[random() % node.shards.length]!.relieve()
  }
  await node.settle(Promise.all(pending))
}

/** The values of a partition as they stand in its segments: everything is drained there after recovery. */
function valuesOnDisk(disk: FakeDisk, partition: number): string[] {
  const values: string[] = []
  const paths = [...disk.names.keys()].filter((path) => new RegExp(`^data/logs-${partition}/\\d{20}\\.log$`).test(path))
  for (const path of paths.sort()) {
    for (const { offset, value } of recordsIn(Buffer.from(disk.bytesOf(path)))) {
      expect(offset, `${path}: offsets have no gap`).toBe(values.length)
      values.push(value.slice(0, value.lastIndexOf(':')))
    }
  }
  return values
}

function check(disk: FakeDisk, node: SmallNode, history: History): void {
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const values = valuesOnDisk(disk, partition)
    for (const [offset, value] of history.acked[partition]!) {
      expect(values[offset], `${partition}: acknowledged at ${offset}`).toBe(value)
    }
    const route = node.shards[0]!.routes.topicByName('logs')!.partitions[partition]!
    const owner = node.shards[route.shard]!
    const log = owner.routes.topicByName('logs')!.partitions[partition]!.log!
    expect([log.endOffset, log.durableOffset, log.highWatermark]).toEqual([1, 1, 1].map(() => values.length))
    // What came back unacknowledged stays: from now on it is as good as acknowledged.
    values.forEach((value, offset) => {
      history.acked[partition]!.set(offset, value)
    })
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

describe('the power is cut', () => {
  const deeds: Deeds = { carriedBatches: 0, checkpoints: 0, checkpointBases: 0, batchesAhead: 0 }
  let nodes = 0

  test.each([1, 2, 3])('at every operation, with %i shards', async (shards) => {
    let isWhole = false
    let cuts = 0
    for (let cutAfter = 20 + shards; !isWhole; cutAfter += STRIDE) {
      const seed = cutAfter * 10 + shards
      const random = seededRandom(seed)
      const history = newHistory()
      try {
        let disk = new FakeDisk()
        disk.operationsLeft = cutAfter
        isWhole = await untilCut(async () => {
          const node = newNode(disk, shards, 1)
          nodes += shards
          try {
            await node.start()
            await load(node, history, random, 100 * shards)
          } finally {
            node.count(deeds)
          }
        })
        cuts++
        // The next start is cut too, at random, and so is what comes after it.
        for (let run = 2; run < 6; run++) {
          disk = disk.afterPowerCut(random)
          const count = 1 + (random() % 3)
          if (run < 5) disk.operationsLeft = random() % 200
          await untilCut(async () => {
            const node = newNode(disk, count, run)
            nodes += count
            try {
              await node.start()
              const left = disk.operationsLeft
              disk.operationsLeft = Number.POSITIVE_INFINITY
              check(disk, node, history)
              disk.operationsLeft = left
              await load(node, history, random, 25)
            } finally {
              node.count(deeds)
            }
          })
        }
        const last = newNode(disk.afterPowerCut(random), 2, 6)
        await last.start()
        check(last.disk, last, history)
        await last.close()
      } catch (error) {
        throw new Error(`seed ${seed}, cut after ${cutAfter}`, { cause: error })
      }
    }
    expect(cuts).toBeGreaterThan(5)
  })

  test('while there was something to cut', () => {
    process.stdout.write(`${nodes} shards: ${JSON.stringify(deeds)}\n`)
    expect(deeds.carriedBatches).toBeGreaterThan(1000)
    // Each shard that got so far began with a base.
    expect(deeds.checkpoints - deeds.checkpointBases).toBeGreaterThan(100)
    expect(deeds.batchesAhead).toBeGreaterThan(10)
  })
})
