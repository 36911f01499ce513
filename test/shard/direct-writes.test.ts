// Topics with millrace.durability=os, on a shard whose disk does a step a tick: when they are answered, what they leave on
// the disk, and how they become durable and back.
import { describe, expect, test } from 'vitest'
import type { PartitionLog } from '../../src/log/partition-log.ts'
import { ErrorCode } from '../../src/model/error-codes.ts'
import { COUNTER } from '../../src/observe/counters.ts'
import type { MetadataRecord } from '../../src/wire/generated/metadata-records.ts'
import { configRecord, partitionRecord, topicRecord, uuid } from '../metadata/records.ts'
import { FakeDisk } from '../raft/fake-disk.ts'
import { batchOf, recordsIn } from '../scenarios/client.ts'
import { type Appended, SmallNode } from '../simulation/small-node.ts'

const JOURNAL_BYTES = 16 << 20
const CHECKPOINT_MS = 60_000
const OS = { 'millrace.durability': 'os' }
const FIRST_SEGMENT = 'data/t-0/00000000000000000000.log'

class World {
  node!: SmallNode
  readonly #configs: Record<string, string>
  readonly #overrides: string[]
  readonly #topic: string
  #runs = 0
  #metadataOffset = 10

  constructor(configs: Record<string, string>, { topic = 't', overrides = [] as string[] } = {}) {
    this.#configs = { ...configs }
    this.#topic = topic
    this.#overrides = overrides
  }

