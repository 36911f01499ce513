import { expect, test } from 'vitest'
import { alterConfigs } from '../../src/api/33-alter-configs.ts'
import { incrementalAlterConfigs } from '../../src/api/44-incremental-alter-configs.ts'
import { ErrorCode } from '../../src/model/error-codes.ts'
import {
  type AlterableConfig,
  alterConfigsApi,
  readAlterConfigsResponse,
  writeAlterConfigsRequest,
} from '../../src/wire/generated/33-alter-configs.ts'
import {
  type IncrementallyAlterableConfig,
  incrementalAlterConfigsApi,
  readIncrementalAlterConfigsResponse,
  writeIncrementalAlterConfigsRequest,
} from '../../src/wire/generated/44-incremental-alter-configs.ts'
import { client, controlContext, versionsOf } from './harness.ts'

const alterWhole = client(alterConfigs, {
  writeRequest: writeAlterConfigsRequest,
  readResponse: readAlterConfigsResponse,
})
const alterSingle = client(incrementalAlterConfigs, {
  writeRequest: writeIncrementalAlterConfigsRequest,
  readResponse: readIncrementalAlterConfigsResponse,
})

const [SET, DELETE, APPEND] = [0, 1, 2]
const [TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP] = [2, 4, 8, 16, 32]

async function contextWithTopic() {
  const context = await controlContext()
  const topic = { name: 't', topicId: context.newUuid(), partitionCount: 1, replicationFactor: 1, assignments: [] }
  await context.submit('create-topics', {
    topics: [{ ...topic, configs: [{ name: 'retention.ms', value: '5' }] }],
    validateOnly: false,
  })
  const own = () => Object.fromEntries(context.image.configs.ofTopic('t') ?? [])
  return { context, own }
}

const change = (
  name: string,
  value: string | null,
  configOperation = SET,
): IncrementallyAlterableConfig & AlterableConfig => ({ name, configOperation: configOperation!, value })

test.each(versionsOf(incrementalAlterConfigsApi))('v%i: single configs of a topic', async (version) => {
  const { context, own } = await contextWithTopic()
  const request = (configs: IncrementallyAlterableConfig[], validateOnly = false) => ({
    resources: [{ resourceType: TOPIC!, resourceName: 't', configs }],
    validateOnly,
  })
  const changes = [change('segment.ms', '7'), change('cleanup.policy', 'compact', APPEND)]
  expect(await alterSingle(version, request(changes, true), context)).toEqual({
    throttleTimeMs: 0,
    responses: [{ errorCode: 0, errorMessage: null, resourceType: TOPIC, resourceName: 't' }],
  })
  expect(own()).toEqual({ 'retention.ms': '5' })
  await alterSingle(version, request(changes), context)
  expect(own()).toEqual({ 'retention.ms': '5', 'segment.ms': '7', 'cleanup.policy': 'delete,compact' })
  await alterSingle(version, request([change('retention.ms', null, DELETE)]), context)
  expect(own()).toEqual({ 'segment.ms': '7', 'cleanup.policy': 'delete,compact' })
})

test.each(versionsOf(alterConfigsApi))('v%i: the whole configuration of a topic', async (version) => {
  const { context, own } = await contextWithTopic()
  const resources = [{ resourceType: TOPIC!, resourceName: 't', configs: [change('segment.ms', '7')] }]
  expect(await alterWhole(version, { resources, validateOnly: true }, context)).toEqual({
    throttleTimeMs: 0,
    responses: [{ errorCode: 0, errorMessage: null, resourceType: TOPIC, resourceName: 't' }],
  })
  expect(own()).toEqual({ 'retention.ms': '5' })
  await alterWhole(version, { resources, validateOnly: false }, context)
  expect(own()).toEqual({ 'segment.ms': '7' })
})

const refused = ErrorCode.InvalidRequest
test.each([
  ['a null', TOPIC, 't', [change('segment.ms', null)], refused, 'Null value not supported for : segment.ms'],
  ['a key twice', TOPIC, 't', [change('a', 'b'), change('a', 'c')], refused, 'Error due to duplicate config keys'],
  ['an unheard-of operation', TOPIC, 't', [change('segment.ms', '7', 4)], refused, 'Unknown operations type 4'],
  ['a value', TOPIC, 't', [change('segment.ms', 'x')], ErrorCode.InvalidConfig, /Invalid value x/],
  ['a topic', TOPIC, 'u', [], ErrorCode.UnknownTopicOrPartition, "The topic 'u' does not exist."],
  [
    'this broker',
    BROKER,
    '1',
    [change('log.dirs', '/')],
    refused,
    /^Cannot update these configs dynamically.*log.dirs$/,
  ],
  ['all brokers', BROKER, '', [change('message.max.bytes', '9')], refused, /^Cannot update these configs dynamically/],
  ['another broker', BROKER, '2', [], refused, 'Unexpected broker id, expected 1, but received 2'],
  ['no broker', BROKER, 'one', [], refused, 'Node id must be an integer, but it is: one'],
  ['a logger', BROKER_LOGGER, '1', [change('root', 'DEBUG')], refused, 'Unknown resource type 8'],
  ['client metrics', CLIENT_METRICS, 'm', [change('metrics', '*')], refused, /^Unknown client metrics configuration/],
  ['nameless client metrics', CLIENT_METRICS, '', [], refused, "Subscription name can't be empty"],
  ['a group', GROUP, 'g', [change('a', '1')], ErrorCode.InvalidConfig, 'Unknown group config name: a'],
  ['a nameless group', GROUP, '', [], refused, 'Default group resources are not allowed.'],
  ['an unknown type', 77, 'x', [], refused, 'Unknown resource type 77'],
])('what can not be altered is refused: %s', async (_, resourceType, resourceName, configs, errorCode, words) => {
  const { context, own } = await contextWithTopic()
  const resources = [{ resourceType: resourceType!, resourceName, configs }]
  const { responses } = await alterSingle(1, { resources, validateOnly: false }, context)
  expect(responses).toEqual([{ errorCode, errorMessage: expect.stringMatching(words), resourceType, resourceName }])
  expect(own()).toEqual({ 'retention.ms': '5' })
})

test('what is not set anyway may be deleted of everything', async () => {
  const { context } = await contextWithTopic()
  const of = (resourceType: number, resourceName: string) => ({
    resourceType,
    resourceName,
    configs: [change('no.such.config', null, DELETE)],
  })
  const resources = [of(TOPIC!, 't'), of(BROKER!, '1'), of(BROKER!, ''), of(CLIENT_METRICS!, 'm'), of(GROUP!, 'g')]
  const { responses } = await alterSingle(1, { resources, validateOnly: false }, context)
  expect(responses.map(({ errorCode }) => errorCode)).toEqual([0, 0, 0, 0, 0])
})

test('a resource that stands twice is refused, once; the others are altered', async () => {
  const { context, own } = await contextWithTopic()
  const once = { resourceType: TOPIC!, resourceName: 't', configs: [change('segment.ms', '7')] }
  const twice = { resourceType: TOPIC!, resourceName: 'u', configs: [] }
  const { responses } = await alterSingle(1, { resources: [twice, once, twice], validateOnly: false }, context)
  expect(responses).toMatchObject([
    { resourceName: 'u', errorCode: ErrorCode.InvalidRequest, errorMessage: 'Each resource must appear at most once.' },
    { resourceName: 't', errorCode: 0 },
  ])
  expect(own()).toEqual({ 'retention.ms': '5', 'segment.ms': '7' })
})
