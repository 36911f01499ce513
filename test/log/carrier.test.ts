// Stragglers: logs with little in memory while the journal goes round, on real shards over a fake disk.
import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../src/config/limits.ts'
import { journalPath } from '../../src/journal/checkpoint.ts'
import { type GroupHeader, readGroupHeader } from '../../src/journal/group.ts'
import { DamagedJournalError } from '../../src/journal/replay.ts'
import { partitionRecord, topicRecord } from '../metadata/records.ts'
import { crc32c } from '../raft/crc32c.ts'
import { FakeDisk, seededRandom } from '../raft/fake-disk.ts'
import { batchOf } from '../scenarios/client.ts'
import { type Deeds, SmallNode } from '../simulation/small-node.ts'

const STRAGGLERS = 8
const BUSY = STRAGGLERS
const JOURNAL_BYTES = 4 * 16 * 1024
const METADATA = {
  offset: 10,
  epoch: 1,
  records: [
    topicRecord('logs', 1),
    ...Array.from({ length: STRAGGLERS + 1 }, (_, partition) => partitionRecord(1, partition)),
  ],
}
const stragglers = Array.from({ length: STRAGGLERS }, (_, partition) => partition)

async function startOn(disk: FakeDisk, run: number): Promise<SmallNode> {
  const node = new SmallNode(disk, 1, run, JOURNAL_BYTES, METADATA, null, [], 64 << 20)
  await node.start()
  return node
}

function append(node: SmallNode, partition: number, value: string): Promise<unknown> {
  return node.settle(node.append(0, 'logs', partition, batchOf([value])))
}

function deedsOf(node: SmallNode): Deeds {
  const deeds: Deeds = { carriedBatches: 0, checkpoints: 0, checkpointBases: 0, batchesAhead: 0 }
  node.count(deeds)
  return deeds
}

/** One partition fills so many journal files, in groups of 8 KiB. */
async function fill(node: SmallNode, files: number): Promise<void> {
  for (let group = 0; group < files * 2; group++) await append(node, BUSY, 'v'.repeat(6000))
  await rest(node)
}

/** What was begun comes to its end. */
async function rest(node: SmallNode): Promise<void> {
  for (let i = 0; i < 50; i++) await node.tick()
}

