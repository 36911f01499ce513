// The power is cut at every operation of the disk, while a node appends and cuts its logs, as a follower does, and while it
// recovers from the cut before. A log that was cut stays cut, and what was appended since is all there; one whose cut was
// not answered is as it was before, or cut.
import { describe, expect, test } from 'vitest'
import type { MetadataRecord } from '../../src/wire/generated/metadata-records.ts'
import { configRecord, partitionRecord, topicRecord } from '../metadata/records.ts'
import { FakeDisk, PowerCut, seededRandom } from '../raft/fake-disk.ts'
import { batchOf, recordsIn } from '../scenarios/client.ts'
import { SmallNode } from './small-node.ts'

const PARTITIONS = 6
const STRIDE = Number(process.env.POWER_CUT_STRIDE ?? 61)
const JOURNAL_BYTES = 4 * 16 * 1024
const METADATA: MetadataRecord[] = [
  topicRecord('logs', 1),
  configRecord('logs', 'segment.bytes', '9000'),
  ...Array.from({ length: PARTITIONS }, (_, partition) => partitionRecord(1, partition)),
]

interface PartitionHistory {
  /** By offset, acknowledged. */
  values: string[]
  pending: Promise<unknown>[]
  /** Where the log is being cut; null when it is not. */
  cut: number | null
}

class History {
  sent = 0
  cuts = 0
  readonly partitions: PartitionHistory[] = Array.from({ length: PARTITIONS }, () => ({
    values: [],
    pending: [],
    cut: null,
  }))
}

function newNode(disk: FakeDisk, shards: number, run: number): SmallNode {
  return new SmallNode(disk, shards, run, JOURNAL_BYTES, { offset: 10, epoch: 1, records: METADATA })
}

async function load(node: SmallNode, history: History, random: () => number, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const partition = random() % PARTITIONS
    const told = history.partitions[partition]!
    if (random() % 8 === 0) {
      await node.settle(Promise.all(told.pending.splice(0)))
      const cutting = cut(node, history, partition, random)
      // Awaited later, or never if the power goes first.
      cutting.catch(() => undefined)
      told.pending.push(cutting)
    } else {
      // A log is cut by its only writer.
      if (told.cut !== null) await node.settle(Promise.all(told.pending.splice(0)))
      append(node, history, partition, random)
    }
    if (random() % 3 !== 0) await node.tick()
    if (random() % 10 === 0)
      await node.settle(Promise.all(history.partitions.flatMap(({ pending }) => pending.splice(0))))
    while (!node.hasRoom(0)) {
      for (const shard of node.shards) shard.relieve()
      await node.tick()
    }
  }
  await node.settle(Promise.all(history.partitions.flatMap(({ pending }) => pending.splice(0))))
}

function append(node: SmallNode, history: History, partition: number, random: () => number): void {
  const told = history.partitions[partition]!
  const value = `${partition}.${history.sent++}`
  const batch = batchOf([`${value}:${'v'.repeat(random() % 3000)}`, `${value}+:`])
  const appending = node.append(0, 'logs', partition, batch).then(({ error, baseOffset }) => {
    expect([error, baseOffset]).toEqual([0, told.values.length])
    told.values.push(value, `${value}+`)
  })
  told.pending.push(appending)
}

async function cut(node: SmallNode, history: History, partition: number, random: () => number): Promise<void> {
  const told = history.partitions[partition]!
  const asked = random() % (told.values.length + 1)
  // Batches of two: what holds the offset goes as a whole.
  told.cut = asked - (asked % 2)
  const end = await node.truncate('logs', partition, asked)
  expect(end).toBe(told.cut)
  told.values.length = end
  told.cut = null
  history.cuts++
}

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
  for (const [partition, told] of history.partitions.entries()) {
    const values = valuesOnDisk(disk, partition)
    const log = node.logOf('logs', partition)
    expect([log.endOffset, log.durableOffset, log.drainedOffset]).toEqual([1, 1, 1].map(() => values.length))
    const isCut = told.cut !== null && values.length === told.cut
    expect(values.slice(0, isCut ? told.cut! : told.values.length), `${partition}`).toEqual(
      isCut ? told.values.slice(0, told.cut!) : told.values,
    )
    // What came back unacknowledged stays: from now on it is as good as acknowledged.
    Object.assign(told, { values, pending: [], cut: null })
  }
}

async function untilCut(action: () => Promise<void>): Promise<boolean> {
  try {
    await action()
    return true
  } catch (error) {
    if (!(error instanceof PowerCut) && !String((error as Error).cause).includes('PowerCut')) throw error
    return false
  }
}

describe('the power is cut while logs are cut', () => {
  test.each([1, 2])('at every operation, with %i shards', async (shards) => {
    let isWhole = false
    let cuts = 0
    for (let cutAfter = 20 + shards; !isWhole; cutAfter += STRIDE) {
      const seed = cutAfter * 10 + shards
      const random = seededRandom(seed)
      const history = new History()
      try {
        let disk = new FakeDisk()
        disk.operationsLeft = cutAfter
        isWhole = await untilCut(async () => {
          const node = newNode(disk, shards, 1)
          await node.start()
          await load(node, history, random, 90)
        })
        // The next starts are cut too, at random, and so is what comes after them.
        for (let run = 2; run < 6; run++) {
          disk = disk.afterPowerCut(random)
          if (run < 5) disk.operationsLeft = random() % 400
          await untilCut(async () => {
            const node = newNode(disk, 1 + (random() % 3), run)
            await node.start()
            const left = disk.operationsLeft
            disk.operationsLeft = Number.POSITIVE_INFINITY
            check(disk, node, history)
            disk.operationsLeft = left
            await load(node, history, random, 20)
          })
        }
        disk = disk.afterPowerCut(random)
        const last = newNode(disk, 2, 6)
        await last.start()
        check(disk, last, history)
        await last.close()
        const afterStop = newNode(disk, 1, 7)
        await afterStop.start()
        check(disk, afterStop, history)
      } catch (error) {
        throw new Error(`seed ${seed}, cut after ${cutAfter}`, { cause: error })
      }
      cuts += history.cuts
    }
    process.stdout.write(`${shards} shards: ${cuts} logs cut\n`)
    expect(cuts).toBeGreaterThan(50)
  })
})
