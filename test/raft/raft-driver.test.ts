import { expect, test } from 'vitest'
import type { Disk } from '../../src/lib/env.ts'
import type { MetadataBatch } from '../../src/metadata/image.ts'
import { DamagedLogError } from '../../src/raft/log-scan.ts'
import { RaftDriver } from '../../src/raft/raft-driver.ts'
import type { MetadataRecord } from '../../src/wire/generated/metadata-records.ts'
import { topicRecord, uuid } from '../metadata/records.ts'
import { crc32c } from './crc32c.ts'
import { FakeDisk, fakeEnv, PowerCut, seededRandom } from './fake-disk.ts'

const LOG = '/data/__cluster_metadata-0/00000000000000000000.log'
const self = { id: 1, directoryId: uuid(1) }

interface Node {
  readonly raft: RaftDriver
  readonly batches: MetadataBatch[]
  /** Names of the topics committed, in order. */
  names(): string[]
}

async function start(disk: Disk, seed = 1, segmentBytesMax?: number): Promise<Node> {
  const batches: MetadataBatch[] = []
  const raft = await RaftDriver.start({
    env: fakeEnv(disk, seed),
    logDirectory: '/data',
    self,
    crc32c,
    onCommitted: (batch) => batches.push(batch),
    ...(segmentBytesMax === undefined ? {} : { segmentBytesMax }),
  })
  const names = () => batches.flatMap(({ records }) => records.flatMap((each) => ('name' in each ? [each.name!] : [])))
  return { raft, batches, names }
}

const topics = (...names: string[]): MetadataRecord[] => names.map((name, index) => topicRecord(name, index))
const text = (disk: FakeDisk, name: string) =>
  new TextDecoder().decode(disk.bytesOf(`/data/__cluster_metadata-0/${name}`))

test("a new node leads in epoch 1; its files are Kafka's", async () => {
  const disk = new FakeDisk()
  const { raft, batches } = await start(disk)
  expect([raft.epoch, raft.endOffset]).toEqual([1, 1])
  expect(batches).toEqual([{ offset: 0, epoch: 1, records: [] }])
  expect(JSON.parse(text(disk, 'quorum-state'))).toEqual({
    leaderId: 1,
    leaderEpoch: 1,
    votedId: 1,
    votedDirectoryId: uuid(1),
    data_version: 1,
  })
  expect(text(disk, 'partition.metadata')).toBe('version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAQ\n')
  expect(text(disk, 'leader-epoch-checkpoint')).toBe('0\n1\n1 0\n')
})

test('what was committed is handed over again after a restart, in a new epoch', async () => {
  const disk = new FakeDisk()
  const first = await start(disk)
  await first.raft.append(topics('a', 'b'))
  await first.raft.append(topics('c'))
  await first.raft.close()
  const second = await start(disk)
  expect(second.names()).toEqual(['a', 'b', 'c'])
  expect(second.batches.map(({ offset, epoch }) => [offset, epoch])).toEqual([
    [0, 1],
    [2, 1],
    [3, 1],
    [4, 2],
  ])
  expect([second.raft.epoch, second.raft.endOffset]).toEqual([2, 5])
  expect(text(disk, 'leader-epoch-checkpoint')).toBe('0\n2\n1 0\n2 4\n')
})

test('commands that come while a sync is under way share the next one', async () => {
  const disk = new FakeDisk()
  const { raft, batches } = await start(disk)
  const syncs = disk.syncs
  let open = () => {}
  disk.gate = new Promise((resolve) => {
    open = resolve
  })
  const appended = ['a', 'b', 'c', 'd'].map((name) => raft.append(topics(name)))
  const answered: number[] = []
  for (const [index, each] of appended.entries()) each.then(() => answered.push(index))
  open()
  await Promise.all(appended)
  expect(disk.syncs - syncs).toBe(2)
  expect(batches.slice(1).map(({ offset, records }) => [offset, records.length])).toEqual([
    [1, 1],
    [4, 3],
  ])
  expect(answered).toEqual([0, 1, 2, 3])
})

