import { describe, expect, test } from 'vitest'
import type { TopicSettings } from '../../src/config/topic-configs.ts'
import type { AwaitsOffset } from '../../src/log/awaiting.ts'
import { Batch } from '../../src/log/batch.ts'
import { LeaderEpochs } from '../../src/log/leader-epochs.ts'
import { PartitionLog, type RollSource } from '../../src/log/partition-log.ts'
import { Segment } from '../../src/log/segment.ts'
import { Tail } from '../../src/log/tail.ts'
import { Waiter } from '../../src/log/waiters.ts'
import { ErrorCode } from '../../src/model/error-codes.ts'

const IDENTITY = { topic: 't', topicId: 'AAAAAAAAAAAAAAAAAAAAEQ', partition: 0, directory: 'data/t-0' }

const STILL: RollSource = { wallMs: 0, chance: () => 0 }

function logWith(config: Partial<TopicSettings> = {}, endOffset = 0, rolls = STILL): PartitionLog {
  const settings = {
    segmentBytes: 1000,
    segmentMs: 60_000,
    segmentJitterMs: 0,
    segmentIndexBytes: 120,
    indexIntervalBytes: 100,
    ...config,
  }
  const state = {
    leaderEpoch: 3,
    logStartOffset: 0,
    endOffset,
    segments: [new Segment(IDENTITY, endOffset, 0)],
    leaderEpochs: new LeaderEpochs(),
    producers: null,
  }
  return new PartitionLog(IDENTITY, new Int32Array(4), settings as TopicSettings, state, rolls)
}

function append(log: PartitionLog, length = 100, maxTimestamp = 1000, records = 2): Batch {
  const batch = new Batch()
  batch.length = length
  batch.maxTimestamp = maxTimestamp
  log.append(batch, records, log.leaderEpoch)
  return batch
}

const bases = (log: PartitionLog) => log.segments.map(({ baseOffset }) => baseOffset)

describe('segments roll', () => {
  test('before the batch that would make them too large', () => {
    const log = logWith()
    for (let i = 0; i < 11; i++) append(log)
    expect(bases(log)).toEqual([0, 20])
    append(log, 901)
    expect(bases(log)).toEqual([0, 20, 22])
    // One batch larger than a segment has one of its own.
    append(log, 5000)
    append(log, 1)
    expect(bases(log)).toEqual([0, 20, 22, 24, 26])
  })

  test('by the time of their records, which may be old', () => {
    const log = logWith({ segmentMs: 50 })
    for (const timestamp of [1000, 1050, 1051, 900, 1101, 1102]) append(log, 10, timestamp)
    expect(bases(log)).toEqual([0, 4, 10])
    for (let i = 0; i < 5; i++) append(log, 10, -1)
    expect(bases(log)).toEqual([0, 4, 10])
  })

  test('up to so much earlier, by chance, that not all roll at once', () => {
    const chances = [0.5, 0.999, 0, 0.25]
    const log = logWith({ segmentMs: 100, segmentJitterMs: 60 }, 0, { wallMs: 0, chance: () => chances.shift()! })
    for (const timestamp of [1000, 1070, 1071, 1111, 1112, 1212, 1213]) append(log, 10, timestamp)
    expect(bases(log)).toEqual([0, 4, 8, 12])
    // Never by more than segment.ms itself, which would make a segment of each batch.
    const jittery = logWith({ segmentMs: 100, segmentJitterMs: 1e9 }, 0, { wallMs: 0, chance: () => 0.5 })
    for (const timestamp of [1000, 1050, 1051]) append(jittery, 10, timestamp)
    expect(bases(jittery)).toEqual([0, 4])
  })

  test('by the time of day, if their first batch has no time', () => {
    const rolls = { wallMs: 5000, chance: () => 0 }
    const log = logWith({ segmentMs: 50 }, 0, rolls)
    append(log, 10, -1)
    rolls.wallMs = 5050
    append(log, 10, 99_000)
    rolls.wallMs = 5051
    append(log, 10, -1)
    append(log, 10, 99_000)
    rolls.wallMs = 5102
    append(log, 10, 99_000)
    expect(bases(log)).toEqual([0, 4, 8])
  })

  test('not without a batch that comes', () => {
    const log = logWith({ segmentMs: 50 })
    log.roll()
    expect(bases(log)).toEqual([0])
    append(log)
    log.roll()
    log.roll()
    expect(bases(log)).toEqual([0, 2])
  })

  test('when an index is full: an entry of the index of times is kept for the end', () => {
    const log = logWith({ segmentBytes: 1 << 20 })
    for (let i = 0; i < 60; i++) append(log)
    expect(log.segments.map(({ offsetIndex }) => offsetIndex!.count)).toEqual([15, 14])
    const timed = logWith({ segmentBytes: 1 << 20 })
    for (let i = 0; i < 60; i++) append(timed, 100, 1000 + i)
    expect(timed.segments.map(({ timeIndex }) => timeIndex!.count)).toEqual([9, 9, 9, 1])
  })

  test('by what is configured now', () => {
    const log = logWith({ segmentBytes: 1 << 20 })
    const alter = (config: Partial<TopicSettings>) => {
      log.config = { ...log.config, ...config }
    }
    append(log, 10, 1000)
    append(log, 10, 1060)
    alter({ segmentMs: 50 })
    append(log, 10, 1060)
    expect(bases(log)).toEqual([0, 4])
    alter({ segmentBytes: 19 })
    append(log, 10, 1060)
    expect(bases(log)).toEqual([0, 4, 6])
    alter({ segmentBytes: 1 << 20, segmentIndexBytes: 12 })
    append(log, 10, 1060)
    append(log, 10, 1060)
    expect(bases(log)).toEqual([0, 4, 6, 8, 10])
  })

  test('when a relative offset would not fit an index entry', () => {
    const log = logWith()
    append(log, 10, 1000, 2 ** 31 - 2)
    append(log, 10, 1000, 2)
    append(log, 10, 1000, 1)
    expect(bases(log)).toEqual([0, 2 ** 31])
  })

  test('and the segment of an offset is found', () => {
    const log = logWith()
    for (let i = 0; i < 50; i++) append(log)
    for (let offset = 0; offset < 100; offset++) {
      expect(log.segmentOf(offset).baseOffset).toBe(bases(log).findLast((base) => base <= offset))
    }
  })
})

