// One shard's journal: how groups gather, what is told when, and how its files go round. The disk's thread is played by
// the test: `written` and `synced` are its steps.
import { beforeEach, describe, expect, test } from 'vitest'
import { journalPath } from '../../src/journal/checkpoint.ts'
import {
  type Checksum,
  ENTRY_APPEND,
  ENTRY_LOG_START,
  type GroupEntry,
  paddedLength,
  readEntry,
  readGroupHeader,
} from '../../src/journal/group.ts'
import { Journal } from '../../src/journal/journal.ts'
import { DamagedJournalError, replayJournal } from '../../src/journal/replay.ts'
import type { DiskFile } from '../../src/lib/env.ts'
import { Batch } from '../../src/log/batch.ts'
import type { PartitionLog } from '../../src/log/partition-log.ts'
import { Arena, createArenaMemory } from '../../src/memory/arena.ts'
import { PROGRESS_DONE, PROGRESS_ERRNO, PROGRESS_WORDS, PROGRESS_WRITTEN } from '../../src/native/contract.ts'
import { crc32c } from '../raft/crc32c.ts'
import { FakeDisk } from '../raft/fake-disk.ts'

const FILES = 3
const FILE_BYTES = 64 * 1024
const GROUP_BYTES = 20_000
const checksum: Checksum = crc32c

class World {
  readonly disk: FakeDisk
  readonly arena = new Arena(createArenaMemory(8 << 20, 1 << 20))
  readonly progress = new Int32Array(PROGRESS_WORDS)
  readonly told: string[] = []
  readonly journal: Journal
  readonly submitted: { file: number; position: number; bytes: Buffer }[] = []
  files: DiskFile[] = []
  ticket = 0
  offset = 0
  /** What goes in once more, at the head of the next group that has room for it. */
  readonly carried: Batch[] = []
  /** Batches are made here, one behind the other. */
  readonly home: number
  used = 0

  static async open(disk = new FakeDisk(), runEpoch = 7): Promise<World> {
    const files: DiskFile[] = []
    for (let number = 0; number < FILES; number++) {
      const file = await disk.open(journalPath('data', 0, number), 'write')
      if ((await file.size()) === 0) await file.write(new Uint8Array(FILE_BYTES), 0)
      files.push(file)
    }
    return new World(disk, files, runEpoch)
  }

  private constructor(disk: FakeDisk, files: DiskFile[], runEpoch: number) {
    this.disk = disk
    this.files = files
    this.home = this.arena.allocate(4 << 20)
    const { carried } = this
    this.journal = new Journal({
      shard: 0,
      runEpoch,
      files,
      fileBytes: FILE_BYTES,
      groupBytesMax: GROUP_BYTES,
      arena: this.arena,
      own: 0,
      queue: {
        submit: (descriptor, position, slices, count) => {
          const parts: Uint8Array[] = []
          for (let i = 0; i < count; i++) {
            const [, offset, length] = slices.subarray(i * 3, i * 3 + 3)
            parts.push(this.arena.bytes.slice(offset!, offset! + length!))
          }
          const joined = Buffer.concat(parts)
          const bytes = Buffer.concat([joined], paddedLength(joined.length))
          this.submitted.push({ file: files.findIndex((file) => file.descriptor === descriptor), position, bytes })
          return ++this.ticket
        },
        close: () => undefined,
      },
      progress: this.progress,
      checksum,
      listener: {
        onWritten: (batch) => this.told.push(`written ${batch.baseOffset}`),
        onDurable: (batch) => this.told.push(`durable ${batch.baseOffset}`),
        onGroupStarted: () => undefined,
        onGroupDurable: () => this.told.push('group'),
        onFileFull: () => this.told.push('file full'),
        onFailure: (error) => this.told.push(error.message),
      },
      carried: {
        get isEmpty() {
          return carried.length === 0
        },
        onGroupStarting: (journal: Journal, sequence: number, bytesMax: number) => {
          let bytes = 0
          while (this.carried.length > 0 && bytes + 48 + this.carried[0]!.length <= bytesMax) {
            bytes += 48 + this.carried[0]!.length
            journal.addCarried(this.carried.shift()!)
          }
          this.told.push(`${sequence} starts with ${bytes}`)
        },
        onNoRoom: () => this.told.push('no room'),
        onGroupDurable: () => undefined,
      },
    })
  }