test('an append of nothing waits for those before it', async () => {
  const { raft, names } = await start(new FakeDisk())
  raft.append(topics('a'))
  expect(names()).toEqual([])
  await raft.append([])
  expect(names()).toEqual(['a'])
  await raft.append([])
})

test('a failed sync is final: nothing is answered, nothing is tried again', async () => {
  const disk = new FakeDisk()
  const { raft, names } = await start(disk)
  await raft.append(topics('a'))
  disk.failSyncOf = '.log'
  const appended = [raft.append(topics('b')), raft.append(topics('c'))]
  for (const each of appended) await expect(each).rejects.toMatchObject({ code: 'EIO', operation: 'fdatasync' })
  expect(await raft.failed).toMatchObject({ code: 'EIO', path: LOG })
  const operations = disk.operations
  disk.failSyncOf = null
  await expect(raft.append(topics('d'))).rejects.toMatchObject({ code: 'EIO' })
  expect(disk.operations).toBe(operations)
  expect(names()).toEqual(['a'])
})

test('more than a batch holds goes out in several, in order', async () => {
  const disk = new FakeDisk()
  const { raft, batches } = await start(disk)
  const many = Array.from({ length: 25_000 }, (_, index) => topicRecord(`topic-${index}`, index))
  await Promise.all([raft.append(many), raft.append(topics('last'))])
  expect(batches.slice(1).map(({ records }) => records.length)).toEqual([10_000, 10_000, 5_001])
  const again = await start(disk)
  expect(again.names()).toHaveLength(25_001)
  expect(again.names().at(-1)).toBe('last')
})

test('a full segment is followed by another', async () => {
  const disk = new FakeDisk()
  const { raft } = await start(disk, 1, 300)
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) await raft.append(topics(name))
  await raft.close()
  const segments = (await disk.list('/data/__cluster_metadata-0')).filter((name) => name.endsWith('.log'))
  expect(segments.length).toBeGreaterThan(2)
  expect((await start(disk, 1, 300)).names()).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
  disk.names.delete(`/data/__cluster_metadata-0/${segments[1]}`)
  await expect(start(disk)).rejects.toThrow('the segment before it is missing')
})

/** A stopped node's disk with three commands in its log, and where each batch begins. */
async function stopped(): Promise<{ disk: FakeDisk; bytes: Uint8Array; starts: number[] }> {
  const disk = new FakeDisk()
  const { raft } = await start(disk)
  const starts: number[] = []
  for (const name of ['a', 'b', 'c']) {
    starts.push(disk.bytesOf(LOG).length)
    await raft.append(topics(name))
  }
  await raft.close()
  return { disk, bytes: disk.bytesOf(LOG).slice(), starts }
}

test('a torn tail is cut, wherever it is torn', async () => {
  const { disk, bytes, starts } = await stopped()
  for (let length = starts[2]!; length < bytes.length; length++) {
    disk.setBytes(LOG, bytes.slice(0, length))
    const node = await start(disk)
    expect(node.names()).toEqual(['a', 'b'])
    await node.raft.append(topics('d'))
    await node.raft.close()
    expect((await start(disk)).names()).toEqual(['a', 'b', 'd'])
  }
})

test('a tail of zeros or of anything that is no batch is cut', async () => {
  const { disk, bytes } = await stopped()
  const random = seededRandom(7)
  for (const tail of [new Uint8Array(5000), Uint8Array.from({ length: 5000 }, () => random())]) {
    disk.setBytes(LOG, Buffer.concat([bytes, tail]))
    expect((await start(disk)).names()).toEqual(['a', 'b', 'c'])
  }
})

