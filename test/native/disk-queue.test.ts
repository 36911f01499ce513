import {
  closeSync,
  constants,
  fstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import {
  type ArenaBytes,
  DISK_ALIGNED,
  DISK_RING_WRITTEN,
  DISK_SYNC,
  type DiskQueue,
  PROGRESS_DONE,
  PROGRESS_ERRNO,
  PROGRESS_FAILED,
  PROGRESS_WORDS,
  PROGRESS_WRITTEN,
} from '../../src/native/contract.ts'
import { loadAddon } from '../../src/native/load.ts'
import { StandInDiskQueue } from '../../src/native/stand-in/disk-queue.ts'
import { seededRandom } from './seeded.ts'

type Create = (arenas: readonly ArenaBytes[], progress: Int32Array, alignedBytesMax: number) => DiskQueue
const { DiskQueue: AddonDiskQueue } = loadAddon()
const implementations: Record<string, Create> = {
  addon: (arenas, progress, alignedBytesMax) => new AddonDiskQueue(arenas, progress, -1, alignedBytesMax),
  'stand-in': (arenas, progress, alignedBytesMax) => new StandInDiskQueue(arenas, progress, alignedBytesMax),
}

const folder = mkdtempSync(join(tmpdir(), 'millrace-disk-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0

/** `toEqual` looks at each byte by itself. */
function expectSame(written: Buffer, expected: Buffer): void {
  expect(written.length).toBe(expected.length)
  expect(written.equals(expected)).toBe(true)
}

describe.each(Object.entries(implementations))('disk queue, %s', (_name, create) => {
  function open(alignedBytesMax = 1 << 20, fileFlags = constants.O_RDWR) {
    const random = seededRandom(99)
    const arenas = [0, 1].map(() => {
      const arena = new Uint8Array(new SharedArrayBuffer(1 << 20))
      for (let at = 0; at < arena.length; at++) arena[at] = random(256)
      return arena
    })
    const progress = new Int32Array(new SharedArrayBuffer(PROGRESS_WORDS * 4))
    const path = join(folder, `file-${files++}`)
    writeFileSync(path, '')
    const descriptor = openSync(path, fileFlags)
    const queue = create(arenas, progress, alignedBytesMax)
    return {
      arenas,
      progress,
      path,
      descriptor,
      queue,
      submit(position: number, slices: number[][], flags = 0): number {
        return queue.submit(descriptor, position, Int32Array.from(slices.flat()), slices.length, flags)
      },
      bytes(slices: number[][]): Buffer {
        return Buffer.concat(
          slices.map(([arena, offset, length]) => arenas[arena!]!.subarray(offset, offset! + length!)),
        )
      },
      /** Lets the event loop turn until the word has the wanted value. */
      async reaches(word: number, wanted: number): Promise<void> {
        while (Atomics.load(progress, word) !== wanted) await new Promise(setImmediate)
      },
      async end(ticket: number): Promise<Buffer> {
        await this.reaches(PROGRESS_DONE, ticket)
        queue.close()
        closeSync(descriptor)
        return readFileSync(path)
      },
    }
  }

  test('writes slices of several arenas one after the other, at their position', async () => {
    const disk = open()
    const slices = [
      [0, 10, 5],
      [1, 0, 1],
      [0, 1000, 0],
      [1, 999_000, 49_576],
      [0, 7, 123_457],
    ]
    expect(disk.submit(3, slices)).toBe(1)
    expectSame(await disk.end(1), Buffer.concat([Buffer.alloc(3), disk.bytes(slices)]))
    expect(disk.progress[PROGRESS_WRITTEN]).toBe(1)
  })

  test('more slices than one system call takes', async () => {
    const disk = open()
    const random = seededRandom(5)
    const slices = Array.from({ length: 3000 }, () => [random(2), random(1 << 19), random(200)])
    expect(disk.submit(0, slices, DISK_SYNC)).toBe(1)
    expectSame(await disk.end(1), disk.bytes(slices))
  })

  test('keeps the order of submission: the last writer of a byte wins', async () => {
    const disk = open()
    const expected = Buffer.alloc(4096)
    const random = seededRandom(11)
    let last = 0
    for (let round = 0; round < 300; round++) {
      const position = random(3000)
      const slice = [random(2), random(1 << 19), 1 + random(1000)]
      last = disk.submit(position, [slice], random(20) === 0 ? DISK_SYNC : 0)
      while (last === 0) {
        await new Promise(setImmediate)
        last = disk.submit(position, [slice])
      }
      expected.set(disk.bytes([slice]), position)
    }
    expect(last).toBe(300)
    const written = await disk.end(last)
    expectSame(written, expected.subarray(0, written.length))
  })

  test.each([0, constants.O_DIRECT])(
    'aligned: gathered and padded with zeros to 4 KiB (open flags %i)',
    async (flag) => {
      const disk = open(10_000, constants.O_RDWR | flag)
      const first = [
        [0, 1, 4097],
        [1, 3, 5000],
      ]
      disk.submit(0, first, DISK_ALIGNED | DISK_SYNC)
      const second = [[1, 17, 4096]]
      disk.submit(12_288, second, DISK_ALIGNED)
      const third = [[0, 5, 10_000]]
      disk.submit(16_384, third, DISK_ALIGNED)
      const expected = Buffer.alloc(16_384 + 12_288)
      expected.set(disk.bytes(first), 0)
      expected.set(disk.bytes(second), 12_288)
      expected.set(disk.bytes(third), 16_384)
      expectSame(await disk.end(3), expected)
    },
  )

  test('refuses what no write can be, and takes the next', async () => {
    const disk = open(8192)
    const refused: [number, number[][], number][] = [
      [0, [[0, 0, 8193]], DISK_ALIGNED],
      [
        0,
        [
          [0, 0, 8192],
          [1, 0, 1],
        ],
        DISK_ALIGNED,
      ],
      [512, [[0, 0, 1]], DISK_ALIGNED],
      [-1, [[0, 0, 1]], 0],
      [0.5, [[0, 0, 1]], 0],
      [Number.NaN, [[0, 0, 1]], 0],
      [2 ** 53, [[0, 0, 1]], 0],
      [0, [[2, 0, 1]], 0],
      [0, [[-1, 0, 1]], 0],
      [0, [[0, (1 << 20) - 1, 2]], 0],
      [0, [[0, -1, 1]], 0],
      [0, [[0, 0, -1]], 0],
      [0, [[0, 0, 1]], 8],
    ]
    for (const [position, slices, flags] of refused) {
      expect(() => disk.submit(position, slices, flags), `${position} ${slices} ${flags}`).toThrow(RangeError)
    }
    expect(() => disk.queue.submit(disk.descriptor, 0, new Int32Array(5), 2, 0)).toThrow(RangeError)
    expect(disk.submit(0, [[0, 0, 8192]], DISK_ALIGNED)).toBe(1)
    expect((await disk.end(1)).length).toBe(8192)
  })

  test('a sync alone, and nothing at all, are tickets too', async () => {
    const disk = open()
    expect(disk.submit(0, [], DISK_SYNC)).toBe(1)
    expect(disk.submit(0, [], 0)).toBe(2)
    expect((await disk.end(2)).length).toBe(0)
    expect(disk.progress[PROGRESS_WRITTEN]).toBe(2)
  })

  test('a failed write stops the queue: nothing after it is carried out or counted', async () => {
    const disk = open()
    const readOnly = openSync(disk.path, 'r')
    const slice = Int32Array.of(0, 0, 10)
    expect(disk.submit(0, [[0, 0, 10]])).toBe(1)
    expect(disk.queue.submit(readOnly, 100, slice, 1, 0)).toBe(2)
    expect(disk.submit(200, [[0, 0, 10]])).toBe(3)
    await disk.reaches(PROGRESS_FAILED, 2)
    expect(disk.progress[PROGRESS_ERRNO]).toBe(9) // EBADF
    let last = 3
    for (let ticket = last; ticket !== 0; ticket = disk.submit(300, [[0, 0, 10]])) last = ticket
    expect(last, 'one done, 64 under way').toBe(65)
    disk.queue.close()
    expect([...disk.progress]).toEqual([1, 1, 2, 9])
    expect(fstatSync(disk.descriptor).size).toBe(10)
    closeSync(readOnly)
    closeSync(disk.descriptor)
  })

  test('a full disk is ENOSPC, a sync that cannot be done is written and not done', async () => {
    const full = openSync('/dev/full', 'w')
    const disk = open()
    disk.queue.submit(full, 0, Int32Array.of(0, 0, 10), 1, 0)
    await disk.reaches(PROGRESS_FAILED, 1)
    expect([...disk.progress]).toEqual([0, 0, 1, 28])
    disk.queue.close()

    const other = open()
    const nul = openSync('/dev/null', 'w')
    other.queue.submit(nul, 0, Int32Array.of(0, 0, 10), 1, DISK_SYNC | DISK_RING_WRITTEN)
    await other.reaches(PROGRESS_FAILED, 1)
    expect([...other.progress]).toEqual([1, 0, 1, 22]) // EINVAL
    other.queue.close()
    for (const descriptor of [full, nul, disk.descriptor, other.descriptor]) closeSync(descriptor)
  })

  test('64 tickets are under way at most', async () => {
    const disk = open(0)
    let accepted = 0
    while (disk.submit(accepted * 100, [[0, accepted, 100]], DISK_SYNC) !== 0) accepted++
    expect(accepted).toBeGreaterThanOrEqual(64)
    expect(accepted - Atomics.load(disk.progress, PROGRESS_DONE)).toBeLessThanOrEqual(64)
    expect((await disk.end(accepted)).length).toBe(accepted * 100)
  })

  test('close carries out what is under way; afterwards nothing is taken', async () => {
    const disk = open()
    for (let ticket = 1; ticket <= 40; ticket++) disk.submit((ticket - 1) * 1000, [[0, ticket, 1000]], DISK_SYNC)
    disk.queue.close()
    disk.queue.close()
    expect(() => disk.submit(0, [[0, 0, 1]])).toThrow('closed')
    const written = await disk.end(40)
    expect(written.length).toBe(40_000)
  })
})

test('the add-on drains before close returns', () => {
  const progress = new Int32Array(new SharedArrayBuffer(PROGRESS_WORDS * 4))
  const arena = new Uint8Array(new SharedArrayBuffer(1 << 20)).fill(7)
  const descriptor = openSync(join(folder, 'drained'), 'w+')
  const queue = new AddonDiskQueue([arena], progress, -1, 0)
  for (let ticket = 1; ticket <= 64; ticket++) {
    expect(queue.submit(descriptor, 0, Int32Array.of(0, 0, 1 << 20), 1, 0)).toBe(ticket)
  }
  queue.close()
  expect([...progress]).toEqual([64, 64, 0, 0])
  const last = new Uint8Array(1)
  expect(readSync(descriptor, last, 0, 1, (1 << 20) - 1)).toBe(1)
  closeSync(descriptor)
})

test('refuses a doorbell that is no descriptor, and tables of another kind', () => {
  const progress = new Int32Array(PROGRESS_WORDS)
  expect(() => new AddonDiskQueue([], progress, 1_000_000, 0)).toThrow(expect.objectContaining({ code: 'EBADF' }))
  expect(() => new AddonDiskQueue([], new Int32Array(3), -1, 0)).toThrow(TypeError)
  expect(() => new AddonDiskQueue([[1]] as never, progress, -1, 0)).toThrow(TypeError)
  expect(() => new AddonDiskQueue([], progress, -1, -1)).toThrow(RangeError)
})

test('the doorbell rings when done, when failed, and when written if asked', () => {
  const path = join(folder, 'doorbell')
  const descriptor = openSync(path, 'a')
  const rings = (flags: number, target = descriptor) => {
    writeFileSync(path, '')
    const progress = new Int32Array(new SharedArrayBuffer(PROGRESS_WORDS * 4))
    const queue = new AddonDiskQueue([new Uint8Array(new SharedArrayBuffer(8))], progress, descriptor, 0)
    queue.submit(target, 0, Int32Array.of(0, 0, 0), 1, flags)
    queue.close()
    return readFileSync(path).length / 8
  }
  expect(rings(0)).toBe(1)
  expect(rings(DISK_SYNC)).toBe(1)
  expect(rings(DISK_SYNC | DISK_RING_WRITTEN)).toBe(2)
  expect(rings(DISK_SYNC, 1_000_000)).toBe(1)
  closeSync(descriptor)
})