  enqueue(length: number, waits = false): Batch {
    const batch = new Batch()
    batch.log = { topicIdWords: Int32Array.of(1, 2, 3, 4), identity: { partition: 5 } } as unknown as PartitionLog
    batch.offset = this.home + this.used
    batch.length = length
    batch.baseOffset = this.offset
    batch.nextOffset = ++this.offset
    batch.leaderEpoch = 9
    // The whole batch stands for its CRC here: the body is its offset, over and over.
    this.arena.bytes.fill(batch.baseOffset & 0xff, batch.offset, batch.offset + length)
    batch.crc = crc32c(this.arena.bytes, batch.offset, length, 0) | 0
    if (waits) batch.waiter = { onWritten: () => undefined }
    this.used += Math.ceil(length / 8) * 8
    this.journal.enqueue(batch)
    return batch
  }

  /** A control record: it has no bytes, and its offset is the log's end. */
  enqueueControl(): Batch {
    const batch = new Batch()
    batch.log = { topicIdWords: Int32Array.of(1, 2, 3, 4), identity: { partition: 5 } } as unknown as PartitionLog
    batch.kind = ENTRY_LOG_START
    batch.baseOffset = this.offset
    batch.nextOffset = this.offset
    batch.onDurable = () => this.told.push(`begins at ${batch.baseOffset}`)
    this.journal.enqueue(batch)
    return batch
  }

  written(): void {
    const { file, position, bytes } = this.submitted.at(-1)!
    const path = journalPath('data', 0, file)
    this.disk.bytesOf(path).set(bytes, position)
    Atomics.store(this.progress, PROGRESS_WRITTEN, this.ticket)
  }

  synced(): void {
    Atomics.store(this.progress, PROGRESS_DONE, this.ticket)
  }

  /** Everything that is gathered, group by group. */
  flush(): void {
    this.journal.pump()
    while (!this.journal.isIdle) {
      const before = this.submitted.length
      this.written()
      this.synced()
      this.journal.pump()
      if (this.submitted.length === before && !this.journal.isIdle) return
    }
  }

  async replay(fromSequence = 1, runEpoch = 7): Promise<{ offsets: number[]; next: number }> {
    const offsets: number[] = []
    const arena = new Arena(createArenaMemory(1 << 20, 1 << 16))
    const next = await replayJournal({
      disk: this.disk,
      directory: 'data',
      shard: 0,
      runEpoch,
      fromSequence,
      arena,
      checksum,
      isBatchIntact: (offset: number, { length, crc }: GroupEntry) =>
        (crc32c(arena.bytes, offset, length, 0) | 0) === crc,
      onEntry: ({ kind, baseOffset }) => offsets.push(kind === ENTRY_APPEND ? baseOffset : -baseOffset),
      onFileEnd: async () => undefined,
    })
    expect(arena.heldBytes()).toBe(0)
    return { offsets, next }
  }

  damage(file: number, at: number): void {
    const bytes = this.disk.bytesOf(journalPath('data', 0, file))
    bytes[at]! ^= 0xff
  }
}

let world: World

beforeEach(async () => {
  world = await World.open()
})

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

