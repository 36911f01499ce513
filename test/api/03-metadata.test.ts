import { expect, test } from 'vitest'
import { metadata } from '../../src/api/03-metadata.ts'
import { ErrorCode } from '../../src/model/error-codes.ts'
import { ZERO_UUID } from '../../src/model/uuid.ts'
import {
  type MetadataRequest,
  metadataApi,
  readMetadataResponse,
  writeMetadataRequest,
} from '../../src/wire/generated/03-metadata.ts'
import { brokerRecord, partitionRecord, topicRecord, uuid } from '../metadata/records.ts'
import { client, imageOf, shardContext, versionsOf } from './harness.ts'

const call = client(metadata, { writeRequest: writeMetadataRequest, readResponse: readMetadataResponse })

const ask = (topics: MetadataRequest['topics'], change: Partial<MetadataRequest> = {}): MetadataRequest => ({
  topics,
  allowAutoTopicCreation: true,
  includeClusterAuthorizedOperations: false,
  includeTopicAuthorizedOperations: false,
  ...change,
})
const byName = (name: string | null) => ({ name, topicId: ZERO_UUID })
const byId = (id: number) => ({ name: null, topicId: uuid(id) })

const twoTopics = () =>
  imageOf(
    brokerRecord(1, { rack: 'r' }),
    topicRecord('a', 1),
    partitionRecord(1, 0),
    topicRecord('b', 2),
    partitionRecord(2, 0),
  )

test.each(versionsOf(metadataApi))('v%i: brokers, leaders, and what the version has', async (version) => {
  const image = imageOf(
    brokerRecord(1, { rack: 'r' }),
    topicRecord('a', 1),
    partitionRecord(1, 0, { replicas: [1, 2], isr: [1], leaderEpoch: 4 }),
  )
  const answer = await call(version, ask([byName('a')]), shardContext(image))
  expect(answer.brokers).toEqual([{ nodeId: 1, host: 'host1', port: 9092, rack: version >= 1 ? 'r' : null }])
  expect(answer.controllerId).toBe(version >= 1 ? 1 : -1)
  expect(answer.clusterId).toBe(version >= 2 ? 'the-cluster' : null)
  expect(answer.topics).toEqual([
    {
      errorCode: 0,
      name: 'a',
      topicId: version >= 10 ? uuid(1) : ZERO_UUID,
      isInternal: false,
      partitions: [
        {
          errorCode: 0,
          partitionIndex: 0,
          leaderId: 1,
          leaderEpoch: version >= 7 ? 4 : -1,
          replicaNodes: [1, 2],
          isrNodes: [1],
          offlineReplicas: version >= 5 ? [2] : [],
        },
      ],
      topicAuthorizedOperations: -2147483648,
    },
  ])
  expect(answer.clusterAuthorizedOperations).toBe(-2147483648)
})

test('v0: an empty list means all topics; from v1 on null does, and an empty list means none', async () => {
  const names = async (version: number, topics: MetadataRequest['topics']) =>
    (await call(version, ask(topics), shardContext(twoTopics()))).topics.map(({ name }) => name)
  expect(await names(0, [])).toEqual(['a', 'b'])
  for (const version of versionsOf(metadataApi, 1)) {
    expect(await names(version, [])).toEqual([])
    expect(await names(version, null)).toEqual(['a', 'b'])
  }
})

test('every topic is answered in the order asked, each once', async () => {
  for (const version of versionsOf(metadataApi)) {
    const topics = ['b', 'nope', 'a', 'b'].map(byName)
    const answer = await call(version, ask(topics), shardContext(twoTopics()))
    expect(answer.topics.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ['b', 0],
      ['nope', ErrorCode.UnknownTopicOrPartition],
      ['a', 0],
    ])
  }
})

test('from v12 on a topic is found by its id, and an unknown id has its own error', async () => {
  for (const version of [12, 13]) {
    const answer = await call(version, ask([byId(2), byId(7), byName(null)]), shardContext(twoTopics()))
    expect(answer.topics.map(({ name, topicId, errorCode }) => [name, topicId, errorCode])).toEqual([
      ['b', uuid(2), 0],
      [null, uuid(7), ErrorCode.UnknownTopicId],
      [null, ZERO_UUID, ErrorCode.InvalidRequest],
    ])
  }
  for (const version of [10, 11]) {
    const answer = await call(version, ask([byId(2), byName(null), byName('a')]), shardContext(twoTopics()))
    expect(answer.topics.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ['', ErrorCode.InvalidRequest],
      ['', ErrorCode.InvalidRequest],
      ['a', 0],
    ])
  }
})