test('offsets have no gap, and durability and the high watermark only grow, in their order', () => {
  const log = logWith({}, 70)
  const batches = [append(log, 10, 1, 3), append(log, 10, 1, 1), append(log, 10, 1, 5)]
  expect(batches.map(({ baseOffset, nextOffset, leaderEpoch }) => [baseOffset, nextOffset, leaderEpoch])).toEqual([
    [70, 73, 3],
    [73, 74, 3],
    [74, 79, 3],
  ])
  expect(log.drainedOffset).toBe(70)
  expect(() => log.advanceHighWatermark(73)).toThrow('only grows')
  expect(() => log.advanceDurable(80)).toThrow('up to the end')
  log.advanceDurable(74)
  log.advanceHighWatermark(73)
  expect(() => log.advanceHighWatermark(72)).toThrow('only grows')
  expect(() => log.advanceDurable(73)).toThrow('only grows')
  expect([69, 70, 79, 80].map((offset) => log.checkReadable(offset))).toEqual([
    ErrorCode.None,
    ErrorCode.None,
    ErrorCode.None,
    ErrorCode.OffsetOutOfRange,
  ])
  expect([-1, 2, 3, 4].map((epoch) => log.checkLeaderEpoch(epoch))).toEqual([
    ErrorCode.None,
    ErrorCode.FencedLeaderEpoch,
    ErrorCode.None,
    ErrorCode.UnknownLeaderEpoch,
  ])
})

describe('the log begins later', () => {
  /** Eleven batches of two records, four to a segment, durable and drained. */
  function drainedLog(): PartitionLog {
    const log = logWith({ segmentBytes: 400 })
    for (let i = 0; i < 11; i++) append(log)
    log.advanceDurable(22)
    log.advanceHighWatermark(22)
    while (log.tail!.count > 0) log.tail!.shift()
    return log
  }

  test('and segments without a record that is left go, but not the active one', () => {
    const log = drainedLog()
    const segments = [...log.segments]
    expect(bases(log)).toEqual([0, 8, 16])
    log.advanceLogStart(7)
    expect(log.takeObsolete()).toEqual([])
    log.advanceLogStart(8)
    expect(log.takeObsolete()).toEqual([segments[0]])
    log.advanceLogStart(3)
    expect([log.logStartOffset, log.checkReadable(7), log.checkReadable(8)]).toEqual([8, ErrorCode.OffsetOutOfRange, 0])
    log.advanceLogStart(21)
    expect(log.takeObsolete()).toEqual([segments[1]])
    expect(segments.map(({ isGone }) => isGone)).toEqual([true, true, false])
    expect(bases(log)).toEqual([16])
  })

  test('and where nothing is left, with a segment of its own', () => {
    const log = drainedLog()
    log.advanceLogStart(22)
    expect(log.takeObsolete()).toHaveLength(3)
    expect(bases(log)).toEqual([22])
    expect(append(log).baseOffset).toBe(22)
    expect(bases(log)).toEqual([22])
  })

  test('but not beyond what is drained', () => {
    const log = drainedLog()
    append(log)
    log.advanceDurable(24)
    log.advanceHighWatermark(24)
    expect(() => log.advanceLogStart(23)).toThrow('only what is drained')
  })

  test('and its epochs with it', () => {
    const epochs = LeaderEpochs.of([
      [1, 0],
      [3, 10],
      [4, 20],
    ])
    epochs.storedCount = 3
    epochs.truncateBefore(0)
    expect([epochs.pairs().length, epochs.storedCount]).toEqual([3, 3])
    epochs.truncateBefore(15)
    expect(epochs.pairs()).toEqual([
      [3, 15],
      [4, 20],
    ])
    // To be stored anew.
    expect(epochs.storedCount).toBe(0)
    expect([epochs.at(15), epochs.at(19), epochs.at(20), epochs.endOf(3, 30)]).toEqual([
      3,
      3,
      4,
      { epoch: 3, endOffset: 20 },
    ])
    epochs.truncateBefore(30)
    expect(epochs.pairs()).toEqual([[4, 30]])
  })
})

