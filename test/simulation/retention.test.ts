// Retention deletes segments, by size and by time, and the power is cut at every operation of the disk meanwhile, and while
// the node recovers from the cut before. Where a log was seen to begin it begins from then on, or later: nothing comes back.
// Nothing goes that the rule keeps, nothing acknowledged is missing behind the start, and in the end nothing is left that
// the rule deletes, of segments or of files.
import { describe, expect, test } from 'vitest'
import { LogStartCheckpoint } from '../../src/log/log-start-checkpoint.ts'
import { ErrorCode } from '../../src/model/error-codes.ts'
import { COUNTER } from '../../src/observe/counters.ts'
import type { MetadataRecord } from '../../src/wire/generated/metadata-records.ts'
import { configRecord, partitionRecord, topicRecord, uuid } from '../metadata/records.ts'
import { FakeDisk, PowerCut, seededRandom } from '../raft/fake-disk.ts'
import { batchOf, recordsIn } from '../scenarios/client.ts'
import { SmallNode } from './small-node.ts'

const JOURNAL_BYTES = 4 * 32 * 1024
const RETENTION_BYTES = 80_000
const VALUE_BYTES_MAX = 7000
/** Appended, and lost in a power cut: the rule counts them while they are there. */
const IN_FLIGHT_BYTES_MAX = 7 * (VALUE_BYTES_MAX + 100)
const RETENTION_MS = 2000
const PARTITIONS = 2
const TOPICS = ['by-size', 'by-time'] as const
const METADATA: MetadataRecord[] = TOPICS.flatMap((topic, i) => [
  topicRecord(topic, i + 1),
  configRecord(topic, 'segment.bytes', '20000'),
  topic === 'by-size'
    ? configRecord(topic, 'retention.bytes', `${RETENTION_BYTES}`)
    : configRecord(topic, 'retention.ms', `${RETENTION_MS}`),
  ...Array.from({ length: PARTITIONS }, (_, partition) => partitionRecord(i + 1, partition)),
])
const LOGS = TOPICS.flatMap((topic) => Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition })))

interface Sent {
  value: string
  timestampMs: number
}

class History {
  sent = 0
  wallMs = 1_700_000_000_000
  /** By log: offset → what was acknowledged. */
  readonly acked = LOGS.map(() => new Map<number, Sent>())
  /** By log: where it was seen to begin. */
  readonly starts = LOGS.map(() => 0)

  /** What holds at every moment. */
  observe(node: SmallNode): void {
    this.wallMs = Math.max(this.wallMs, node.wallMs)
    for (const [i, { topic, partition }] of LOGS.entries()) {
      const { logStartOffset } = node.logOf(topic, partition)
      expect(logStartOffset, `${topic}-${partition}: what was deleted stays deleted`).toBeGreaterThanOrEqual(
        this.starts[i]!,
      )
      if (topic === 'by-time') {
        for (let offset = this.starts[i]!; offset < logStartOffset; offset++) {
          const timestampMs = this.acked[i]!.get(offset)?.timestampMs ?? 0
          expect(timestampMs, `${topic}-${partition}: ${offset} was old`).toBeLessThan(node.wallMs - RETENTION_MS)
        }
      }
      this.starts[i] = logStartOffset
    }
  }
}

async function newNode(disk: FakeDisk, shards: number, run: number, history: History): Promise<SmallNode> {
  const ids: Record<string, string> = { 'by-size': uuid(1), 'by-time': uuid(2) }
  const starts = await LogStartCheckpoint.open(disk, 'data', (topic) => ids[topic])
  const metadata = { offset: 10, epoch: 1, records: METADATA }
  const overrides = ['log.retention.check.interval.ms=150', 'log.initial.task.delay.ms=50']
  const node = new SmallNode(disk, shards, run, JOURNAL_BYTES, metadata, starts, overrides)
  node.wallAheadMs = history.wallMs + 100
  node.msPerTick = 10
  await node.start()
  return node
}

/** Appends records of now, a few at a time; returns when all are answered. */
async function load(node: SmallNode, history: History, random: () => number, count: number): Promise<void> {
  const pending: Promise<unknown>[] = []
  for (let i = 0; i < count; i++) {
    const log = random() % LOGS.length
    const { topic, partition } = LOGS[log]!
    const via = random() % node.shards.length
    const sent = { value: `${log}.${history.sent++}`, timestampMs: node.wallMs }
    const batch = batchOf([{ ...sent, value: `${sent.value}:${'v'.repeat(random() % VALUE_BYTES_MAX)}` }])
    while (!node.hasRoom(via)) {
      for (const shard of node.shards) shard.relieve()
      await node.tick()
    }
    const appending = node.append(via, topic, partition, batch).then(({ error, baseOffset }) => {
      expect(error).toBe(ErrorCode.None)
      history.acked[log]!.set(baseOffset, sent)
    })
    pending.push(appending)
    if (random() % 3 !== 0) await node.tick()
    history.observe(node)
    if (pending.length > 6) await node.settle(Promise.all(pending.splice(0)))
    if (random() % 20 === 0) node.shards[random() % node.shards.length]!.relieve()
  }
  await node.settle(Promise.all(pending))
}

