import { expect, test } from 'vitest'
import { MetadataImage } from '../../src/metadata/image.ts'
import { imageRecords } from '../../src/metadata/image-records.ts'
import type { ImageListener } from '../../src/metadata/listener.ts'
import { MetadataError } from '../../src/metadata/metadata-error.ts'
import type { MetadataRecord } from '../../src/wire/generated/metadata-records.ts'
import { brokerRecord, configRecord, partitionChange, partitionRecord, topicRecord, uuid } from './records.ts'

function imageOf(...records: MetadataRecord[]): MetadataImage {
  const image = new MetadataImage()
  image.apply({ offset: records.length - 1, epoch: 1, records })
  return image
}

/** Writes down what it is told, with what the image held at that moment. */
function diary(image: MetadataImage): string[] {
  const lines: string[] = []
  const listener: ImageListener = {
    topicCreated: (topic) => lines.push(`created ${topic.name} ${topic.partitions.length}`),
    topicDeleted: (topic) => lines.push(`deleted ${topic.name} ${image.topics.byName(topic.name) === undefined}`),
    partitionAdded: (topic, partition) =>
      lines.push(`added ${topic.name}-${partition} ${image.configs.ofTopic(topic.name)?.get('retention.ms')}`),
    partitionChanged: (topic, partition) =>
      lines.push(`changed ${topic.name}-${partition} leader ${topic.partitions[partition]!.leader}`),
    configsChanged: (type, name) => lines.push(`configs ${type} ${name}`),
    batchApplied: (offset) => lines.push(`offset ${offset}`),
  }
  image.listen(listener)
  return lines
}

test('a topic is found by name and by id, with its partitions and configs', () => {
  const image = imageOf(
    topicRecord('orders', 1),
    configRecord('orders', 'retention.ms', '1000'),
    partitionRecord(1, 0),
    partitionRecord(1, 1, { leader: 2, leaderEpoch: 5, partitionEpoch: 7, isr: [2], eligibleLeaderReplicas: [1] }),
  )
  const topic = image.topics.byName('orders')!
  expect(image.topics.byId(uuid(1))).toBe(topic)
  expect(topic.partitions[1]).toMatchObject({ leader: 2, leaderEpoch: 5, partitionEpoch: 7, isr: [2] })
  expect(topic.partitions[1]!.eligibleLeaderReplicas).toEqual([1])
  expect(image.configs.ofTopic('orders')).toEqual(new Map([['retention.ms', '1000']]))
  expect([image.topics.count, image.topics.partitionCount, image.offset, image.epoch]).toEqual([1, 2, 3, 1])
})

test('every change counts the partition epoch up, only a leader counts the leader epoch up', () => {
  const image = imageOf(topicRecord('t', 1), partitionRecord(1, 0, { replicas: [1, 2], isr: [1, 2] }))
  const partition = image.topics.byName('t')!.partitions[0]!
  image.apply({ offset: 2, epoch: 1, records: [partitionChange(1, 0, { isr: [2] })] })
  expect(partition).toMatchObject({ isr: [2], leader: 1, leaderEpoch: 0, partitionEpoch: 1, replicas: [1, 2] })
  image.apply({ offset: 3, epoch: 1, records: [partitionChange(1, 0, { leader: 1 })] })
  expect(partition).toMatchObject({ leader: 1, leaderEpoch: 1, partitionEpoch: 2 })
})

test('a deleted topic takes its configs with it, and its name can be used again', () => {
  const image = imageOf(topicRecord('t', 1), configRecord('t', 'retention.ms', '5'), partitionRecord(1, 0))
  image.apply({ offset: 3, epoch: 1, records: [{ type: 'RemoveTopicRecord', topicId: uuid(1) }, topicRecord('t', 2)] })
  expect(image.topics.byId(uuid(1))).toBeUndefined()
  expect(image.topics.byName('t')).toMatchObject({ topicId: uuid(2), partitions: [] })
  expect(image.configs.ofTopic('t')).toBeUndefined()
  expect(image.topics.partitionCount).toBe(0)
})

test('listeners are told in the order of the records, and see the whole batch', () => {
  const image = new MetadataImage()
  const lines = diary(image)
  const records = [topicRecord('t', 1), partitionRecord(1, 0), configRecord('t', 'retention.ms', '7')]
  image.apply({ offset: 4, epoch: 1, records })
  image.apply({ offset: 5, epoch: 1, records: [partitionChange(1, 0, { leader: 3 })] })
  image.apply({ offset: 6, epoch: 2, records: [{ type: 'RemoveTopicRecord', topicId: uuid(1) }] })
  expect(lines).toEqual([
    'created t 1',
    'added t-0 7',
    'configs 2 t',
    'offset 4',
    'changed t-0 leader 3',
    'offset 5',
    'deleted t true',
    'offset 6',
  ])
})

test('a transaction becomes visible at its end, or never', () => {
  const image = new MetadataImage()
  const lines = diary(image)
  image.apply({ offset: 1, epoch: 1, records: [{ type: 'BeginTransactionRecord', name: null }, topicRecord('a', 1)] })
  expect([image.topics.count, image.inTransaction]).toEqual([0, true])
  image.apply({ offset: 3, epoch: 1, records: [partitionRecord(1, 0), { type: 'EndTransactionRecord' }] })
  expect([image.topics.partitionCount, image.inTransaction]).toEqual([1, false])
  image.apply({ offset: 5, epoch: 1, records: [{ type: 'BeginTransactionRecord', name: null }, topicRecord('b', 2)] })
  image.apply({ offset: 6, epoch: 2, records: [{ type: 'AbortTransactionRecord', reason: null }] })
  expect(image.topics.byName('b')).toBeUndefined()
  expect(lines).toEqual(['offset 1', 'created a 1', 'added a-0 undefined', 'offset 3', 'offset 5', 'offset 6'])
})

