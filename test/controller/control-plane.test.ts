import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { NewTopic } from '../../src/controller/commands.ts'
import { ControlPlane } from '../../src/controller/control-plane.ts'
import type { Disk } from '../../src/lib/env.ts'
import { realDisk } from '../../src/lib/real-env.ts'
import { type MetadataBatch, MetadataImage } from '../../src/metadata/image.ts'
import { imageRecords } from '../../src/metadata/image-records.ts'
import { ErrorCode } from '../../src/model/error-codes.ts'
import { openLogDirectory } from '../../src/raft/log-directory.ts'
import { uuid } from '../metadata/records.ts'
import { crc32c } from '../raft/crc32c.ts'
import { FakeDisk, fakeEnv, PowerCut, seededRandom } from '../raft/fake-disk.ts'

const settings = {
  partitionCountDefault: 1,
  replicationFactorDefault: 1,
  deleteTopicEnable: true,
  partitionsPerCommandMax: 200_000,
}

function start(disk: Disk, logDirectory = '/data', onBatch?: (batch: MetadataBatch) => void): Promise<ControlPlane> {
  return ControlPlane.start({
    env: fakeEnv(disk, 1),
    logDirectory,
    nodeId: 1,
    directoryId: uuid(1),
    crc32c,
    settings,
    ...(onBatch === undefined ? {} : { onBatch }),
  })
}

async function joinCluster(plane: ControlPlane, incarnation = 1): Promise<number> {
  const registration = {
    brokerId: 1,
    incarnationId: uuid(incarnation),
    endPoints: [],
    features: [],
    rack: null,
    logDirs: [],
  }
  const registered = await plane.submit('register-broker', registration)
  if (registered.refusal !== null) throw new Error(registered.refusal.message)
  await plane.submit('unfence-broker', { brokerId: 1, brokerEpoch: registered.brokerEpoch })
  return registered.brokerEpoch
}

const topic = (name: string, id: number, partitionCount = 1): NewTopic => ({
  name,
  topicId: uuid(id),
  partitionCount,
  replicationFactor: -1,
  assignments: [],
  configs: [{ name: 'retention.ms', value: '1000' }],
})

const create = (plane: ControlPlane, ...topics: NewTopic[]) =>
  plane.submit('create-topics', { topics, validateOnly: false })

test('whoever has an answer finds its effect in the image; another thread has the same', async () => {
  const other = new MetadataImage()
  const plane = await start(new FakeDisk(), '/data', (batch) => other.apply(structuredClone(batch)))
  other.apply({ offset: plane.image.offset, epoch: plane.image.epoch, records: [...imageRecords(plane.image)] })
  await joinCluster(plane)
  expect((await create(plane, topic('a', 1, 3)))[0]!.refusal).toBeNull()
  expect(plane.image.topics.byName('a')?.partitions).toHaveLength(3)
  expect([...imageRecords(other)]).toEqual([...imageRecords(plane.image)])
  expect(other.offset).toBe(plane.image.offset)
})

test('a refusal waits for what it rests on', async () => {
  const disk = new FakeDisk()
  const plane = await start(disk)
  await joinCluster(plane)
  const order: string[] = []
  const first = create(plane, topic('a', 1)).then(() => order.push('created'))
  const second = create(plane, topic('a', 2)).then(([answer]) => {
    order.push('refused')
    expect(answer!.refusal?.error).toBe(ErrorCode.TopicAlreadyExists)
  })
  await Promise.all([second, first])
  expect(order).toEqual(['created', 'refused'])
})

test('a restart brings back topics, configs and producer ids; the broker leads in a new epoch', async () => {
  const disk = new FakeDisk()
  const first = await start(disk)
  const brokerEpoch = await joinCluster(first)
  await create(first, topic('a', 1, 2), topic('b', 2))
  await first.submit('delete-topics', { topics: [{ name: 'b', topicId: null }] })
  await first.submit('allocate-producer-ids', { brokerId: 1, brokerEpoch })
  await first.close()

  const second = await start(disk)
  expect([...second.image.topics.all()].map(({ name }) => name)).toEqual(['a'])
  expect(second.image.configs.ofTopic('a')?.get('retention.ms')).toBe('1000')
  expect([second.epoch, second.image.nextProducerId]).toEqual([2, 1000])
  expect(await joinCluster(second, 2)).toBeGreaterThan(brokerEpoch)
  expect(second.image.topics.byName('a')?.partitions.map(({ leaderEpoch }) => leaderEpoch)).toEqual([1, 1])
})