/** Every shard has looked at everything once more, and is done. */
async function checked(node: SmallNode): Promise<void> {
  for (let i = 0; i < 100; i++) await node.tick()
}

/** What is on disk and in the logs after a start. */
function check(disk: FakeDisk, node: SmallNode, history: History): void {
  history.observe(node)
  for (const [i, { topic, partition }] of LOGS.entries()) {
    const name = `${topic}-${partition}`
    const log = node.logOf(topic, partition)
    const paths = [...disk.names.keys()].filter((path) => path.startsWith(`data/${name}/0`)).sort()
    const bases = [...new Set(paths.map((path) => Number(/(\d{20})/.exec(path)![1])))]
    const known = log.segments.map(({ baseOffset }) => baseOffset)
    expect(known, `${name}: what is on disk is known`).toEqual(expect.arrayContaining(bases))
    expect(known[1] ?? Number.POSITIVE_INFINITY, `${name}: nothing is kept for nothing`).toBeGreaterThan(
      log.logStartOffset,
    )
    const found = new Map<number, Sent>()
    let bytes = 0
    for (const path of paths.filter((path) => path.endsWith('.log'))) {
      bytes += disk.bytesOf(path).length
      for (const { offset, value, timestampMs } of recordsIn(Buffer.from(disk.bytesOf(path)))) {
        found.set(offset, { value: value.slice(0, value.lastIndexOf(':')), timestampMs })
      }
    }
    for (let offset = log.logStartOffset; offset < log.endOffset; offset++) {
      expect(found.has(offset), `${name}: ${offset} is there`).toBe(true)
    }
    for (const [offset, sent] of history.acked[i]!) {
      expect(offset, `${name}: what was acknowledged`).toBeLessThan(log.endOffset)
      if (offset >= log.logStartOffset) expect(found.get(offset), `${name}: at ${offset}`).toEqual(sent)
    }
    if (topic === 'by-size' && log.logStartOffset > 0) {
      expect(bytes, `${name}: no more is gone than was over`).toBeGreaterThanOrEqual(
        RETENTION_BYTES - IN_FLIGHT_BYTES_MAX,
      )
    }
    expect([log.durableOffset, log.highWatermark]).toEqual([log.endOffset, log.endOffset])
    // What came back unanswered stays: from now on it is as good as answered.
    for (const [offset, sent] of found) history.acked[i]!.set(offset, sent)
  }
}

