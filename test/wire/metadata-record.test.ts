import { expect, test } from 'vitest'
import { DecodeError } from '../../src/wire/errors.ts'
import type { MetadataRecord } from '../../src/wire/generated/metadata-records.ts'
import { readMetadataRecord, writeMetadataRecord } from '../../src/wire/metadata-record.ts'
import { Writer } from '../../src/wire/writer.ts'
import { readerOf } from './support/messages.ts'

const topicId = 'AAECAwQFBgcICQoLDA0ODw'

/** Framed by Kafka 4.3.0's MetadataRecordSerde. */
const framed: readonly [string, MetadataRecord, string][] = [
  [
    'a topic',
    { type: 'TopicRecord', name: 'events', topicId },
    '010200076576656e7473000102030405060708090a0b0c0d0e0f00',
  ],
  [
    'a partition change',
    {
      type: 'PartitionChangeRecord',
      partitionId: 4,
      topicId,
      isr: [1, 2],
      leader: 2,
      replicas: null,
      removingReplicas: null,
      addingReplicas: null,
      leaderRecoveryState: -1,
      directories: null,
      eligibleLeaderReplicas: null,
      lastKnownElr: null,
    },
    '01050200000004000102030405060708090a0b0c0d0e0f020009030000000100000002010400000002',
  ],
  ['nothing', { type: 'NoOpRecord' }, '01140000'],
]

test.each(framed)('%s in its frame', (_name, record, hex) => {
  const writer = new Writer()
  writeMetadataRecord(writer, record)
  expect(Buffer.from(writer.written()).toString('hex')).toBe(hex)
  expect(readMetadataRecord(readerOf(writer.written()))).toEqual(record)
})

test('broker registrations are written as of metadata.version 4.0, and read as of later ones', () => {
  const change: MetadataRecord = {
    type: 'BrokerRegistrationChangeRecord',
    brokerId: 1,
    brokerEpoch: 2,
    fenced: -1,
    inControlledShutdown: 1,
    logDirs: [topicId],
    cordonedLogDirs: [topicId],
  }
  const writer = new Writer()
  writeMetadataRecord(writer, change)
  expect(writer.written()[2]).toBe(2)
  expect(readMetadataRecord(readerOf(writer.written()))).toEqual({ ...change, cordonedLogDirs: null })
  writer.rewind()
  writeMetadataRecord(writer, change, 3)
  expect(readMetadataRecord(readerOf(writer.written()))).toEqual(change)
})

test.each([
  ['a frame of another version', [2, 2, 0]],
  ['a key that is none', [1, 99, 0]],
  ['a version to come', [1, 2, 1, 1]],
  ['nothing at all', []],
])('%s is a DecodeError', (_name, bytes) => {
  expect(() => readMetadataRecord(readerOf(Uint8Array.from(bytes)))).toThrow(DecodeError)
})
