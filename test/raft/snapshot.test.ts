import { expect, test } from 'vitest'
import type { NewTopic } from '../../src/controller/commands.ts'
import { ControlPlane } from '../../src/controller/control-plane.ts'
import type { Disk } from '../../src/lib/env.ts'
import { imageRecords } from '../../src/metadata/image-records.ts'
import { uuid } from '../metadata/records.ts'
import { crc32c } from './crc32c.ts'
import { FakeDisk, fakeEnv, PowerCut, seededRandom } from './fake-disk.ts'

const FOLDER = '/data/__cluster_metadata-0'

const settings = {
  partitionCountDefault: 1,
  replicationFactorDefault: 1,
  deleteTopicEnable: true,
  partitionsPerCommandMax: 10_000,
}

/** With a log of 0 bytes allowed, each start takes a snapshot. */
function start(disk: Disk, logBytesMax = 0): Promise<ControlPlane> {
  const env = fakeEnv(disk, 1)
  return ControlPlane.start({
    env,
    logDirectory: '/data',
    nodeId: 1,
    directoryId: uuid(1),
    crc32c,
    settings,
    logBytesMax,
  })
}

async function create(plane: ControlPlane, incarnation: number, name: string): Promise<void> {
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
  const topic: NewTopic = {
    name,
    topicId: uuid(100 + incarnation),
    partitionCount: 3,
    replicationFactor: 1,
    assignments: [],
    configs: [{ name: 'retention.ms', value: '1000' }],
  }
  const [answer] = await plane.submit('create-topics', { topics: [topic], validateOnly: false })
  if (answer!.refusal !== null) throw new Error(answer!.refusal.message)
}

const files = async (disk: FakeDisk) =>
  (await disk.list(FOLDER)).filter((name) => name.endsWith('.log') || name.includes('.checkpoint'))

test('a snapshot stands for the log before it', async () => {
  const disk = new FakeDisk()
  const first = await start(disk)
  await create(first, 1, 'a')
  await first.close()
  expect(await files(disk)).toEqual(['00000000000000000002-0000000001.checkpoint', '00000000000000000002.log'])

  const second = await start(disk)
  expect(await files(disk)).toEqual(['00000000000000000010-0000000002.checkpoint', '00000000000000000010.log'])
  await create(second, 2, 'b')
  const before = [...imageRecords(second.image)]
  const { offset } = second.image
  await second.close()

  const third = await start(disk, 1_000_000)
  expect([...imageRecords(third.image)]).toEqual(before)
  expect([third.epoch, third.image.offset]).toEqual([3, offset + 1])
  await third.close()
})

test('the epoch goes on from the snapshot, even if vote and log are lost', async () => {
  const disk = new FakeDisk()
  for (const life of [1, 2, 3]) {
    const plane = await start(disk)
    expect(plane.epoch).toBe(life)
    await plane.close()
  }
  disk.names.delete(`${FOLDER}/quorum-state`)
  for (const name of await disk.list(FOLDER)) if (name.endsWith('.log')) disk.names.delete(`${FOLDER}/${name}`)
  const plane = await start(disk, 1_000_000)
  expect([plane.epoch, [...plane.image.features]]).toEqual([4, [['metadata.version', 25]]])
})

test('a damaged snapshot, or a log that does not reach it, is an error', async () => {
  const disk = new FakeDisk()
  const plane = await start(disk)
  await plane.close()
  const [snapshot, log] = await files(disk)
  const path = `${FOLDER}/${snapshot}`
  const bytes = disk.bytesOf(path).slice()
  for (let at = 0; at < bytes.length; at++) {
    const damaged = bytes.slice()
    damaged[at]! ^= 0x10
    disk.setBytes(path, damaged)
    await expect(start(disk), `byte ${at}`).rejects.toThrow(`${path} is damaged`)
    disk.setBytes(path, bytes.slice(0, at))
    await expect(start(disk), `length ${at}`).rejects.toThrow(`${path} is damaged`)
  }
  disk.setBytes(path, bytes)
  await disk.rename(`${FOLDER}/${log}`, `${FOLDER}/00000000000000000001.log`)
  await expect(start(disk)).rejects.toThrow('the log ends at 1, the snapshot at 2')
  await disk.rename(`${FOLDER}/00000000000000000001.log`, `${FOLDER}/00000000000000000009.log`)
  await expect(start(disk)).rejects.toThrow('no snapshot that reaches it')
})

test('power is cut at every step of a start that takes a snapshot: nothing is lost', async () => {
  const before = new FakeDisk()
  const first = await start(before)
  await create(first, 1, 'a')
  await first.close()
  const whole = before.afterPowerCut(seededRandom(0))
  await (await start(whole)).close()
  const steps = whole.operations
  expect(steps).toBeGreaterThan(20)
  for (let step = 0; step < steps; step++) {
    for (const seed of [1, 2, 3, 4, 5]) {
      const label = `step ${step} seed ${seed}`
      const disk = before.afterPowerCut(seededRandom(seed))
      disk.operationsLeft = step
      await expect(start(disk), label).rejects.toThrow(PowerCut)
      const after = disk.afterPowerCut(seededRandom(seed * 1000 + step))
      const plane = await start(after)
      expect(plane.image.topics.byName('a')?.partitions.length, label).toBe(3)
      expect(plane.image.configs.ofTopic('a')?.size, label).toBe(1)
      await create(plane, 2, 'b')
      await plane.close()
      expect((await files(after)).length, label).toBe(2)
    }
  }
})
