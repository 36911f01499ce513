// A topic's configs as DescribeConfigs and CreateTopics show them: the value in force and where it comes from.
import { KAFKA_KEYS } from '../config/kafka-keys.ts'
import { effectiveTopicConfig, type ServerProperty, type TopicConfig, topicConfigs } from '../config/topic-configs.ts'
import type { KeyFacts } from '../config/values.ts'
import type { ResourceConfigs } from '../metadata/configs.ts'
import type { BrokerConfig } from './broker-config.ts'

type Property = Pick<BrokerConfig, 'name' | 'value' | 'isDefault'>

/** Kafka's numbers for where a value comes from. */
export const ConfigSource = { topic: 1, server: 4, default: 5 } as const

export interface TopicConfigEntry {
  readonly definition: TopicConfig
  readonly value: string
  readonly source: number
}

export function topicConfigEntries(own: ResourceConfigs | undefined, server: ServerProperty): TopicConfigEntry[] {
  return Array.from(topicConfigs.values(), (definition) => {
    const { value, source } = effectiveTopicConfig(definition, own, server)
    return { definition, value, source: ConfigSource[source] }
  })
}

export interface ConfigSynonym {
  readonly name: string
  readonly value: string | null
  readonly source: number
}

/**
 * What the value could come from, the strongest first: the topic, properties that are set, properties by default. Those
 * that this broker does not act on have Kafka's default.
 */
export function topicConfigSynonyms(
  definition: TopicConfig,
  own: ResourceConfigs | undefined,
  brokerConfigs: ReadonlyMap<string, Property>,
): ConfigSynonym[] {
  const value = own?.get(definition.name)
  const ofTopic = value === undefined ? [] : [{ name: definition.name, value, source: ConfigSource.topic }]
  const known: Property[] = definition.synonyms.flatMap(({ name }) => brokerConfigs.get(name) ?? kafkaDefault(name))
  const set = known.filter((each) => !each.isDefault)
  const byDefault = known.filter((each) => each.isDefault && each.value !== null)
  return [
    ...ofTopic,
    ...set.map((each) => ({ name: each.name, value: each.value, source: ConfigSource.server })),
    ...byDefault.map((each) => ({ name: each.name, value: each.value, source: ConfigSource.default })),
  ]
}

function kafkaDefault(name: string): Property[] {
  const facts: KeyFacts | undefined = KAFKA_KEYS[name as keyof typeof KAFKA_KEYS]
  return facts === undefined ? [] : [{ name, value: facts.default, isDefault: true }]
}
