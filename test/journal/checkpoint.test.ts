// A shard's checkpoints on disk: which of them count, bases and deltas, and what a torn or a foreign file leaves.
import { beforeEach, describe, expect, test } from 'vitest'
import { checkpointPath, type PartitionCheckpoint, readCheckpoints } from '../../src/journal/checkpoint.ts'
import { rowBytes } from '../../src/journal/checkpoint-part.ts'
import { CheckpointWriter, type CheckpointWriterOptions } from '../../src/journal/checkpoint-writer.ts'
import { uuid } from '../metadata/records.ts'
import { crc32c } from '../raft/crc32c.ts'
import { FakeDisk, seededRandom } from '../raft/fake-disk.ts'

const DIRECTORY = '/data'

let disk: FakeDisk

beforeEach(() => {
  disk = new FakeDisk()
})

function writer(some: Partial<CheckpointWriterOptions> = {}): CheckpointWriter {
  return new CheckpointWriter({
    disk,
    directory: DIRECTORY,
    shard: 0,
    shards: 1,
    runEpoch: 1,
    lastGeneration: 0,
    lastSlot: -1,
    deltaBytesMin: 100_000,
    checksum: crc32c,
    ...some,
  })
}

function row(partition: number, some: Partial<PartitionCheckpoint> = {}): PartitionCheckpoint {
  return {
    topicId: uuid(1),
    partition,
    logStartOffset: 0,
    drainedOffset: 0,
    highWatermark: 0,
    segmentBaseOffset: 0,
    segmentBytes: 0,
    segmentFirstTimestamp: -1,
    segmentLargestTimestamp: -1,
    segmentLargestTimestampOffset: 0,
    leaderEpochs: [[0, 0]],
    producers: [],
    ...some,
  }
}

function write(
  to: CheckpointWriter,
  rows: PartitionCheckpoint[],
  { from = 1, removed = [] as PartitionCheckpoint[] } = {},
): Promise<void> {
  const left = [...rows]
  return to.write(from, from, { next: () => left.shift() ?? null, removed })
}

const read = () => readCheckpoints(disk, DIRECTORY, crc32c)
const readOne = async () => (await read())[0]!
const heads = async () =>
  (await read()).map(({ runEpoch, shard, generation }) => `run ${runEpoch} shard ${shard} generation ${generation}`)
const drained = async () =>
  Object.fromEntries((await readOne()).partitions.map(({ partition, drainedOffset }) => [partition, drainedOffset]))

describe('which count', () => {
  test('a run counts once each of its shards has a checkpoint', async () => {
    await write(writer({ shards: 2 }), [])
    expect(await heads()).toEqual([])
    await write(writer({ shards: 2, shard: 1 }), [])
    expect(await heads()).toEqual(['run 1 shard 0 generation 1', 'run 1 shard 1 generation 1'])
  })

  test('each shard speaks by its latest checkpoint of the run', async () => {
    await write(writer({ shards: 2 }), [])
    const second = writer({ shards: 2, shard: 1 })
    await write(second, [])
    await write(second, [])
    expect(await heads()).toEqual(['run 1 shard 0 generation 1', 'run 1 shard 1 generation 2'])
  })

  test('a start that ended between two checkpoints leaves the run before it, whatever the shard count', async () => {
    await write(writer({ lastGeneration: 3 }), [])
    const { generation: lastGeneration, slot: lastSlot } = await readOne()
    for (let start = 0; start < 2; start++) {
      await write(writer({ runEpoch: 2, shards: 2, lastGeneration, lastSlot }), [])
      expect(await heads()).toEqual(['run 1 shard 0 generation 4'])
    }
    // The next start, with other shards again, fares better.
    for (const shard of [0, 1, 2]) {
      const last = shard === 0 ? { lastGeneration, lastSlot } : {}
      await write(writer({ runEpoch: 3, shards: 3, shard, ...last }), [])
    }
    expect(await heads()).toEqual([
      'run 3 shard 0 generation 5',
      'run 3 shard 1 generation 1',
      'run 3 shard 2 generation 1',
    ])
  })

  test('what other shard counts left behind is passed over', async () => {
    for (const shard of [0, 1, 2]) await write(writer({ shards: 3, shard }), [])
    await write(writer({ runEpoch: 2, lastGeneration: 1, lastSlot: 0 }), [])
    expect(await heads()).toEqual(['run 2 shard 0 generation 2'])
  })

  test('a torn base leaves the run before it', async () => {
    await write(writer(), [row(0)])
    await write(writer({ runEpoch: 2, lastGeneration: 1, lastSlot: 0 }), [row(0)])
    await cut(1, 1)
    expect(await heads()).toEqual(['run 1 shard 0 generation 1'])
  })
})

