// DescribeConfigs (key 32), versions 1-4: what topics and this broker are configured with, and where each value is from.
// Runs on the control thread.
//
// Groups and subscriptions to client metrics may be asked for and have none: no group is of a protocol that Kafka has
// configs for, and neither can be given any (alter-configs.ts).
//
//   v1  source and synonyms       v3  type and documentation       v4  flexible encoding
import type { ValueType } from '../config/values.ts'
import type { Refusal } from '../controller/commands.ts'
import { topicNameRefusal } from '../controller/topic-names.ts'
import { RESOURCE_BROKER, RESOURCE_CLIENT_METRICS, RESOURCE_GROUP, RESOURCE_TOPIC } from '../metadata/configs.ts'
import { ErrorCode } from '../model/error-codes.ts'
import {
  type DescribeConfigsRequest,
  type DescribeConfigsResource,
  type DescribeConfigsResourceResult,
  type DescribeConfigsResponse,
  type DescribeConfigsResult,
  describeConfigsApi,
  readDescribeConfigsRequest,
  writeDescribeConfigsResponse,
} from '../wire/generated/32-describe-configs.ts'
import { type BrokerConfig, serverProperty } from './broker-config.ts'
import { type ControlContext, defineControlApi } from './define-api.ts'
import { errorFields } from './refusals.ts'
import { ConfigSource, topicConfigEntries, topicConfigSynonyms } from './topic-config-entries.ts'

/** Kafka's numbers for the types of values. */
const typeNumbers: Readonly<Record<ValueType, number>> = {
  BOOLEAN: 1,
  STRING: 2,
  INT: 3,
  SHORT: 4,
  LONG: 5,
  DOUBLE: 6,
  LIST: 7,
  CLASS: 8,
  PASSWORD: 9,
}

const codec = { read: readDescribeConfigsRequest, write: writeDescribeConfigsResponse }

export const describeConfigs = defineControlApi(
  describeConfigsApi,
  codec,
  (request, context): DescribeConfigsResponse => {
    const brokerConfigs = new Map(context.brokerConfigs.map((each) => [each.name, each]))
    return {
      throttleTimeMs: 0,
      results: firstOfEach(request.resources).map((resource): DescribeConfigsResult => {
        const described = describe(resource, context, brokerConfigs)
        const { resourceType, resourceName } = resource
        if ('error' in described) return { ...errorFields(described), resourceType, resourceName, configs: [] }
        const configs = described.filter(isWanted(resource)).map((config) => withOptions(config, request))
        return { ...errorFields(null), resourceType, resourceName, configs }
      }),
    }
  },
)

/** A resource that is named again is answered once, or a small request could ask for an endless answer. */
function firstOfEach(resources: readonly DescribeConfigsResource[]): DescribeConfigsResource[] {
  const seen = new Map<string, DescribeConfigsResource>()
  for (const resource of resources) {
    const key = `${resource.resourceType} ${resource.resourceName}`
    if (!seen.has(key)) seen.set(key, resource)
  }
  return [...seen.values()]
}

type BrokerConfigs = ReadonlyMap<string, BrokerConfig>

function describe(
  { resourceType, resourceName }: DescribeConfigsResource,
  context: ControlContext,
  brokerConfigs: BrokerConfigs,
): DescribeConfigsResourceResult[] | Refusal {
  switch (resourceType) {
    case RESOURCE_TOPIC:
      return describeTopic(resourceName, context, brokerConfigs)
    case RESOURCE_BROKER:
      return describeBroker(resourceName, context)
    case RESOURCE_CLIENT_METRICS:
      return nothingOf('Client metrics subscription', resourceName)
    case RESOURCE_GROUP:
      return nothingOf('Group', resourceName)
    default:
      return { error: ErrorCode.InvalidRequest, message: `Unsupported resource type: ${resourceType}` }
  }
}

function describeTopic(
  name: string,
  { image, brokerConfigs: configs }: ControlContext,
  brokerConfigs: BrokerConfigs,
): DescribeConfigsResourceResult[] | Refusal {
  const invalid = topicNameRefusal(name)
  if (invalid !== null) return { error: ErrorCode.InvalidTopicException, message: invalid }
  if (image.topics.byName(name) === undefined) {
    const message = 'This server does not host this topic-partition.'
    return { error: ErrorCode.UnknownTopicOrPartition, message }
  }
  const own = image.configs.ofTopic(name)
  return topicConfigEntries(own, serverProperty(configs)).map(({ definition, value, source }) => ({
    name: definition.name,
    value,
    readOnly: false,
    configSource: source,
    isSensitive: false,
    synonyms: topicConfigSynonyms(definition, own, brokerConfigs),
    configType: typeNumbers[definition.type],
    documentation: definition.documentation,
  }))
}

function nothingOf(kind: string, name: string): DescribeConfigsResourceResult[] | Refusal {
  return name === '' ? { error: ErrorCode.InvalidRequest, message: `${kind} name must not be empty` } : []
}

/** The empty name stands for the defaults that all brokers share: none are set, as a broker's are not altered while it runs. */
function describeBroker(name: string, context: ControlContext): DescribeConfigsResourceResult[] | Refusal {
  if (name === '') return []
  const refused = (message: string): Refusal => ({ error: ErrorCode.InvalidRequest, message })
  if (!/^-?\d{1,10}$/.test(name)) return refused(`Broker id must be an integer, but it is: ${name}`)
  if (Number(name) !== context.nodeId) {
    return refused(`Unexpected broker id, expected ${context.nodeId} or empty string, but received ${name}`)
  }
  return context.brokerConfigs.map((config) => {
    const value = config.isSensitive ? null : config.value
    const source = config.isDefault ? ConfigSource.default : ConfigSource.server
    return {
      name: config.name,
      value,
      readOnly: config.isReadOnly,
      configSource: source,
      isSensitive: config.isSensitive,
      synonyms: [{ name: config.name, value, source }],
      configType: typeNumbers[config.type],
      documentation: config.documentation,
    }
  })
}

/** No keys at all, as null, ask for every config. */
function isWanted({ configurationKeys }: DescribeConfigsResource): (config: DescribeConfigsResourceResult) => boolean {
  if (configurationKeys === null || configurationKeys.length === 0) return () => true
  const keys = new Set(configurationKeys)
  return ({ name }) => keys.has(name)
}

function withOptions(
  config: DescribeConfigsResourceResult,
  request: DescribeConfigsRequest,
): DescribeConfigsResourceResult {
  return {
    ...config,
    synonyms: request.includeSynonyms ? config.synonyms : [],
    documentation: request.includeDocumentation ? config.documentation : null,
  }
}
