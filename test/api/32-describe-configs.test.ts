import { expect, test } from 'vitest'
import { describeConfigs } from '../../src/api/32-describe-configs.ts'
import type { BrokerConfig } from '../../src/api/broker-config.ts'
import { topicConfigs } from '../../src/config/topic-configs.ts'
import { ErrorCode } from '../../src/model/error-codes.ts'
import {
  type DescribeConfigsRequest,
  type DescribeConfigsResource,
  describeConfigsApi,
  readDescribeConfigsResponse,
  writeDescribeConfigsRequest,
} from '../../src/wire/generated/32-describe-configs.ts'
import { brokerRecord, configRecord, partitionRecord, topicRecord } from '../metadata/records.ts'
import { client, controlContext, imageOf, versionsOf } from './harness.ts'

const call = client(describeConfigs, {
  writeRequest: writeDescribeConfigsRequest,
  readResponse: readDescribeConfigsResponse,
})

const brokerConfig = (name: string, value: string | null, change: Partial<BrokerConfig> = {}): BrokerConfig => ({
  name,
  value,
  type: 'LONG',
  isDefault: false,
  isReadOnly: true,
  isSensitive: false,
  documentation: `about ${name}`,
  ...change,
})

const brokerConfigs = [
  brokerConfig('log.retention.ms', null, { isDefault: true }),
  brokerConfig('log.retention.hours', '2', { type: 'INT' }),
  brokerConfig('log.segment.bytes', '1073741824', { type: 'INT', isDefault: true }),
  brokerConfig('ssl.key.password', 'hunter2', { type: 'PASSWORD', isSensitive: true }),
]

const image = imageOf(
  brokerRecord(1),
  topicRecord('t', 1),
  partitionRecord(1, 0),
  configRecord('t', 'cleanup.policy', 'compact'),
)

function ask(resources: Partial<DescribeConfigsResource>[], change: Partial<DescribeConfigsRequest> = {}) {
  const defaults = { resourceType: 2, resourceName: 't', configurationKeys: null }
  return {
    resources: resources.map((each) => ({ ...defaults, ...each })),
    includeSynonyms: false,
    includeDocumentation: false,
    ...change,
  }
}

test.each(versionsOf(describeConfigsApi))("v%i: a topic's configs and where they are from", async (version) => {
  const context = await controlContext({ image, brokerConfigs })
  const request = ask([{}], { includeSynonyms: true, includeDocumentation: true })
  const [result] = (await call(version, request, context)).results
  expect(result).toMatchObject({ errorCode: 0, resourceType: 2, resourceName: 't' })
  expect(result!.configs).toHaveLength(topicConfigs.size)
  const config = (name: string) => result!.configs.find((each) => each.name === name)!
  expect(config('cleanup.policy')).toMatchObject({ value: 'compact', configSource: 1, readOnly: false })
  expect(config('cleanup.policy').synonyms).toEqual([
    { name: 'cleanup.policy', value: 'compact', source: 1 },
    { name: 'log.cleanup.policy', value: 'delete', source: 5 },
  ])
  expect(config('retention.ms')).toMatchObject({
    value: '7200000',
    configSource: 4,
    synonyms: [{ name: 'log.retention.hours', value: '2', source: 4 }],
  })
  expect(config('segment.bytes')).toMatchObject({
    value: '1073741824',
    configSource: 5,
    synonyms: [{ name: 'log.segment.bytes', value: '1073741824', source: 5 }],
  })
  expect(config('millrace.durability')).toMatchObject({ value: 'durable', configSource: 5, synonyms: [] })
  expect(config('retention.ms').configType).toBe(version >= 3 ? 5 : 0)
  expect(config('cleanup.policy').configType).toBe(version >= 3 ? 7 : 0)
  expect(config('retention.ms').documentation).toBe(version >= 3 ? topicConfigs.get('retention.ms')!.documentation : '')
})

test("settings that are not acted on have Kafka's defaults for synonyms, in Kafka's names", async () => {
  const context = await controlContext({ image, brokerConfigs })
  const [result] = (await call(4, ask([{}], { includeSynonyms: true }), context)).results
  const synonyms = (name: string) => result!.configs.find((each) => each.name === name)!.synonyms
  expect(synonyms('delete.retention.ms')).toEqual([
    { name: 'log.cleaner.delete.retention.ms', value: '86400000', source: 5 },
  ])
  // The first of its two names has no default.
  expect(synonyms('flush.ms')).toEqual([
    { name: 'log.flush.scheduler.interval.ms', value: '9223372036854775807', source: 5 },
  ])
  expect(synonyms('follower.replication.throttled.replicas')).toEqual([])
})

test('groups and subscriptions to client metrics have no configs, but a name', async () => {
  const context = await controlContext({ image, brokerConfigs })
  for (const resourceType of [16, 32]) {
    const asked = ask(['some', ''].map((resourceName) => ({ resourceType, resourceName })))
    const { results } = await call(4, asked, context)
    expect(results.map(({ errorCode, configs }) => [errorCode, configs])).toEqual([
      [0, []],
      [ErrorCode.InvalidRequest, []],
    ])
  }
})

test('synonyms and documentation only when asked for', async () => {
  const context = await controlContext({ image, brokerConfigs })
  const [result] = (await call(4, ask([{}]), context)).results
  for (const { synonyms, documentation } of result!.configs) expect([synonyms, documentation]).toEqual([[], null])
})

test('some keys, or all for null and for none', async () => {
  const context = await controlContext({ image, brokerConfigs })
  const names = async (configurationKeys: string[] | null) =>
    (await call(4, ask([{ configurationKeys }]), context)).results[0]!.configs.map(({ name }) => name)
  expect(await names(['retention.ms', 'nope'])).toEqual(['retention.ms'])
  expect((await names([])).length).toBe((await names(null)).length)
})

test("the broker's own configs; what is secret stays so", async () => {
  const context = await controlContext({ image, brokerConfigs })
  const [result] = (await call(4, ask([{ resourceType: 4, resourceName: '1' }], { includeSynonyms: true }), context))
    .results
  expect(
    result!.configs.map(({ name, value, configSource, readOnly, configType }) => [
      name,
      value,
      configSource,
      readOnly,
      configType,
    ]),
  ).toEqual([
    ['log.retention.ms', null, 5, true, 5],
    ['log.retention.hours', '2', 4, true, 3],
    ['log.segment.bytes', '1073741824', 5, true, 3],
    ['ssl.key.password', null, 4, true, 9],
  ])
  expect(JSON.stringify(result)).not.toContain('hunter2')
})

test('each resource is answered in order, once, with its own error', async () => {
  const context = await controlContext({ image, brokerConfigs })
  const answer = await call(
    4,
    ask([
      { resourceName: 'nope' },
      { resourceName: 'a b' },
      {},
      { resourceType: 4, resourceName: '2' },
      { resourceType: 4, resourceName: 'one' },
      { resourceType: 4, resourceName: '' },
      { resourceType: 77, resourceName: 'x' },
      {},
    ]),
    context,
  )
  expect(answer.results.map(({ resourceName, errorCode }) => [resourceName, errorCode])).toEqual([
    ['nope', ErrorCode.UnknownTopicOrPartition],
    ['a b', ErrorCode.InvalidTopicException],
    ['t', 0],
    ['2', ErrorCode.InvalidRequest],
    ['one', ErrorCode.InvalidRequest],
    ['', 0],
    ['x', ErrorCode.InvalidRequest],
  ])
})