test('brokers come, are fenced, change and go', () => {
  const image = imageOf(brokerRecord(1, { fenced: true }), brokerRecord(2, { rack: 'r1' }))
  expect([image.brokers.isAlive(1), image.brokers.isAlive(2), image.brokers.isAlive(3)]).toEqual([false, true, false])
  expect(image.brokers.endPoint(2, 'PLAINTEXT')).toMatchObject({ host: 'host2', port: 9092 })
  expect(image.brokers.endPoint(2, 'SSL')).toBeUndefined()
  image.apply({
    offset: 9,
    epoch: 1,
    records: [
      {
        type: 'BrokerRegistrationChangeRecord',
        brokerId: 1,
        brokerEpoch: 11,
        fenced: -1,
        inControlledShutdown: 1,
        logDirs: [],
        cordonedLogDirs: null,
      },
      { type: 'FenceBrokerRecord', id: 2, epoch: 12 },
    ],
  })
  expect(image.brokers.get(1)).toMatchObject({ fenced: false, inControlledShutdown: true, logDirs: [uuid(2001)] })
  expect(image.brokers.isAlive(2)).toBe(false)
  image.apply({ offset: 10, epoch: 1, records: [{ type: 'UnregisterBrokerRecord', brokerId: 2, brokerEpoch: 12 }] })
  expect(image.brokers.count).toBe(1)
})

test.each<[string, MetadataRecord[]]>([
  ['a partition of an unknown topic', [partitionRecord(9, 0)]],
  ['a hole between partitions', [partitionRecord(1, 2)]],
  ['a negative partition', [partitionRecord(1, -1)]],
  ['a change of an unknown partition', [partitionChange(1, 4, { leader: 1 })]],
  ['a name that is taken', [topicRecord('t', 2)]],
  ['an id that is taken', [topicRecord('u', 1)]],
  ['an unknown topic removed', [{ type: 'RemoveTopicRecord', topicId: uuid(5) }]],
  ['a broker that is not there', [{ type: 'FenceBrokerRecord', id: 4, epoch: 1 }]],
  ['an epoch of the past', [brokerRecord(1), { type: 'UnfenceBrokerRecord', id: 1, epoch: 10 }]],
  ['an end without a beginning', [{ type: 'EndTransactionRecord' }]],
  [
    'a transaction in another',
    [
      { type: 'BeginTransactionRecord', name: null },
      { type: 'BeginTransactionRecord', name: null },
    ],
  ],
])('%s is a contradiction', (_, records) => {
  const image = imageOf(topicRecord('t', 1), partitionRecord(1, 0))
  expect(() => image.apply({ offset: 20, epoch: 1, records })).toThrow(MetadataError)
})

test('offsets only grow', () => {
  const image = imageOf(topicRecord('t', 1))
  expect(() => image.apply({ offset: 0, epoch: 1, records: [] })).toThrow(MetadataError)
})

test('an image is built anew from its records, also by another thread', () => {
  const image = imageOf(
    { type: 'FeatureLevelRecord', name: 'metadata.version', featureLevel: 25 },
    { type: 'FeatureLevelRecord', name: 'gone', featureLevel: 1 },
    { type: 'FeatureLevelRecord', name: 'gone', featureLevel: 0 },
    brokerRecord(1, { rack: 'a' }),
    topicRecord('t', 1),
    configRecord('t', 'cleanup.policy', 'compact'),
    configRecord('t', 'retention.ms', '1'),
    configRecord('t', 'retention.ms', null),
    partitionRecord(1, 0, { leaderEpoch: 3, partitionEpoch: 9, eligibleLeaderReplicas: [2], lastKnownElr: [3] }),
    { type: 'ProducerIdsRecord', brokerId: 1, brokerEpoch: 11, nextProducerId: 3000 },
  )
  const records = structuredClone([...imageRecords(image)])
  const copy = new MetadataImage()
  copy.apply({ offset: image.offset, epoch: image.epoch, records })
  expect([...imageRecords(copy)]).toEqual(records)
  expect(copy.topics.byName('t')!.partitions).toEqual(image.topics.byName('t')!.partitions)
  expect(copy.configs.ofTopic('t')).toEqual(new Map([['cleanup.policy', 'compact']]))
  expect([...copy.features]).toEqual([['metadata.version', 25]])
  expect(copy.nextProducerId).toBe(3000)
  expect(copy.brokers.get(1)).toEqual(image.brokers.get(1))
})

test('100,000 partitions are applied in well under a second', () => {
  const records: MetadataRecord[] = []
  for (let topic = 0; topic < 1000; topic++) {
    records.push(topicRecord(`topic-${topic}`, topic))
    for (let partition = 0; partition < 100; partition++) records.push(partitionRecord(topic, partition))
  }
  const image = new MetadataImage()
  image.listen({})
  const before = process.cpuUsage()
  image.apply({ offset: records.length - 1, epoch: 1, records })
  const { user, system } = process.cpuUsage(before)
  expect((user + system) / 1000).toBeLessThan(900)
  expect(image.topics.partitionCount).toBe(100_000)
})