describe('groups', () => {
  test('to the byte', () => {
    world.enqueue(10)
    world.enqueue(3)
    world.journal.pump()
    const { file, position, bytes } = world.submitted[0]!
    expect([file, position, bytes.length]).toEqual([0, 0, 4096])
    const crc = bytes.readUInt32LE(4)
    expect(bytes.toString('hex', 0, 64)).toBe(
      `4d4a4731${bytes.toString('hex', 4, 8)}01000000000000000000000000000000` +
        '070000000000000002000000ad000000' +
        '00'.repeat(24),
    )
    bytes.writeUInt32LE(0, 4)
    expect(crc32c(bytes, 0, 160, 0)).toBe(crc)
    expect(bytes.toString('hex', 64, 104)).toBe(
      '0100000002000000030000000400000005000000010000000000000000000000' + '0a00000001000000',
    )
    expect(bytes.subarray(160, 173)).toEqual(Buffer.from([...new Array(10).fill(0), 1, 1, 1]))
    expect(bytes.subarray(173).every((byte) => byte === 0)).toBe(true)
  })

  test('one is in flight; what comes meanwhile gathers for the next', () => {
    world.enqueue(100)
    world.journal.pump()
    for (let i = 0; i < 3; i++) world.enqueue(100)
    world.journal.pump()
    expect([world.submitted.length, world.told]).toEqual([1, []])
    world.written()
    world.journal.pump()
    expect(world.told.splice(0)).toEqual(['written 0'])
    world.journal.pump()
    expect(world.told).toEqual([])
    world.synced()
    world.journal.pump()
    expect(world.told.splice(0)).toEqual(['durable 0', 'group'])
    expect([world.submitted.length, world.submitted[1]!.position]).toEqual([2, 4096])
    // Write and sync both end between two looks: both are told.
    world.written()
    world.synced()
    world.journal.pump()
    expect(world.told).toEqual([
      ...range(1, 4).map((i) => `written ${i}`),
      ...range(1, 4).map((i) => `durable ${i}`),
      'group',
    ])
    expect([world.journal.isIdle, world.journal.unsyncedSequence]).toEqual([true, 3])
  })

  test('take what fits, the rest goes in the next', () => {
    for (let i = 0; i < 5; i++) world.enqueue(8000)
    world.flush()
    expect(
      world.submitted.map(
        ({ bytes }) => readGroupHeader(new Int32Array(new Uint8Array(bytes).buffer), 0, bytes.length)!.entries,
      ),
    ).toEqual([2, 2, 1])
    expect(() => world.enqueue(GROUP_BYTES)).toThrow('fits a group')
    const { length } = world.enqueue(world.journal.batchBytesMax)
    world.flush()
    expect(world.told.at(-2)).toBe('durable 6')
    expect(length).toBe(GROUP_BYTES - 112)
  })

  test('a failed write is told, and nothing after it', () => {
    world.enqueue(100)
    world.journal.pump()
    Atomics.store(world.progress, PROGRESS_ERRNO, 28)
    world.enqueue(100)
    world.journal.pump()
    expect(world.told).toEqual(['write the journal: errno 28'])
    expect(world.submitted).toHaveLength(1)
  })
})

describe('files', () => {
  test('go round, and wait for one that is not released', () => {
    // Three groups of 20 KiB fill a file of 64.
    for (let i = 0; i < 9; i++) world.enqueue(19_000)
    world.flush()
    expect(world.submitted.map(({ file }) => file)).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2])
    expect(world.told.filter((each) => each === 'file full')).toHaveLength(2)
    world.enqueue(19_000)
    world.flush()
    expect(world.submitted).toHaveLength(9)
    // Group 3 is the last of file 0: a checkpoint before it does not free the file.
    world.journal.release(3)
    expect(world.submitted).toHaveLength(9)
    world.journal.release(4)
    expect([world.submitted.length, world.submitted.at(-1)!.file, world.submitted.at(-1)!.position]).toEqual([10, 0, 0])
    world.flush()
    expect(world.told.at(-2)).toBe('durable 9')
  })
})

describe('what is carried', () => {
  test('stands at the head of a group, before what is new', async () => {
    const [first, second] = [world.enqueue(100), world.enqueue(200)]
    world.flush()
    expect([first.sequence, second.sequence]).toEqual([1, 1])
    world.carried.push(first, second)
    world.enqueue(300)
    world.flush()
    expect(world.told.slice(-4)).toEqual(['2 starts with 396', 'written 2', 'durable 2', 'group'])
    expect((await world.replay()).offsets).toEqual([0, 1, 0, 1, 2])
  })

  test('makes a group of its own when nothing is new', async () => {
    const first = world.enqueue(100)
    world.flush()
    world.carried.push(first)
    expect(world.journal.isIdle).toBe(true)
    world.journal.pump()
    expect(world.journal.isIdle).toBe(false)
    world.flush()
    expect([world.journal.isIdle, world.journal.unsyncedSequence]).toEqual([true, 3])
    expect(await world.replay()).toEqual({ offsets: [0, 0], next: 3 })
  })

  test('leaves room for the batch that waits longest', () => {
    const first = world.enqueue(5000)
    world.flush()
    world.carried.push(first)
    world.enqueue(15_000)
    world.enqueue(100)
    world.flush()
    expect(world.told.filter((each) => each.includes('starts'))).toEqual(['2 starts with 0', '3 starts with 5048'])
  })

  test('is told when no file is free for it, and does not keep new batches from the file that is made free', () => {
    for (let i = 0; i < 9; i++) world.enqueue(19_000)
    world.flush()
    world.carried.push(world.enqueue(19_000))
    world.journal.pump()
    expect([world.submitted.length, world.told.at(-1)]).toEqual([9, 'no room'])
    world.carried.length = 0
    world.journal.release(4)
    world.flush()
    expect([world.submitted.length, world.told.at(-2)]).toEqual([10, 'durable 9'])
  })
})