describe('a log is cut', () => {
  /** Eleven batches of two records in three segments, all but `left` of them drained. */
  function log(left = 0): PartitionLog {
    const log = logWith({ segmentBytes: 400 })
    for (let i = 0; i < 11; i++) append(log)
    log.advanceDurable(22)
    log.advanceHighWatermark(22)
    while (log.tail!.count > left) log.tail!.shift()
    return log
  }

  test('and ends in what is left of a segment', () => {
    const cut = log()
    const [first, second, third] = cut.segments
    const rest = new Segment(IDENTITY, 8, 200)
    expect(cut.truncateTo(12, rest)).toEqual([second, third])
    expect([first!.isGone, second!.isGone, third!.isGone]).toEqual([false, true, true])
    expect(cut.segments).toEqual([first, rest])
    expect([cut.endOffset, cut.durableOffset, cut.drainedOffset, cut.highWatermark]).toEqual([12, 12, 12, 12])
    rest.offsetIndex = first!.offsetIndex
    rest.timeIndex = first!.timeIndex
    expect(append(cut).baseOffset).toBe(12)
  })

  test('not while something of it is in memory, before its start or behind its end', () => {
    const rest = new Segment(IDENTITY, 8, 200)
    expect(() => log(1).truncateTo(12, rest)).toThrow('drained')
    expect(() => log().truncateTo(23, rest)).toThrow('within')
    const later = log()
    later.advanceLogStart(14)
    expect(() => later.truncateTo(12, rest)).toThrow('within')
  })

  test('and takes nothing meanwhile', () => {
    const cut = log()
    cut.isTruncating = true
    expect(() => append(cut)).toThrow('being cut')
  })

  test('with its epochs', () => {
    const epochs = LeaderEpochs.of([
      [1, 0],
      [3, 10],
      [4, 20],
    ])
    epochs.storedCount = 3
    epochs.truncateFrom(21)
    expect([epochs.pairs().length, epochs.storedCount]).toEqual([3, 3])
    epochs.truncateFrom(10)
    expect(epochs.pairs()).toEqual([[1, 0]])
    // To be stored anew, also when none is left.
    expect(epochs.storedCount).not.toBe(epochs.count)
    epochs.truncateFrom(0)
    expect([epochs.count, epochs.storedCount === epochs.count]).toEqual([0, false])
  })
})

test('who waits for durability alone is told when it is reached', async () => {
  const log = logWith()
  append(log)
  append(log)
  let told = ''
  const waiting = [2, 4, 3].map((offset) =>
    log.durable(offset).then(() => {
      told += offset
    }),
  )
  log.advanceDurable(2)
  await waiting[0]
  expect(told).toBe('2')
  log.advanceDurable(4)
  await Promise.all(waiting)
  expect(told).toBe('243')
  await log.durable(4)
})