describe('deltas', () => {
  test('bring rows that changed, take rows away, and say from where to replay', async () => {
    const one = writer()
    await write(
      one,
      [0, 1, 2, 3].map((partition) => row(partition)),
    )
    await write(one, [row(1, { drainedOffset: 10 })], { from: 5 })
    await write(one, [row(2, { drainedOffset: 20 }), row(7)], { from: 9, removed: [row(3)] })
    expect(await drained()).toEqual({ 0: 0, 1: 10, 2: 20, 7: 0 })
    const { generation, replayFromSequence, unsyncedSequence, slot } = await readOne()
    expect([generation, replayFromSequence, unsyncedSequence, slot]).toEqual([3, 9, 9, 0])
    expect(disk.names.has(checkpointPath(DIRECTORY, 0, 1))).toBe(false)
  })

  test('cost what changed', async () => {
    const one = writer()
    expect(rowBytes(row(0))).toBe(104)
    await write(
      one,
      Array.from({ length: 5000 }, (_, partition) => row(partition)),
    )
    const baseBytes = one.bytesWritten
    expect(baseBytes).toBe(72 + 5000 * 104)
    await write(one, [row(1), row(2)])
    expect(one.bytesWritten - baseBytes).toBe(72 + 208)
  })

  test('end before a torn one, wherever it is torn', async () => {
    const one = writer()
    await write(one, [row(0), row(1)])
    await write(one, [row(0, { drainedOffset: 1 })])
    const path = checkpointPath(DIRECTORY, 0, 0)
    const whole = disk.bytesOf(path).length
    await write(one, [row(0, { drainedOffset: 2 }), row(1, { drainedOffset: 2 })])
    const bytes = disk.bytesOf(path).slice()
    for (let at = whole; at < bytes.length; at++) {
      const torn = bytes.slice()
      torn[at]! ^= 0x10
      disk.setBytes(path, torn)
      expect(await drained(), `torn at ${at}`).toEqual({ 0: 1, 1: 0 })
      disk.setBytes(path, bytes.subarray(0, at))
      expect(await drained(), `ends at ${at}`).toEqual({ 0: 1, 1: 0 })
    }
    disk.setBytes(path, bytes)
    expect(await drained()).toEqual({ 0: 2, 1: 2 })
  })

  test('of an earlier use of the slot are not those of its base', async () => {
    const one = writer()
    await write(one, [row(0)])
    await write(one, [row(0, { drainedOffset: 5 })])
    const old = disk.bytesOf(checkpointPath(DIRECTORY, 0, 0)).slice()
    // Written over without the deltas being gone: as long a base, and what lay behind it.
    await write(writer({ runEpoch: 2, lastGeneration: 2, lastSlot: 1 }), [row(0, { drainedOffset: 7 })])
    const path = checkpointPath(DIRECTORY, 0, 0)
    const base = disk.bytesOf(path).slice()
    expect(base.length).toBe(176)
    disk.setBytes(path, Buffer.concat([base, old.subarray(176)]))
    expect(await drained()).toEqual({ 0: 7 })
  })

  test('that weigh more than the base make a new one, in the other slot', async () => {
    const one = writer()
    const wide = Array.from({ length: 200 }, (_, i): [number, number] => [i, i * 10])
    const rows = Array.from({ length: 500 }, (_, partition) => row(partition, { leaderEpochs: wide }))
    await write(one, rows)
    let deltas = 0
    while (!one.isBaseDue) {
      await write(one, rows.slice(0, 100))
      deltas++
    }
    const baseBytes = 72 + 500 * rowBytes(rows[0]!)
    expect(deltas).toBe(Math.ceil(baseBytes / (72 + baseBytes / 5)))
    await write(
      one,
      rows.map((each) => ({ ...each, drainedOffset: 3 })),
    )
    expect([one.basesWritten, (await readOne()).slot, (await readOne()).generation]).toEqual([2, 1, deltas + 2])
    // While it was not whole the other slot held.
    await cut(1, 1)
    expect([(await readOne()).slot, (await readOne()).generation]).toEqual([0, deltas + 1])
  })
})

