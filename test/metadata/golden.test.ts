// A metadata log as Apache Kafka 4.3.1's own classes wrote it (MemoryRecordsBuilder, MetadataRecordSerde), in hex.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type MetadataBatch, MetadataImage } from '../../src/metadata/image.ts'
import { ZERO_UUID } from '../../src/model/uuid.ts'
import { RaftDriver } from '../../src/raft/raft-driver.ts'
import { MetadataDecoder, MetadataEncoder } from '../../src/raft/record-codec.ts'
import { batchBytes } from '../../src/wire/record-batch.ts'
import { crc32c } from '../raft/crc32c.ts'
import { FakeDisk, fakeEnv } from '../raft/fake-disk.ts'
import { uuid } from './records.ts'

const hex = readFileSync(new URL('./golden/kafka-4.3.1-metadata-log.hex', import.meta.url), 'utf8')
const golden = new Uint8Array(Buffer.from(hex.replace(/\s/g, ''), 'hex'))
const writtenAtMs = 1_700_000_000_000

async function replay(): Promise<{ image: MetadataImage; epoch: number; batches: MetadataBatch[] }> {
  const disk = new FakeDisk()
  const file = await disk.open('/data/__cluster_metadata-0/00000000000000000000.log', 'new')
  await file.write(golden, 0)
  const image = new MetadataImage()
  const batches: MetadataBatch[] = []
  const raft = await RaftDriver.start({
    env: fakeEnv(disk, 1),
    logDirectory: '/data',
    self: { id: 1, directoryId: uuid(1) },
    crc32c,
    onCommitted: (batch) => {
      batches.push(batch)
      image.apply(batch)
    },
  })
  return { image, epoch: raft.epoch, batches }
}

test("Kafka's log becomes the image that Kafka would have", async () => {
  const { image, epoch } = await replay()
  expect(epoch).toBe(4)
  expect([...image.features]).toEqual([['metadata.version', 25]])
  expect(image.nextProducerId).toBe(1000)
  expect(image.brokers.get(1)).toEqual({
    id: 1,
    epoch: 2,
    incarnationId: 'UbBVrbqdQCKvvQrDBQNbAQ',
    endPoints: [{ name: 'PLAINTEXT', host: 'localhost', port: 65000, securityProtocol: 0 }],
    features: [{ name: 'metadata.version', minSupportedVersion: 7, maxSupportedVersion: 25 }],
    rack: 'r1',
    fenced: false,
    inControlledShutdown: false,
    logDirs: ['pIhkh4pVSjeDIIUjBhGAPw'],
  })
  expect([...image.topics.all()]).toEqual([
    {
      name: 'orders',
      topicId: 'jY3XfY_FQeihY_o_DrrNxw',
      partitions: [
        {
          leader: 1,
          leaderEpoch: 1,
          partitionEpoch: 1,
          leaderRecoveryState: 0,
          replicas: [1, 2],
          isr: [1, 2],
          addingReplicas: [],
          removingReplicas: [],
          directories: ['pIhkh4pVSjeDIIUjBhGAPw', ZERO_UUID],
          eligibleLeaderReplicas: [2],
          lastKnownElr: [],
        },
      ],
    },
  ])
  expect(image.configs.ofTopic('orders')).toBeUndefined()
})

test("what we write is Kafka's bytes", () => {
  const view = new DataView(golden.buffer)
  const decoder = new MetadataDecoder()
  const encoder = new MetadataEncoder(crc32c)
  const voter = { id: 1, directoryId: ZERO_UUID }
  expect(encoder.leaderChange(0, 1, 1, [voter], [voter], writtenAtMs)).toEqual(golden.subarray(0, batchBytes(view, 0)))
  let nextOffset = 1
  for (let at = batchBytes(view, 0); at < golden.length; at += batchBytes(view, at)) {
    const { offset, epoch, records } = decoder.decode(golden, view, at)
    encoder.begin(nextOffset, epoch)
    for (const record of records) encoder.add(record, writtenAtMs)
    expect(encoder.finish()).toEqual(golden.subarray(at, at + batchBytes(view, at)))
    nextOffset = offset + 1
  }
})