const ends = (node: SmallNode) => stragglers.map((partition) => node.logOf('logs', partition).endOffset)
const inMemory = (node: SmallNode) => stragglers.filter((partition) => node.logOf('logs', partition).tail !== null)
const filesOf = (disk: FakeDisk) => [...disk.names.keys()].filter((path) => /^data\/logs-[0-7]\//.test(path))

describe('what waits in memory while the journal goes round', () => {
  test('is carried forward, costs no file, and is there after a power cut', async () => {
    const disk = new FakeDisk()
    const node = await startOn(disk, 1)
    for (const partition of stragglers) await append(node, partition, `value ${partition}`)
    await fill(node, 12)
    expect(inMemory(node)).toEqual(stragglers)
    expect(filesOf(disk)).toEqual([])
    const { carriedBatches, checkpointBases, checkpoints } = deedsOf(node)
    expect(carriedBatches).toBeGreaterThan(4 * STRAGGLERS)
    // Deltas of the one partition that is drained; after some of them a new base.
    expect([checkpointBases, checkpoints > 6]).toEqual([2, true])
    const after = disk.afterPowerCut(seededRandom(1))
    expect(ends(await startOn(after, 2))).toEqual(stragglers.map(() => 1))
    expect(filesOf(after).length).toBeGreaterThan(0)
  })

  test('moves out of the blocks that it was received into', async () => {
    const node = await startOn(new FakeDisk(), 1)
    // Each lies in a block of its own.
    for (const partition of stragglers) await append(node, partition, 'value')
    const { arena } = node.shards[0]!
    const heldBlocks = () => arena.heldBytes() / arena.blockBytes - (node.logOf('logs', BUSY).tail?.count ?? 0)
    const before = heldBlocks()
    await fill(node, 6)
    expect(inMemory(node)).toEqual(stragglers)
    expect(before - heldBlocks()).toBeGreaterThanOrEqual(STRAGGLERS - 2)
  })

  test('is no help to drain when memory is short, but what was not carried yet is', async () => {
    const node = await startOn(new FakeDisk(), 1)
    await append(node, 0, 'value')
    await append(node, 1, 'value')
    await fill(node, 6)
    await append(node, 1, 'another')
    node.shards[0]!.relieve()
    await rest(node)
    expect(inMemory(node)).toEqual([0])
  })

  test('is drained at last', async () => {
    const disk = new FakeDisk()
    const node = await startOn(disk, 1)
    for (const partition of stragglers) await append(node, partition, 'value')
    await fill(node, 4 * LIMITS.carriesMax)
    expect(inMemory(node)).toEqual([])
    expect(deedsOf(node).carriedBatches).toBe(STRAGGLERS * LIMITS.carriesMax)
    expect(filesOf(disk).length).toBeGreaterThan(0)
  })

  test('is drained when it is more than may be carried', async () => {
    const node = await startOn(new FakeDisk(), 1)
    await append(node, 0, 'v'.repeat(2000))
    await append(node, 1, 'value')
    await fill(node, 6)
    expect(inMemory(node)).toEqual([1])
  })
})

describe('a group that was carried is damaged, the last one of the journal', () => {
  /** The entries are another partition's, though the group is whole. */
  const misdirect = (bytes: Uint8Array, at: number) => {
    const view = new DataView(bytes.buffer)
    const entries = view.getUint32(at + 32, true)
    for (let i = 0; i < entries; i++) view.setInt32(at + 64 + i * 48 + 16, 99, true)
    view.setUint32(at + 4, 0, true)
    view.setUint32(at + 4, crc32c(bytes, at, 64 + entries * 48, 0), true)
  }
  const tear = (bytes: Uint8Array, at: number) => {
    bytes[at + 64]! ^= 1
  }

  test.each([
    ['batches of its log are seen that follow it', misdirect, /logs-0: ends at offset 0, but .* batches up to 2/],
    ['the checkpoint knows that it was synced', tear, /group 7 was synced, and is not there/],
  ])('%s', async (_, damage, message) => {
    const disk = new FakeDisk()
    const node = await startOn(disk, 1)
    // Files: the first batch of log 0 and a large one, a large one and one each of logs 1 and 0, a large one.
    for (const partition of [0, BUSY, BUSY, 1, 0, BUSY]) {
      await append(node, partition, partition === BUSY ? 'v'.repeat(6000) : 'value')
      await rest(node)
    }
    for (let i = 0; i < 20; i++) await rest(node)
    // Log 0 was carried to make the first file free; log 1 keeps the second.
    expect([deedsOf(node).carriedBatches, inMemory(node)]).toEqual([2, [0, 1]])
    const { path, position } = lastGroup(disk)
    const whole = disk.bytesOf(path).slice()
    const damaged = whole.slice()
    damage(damaged, position)
    disk.setBytes(path, damaged)
    const error = await startOn(disk, 2).then(
      () => 'it starts',
      (error) => error,
    )
    expect(error).toBeInstanceOf(DamagedJournalError)
    expect(error.message).toMatch(message)
    disk.setBytes(path, whole)
    expect((await startOn(disk, 3)).logOf('logs', 0).endOffset).toBe(2)
  })
})

function lastGroup(disk: FakeDisk): { header: GroupHeader; path: string; position: number } {
  let last: { header: GroupHeader; path: string; position: number } | null = null
  for (let file = 0; file < LIMITS.journalFiles; file++) {
    const path = journalPath('data', 0, file)
    const bytes = disk.bytesOf(path).slice()
    const words = new Int32Array(bytes.buffer)
    for (let position = 0; position < bytes.length; position += 4096) {
      const header = readGroupHeader(words, position, bytes.length)
      if (header !== null && (last === null || header.sequence > last.header.sequence))
        last = { header, path, position }
    }
  }
  return last!
}