test('a row comes back as it was', async () => {
  const batch = { baseSequence: 2 ** 31 - 1, lastSequence: 3, baseOffset: 2 ** 50, maxTimestamp: -1 }
  const full = row(2 ** 31 - 1, {
    logStartOffset: 2 ** 40,
    drainedOffset: 2 ** 53 - 1,
    highWatermark: 2 ** 52,
    segmentBaseOffset: 2 ** 41,
    segmentBytes: 2 ** 31 - 1,
    segmentFirstTimestamp: 1_700_000_000_000,
    segmentLargestTimestamp: 1_800_000_000_000,
    segmentLargestTimestampOffset: 2 ** 31 - 1,
    leaderEpochs: [
      [0, 0],
      [2 ** 31 - 1, 2 ** 50],
    ],
    producers: [
      { producerId: 2 ** 53 - 1, epoch: 32767, lastTimestamp: -1, batches: [batch, { ...batch, baseOffset: 7 }] },
      { producerId: 0, epoch: 0, lastTimestamp: 1, batches: [] },
    ],
  })
  await write(writer(), [row(1), full, row(3)])
  expect((await readOne()).partitions[1]).toEqual(full)
})

test('the power is cut at every operation: what was written last, or the one before', async () => {
  for (let cutAfter = 0, isWhole = false; !isWhole; cutAfter++) {
    for (let seed = 0; seed < 5; seed++) {
      disk = new FakeDisk()
      const one = writer()
      const rows = (drainedOffset: number) => [0, 1, 2].map((partition) => row(partition, { drainedOffset }))
      await write(one, rows(1))
      disk.operationsLeft = cutAfter
      let written = 1
      isWhole = true
      try {
        for (let generation = 2; generation < 6; generation++) {
          // A base too, in the midst of it, as after a start.
          const to =
            generation < 4 ? one : writer({ runEpoch: 2, lastGeneration: generation - 1, lastSlot: generation % 2 })
          await write(to, rows(generation))
          written = generation
        }
      } catch {
        isWhole = false
      }
      disk = disk.afterPowerCut(seededRandom(cutAfter * 10 + seed))
      const { partitions } = await readOne()
      const [first] = partitions
      expect(partitions.map(({ drainedOffset }) => drainedOffset)).toEqual([1, 1, 1].map(() => first!.drainedOffset))
      expect([written, written + 1], `cut after ${cutAfter}, seed ${seed}`).toContain(first!.drainedOffset)
    }
  }
})

test('of an unknown version it says so; of no version at all there is none', async () => {
  await write(writer(), [row(0)])
  const path = checkpointPath(DIRECTORY, 0, 0)
  const bytes = disk.bytesOf(path).slice()
  const view = new DataView(bytes.buffer)
  view.setUint32(8, 2, true)
  disk.setBytes(path, bytes)
  // Its checksum tells a later version from a torn header.
  expect(await read()).toEqual([])
  view.setUint32(4, 0, true)
  view.setUint32(4, crc32c(bytes, 0, 72, 0), true)
  disk.setBytes(path, bytes)
  await expect(read()).rejects.toThrow(`${path}: a checkpoint of version 2, and we know 1`)
  disk.setBytes(path, new TextEncoder().encode('a4b0c1d2\n{"version":1}'))
  expect(await read()).toEqual([])
})

test('hostile counts and lengths are no checkpoint', async () => {
  await write(writer(), [row(0)])
  const path = checkpointPath(DIRECTORY, 0, 0)
  const whole = disk.bytesOf(path).slice()
  // In the header: body bytes, rows, partitions gone; in the row: bytes, epochs, producers.
  for (const at of [32, 56, 60, 72 + 20, 72 + 80, 72 + 84]) {
    for (const value of [0, 2, 99, 101, 2 ** 31, 2 ** 32 - 1]) {
      const bytes = whole.slice()
      const view = new DataView(bytes.buffer)
      if (view.getUint32(at, true) === value) continue
      view.setUint32(at, value, true)
      view.setUint32(40, crc32c(bytes, 72, 104, 0), true)
      view.setUint32(4, 0, true)
      view.setUint32(4, crc32c(bytes, 0, 72, 0), true)
      disk.setBytes(path, bytes)
      expect(await read(), `${value} at ${at}`).toEqual([])
    }
  }
})

async function cut(slot: number, bytes: number): Promise<void> {
  const path = checkpointPath(DIRECTORY, 0, slot)
  const whole = disk.bytesOf(path)
  disk.setBytes(path, whole.subarray(0, whole.length - bytes))
}