function checkAt(disk: FakeDisk, node: SmallNode, history: History): void {
  const left = disk.operationsLeft
  disk.operationsLeft = Number.POSITIVE_INFINITY
  check(disk, node, history)
  disk.operationsLeft = left
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

/** In the end nothing is left that the rule deletes. */
function checkDone(node: SmallNode): void {
  for (const { topic, partition } of LOGS) {
    const { segments, logStartOffset, endOffset } = node.logOf(topic, partition)
    const bytes = segments.reduce((sum, { appendedBytes }) => sum + appendedBytes, 0)
    if (topic === 'by-size') expect(bytes - segments[0]!.appendedBytes).toBeLessThan(RETENTION_BYTES)
    else expect([logStartOffset, segments.length, bytes]).toEqual([endOffset, 1, 0])
  }
}

async function play(shards: number, cutAfter: number): Promise<boolean> {
  const random = seededRandom(cutAfter * 10 + shards)
  const history = new History()
  let disk = new FakeDisk()
  disk.operationsLeft = cutAfter
  const isWhole = await untilCut(async () => {
    await load(await newNode(disk, shards, 1, history), history, random, 140)
  })
  // The next starts are cut too, at random.
  for (let run = 2; run < 6; run++) {
    disk = disk.afterPowerCut(random)
    if (run < 5) disk.operationsLeft = random() % 350
    await untilCut(async () => {
      const node = await newNode(disk, 1 + (random() % 3), run, history)
      checkAt(disk, node, history)
      await load(node, history, random, 25)
    })
  }
  disk = disk.afterPowerCut(random)
  history.wallMs += RETENTION_MS
  const last = await newNode(disk, 2, 6, history)
  check(disk, last, history)
  await checked(last)
  history.observe(last)
  checkDone(last)
  await last.close()
  check(disk, await newNode(disk, 1, 7, history), history)
  return isWhole
}

describe('the power is cut while retention deletes', () => {
  test.each([1, 2, 3])('at every operation, with %i shards', async (shards) => {
    let cuts = 0
    for (let isWhole = false, cutAfter = 20 + shards; !isWhole; cutAfter += 61, cuts++) {
      try {
        isWhole = await play(shards, cutAfter)
      } catch (error) {
        throw new Error(`with ${shards} shards, cut after ${cutAfter}`, { cause: error })
      }
    }
    expect(cuts).toBeGreaterThan(5)
  })
})

describe('while the node runs', () => {
  async function loaded(): Promise<{ node: SmallNode; history: History; deleted: () => number }> {
    const history = new History()
    const node = await newNode(new FakeDisk(), 1, 1, history)
    await load(node, history, seededRandom(7), 60)
    const deleted = () => node.shards[0]!.counters.get(COUNTER.retentionBytes)
    return { node, history, deleted }
  }
  const startsOf = (node: SmallNode, of: string) =>
    LOGS.filter(({ topic }) => topic === of).map(({ topic, partition }) => node.logOf(topic, partition).logStartOffset)
  const endsOf = (node: SmallNode, of: string) =>
    LOGS.filter(({ topic }) => topic === of).map(({ topic, partition }) => node.logOf(topic, partition).endOffset)

  test('a clock that jumps makes nothing old, and what is too large goes on going', async () => {
    const { node, history, deleted } = await loaded()
    const before = startsOf(node, 'by-time')
    node.wallAheadMs += 365 * 86_400_000
    for (let i = 0; i < 40; i++) await node.tick()
    expect([node.shards[0]!.isRetentionHeld, startsOf(node, 'by-time')]).toEqual([true, before])
    const bytes = deleted()
    const random = seededRandom(8)
    for (let i = 0; i < 30; i++) {
      const batch = batchOf(['v'.repeat(random() % 7000)])
      await node.settle(node.append(0, 'by-size', i % PARTITIONS, batch))
    }
    await checked(node)
    expect(deleted()).toBeGreaterThan(bytes)
    // Set right again, records grow old as they would have.
    node.wallAheadMs -= 365 * 86_400_000
    for (let i = 0; i < RETENTION_MS / node.msPerTick; i++) await node.tick()
    await checked(node)
    history.observe(node)
    expect([node.shards[0]!.isRetentionHeld, startsOf(node, 'by-time')]).toEqual([false, endsOf(node, 'by-time')])
  })

  test('while it jumps, records grow old with the time that passes', async () => {
    const { node } = await loaded()
    node.wallAheadMs += 365 * 86_400_000
    for (let i = 0; i < RETENTION_MS / node.msPerTick; i++) await node.tick()
    await checked(node)
    expect([node.shards[0]!.isRetentionHeld, startsOf(node, 'by-time')]).toEqual([true, endsOf(node, 'by-time')])
  })

  test('what has no timestamp goes by the time of its file', async () => {
    const history = new History()
    const disk = new FakeDisk()
    const node = await newNode(disk, 1, 1, history)
    await node.settle(node.append(0, 'by-time', 0, batchOf([{ value: 'undated', timestampMs: -1 }])))
    disk.modifiedMs = node.wallMs
    await checked(node)
    expect(node.logOf('by-time', 0).logStartOffset).toBe(0)
    for (let i = 0; i < RETENTION_MS / node.msPerTick; i++) await node.tick()
    expect(node.logOf('by-time', 0).logStartOffset).toBe(1)
    // What is old comes late, and goes at once.
    await node.settle(node.append(0, 'by-time', 0, batchOf([{ value: 'old', timestampMs: 5 }])))
    await checked(node)
    expect(node.logOf('by-time', 0).logStartOffset).toBe(2)
  })

  test('what is altered counts from then on', async () => {
    const { node } = await loaded()
    const alter = (offset: number, topic: string, name: string, value: string | null) => {
      node.shards[0]!.applyMetadata({ offset, epoch: 1, records: [configRecord(topic, name, value)] })
    }
    alter(20, 'by-time', 'retention.ms', '-1')
    const before = startsOf(node, 'by-time')
    for (let i = 0; i < 3; i++) await checked(node)
    expect(startsOf(node, 'by-time')).toEqual(before)
    alter(21, 'by-time', 'retention.bytes', '0')
    await checked(node)
    expect(startsOf(node, 'by-time')).toEqual(endsOf(node, 'by-time'))
    alter(22, 'by-size', 'cleanup.policy', 'compact')
    alter(23, 'by-size', 'retention.bytes', '0')
    const kept = startsOf(node, 'by-size')
    await checked(node)
    expect(startsOf(node, 'by-size')).toEqual(kept)
    alter(24, 'by-size', 'cleanup.policy', 'compact,delete')
    await checked(node)
    expect(startsOf(node, 'by-size')).toEqual(endsOf(node, 'by-size'))
  })
})
