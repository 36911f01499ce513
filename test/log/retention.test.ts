// Which segments go, as histories of logs.
import { describe, expect, test } from 'vitest'
import type { TopicSettings } from '../../src/config/topic-configs.ts'
import { Batch } from '../../src/log/batch.ts'
import { LeaderEpochs } from '../../src/log/leader-epochs.ts'
import { PartitionLog } from '../../src/log/partition-log.ts'
import { expiredCount, undatedSegment } from '../../src/log/retention.ts'
import { Segment } from '../../src/log/segment.ts'

const IDENTITY = { topic: 't', topicId: 'AAAAAAAAAAAAAAAAAAAAEQ', partition: 0, directory: 'data/t-0' }
const NEVER = Number.POSITIVE_INFINITY
const DELETE = { compact: false, delete: true }
const COMPACT = { compact: true, delete: false }

/** Offsets from 0 on, ten to a segment; each segment's bytes and largest timestamp. All of it is readable. */
function logOf(config: Partial<TopicSettings>, segments: readonly (readonly [bytes: number, timestamp: number])[]) {
  const settings = {
    cleanupPolicy: DELETE,
    retentionBytes: NEVER,
    retentionMs: NEVER,
    segmentBytes: 1e9,
    segmentMs: NEVER,
    segmentJitterMs: 0,
    segmentIndexBytes: 1e6,
    indexIntervalBytes: 4096,
    ...config,
  }
  const state = {
    leaderEpoch: 0,
    logStartOffset: 0,
    endOffset: 0,
    segments: [new Segment(IDENTITY, 0, 0)],
    leaderEpochs: new LeaderEpochs(),
    producers: null,
  }
  const rolls = { wallMs: 0, chance: () => 0 }
  const log = new PartitionLog(IDENTITY, new Int32Array(4), settings as TopicSettings, state, rolls)
  for (const [bytes, timestamp] of segments) {
    log.roll()
    append(log, bytes, timestamp)
  }
  return log
}

function append(log: PartitionLog, length: number, maxTimestamp: number, isReadable = true): void {
  const batch = new Batch()
  batch.length = length
  batch.maxTimestamp = maxTimestamp
  log.append(batch, 10, 0)
  log.tail!.shift()
  log.advanceDurable(log.endOffset)
  if (isReadable) log.advanceHighWatermark(log.endOffset)
}

describe('by time', () => {
  const FOUR = [
    [10, 1000],
    [10, 1100],
    [10, 1050],
    [10, 1200],
  ] as const

  test.each([
    [1050, 0],
    [1051, 1],
    [1150, 1],
    [1151, 3],
    [1250, 3],
    // The active one too.
    [1251, 4],
  ])('at %i with 50 ms: %i go', (timeMs, count) => {
    expect(expiredCount(logOf({ retentionMs: 50 }, FOUR), timeMs)).toBe(count)
  })

  test('for ever is for ever', () => {
    expect(expiredCount(logOf({}, FOUR), 1e15)).toBe(0)
  })

  test('an empty segment stays, whatever its age', () => {
    const log = logOf({ retentionMs: 0 }, [])
    expect(expiredCount(log, 1e15)).toBe(0)
    append(log, 10, 1000)
    log.roll()
    expect(expiredCount(log, 1e15)).toBe(1)
  })

  test('nothing goes that consumers may not read yet', () => {
    const log = logOf({ retentionMs: 0 }, [[10, 1000]])
    log.roll()
    append(log, 10, 1000, false)
    append(log, 10, 1000, false)
    expect(expiredCount(log, 1e15)).toBe(1)
    log.advanceHighWatermark(20)
    expect(expiredCount(log, 1e15)).toBe(1)
    log.advanceHighWatermark(30)
    expect(expiredCount(log, 1e15)).toBe(2)
  })

  test('without timestamps by the time of the file, which has to be found out', () => {
    const log = logOf({ retentionMs: 50 }, [
      [10, -1],
      [10, 5000],
      [10, -1],
    ])
    const [first, , last] = log.segments
    expect([expiredCount(log, 9000), undatedSegment(log, 0)]).toEqual([0, first])
    first!.fileDate = { ms: 8000, bytes: 10 }
    expect([expiredCount(log, 8050), undatedSegment(log, 0)]).toEqual([0, null])
    expect([expiredCount(log, 8051), undatedSegment(log, 2)]).toEqual([2, last])
    last!.fileDate = { ms: 8000, bytes: 10 }
    expect(expiredCount(log, 8051)).toBe(3)
    // The file was written since.
    append(log, 10, -1)
    expect([expiredCount(log, 8051), undatedSegment(log, 2)]).toEqual([2, last])
    // What nobody asks the age of is not looked up.
    log.config = { ...log.config, retentionMs: NEVER }
    expect(undatedSegment(log, 0)).toBeNull()
    log.config = { ...log.config, retentionMs: 50, cleanupPolicy: COMPACT }
    expect(undatedSegment(log, 0)).toBeNull()
  })
})

describe('by size', () => {
  const FOUR = [
    [100, 1],
    [200, 1],
    [300, 1],
    [400, 1],
  ] as const

  test.each([
    [1001, 0],
    [1000, 0],
    [901, 0],
    // What stays is at least as large.
    [900, 1],
    [701, 1],
    [700, 2],
    [400, 3],
    [1, 3],
    [0, 4],
  ])('of 1000 bytes with %i: %i go', (retentionBytes, count) => {
    expect(expiredCount(logOf({ retentionBytes }, FOUR), 0)).toBe(count)
  })

  test('whatever the time, and time goes on where size ends', () => {
    const log = logOf({ retentionBytes: 700, retentionMs: 50 }, [
      [100, 9000],
      [200, 9000],
      [300, 1000],
      [400, 9000],
    ])
    expect(expiredCount(log, 0)).toBe(2)
    expect(expiredCount(log, 2000)).toBe(3)
  })
})

test('what is before the start goes under every policy, and nothing else of a compacted topic', () => {
  const log = logOf({ cleanupPolicy: COMPACT, retentionBytes: 0, retentionMs: 0 }, [
    [10, 1],
    [10, 1],
    [10, 1],
  ])
  expect(expiredCount(log, 1e15)).toBe(0)
  log.advanceLogStart(20)
  expect(expiredCount(log, 1e15)).toBe(2)
  log.config = { ...log.config, cleanupPolicy: { compact: true, delete: true } }
  expect(expiredCount(log, 1e15)).toBe(3)
})

test('what is altered counts from then on', () => {
  const log = logOf({}, [
    [10, 1000],
    [10, 1000],
    [10, 2000],
  ])
  const countWith = (config: Partial<TopicSettings>) => {
    log.config = { ...log.config, ...config }
    return expiredCount(log, 2010)
  }
  expect(countWith({})).toBe(0)
  expect(countWith({ retentionMs: 1000 })).toBe(2)
  expect(countWith({ retentionMs: 5 })).toBe(3)
  expect(countWith({ cleanupPolicy: COMPACT })).toBe(0)
  expect(countWith({ cleanupPolicy: DELETE, retentionMs: NEVER, retentionBytes: 20 })).toBe(1)
  expect(countWith({ retentionBytes: NEVER })).toBe(0)
})
