import { expect, test } from 'vitest'
import { createTopics } from '../../src/api/19-create-topics.ts'
import { deleteTopics } from '../../src/api/20-delete-topics.ts'
import { createPartitions } from '../../src/api/37-create-partitions.ts'
import { autoCreateTopics } from '../../src/api/auto-create-topics.ts'
import { topicConfigs } from '../../src/config/topic-configs.ts'
import { ErrorCode } from '../../src/model/error-codes.ts'
import { ZERO_UUID } from '../../src/model/uuid.ts'
import {
  type CreatableTopic,
  createTopicsApi,
  readCreateTopicsResponse,
  writeCreateTopicsRequest,
} from '../../src/wire/generated/19-create-topics.ts'
import {
  deleteTopicsApi,
  readDeleteTopicsResponse,
  writeDeleteTopicsRequest,
} from '../../src/wire/generated/20-delete-topics.ts'
import {
  createPartitionsApi,
  readCreatePartitionsResponse,
  writeCreatePartitionsRequest,
} from '../../src/wire/generated/37-create-partitions.ts'
import { client, controlContext, versionsOf } from './harness.ts'

const create = client(createTopics, { writeRequest: writeCreateTopicsRequest, readResponse: readCreateTopicsResponse })
const remove = client(deleteTopics, { writeRequest: writeDeleteTopicsRequest, readResponse: readDeleteTopicsResponse })
const grow = client(createPartitions, {
  writeRequest: writeCreatePartitionsRequest,
  readResponse: readCreatePartitionsResponse,
})

const topic = (name: string, change: Partial<CreatableTopic> = {}): CreatableTopic => ({
  name,
  numPartitions: 1,
  replicationFactor: 1,
  assignments: [],
  configs: [],
  ...change,
})
const request = (...topics: CreatableTopic[]) => ({ topics, timeoutMs: 1000, validateOnly: false })

test.each(versionsOf(createTopicsApi))('create topics v%i', async (version) => {
  const context = await controlContext()
  const configs = [{ name: 'retention.ms', value: '5' }]
  const answer = await create(
    version,
    request(topic('a', { configs }), topic('a b'), topic('c', { numPartitions: -1 })),
    context,
  )
  expect(answer.topics.map(({ name, errorCode }) => [name, errorCode])).toEqual([
    ['a', 0],
    ['a b', ErrorCode.InvalidTopicException],
    ['c', 0],
  ])
  expect(answer.topics[1]!.errorMessage).toContain("'a b' contains")
  expect(context.image.topics.byName('c')!.partitions).toHaveLength(3)
  const [first] = answer.topics
  expect(first!.topicId).toBe(version >= 7 ? context.image.topics.byName('a')!.topicId : ZERO_UUID)
  if (version >= 5) {
    expect(first).toMatchObject({ numPartitions: 1, replicationFactor: 1 })
    expect(first!.configs).toHaveLength(topicConfigs.size)
    expect(first!.configs!.find(({ name }) => name === 'retention.ms')).toMatchObject({ value: '5', configSource: 1 })
  }
})

test('validation alone creates nothing, and gives no id', async () => {
  const context = await controlContext()
  const answer = await create(7, { ...request(topic('a')), validateOnly: true }, context)
  expect(answer.topics[0]).toMatchObject({ errorCode: 0, topicId: ZERO_UUID, numPartitions: 1 })
  expect(context.image.topics.count).toBe(0)
})

test('a refusal quotes no more than the oldest string can hold', async () => {
  const context = await controlContext()
  for (const version of [2, 7]) {
    const answer = await create(version, request(topic('x'.repeat(32_000))), context)
    expect(answer.topics[0]!.errorMessage!.length).toBeLessThan(5000)
  }
})

test.each(versionsOf(deleteTopicsApi))('delete topics v%i', async (version) => {
  const context = await controlContext()
  await create(7, request(topic('a'), topic('b')), context)
  const idOfB = context.image.topics.byName('b')!.topicId
  const topics = [
    { name: 'a', topicId: ZERO_UUID },
    { name: null, topicId: idOfB },
    { name: 'nope', topicId: ZERO_UUID },
  ]
  const answer = await remove(version, { topics, topicNames: ['a', 'b', 'nope'], timeoutMs: 1000 }, context)
  expect(answer.responses.map(({ name, errorCode }) => [name, errorCode])).toEqual([
    ['a', 0],
    ['b', 0],
    ['nope', ErrorCode.UnknownTopicOrPartition],
  ])
  if (version >= 6) expect(answer.responses[1]!.topicId).toBe(idOfB)
  expect(context.image.topics.count).toBe(0)
})

test('deletion that is switched off has an error that the version knows', async () => {
  const context = await controlContext({}, false)
  const error = async (version: number) =>
    (await remove(version, { topics: [{ name: 'a', topicId: ZERO_UUID }], topicNames: ['a'], timeoutMs: 1 }, context))
      .responses[0]!.errorCode
  expect([await error(2), await error(3)]).toEqual([ErrorCode.InvalidRequest, ErrorCode.TopicDeletionDisabled])
})

test.each(versionsOf(createPartitionsApi))('create partitions v%i', async (version) => {
  const context = await controlContext()
  await create(7, request(topic('a'), topic('b')), context)
  const topics = [
    { name: 'a', count: 3, assignments: null },
    { name: 'b', count: 2, assignments: [{ brokerIds: [9] }] },
    { name: 'c', count: 2, assignments: null },
  ]
  const answer = await grow(version, { topics, timeoutMs: 1000, validateOnly: false }, context)
  expect(answer.results.map(({ name, errorCode }) => [name, errorCode])).toEqual([
    ['a', 0],
    ['b', ErrorCode.InvalidReplicaAssignment],
    ['c', ErrorCode.UnknownTopicOrPartition],
  ])
  expect(context.image.topics.byName('a')!.partitions).toHaveLength(3)
})

test('auto-creation takes the defaults, and what is there by now is no error', async () => {
  const context = await controlContext()
  await create(7, request(topic('there.now')), context)
  const errors = await autoCreateTopics(context, ['new', 'there.now', 'there_now'])
  expect([...errors]).toEqual([['there_now', ErrorCode.InvalidTopicException]])
  expect(context.image.topics.byName('new')!.partitions).toHaveLength(3)
})