test('a missing topic is created, and the same answer has it', async () => {
  const image = imageOf(brokerRecord(1))
  const asked: (readonly string[])[] = []
  const context = shardContext(image, {
    createTopics: async (names) => {
      asked.push(names)
      image.apply({ offset: 9, epoch: 1, records: [topicRecord('new', 5), partitionRecord(5, 0)] })
      return new Map([['old_name', ErrorCode.InvalidTopicException]])
    },
  })
  const answer = await call(13, ask([byName('new'), byName('old_name'), byName('a b'), byName('new')]), context)
  expect(asked).toEqual([['new', 'old_name']])
  expect(answer.topics.map(({ name, errorCode, partitions }) => [name, errorCode, partitions.length])).toEqual([
    ['new', 0, 1],
    ['old_name', ErrorCode.InvalidTopicException, 0],
    ['a b', ErrorCode.InvalidTopicException, 0],
  ])
})

test('nothing is created if the server or the client does not want it, or when all topics are asked for', async () => {
  const never = shardContext(imageOf(brokerRecord(1)), {
    createTopics: () => {
      throw new Error('must not be called')
    },
  })
  for (const version of versionsOf(metadataApi, 4)) {
    const answer = await call(version, ask([byName('new')], { allowAutoTopicCreation: false }), never)
    expect(answer.topics[0]!.errorCode).toBe(ErrorCode.UnknownTopicOrPartition)
    expect((await call(version, ask(null), never)).topics).toEqual([])
  }
  const off = shardContext(imageOf(brokerRecord(1)))
  expect((await call(9, ask([byName('new')]), off)).topics[0]!.errorCode).toBe(ErrorCode.UnknownTopicOrPartition)
})

test('before v4 a client can not forbid creation', async () => {
  const asked: string[] = []
  const context = shardContext(imageOf(brokerRecord(1)), {
    createTopics: async (names) => {
      asked.push(...names)
      return new Map()
    },
  })
  for (const version of [0, 1, 2, 3]) await call(version, ask([byName('new')]), context)
  expect(asked).toHaveLength(4)
})

test('a leader that is fenced, gone, or not on this listener', async () => {
  const image = imageOf(
    brokerRecord(1, { endPoints: [{ name: 'OTHER', host: 'h', port: 1, securityProtocol: 0 }] }),
    brokerRecord(2, { fenced: true }),
    topicRecord('t', 1),
    partitionRecord(1, 0, { leader: 1 }),
    partitionRecord(1, 1, { leader: 2, replicas: [2, 3] }),
    partitionRecord(1, 2, { leader: -1 }),
  )
  const partitions = async (version: number) =>
    (await call(version, ask(null), shardContext(image))).topics[0]!.partitions.map(({ errorCode, leaderId }) => [
      errorCode,
      leaderId,
    ])
  expect(await partitions(6)).toEqual([
    [ErrorCode.ListenerNotFound, -1],
    [ErrorCode.LeaderNotAvailable, -1],
    [ErrorCode.LeaderNotAvailable, -1],
  ])
  expect((await partitions(5))[0]).toEqual([ErrorCode.LeaderNotAvailable, -1])
  const answer = await call(13, ask(null), shardContext(image))
  expect([answer.brokers, answer.topics[0]!.partitions[1]!.offlineReplicas]).toEqual([[], [2, 3]])
})

test('authorized operations only when asked for', async () => {
  const asked = { includeClusterAuthorizedOperations: true, includeTopicAuthorizedOperations: true }
  const v8 = await call(8, ask([byName('a')], asked), shardContext(twoTopics()))
  expect([v8.clusterAuthorizedOperations, v8.topics[0]!.topicAuthorizedOperations]).toEqual([0x1fa0, 0x0df8])
  const v13 = await call(13, ask([byName('a')], { includeTopicAuthorizedOperations: true }), shardContext(twoTopics()))
  expect(v13.topics[0]!.topicAuthorizedOperations).toBe(0x0df8)
})

test("the cluster's own topics are shown as internal", async () => {
  const image = imageOf(brokerRecord(1), topicRecord('__consumer_offsets', 1), partitionRecord(1, 0))
  expect((await call(13, ask(null), shardContext(image))).topics[0]!.isInternal).toBe(true)
})
