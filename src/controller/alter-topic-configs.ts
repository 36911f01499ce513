// The rules of AlterConfigs and IncrementalAlterConfigs for topics: what a topic's own configs come to, held as a whole
// against what configs may be. Pure. One topic's refusal spoils no other, and changes nothing of the topic.
import { listOf } from '../config/config-value.ts'
import { topicConfigs, topicConfigsRefusal } from '../config/topic-configs.ts'
import { RESOURCE_TOPIC, type ResourceConfigs } from '../metadata/configs.ts'
import { ErrorCode } from '../model/error-codes.ts'
import type { MetadataRecord } from '../wire/generated/metadata-records.ts'
import type { AnswerOf, CommandOf, ConfigChange, ConfigChanges, Refusal } from './commands.ts'
import type { ControllerState, Outcome } from './state.ts'
import { isInternalTopic, topicNameRefusal } from './topic-names.ts'

export function alterTopicConfigs(
  state: ControllerState,
  { topics, isWhole, validateOnly }: CommandOf<'alter-topic-configs'>,
): Outcome<AnswerOf<'alter-topic-configs'>> {
  const records: MetadataRecord[] = []
  const answer = topics.map((topic) => ({ name: topic.name, refusal: alter(state, topic, isWhole, records) }))
  return { records: validateOnly ? [] : records, answer }
}

/** Adds the records of what changes, or says why not. */
function alter(
  state: ControllerState,
  { name, changes }: ConfigChanges,
  isWhole: boolean,
  records: MetadataRecord[],
): Refusal | null {
  const before: ResourceConfigs = state.image.configs.ofTopic(name) ?? new Map()
  const after = new Map(isWhole ? [] : before)
  for (const change of changes) {
    const refusal = apply(change, after)
    if (refusal !== null) return refusal
  }
  const refusal =
    nameRefusal(name) ?? configsRefusal(after) ?? internalRefusal(name, after) ?? existenceRefusal(state, name)
  if (refusal !== null) return refusal
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const value = after.get(key) ?? null
    if (value === (before.get(key) ?? null)) continue
    records.push({ type: 'ConfigRecord', resourceType: RESOURCE_TOPIC, resourceName: name, name: key, value })
  }
  return null
}

function apply({ name, operation, value }: ConfigChange, configs: Map<string, string>): Refusal | null {
  switch (operation) {
    case 'set':
      configs.set(name, value)
      return null
    case 'delete':
      configs.delete(name)
      return null
    case 'append':
    case 'subtract': {
      const definition = topicConfigs.get(name)
      if (definition?.type !== 'LIST') {
        const message = `Can't ${operation.toUpperCase()} to key ${name} because its type is not LIST.`
        return { error: ErrorCode.InvalidConfig, message }
      }
      const items = listOf(configs.get(name) ?? definition.default)
      const changed = new Set(listOf(value))
      const after =
        operation === 'append' ? [...new Set([...items, ...changed])] : items.filter((item) => !changed.has(item))
      configs.set(name, after.join(','))
      return null
    }
  }
}

function nameRefusal(name: string): Refusal | null {
  if (name === '') return { error: ErrorCode.InvalidRequest, message: 'Default topic resources are not allowed.' }
  const message = topicNameRefusal(name)
  return message === null ? null : { error: ErrorCode.InvalidTopicException, message }
}

function configsRefusal(configs: ResourceConfigs): Refusal | null {
  const message = topicConfigsRefusal(configs)
  return message === null ? null : { error: ErrorCode.InvalidConfig, message }
}

/** What the cluster answers for by its own topics survives a power cut. */
function internalRefusal(name: string, configs: ResourceConfigs): Refusal | null {
  if (!isInternalTopic(name) || configs.get('millrace.durability') !== 'os') return null
  return { error: ErrorCode.InvalidConfig, message: `The internal topic '${name}' is durable.` }
}

function existenceRefusal(state: ControllerState, name: string): Refusal | null {
  if (state.image.topics.byName(name) !== undefined) return null
  return { error: ErrorCode.UnknownTopicOrPartition, message: `The topic '${name}' does not exist.` }
}