test('damage before the last batch is an error that names file and position, and cuts nothing', async () => {
  const { disk, bytes, starts } = await stopped()
  for (let at = starts[1]!; at < starts[2]!; at++) {
    const damaged = bytes.slice()
    damaged[at]! ^= 0x10
    disk.setBytes(LOG, damaged)
    const failure = await start(disk).then(
      () => null,
      (error: unknown) => error,
    )
    expect(failure, `byte ${at}`).toBeInstanceOf(DamagedLogError)
    expect(failure).toMatchObject({ file: LOG, position: starts[1] })
    expect(disk.bytesOf(LOG)).toEqual(damaged)
  }
})

test('a lost or unreadable vote', async () => {
  const { disk } = await stopped()
  const path = '/data/__cluster_metadata-0/quorum-state'
  disk.names.delete(path)
  const node = await start(disk)
  expect(node.raft.epoch).toBe(2)
  await node.raft.close()
  disk.setBytes(path, new TextEncoder().encode('{"leaderId":1'))
  await expect(start(disk)).rejects.toThrow('quorum-state is not JSON')
  disk.setBytes(path, new TextEncoder().encode('{"leaderId":1,"leaderEpoch":-4,"votedId":-1,"data_version":0}'))
  await expect(start(disk)).rejects.toThrow('leaderEpoch')
  const zookeeperEra =
    '{"clusterId":"","leaderId":1,"leaderEpoch":6,"votedId":-1,"appliedOffset":0,"currentVoters":[{"voterId":1}],"data_version":0}'
  disk.setBytes(path, new TextEncoder().encode(zookeeperEra))
  expect((await start(disk)).raft.epoch).toBe(7)
})

/** Runs commands until the power is cut; says what was tried and what was acknowledged. */
async function runUntilCut(disk: FakeDisk, seed: number, prefix: string) {
  const tried: string[][] = []
  let acknowledged = 0
  let recovered: string[] | null = null
  try {
    const node = await start(disk, seed, 2000)
    recovered = node.names()
    for (let round = 0; round < 4; round++) {
      const commands = [1, 2, 3]
        .slice(0, 1 + ((seed + round) % 3))
        .map((count) =>
          Array.from({ length: count * 3 }, (_, index) => `${prefix}.${round}.${count}.${index}`.padEnd(100, 'x')),
        )
      tried.push(...commands)
      await Promise.all(commands.map((names) => node.raft.append(topics(...names)).then(() => acknowledged++)))
    }
    await node.raft.close()
  } catch (error) {
    if (!(error instanceof PowerCut)) throw error
  }
  return { tried, acknowledged, recovered }
}

test('power is cut at every step: what was acknowledged is there, and of the rest a prefix, no command by halves', async () => {
  const whole = new FakeDisk()
  await runUntilCut(whole, 1, 'a')
  const steps = whole.operations
  expect(steps).toBeGreaterThan(40)
  for (let step = 0; step <= steps; step++) {
    for (const seed of [1, 2, 3, 4, 5]) {
      const label = `step ${step} seed ${seed}`
      const disk = new FakeDisk()
      disk.operationsLeft = step
      const first = await runUntilCut(disk, seed, 'a')
      const random = seededRandom(seed * 1000 + step)
      const after = disk.afterPowerCut(random)
      // The second life is cut as well, sometimes within recovery.
      after.operationsLeft = random() % steps
      const second = await runUntilCut(after, seed, 'b')
      const third = await start(after.afterPowerCut(random), seed, 2000)

      if (second.recovered !== null) expectPrefix(label, second.recovered, first.tried, first.acknowledged)
      const names = third.names()
      const own = names.filter((name) => name.startsWith('a'))
      expectPrefix(label, own, first.tried, first.acknowledged)
      if (second.recovered !== null) expect(own, label).toEqual(second.recovered)
      expectPrefix(label, names.slice(own.length), second.tried, second.acknowledged)
    }
  }
})

function expectPrefix(label: string, names: string[], tried: string[][], acknowledged: number): void {
  let commands = 0
  let length = 0
  while (length < names.length && commands < tried.length) length += tried[commands++]!.length
  expect(names, label).toEqual(tried.slice(0, commands).flat())
  expect(commands, label).toBeGreaterThanOrEqual(acknowledged)
}
