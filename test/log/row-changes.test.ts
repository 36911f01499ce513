// Rows for a checkpoint: as of one moment, while the logs go on.
import { expect, test } from 'vitest'
import type { TopicSettings } from '../../src/config/topic-configs.ts'
import { Batch } from '../../src/log/batch.ts'
import { DirtyLogs } from '../../src/log/dirty-logs.ts'
import { LeaderEpochs } from '../../src/log/leader-epochs.ts'
import { PartitionLog } from '../../src/log/partition-log.ts'
import { RowChanges, type RowSnapshot } from '../../src/log/row-changes.ts'
import { Segment } from '../../src/log/segment.ts'

const rows = new RowChanges()

/** A log with so many durable batches of one record in memory. */
function logWith(partition: number, batches: number): PartitionLog {
  const identity = { topic: 't', topicId: 'AAAAAAAAAAAAAAAAAAAAEQ', partition, directory: `data/t-${partition}` }
  const settings = {
    segmentBytes: 1e6,
    segmentMs: 60_000,
    segmentJitterMs: 0,
    segmentIndexBytes: 800,
    indexIntervalBytes: 100,
  }
  const state = {
    leaderEpoch: 0,
    logStartOffset: 0,
    endOffset: 0,
    segments: [new Segment(identity, 0, 0)],
    leaderEpochs: new LeaderEpochs(),
    producers: null,
  }
  const rolls = { wallMs: 0, chance: () => 0 }
  const log = new PartitionLog(identity, new Int32Array(4), settings as TopicSettings, state, rolls)
  log.rows = rows
  for (let i = 0; i < batches; i++) append(log, 1)
  return log
}

function append(log: PartitionLog, sequence: number): Batch {
  const batch = new Batch()
  batch.length = 100
  batch.sequence = sequence
  log.append(batch, 1, 0)
  log.advanceDurable(log.endOffset)
  return batch
}

/** As the drainer does it. */
function drain(log: PartitionLog): void {
  rows.changing(log)
  log.tail!.shift()
}

function taken(snapshot: RowSnapshot): string[] {
  const all: string[] = []
  for (let row = snapshot.next(); row !== null; row = snapshot.next()) {
    all.push(`${row.partition}: ${row.drainedOffset} at ${row.segmentBytes}`)
  }
  return all.sort()
}

test('a row is of the moment of its snapshot, whenever it is taken', () => {
  const [one, two, three] = [logWith(1, 5), logWith(2, 5), logWith(3, 5)]
  drain(one)
  drain(two)
  const snapshot = rows.begin(null)
  expect(snapshot.next()!.drainedOffset).toBe(1)
  for (const log of [one, two, two, three]) drain(log)
  append(two, 2)
  expect(taken(snapshot)).toEqual(['2: 1 at 100'])
  rows.end()
  // What went on meanwhile is in the next.
  drain(one)
  expect(taken(rows.begin(null))).toEqual(['1: 3 at 300', '2: 3 at 300', '3: 1 at 100'])
  rows.end()
  expect([rows.count, taken(rows.begin(null))]).toEqual([0, []])
  rows.end()
})

test('a snapshot of all has those that have not changed, too, and what is made while it is taken', () => {
  const logs = new Set([logWith(1, 2), logWith(2, 2)])
  const [one, two] = [...logs]
  const snapshot = rows.begin(logs)
  drain(two!)
  logs.add(logWith(3, 0))
  expect(taken(snapshot)).toEqual(['1: 0 at 0', '2: 0 at 0', '3: 0 at 0'])
  rows.end()
  drain(one!)
  expect(taken(rows.begin(null))).toEqual(['1: 1 at 100', '2: 1 at 100'])
  rows.end()
})

test('a deleted log is taken away, once', () => {
  const [one, two] = [logWith(1, 2), logWith(2, 2)]
  drain(one)
  const before = rows.begin(null)
  // Deleted before its row was taken: that is still the row of the moment.
  one.close(0)
  two.close(0)
  expect([taken(before), before.removed]).toEqual([['1: 1 at 100'], []])
  rows.end()
  const after = rows.begin(null)
  expect([taken(after), after.removed.map(({ partition }) => partition)]).toEqual([[], [1, 2]])
  rows.end()
  expect(rows.begin(null).removed).toEqual([])
  rows.end()
})

test('dirty logs stand in the order in which the journal lets go of them', () => {
  let unsynced = 1
  const dirty = new DirtyLogs(() => unsynced)
  const logs = [logWith(0, 0), logWith(1, 0), logWith(2, 0), logWith(3, 0)]
  const before = (sequence: number) => [...dirty.before(sequence)].map(({ identity }) => identity.partition)
  expect(dirty.oldestSequence()).toBe(1)
  for (const log of logs) {
    append(log, unsynced)
    dirty.add(log)
    unsynced += 10
  }
  expect([dirty.oldestSequence(), before(1), before(12), before(99)]).toEqual([1, [], [0, 1], [0, 1, 2, 3]])
  // The first one is carried into the group that was synced last, the second is drained but for what came since.
  logs[0]!.tail!.at(0).sequence = 40
  dirty.addCarried(logs[0]!, 40)
  append(logs[1]!, 0)
  logs[1]!.tail!.shift()
  dirty.add(logs[1]!)
  expect([dirty.oldestSequence(), before(40), before(41), before(99)]).toEqual([21, [2, 3], [2, 3, 0], [2, 3, 0, 1]])
  // Half drained it stands where it stood, and is not needed that far back.
  append(logs[2]!, 35)
  logs[2]!.tail!.shift()
  expect([dirty.oldestSequence(), before(35)]).toEqual([31, [3]])
  // Of a deleted log nothing is needed.
  logs[3]!.close(0)
  expect([dirty.oldestSequence(), before(99)]).toEqual([35, [2, 0, 1]])
  dirty.delete(logs[2]!)
  dirty.delete(logs[3]!)
  expect([dirty.oldestSequence(), dirty.size]).toEqual([40, 2])
})