test('those who await an offset are told in order, the rest when the log closes', () => {
  const log = logWith()
  const told: string[] = []
  const awaits = (requiredOffset: number): AwaitsOffset => ({
    requiredOffset,
    next: null,
    onReached: () => told.push(`reached ${requiredOffset}`),
    onGone: (error) => told.push(`gone ${requiredOffset} ${error}`),
  })
  for (let i = 0; i < 4; i++) append(log)
  for (const offset of [2, 4, 4, 6, 8]) log.awaitingCommit.add(awaits(offset))
  log.advanceDurable(8)
  log.advanceHighWatermark(4)
  log.advanceHighWatermark(5)
  log.close(ErrorCode.UnknownTopicOrPartition)
  expect(told).toEqual(['reached 2', 'reached 4', 'reached 4', 'gone 6 3', 'gone 8 3'])
  expect(log.segments.every(({ isGone }) => isGone)).toBe(true)
  expect(() => append(log)).toThrow('closed')
})

describe('waiters', () => {
  class Told extends Waiter {
    count = 0
    readonly action: () => void

    constructor(action: () => void = () => undefined) {
      super()
      this.action = action
    }

    override onGrown(): void {
      this.count++
      this.action()
    }
  }

  test('all are told, whoever leaves meanwhile', () => {
    const log = logWith()
    const group: Told[] = []
    const leaveAll = () => {
      for (const waiter of group) waiter.leave()
    }
    // Three of one call stand beside each other, in the midst of others.
    const others = [new Told(), new Told(), new Told()]
    group.push(new Told(leaveAll), new Told(leaveAll), new Told(leaveAll))
    for (const waiter of [others[0]!, ...group, others[1]!, others[2]!]) log.waiters.add(waiter)
    append(log)
    log.advanceDurable(2)
    log.advanceHighWatermark(2)
    expect(others.map(({ count }) => count)).toEqual([1, 1, 1])
    expect(group.reduce((sum, { count }) => sum + count, 0)).toBe(1)
    log.waiters.wake()
    expect(others.map(({ count }) => count)).toEqual([2, 2, 2])
    for (const waiter of others) waiter.leave()
    expect(log.waiters.isEmpty).toBe(true)
    others[0]!.leave()
  })
})

test('the tail finds batches by offset while it grows and shrinks', () => {
  const tail = new Tail()
  let next = 5
  const push = (records: number) => {
    const batch = new Batch()
    batch.baseOffset = next
    next += records
    batch.nextOffset = next
    batch.length = records * 10
    tail.push(batch)
  }
  for (let round = 0; round < 30; round++) {
    for (let i = 0; i <= round % 7; i++) push(1 + (i % 3))
    for (let i = 0; i < round % 5 && tail.count > 1; i++) tail.shift()
    const first = tail.at(0).baseOffset
    expect([tail.indexOf(first - 1), tail.indexOf(next)]).toEqual([-1, -1])
    let bytes = 0
    for (let i = 0; i < tail.count; i++) {
      const { baseOffset, nextOffset, length } = tail.at(i)
      bytes += length
      for (let offset = baseOffset; offset < nextOffset; offset++) expect(tail.indexOf(offset)).toBe(i)
    }
    expect(tail.byteLength).toBe(bytes)
  }
  const gap = new Batch()
  gap.baseOffset = next + 1
  expect(() => tail.push(gap)).toThrow('no gap')
})

test('leader epochs: where each ended, and where a follower diverged', () => {
  const epochs = LeaderEpochs.of([
    [1, 0],
    [3, 10],
    [3, 12],
    [2, 13],
    [7, 20],
  ])
  expect(epochs.pairs()).toEqual([
    [1, 0],
    [3, 10],
    [7, 20],
  ])
  expect([0, 1, 2, 3, 6, 7, 8].map((epoch) => epochs.endOf(epoch, 33))).toEqual([
    { epoch: 0, endOffset: 0 },
    { epoch: 1, endOffset: 10 },
    { epoch: 1, endOffset: 10 },
    { epoch: 3, endOffset: 20 },
    { epoch: 3, endOffset: 20 },
    { epoch: 7, endOffset: 33 },
    undefined,
  ])
  expect([-1, 0, 9, 10, 19, 20, 99].map((offset) => epochs.at(offset))).toEqual([-1, 1, 1, 3, 3, 7, 7])
  expect(epochs.divergence(3, 15, 33)).toBeNull()
  expect(epochs.divergence(3, 21, 33)).toEqual({ epoch: 3, endOffset: 20 })
  expect(epochs.divergence(2, 5, 33)).toEqual({ epoch: 1, endOffset: 10 })
  expect(epochs.divergence(-1, 99, 33)).toBeNull()
  expect(LeaderEpochs.decode(epochs.encode()).pairs()).toEqual(epochs.pairs())
  expect(epochs.encode()).toBe('0\n3\n1 0\n3 10\n7 20\n')
  const none = new LeaderEpochs()
  expect([none.endOf(-1, 5), none.endOf(0, 5)]).toEqual([undefined, undefined])
})
