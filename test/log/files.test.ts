// Open files and directories: few slots, holds, deletions, and a topic that comes again under its name.
import { describe, expect, test } from 'vitest'
import { clearOtherTopic, LogDirectories, removeDoomed } from '../../src/log/log-directories.ts'
import { Segment } from '../../src/log/segment.ts'
import { SegmentFiles } from '../../src/log/segment-files.ts'
import { createDescriptorHoldsMemory, DescriptorHolds } from '../../src/memory/descriptor-holds.ts'
import { FakeDisk, type FakeFile } from '../raft/fake-disk.ts'

const idOf = (life: number) => `AAAAAAAAAAAAAAAAAAAAA${'ABCDEFGH'[life]}`
const identityOf = (life: number, topic = 't') => ({
  topic,
  topicId: idOf(life),
  partition: 0,
  directory: `data/${topic}-0`,
})

function filesWith(slots: number) {
  const disk = new FakeDisk()
  const holds = new DescriptorHolds(createDescriptorHoldsMemory(2, slots))
  const files = new SegmentFiles(disk, async () => undefined, holds, slots, slots)
  const segments = Array.from({ length: 10 }, (_, i) => new Segment(identityOf(0), i * 10, 0))
  return { disk, holds, files, segments }
}

describe('open files', () => {
  test('the one used longest ago goes, held ones stay', async () => {
    const { holds, files, segments } = filesWith(3)
    const [a, b, c, d, e] = segments
    const opened = (await Promise.all([a!, b!, c!].map((segment) => files.open(segment)))) as FakeFile[]
    expect(files.fileOf(a!)).toBe(opened[0])
    holds.hold(files.holderOf(b!))
    await files.open(d!)
    expect(opened.map(({ isClosed }) => isClosed)).toEqual([false, false, true])
    await files.open(e!)
    expect(opened.map(({ isClosed }) => isClosed)).toEqual([true, false, true])
    expect([a!, b!, c!, d!, e!].map(({ slot }) => slot >= 0)).toEqual([false, true, false, true, true])
  })

  test('two that ask at once share one file', async () => {
    const { files, segments, disk } = filesWith(3)
    const [one, other] = await Promise.all([files.open(segments[0]!), files.open(segments[0]!)])
    expect(one).toBe(other)
    expect(disk.files).toHaveLength(1)
  })

  test('what is not synced is synced before it goes', async () => {
    const { disk, files, segments } = filesWith(1)
    const file = (await files.open(segments[0]!))!
    await file.write(new Uint8Array([1, 2, 3]), 0)
    segments[0]!.appendedBytes = 3
    segments[0]!.drainedBytes = 3
    expect(disk.syncs).toBe(0)
    await files.open(segments[1]!)
    expect(disk.syncs).toBe(1)
  })

  test('answers hold half of the slots at most; all held is an error', async () => {
    const { holds, files, segments } = filesWith(4)
    for (const segment of segments.slice(0, 2)) {
      expect(await files.openToRead(segment)).not.toBeNull()
      holds.hold(files.holderOf(segment))
    }
    expect(await files.openToRead(segments[2]!)).toBeNull()
    // Nor of a file that the drain has opened.
    await files.open(segments[2]!)
    expect([0, 1, 2].map((i) => files.mayHold(segments[i]!))).toEqual([true, true, false])
    expect(await files.openToRead(segments[0]!)).not.toBeNull()
    for (const segment of segments.slice(2, 4)) {
      await files.open(segment)
      holds.hold(files.holderOf(segment))
    }
    await expect(files.open(segments[5]!)).rejects.toThrow('in use')
  })

  test('a deleted segment closes when its last answer has left, and is not opened again', async () => {
    const { holds, files, segments } = filesWith(2)
    const segment = segments[0]!
    const file = (await files.open(segment)) as FakeFile
    const holder = files.holderOf(segment)
    holds.hold(holder)
    segment.isGone = true
    await files.forget(segment)
    await files.sweep()
    expect([file.isClosed, await files.open(segment)]).toEqual([false, null])
    holds.release(holder)
    await files.sweep()
    expect(file.isClosed).toBe(true)
  })

  test('a segment that is deleted while it is opened is closed again', async () => {
    const { disk, files, segments } = filesWith(2)
    const opening = files.open(segments[0]!)
    segments[0]!.isGone = true
    await files.forget(segments[0]!)
    expect(await opening).toBeNull()
    expect(disk.files.every(({ isClosed }) => isClosed)).toBe(true)
  })
})

describe('directories', () => {
  const metadataOf = (disk: FakeDisk) => new TextDecoder().decode(disk.bytesOf('data/t-0/partition.metadata'))

  test('are made once, durable, with their topic', async () => {
    const disk = new FakeDisk()
    const directories = new LogDirectories(disk, 'data')
    await Promise.all([directories.ensure(identityOf(0)), directories.ensure(identityOf(0))])
    expect(metadataOf(disk)).toBe(`version: 0\ntopic_id: ${idOf(0)}`)
    expect([...disk.durableNames.keys()]).toEqual(['data/t-0/partition.metadata'])
    expect(disk.files).toHaveLength(1)
  })

  test('the next topic of the name waits until the one before it has left, however many there are', async () => {
    const disk = new FakeDisk()
    const directories = new LogDirectories(disk, 'data')
    await directories.ensure(identityOf(0))
    await (await disk.open('data/t-0/old.log', 'write')).write(new Uint8Array(5), 0)
    directories.leave(identityOf(0))
    let isMade = false
    const second = directories.ensure(identityOf(1)).then(() => {
      isMade = true
    })
    for (let i = 0; i < 20; i++) await Promise.resolve()
    expect(isMade).toBe(false)
    // The second is deleted too, and a third comes, before the first is out of the way.
    directories.leave(identityOf(1))
    const removals = [directories.remove(identityOf(1))]
    const third = directories.ensure(identityOf(2))
    expect(metadataOf(disk)).toContain(idOf(0))
    removals.push(directories.remove(identityOf(0)))
    await Promise.all([second, third, ...removals])
    expect(metadataOf(disk)).toContain(idOf(2))
    expect([...disk.names.keys()]).toEqual(['data/t-0/partition.metadata'])
  })

  test('a name as long as a directory may have is deleted too', async () => {
    const disk = new FakeDisk()
    const directories = new LogDirectories(disk, 'data')
    const identity = identityOf(0, 'n'.repeat(249))
    await directories.ensure(identity)
    directories.leave(identity)
    const renamed: string[] = []
    const rename = disk.rename.bind(disk)
    disk.rename = (from, to) => {
      renamed.push(to)
      return rename(from, to)
    }
    await directories.remove(identity)
    expect(renamed[0]!.length - 'data/'.length).toBe(255)
    expect(renamed[0]).toMatch(/^data\/n+-0\.A+-delete$/)
    expect(disk.names.size).toBe(0)
  })

  test('at start what is of an earlier topic goes, and what was renamed', async () => {
    const disk = new FakeDisk()
    await new LogDirectories(disk, 'data').ensure(identityOf(0))
    await disk.open('data/t-0/00000000000000000000.log', 'write')
    await disk.open('data/u-7.abc-delete/00000000000000000000.log', 'write')
    await clearOtherTopic(disk, identityOf(0))
    expect(disk.names.size).toBe(3)
    await clearOtherTopic(disk, identityOf(1))
    await clearOtherTopic(disk, identityOf(1))
    await removeDoomed(disk, 'data')
    expect([...disk.names.keys()]).toEqual([])
  })
})