test('control records are told in order, and come back in order', async () => {
  world.enqueue(100)
  world.enqueueControl()
  world.enqueue(100)
  world.flush()
  expect(world.told).toEqual(['written 0', 'written 1', 'written 1', 'durable 0', 'begins at 1', 'durable 1', 'group'])
  expect((await world.replay()).offsets).toEqual([0, -1, 1])
  // A kind that nobody knows is of a later version.
  const { bytes } = world.submitted[0]!
  bytes.writeInt32LE(4, 64 + 48 + 20)
  bytes.writeUInt32LE(0, 4)
  bytes.writeUInt32LE(crc32c(bytes, 0, 64 + 3 * 48, 0), 4)
  world.disk.bytesOf(journalPath('data', 0, 0)).set(bytes)
  await expect(world.replay()).rejects.toThrow('group 1 has an entry of kind 4')
})

test('the oldest file is to be made free when fewer than two are', () => {
  const free: number[] = []
  for (let i = 0; i < 9; i++) {
    world.enqueue(19_000)
    world.flush()
    free.push(world.journal.sequenceToFree)
  }
  // Files hold three groups each: with the second one's first group a single file is free.
  expect(free).toEqual([0, 0, 0, 4, 4, 4, 4, 4, 4])
  world.journal.release(4)
  expect(world.journal.sequenceToFree).toBe(7)
})

describe('replay', () => {
  test('gives back every group, from any of them on', async () => {
    for (let i = 0; i < 8; i++) {
      world.enqueue(19_000)
      world.flush()
    }
    expect(await world.replay()).toEqual({ offsets: range(0, 8), next: 9 })
    expect(await world.replay(5)).toEqual({ offsets: range(4, 8), next: 9 })
    expect(await world.replay(9)).toEqual({ offsets: [], next: 9 })
    expect(await world.replay(1, 8)).toEqual({ offsets: [], next: 1 })
  })

  test('once round: what a file held before is passed over', async () => {
    for (let i = 0; i < 14; i++) {
      world.enqueue(19_000)
      world.flush()
      if (i === 8) world.journal.release(7)
    }
    // Files: 0 has groups 10 to 12, 1 has 13 and 14 and then 6, 2 has 7 to 9.
    expect(await world.replay(7)).toEqual({ offsets: range(6, 14), next: 15 })
  })

  test('ends before a torn last group, wherever it is torn', async () => {
    for (const at of [0, 5, 8, 16, 24, 36, 64, 100, 108, 111, 112, 5000, 19_111]) {
      const torn = await World.open()
      for (let i = 0; i < 3; i++) {
        torn.enqueue(19_000)
        torn.flush()
      }
      torn.damage(0, 2 * 20_480 + at)
      expect(await torn.replay(), `torn at ${at}`).toEqual({ offsets: [0, 1], next: 3 })
    }
  })

  test('refuses damage that a later group proves, in the same file or the next', async () => {
    for (let i = 0; i < 5; i++) {
      world.enqueue(19_000)
      world.flush()
    }
    for (const at of [0, 8, 70, 3000, 20_480, 20_480 + 9000, 2 * 20_480 + 64]) {
      world.damage(0, at)
      await expect(world.replay(), `damaged at ${at}`).rejects.toThrow(DamagedJournalError)
      world.damage(0, at)
    }
    // Of what is not needed any more it may be damaged.
    world.damage(0, 3000)
    expect(await world.replay(4)).toEqual({ offsets: [3, 4], next: 6 })
  })

  test('of an earlier run there is nothing, though its groups lie behind', async () => {
    for (let i = 0; i < 5; i++) {
      world.enqueue(19_000)
      world.flush()
    }
    const next = await World.open(world.disk, 8)
    next.enqueue(19_000)
    next.flush()
    expect(await next.replay(1, 8)).toEqual({ offsets: [0], next: 2 })
  })

  test('hostile headers are no groups', () => {
    const words = new Int32Array(1024)
    words[0] = 0x31474a4d
    for (const [entries, byteLength] of [
      [0, 64],
      [-1, 100],
      [1, 111],
      [1, -1],
      [1, 4097],
      [2 ** 31 - 1, 2 ** 31 - 1],
    ]) {
      words[8] = entries!
      words[9] = byteLength!
      expect(readGroupHeader(words, 0, 4096)).toBeNull()
    }
    words[8] = 1
    words[9] = 4096
    expect(readGroupHeader(words, 0, 4096)).not.toBeNull()
    expect(readGroupHeader(words, 4, 4096)).toBeNull()
    expect(readEntry(words, 64).length).toBe(0)
  })
})