  async start(disk = new FakeDisk()): Promise<this> {
    const configs = Object.entries(this.#configs).map(([name, value]) => configRecord(this.#topic, name, value))
    const records = [topicRecord(this.#topic, 1), ...configs, partitionRecord(1, 0)]
    const metadata = { offset: this.#metadataOffset, epoch: 1, records }
    this.node = new SmallNode(disk, 1, ++this.#runs, JOURNAL_BYTES, metadata, null, this.#overrides)
    await this.node.start()
    return this
  }

  /** Starts again on what a killed process leaves; `damage` comes first. */
  restart(damage: (disk: FakeDisk) => void = () => undefined): Promise<this> {
    const disk = this.node.disk.afterProcessKill()
    damage(disk)
    return this.start(disk)
  }

  get log(): PartitionLog {
    return this.node.logOf(this.#topic, 0)
  }

  get journalGroups(): number {
    return this.node.shards[0]!.counters.get(COUNTER.journalGroups)
  }

  /** Where the log is: durable, high watermark, end. */
  get offsets(): number[] {
    const { durableOffset, highWatermark, endOffset } = this.log
    return [durableOffset, highWatermark, endOffset]
  }

  send(value: string, acks = 1, options = {}): Promise<Appended> {
    return this.node.append(0, this.#topic, 0, batchOf([value], options), acks)
  }

  async sent(value: string, acks = 1, options = {}): Promise<number> {
    const { error, baseOffset } = await this.node.settle(this.send(value, acks, options))
    expect(error).toBe(ErrorCode.None)
    return baseOffset
  }

  apply(...records: MetadataRecord[]): void {
    this.node.shards[0]!.applyMetadata({ offset: ++this.#metadataOffset, epoch: 1, records })
  }

  configure(name: string, value: string): void {
    this.#configs[name] = value
    this.apply(configRecord(this.#topic, name, value))
  }

  async until(isSo: () => boolean): Promise<void> {
    for (let ticks = 0; !isSo(); ticks++) {
      expect(ticks, 'it comes to pass').toBeLessThan(1000)
      await this.node.tick()
    }
  }

  /** Of the segment files, in order. */
  values(): string[] {
    const { disk } = this.node
    const paths = [...disk.names.keys()].filter((path) => /\/t-0\/\d{20}\.log$/.test(path)).sort()
    return paths.flatMap((path) => recordsIn(Buffer.from(disk.bytesOf(path))).map(({ value }) => value))
  }
}

describe('an os topic', () => {
  test('is answered when its segment is written: no journal, no sync, nothing left in memory', async () => {
    const world = await new World(OS).start()
    const { arenas } = world.node
    const heldBefore = arenas[0]!.heldBytes()
    expect([await world.sent('a', 1), await world.sent('b', -1), await world.sent('c', 1)]).toEqual([0, 1, 2])
    expect(world.offsets).toEqual([0, 3, 3])
    expect(world.log.writtenOffset).toBe(3)
    expect(world.journalGroups).toBe(0)
    expect([world.log.tail!.count, arenas[0]!.heldBytes()]).toEqual([0, heldBefore])
    expect(world.values()).toEqual(['a', 'b', 'c'])
  })

  test('gathers while a write is under way', async () => {
    const world = await new World(OS).start()
    await world.sent('first')
    const one = world.send('a')
    await world.node.tick()
    const rest = [world.send('b'), world.send('c', 0), world.send('d', -1)]
    const seen = new Set<number>()
    await world.until(() => seen.add(world.log.highWatermark).has(5))
    expect([...seen]).toEqual([1, 2, 5])
    expect((await Promise.all([one, ...rest])).map(({ error }) => error)).toEqual([0, 0, 0, 0])
  })

  test('goes on in the next segment', async () => {
    const world = await new World({ ...OS, 'segment.bytes': '200' }).start()
    const answers = Array.from({ length: 9 }, (_, i) => world.send(`${i}`))
    await world.node.settle(Promise.all(answers))
    expect(world.log.segments.length).toBeGreaterThan(3)
    expect(world.values()).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8'])
  })

  test('is made durable by flush.messages: before the answer', async () => {
    const world = await new World({ ...OS, 'flush.messages': '1' }).start()
    for (const [i, acks] of [1, -1].entries()) {
      await world.sent('v', acks)
      expect(world.offsets).toEqual([i + 1, i + 1, i + 1])
    }
    world.configure('flush.messages', '3')
    const after: number[][] = []
    for (let i = 0; i < 4; i++) {
      await world.sent('v')
      after.push(world.offsets)
    }
    expect(after).toEqual([
      [2, 3, 3],
      [2, 4, 4],
      [5, 5, 5],
      [5, 6, 6],
    ])
  })

  test('is made durable by flush.ms: so long after a write', async () => {
    const world = await new World({ ...OS, 'flush.ms': '500' }).start()
    await world.sent('a')
    await world.node.pass(400)
    await world.sent('b')
    expect(world.offsets).toEqual([0, 2, 2])
    await world.node.pass(100)
    await world.until(() => world.log.durableOffset === 2)
    await world.sent('c')
    await world.node.pass(600)
    await world.until(() => world.log.durableOffset === 3)
  })

  test('is synced and checkpointed in time: a start looks at nothing from before', async () => {
    const world = await new World(OS).start()
    await world.sent('a')
    await world.sent('b')
    await world.node.pass(CHECKPOINT_MS)
    await world.until(() => world.log.durableOffset === 2)
    await world.sent('c')
    await world.restart((disk) => {
      // Within the first batch, whose CRC is wrong now.
      disk.bytesOf(FIRST_SEGMENT)[65]! ^= 1
    })
    expect(world.offsets).toEqual([3, 3, 3])
    expect(await world.sent('d')).toBe(3)
  })

  test('goes with what was under way when it is deleted', async () => {
    const world = await new World(OS).start()
    const heldBefore = world.node.arenas[0]!.heldBytes()
    await world.sent('a')
    const answers = [world.send('b'), world.send('c', -1)]
    await world.node.tick()
    answers.push(world.send('d'))
    world.apply({ type: 'RemoveTopicRecord', topicId: uuid(1) })
    const gone = ErrorCode.UnknownTopicOrPartition
    const errors = (await world.node.settle(Promise.all(answers))).map(({ error }) => error)
    expect(errors).toEqual([gone, gone, gone])
    const { disk, arenas } = world.node
    await world.until(() => ![...disk.names.keys()].some((path) => path.startsWith('data/t-0')))
    expect(arenas[0]!.heldBytes()).toBe(heldBefore)
  })
})

describe('after a kill', () => {
  test('everything is there, and producers and epochs are known', async () => {
    const world = await new World({ ...OS, 'segment.bytes': '300' }).start()
    const producer = { producerId: 7, producerEpoch: 0 }
    for (let i = 0; i < 9; i++) await world.sent(`${i}`, 1, { ...producer, baseSequence: i })
    await world.restart()
    expect(world.offsets).toEqual([9, 9, 9])
    expect(world.log.leaderEpochs.pairs()).toEqual([[0, 0]])
    // Sent again.
    expect(await world.sent('6', 1, { ...producer, baseSequence: 6 })).toBe(6)
    expect(await world.sent('9', 1, { ...producer, baseSequence: 9 })).toBe(9)
    expect(world.values()).toEqual(Array.from({ length: 10 }, (_, i) => `${i}`))
  })

  test('a batch longer than what is read at a time is', async () => {
    const world = await new World({ ...OS, 'max.message.bytes': '1800000' }).start()
    const long = 'x'.repeat(1_500_000)
    await world.sent('short')
    await world.sent(long)
    await world.sent('short')
    await world.restart()
    expect(world.offsets).toEqual([3, 3, 3])
    expect(world.values().map((value) => value.length)).toEqual([5, long.length, 5])
  })
})

describe('after a power cut', () => {
  const configs = { ...OS, 'segment.bytes': '300' }

  async function nineBatches(): Promise<{ world: World; bases: number[] }> {
    const world = await new World(configs).start()
    for (let i = 0; i < 9; i++) await world.sent(`${i}`)
    const bases = world.log.segments.map(({ baseOffset }) => baseOffset)
    expect(bases).toEqual([0, 4, 8])
    return { world, bases }
  }

  test('what is whole is kept, up to the first batch that is not', async () => {
    const { world } = await nineBatches()
    await world.restart((disk) => {
      disk.bytesOf(FIRST_SEGMENT.replace('0.log', '4.log'))[100]! ^= 1
    })
    expect(world.offsets).toEqual([5, 5, 5])
    expect(world.values()).toEqual(['0', '1', '2', '3', '4'])
    expect(await world.sent('again')).toBe(5)
    await world.restart()
    expect(world.values()).toEqual(['0', '1', '2', '3', '4', 'again'])
  })

  test('what comes after a gap is not, though it is whole', async () => {
    const { world } = await nineBatches()
    await world.restart((disk) => {
      const bytes = disk.bytesOf(FIRST_SEGMENT)
      disk.setBytes(FIRST_SEGMENT, bytes.subarray(0, bytes.length / 2))
      disk.durableNames = new Map(disk.names)
    })
    expect(world.offsets).toEqual([2, 2, 2])
    expect(world.values()).toEqual(['0', '1'])
    // Nor does it come back behind what will be written.
    const { names, durableNames } = world.node.disk
    const later = FIRST_SEGMENT.replace('0.log', '8.log')
    expect([names.has(later), durableNames.has(later)]).toEqual([false, false])
  })
})

describe('durability is changed', () => {
  test('to os: from the next checkpoint on, and what the journal has stays promised', async () => {
    const world = await new World({}).start()
    await world.sent('a', -1)
    world.configure('millrace.durability', 'os')
    const answers = [world.send('b', -1), world.send('c', 1)]
    expect(world.log.isDirect).toBe(false)
    await world.until(() => world.log.isDirect)
    await world.node.settle(Promise.all(answers))
    const groups = world.journalGroups
    const durable = world.log.durableOffset
    await world.sent('d', -1)
    expect([world.journalGroups, world.log.durableOffset, world.log.highWatermark]).toEqual([groups, durable, 4])
    await world.restart()
    expect(world.values()).toEqual(['a', 'b', 'c', 'd'])
    expect([world.log.isDirect, world.offsets]).toEqual([true, [4, 4, 4]])
  })

  test('to durable: synced before the next answer, then journaled', async () => {
    const world = await new World(OS).start()
    await world.sent('a')
    await world.sent('b')
    expect(world.offsets).toEqual([0, 2, 2])
    world.configure('millrace.durability', 'durable')
    const answers = [world.send('c', -1), world.send('d', 1), world.send('e', -1)]
    await world.until(() => world.log.highWatermark > 2)
    expect(world.log.durableOffset).toBeGreaterThanOrEqual(world.log.highWatermark)
    await world.node.settle(Promise.all(answers))
    await world.until(() => !world.log.isDirect)
    const groups = world.journalGroups
    await world.sent('f', -1)
    expect([world.journalGroups, ...world.offsets]).toEqual([groups + 1, 6, 6, 6])
    await world.restart()
    expect(world.values()).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
    expect(world.log.isDirect).toBe(false)
  })

  test('while nothing is sent, too', async () => {
    const world = await new World(OS).start()
    await world.sent('a')
    world.configure('millrace.durability', 'durable')
    await world.until(() => !world.log.isDirect)
    expect(world.offsets).toEqual([1, 1, 1])
    world.configure('millrace.durability', 'os')
    await world.until(() => world.log.isDirect)
    await world.sent('b')
    expect(world.offsets).toEqual([1, 2, 2])
  })
})

describe('the default of the broker', () => {
  const overrides = ['millrace.durability=os', 'log.flush.interval.messages=2']

  test('counts for topics that do not say, with that of syncs', async () => {
    const world = await new World({}, { overrides }).start()
    await world.sent('a')
    expect([world.log.isDirect, ...world.offsets]).toEqual([true, 0, 1, 1])
    await world.sent('b')
    expect(world.offsets).toEqual([2, 2, 2])
    const durable = await new World({ 'millrace.durability': 'durable' }, { overrides }).start()
    expect(durable.log.isDirect).toBe(false)
  })

  test('but not for topics that the cluster keeps for itself', async () => {
    const topic = '__consumer_offsets'
    expect((await new World(OS, { topic, overrides }).start()).log.isDirect).toBe(false)
  })
})