test('a cluster of a version that this node does not know is refused', async () => {
  const disk = new FakeDisk()
  const plane = await start(disk)
  await plane.close()
  const path = '/data/__cluster_metadata-0/00000000000000000000.log'
  const bytes = disk.bytesOf(path)
  // The bootstrap batch's last record: metadata.version, then its level, no tagged fields, no headers.
  const at = bytes.length - 4
  expect([...bytes.subarray(at)]).toEqual([0, 25, 0, 0])
  const newer = bytes.slice()
  newer[at + 1] = 30
  const batch = newer.subarray(lastBatch(newer))
  new DataView(batch.buffer, batch.byteOffset).setUint32(17, crc32c(batch, 21, batch.length - 21, 0))
  disk.setBytes(path, newer)
  await expect(start(disk)).rejects.toThrow('requires metadata.version=30')
})

function lastBatch(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  while (at + 12 + view.getInt32(at + 8) < bytes.length) at += 12 + view.getInt32(at + 8)
  return at
}

test('power is cut within a large command: all of it is there, or nothing', async () => {
  const disk = new FakeDisk()
  const plane = await start(disk)
  await joinCluster(plane)
  const before = disk.operations
  await create(plane, topic('large', 1, 12_000))
  const steps = disk.operations - before
  await plane.close()
  expect(steps).toBeGreaterThanOrEqual(4)
  const outcomes = new Set<string>()
  for (let step = 0; step < steps; step++) {
    const cut = new FakeDisk()
    const node = await start(cut)
    await joinCluster(node)
    cut.operationsLeft = step
    await expect(create(node, topic('large', 1, 12_000))).rejects.toThrow(PowerCut)
    expect(await node.failed).toBeInstanceOf(PowerCut)
    const next = await start(cut.afterPowerCut(seededRandom(step)))
    const partitions = next.image.topics.byName('large')?.partitions.length ?? 0
    expect([0, 12_000]).toContain(partitions)
    outcomes.add(`${partitions}`)
    await joinCluster(next, 2)
    const again = await create(next, topic('large', 3, 1), topic('other', 4, 1))
    expect(again.map(({ refusal }) => refusal?.error ?? 0)).toEqual([
      partitions > 0 ? ErrorCode.TopicAlreadyExists : 0,
      0,
    ])
  }
  expect(outcomes.has('0')).toBe(true)
})

test('100,000 partitions start in about a second', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-control-'))
  try {
    const plane = await start(realDisk, folder)
    await joinCluster(plane)
    await create(plane, ...Array.from({ length: 100 }, (_, index) => topic(`topic-${index}`, index + 10, 1000)))
    expect(plane.image.topics.partitionCount).toBe(100_000)
    await plane.close()
    const before = process.cpuUsage()
    const again = await start(realDisk, folder)
    const { user, system } = process.cpuUsage(before)
    expect(again.image.topics.partitionCount).toBe(100_000)
    // CPU time, as other tests share the cores; the test's own CRC is several times slower than the add-on's.
    expect((user + system) / 1000).toBeLessThan(2500)
    await again.close()
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a log directory names its cluster once, and keeps its node', async () => {
  const disk = new FakeDisk()
  const created = await openLogDirectory(fakeEnv(disk, 3), '/data', 1)
  expect(await openLogDirectory(fakeEnv(disk, 4), '/data', 1)).toEqual(created)
  expect(new TextDecoder().decode(disk.bytesOf('/data/meta.properties'))).toBe(
    `version=1\ncluster.id=${created.clusterId}\nnode.id=1\ndirectory.id=${created.directoryId}\n`,
  )
  await expect(openLogDirectory(fakeEnv(disk, 5), '/data', 2)).rejects.toThrow('belongs to node 1, but this is node 2')
  disk.names.delete('/data/meta.properties')
  await (await disk.open('/data/topic-0/00000000000000000000.log', 'new')).close()
  await expect(openLogDirectory(fakeEnv(disk, 6), '/data', 1)).rejects.toThrow('is not empty: it holds topic-0')
})

test("Kafka's own formatting of a log directory is read", async () => {
  const disk = new FakeDisk()
  const file = await disk.open('/data/meta.properties', 'new')
  const text = `#\n#Sun Nov 22 19:32:09 UTC 2026\nnode.id=7\ndirectory.id=${uuid(9)}\nversion=1\ncluster.id=c1\n`
  await file.write(new TextEncoder().encode(text), 0)
  expect(await openLogDirectory(fakeEnv(disk, 1), '/data', 7)).toEqual({
    path: '/data',
    clusterId: 'c1',
    nodeId: 7,
    directoryId: uuid(9),
  })
})
