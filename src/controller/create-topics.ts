// CreateTopics' rules: names, counts, assignments and configs. Pure. One topic's refusal spoils no other.
import { topicConfigsRefusal } from '../config/topic-configs.ts'
import { RESOURCE_TOPIC } from '../metadata/configs.ts'
import { ErrorCode } from '../model/error-codes.ts'
import { METADATA_TOPIC } from '../model/ids.ts'
import type { MetadataRecord } from '../wire/generated/metadata-records.ts'
import { type Assignment, automaticAssignment, isRefusal, manualAssignmentRefusal, newPartition } from './assignment.ts'
import type { AnswerOf, CommandOf, CreatedTopic, NewTopic, Refusal } from './commands.ts'
import type { ControllerState, Outcome } from './controller.ts'
import { collisionKey, topicNameRefusal } from './topic-names.ts'

/** In a request: take the default. */
const DEFAULT = -1

export function createTopics(
  state: ControllerState,
  { topics, validateOnly }: CommandOf<'create-topics'>,
): Outcome<AnswerOf<'create-topics'>> {
  const occurrences = new Map<string, number>()
  for (const { name } of topics) occurrences.set(name, (occurrences.get(name) ?? 0) + 1)
  const plan: Plan = { records: [], created: new Map(), partitionCount: 0 }
  const answer: CreatedTopic[] = []
  for (const topic of topics) {
    const times = occurrences.get(topic.name)
    if (times === 1) answer.push(createTopic(state, topic, plan))
    else if (times !== undefined) answer.push(repeated(topic.name))
    // A name that stands several times is answered once.
    if (times !== 1) occurrences.delete(topic.name)
  }
  return { records: validateOnly ? [] : plan.records, answer }
}

/** What the topics of this command before the one looked at come to. */
interface Plan {
  readonly records: MetadataRecord[]
  /** Names by collision key. */
  readonly created: Map<string, string>
  partitionCount: number
}

function createTopic(state: ControllerState, topic: NewTopic, plan: Plan): CreatedTopic {
  const { name, topicId } = topic
  const configs = new Map(topic.configs.map((each) => [each.name, each.value]))
  const refusal = nameRefusal(state, name, plan) ?? configsRefusal(configs)
  if (refusal !== null) return { name, refusal }
  const assignment = assignmentOf(state, topic, plan)
  if (isRefusal(assignment)) return { name, refusal: assignment }

  plan.created.set(collisionKey(name), name)
  plan.partitionCount += assignment.length
  plan.records.push({ type: 'TopicRecord', name, topicId })
  for (const [key, value] of configs) {
    plan.records.push({ type: 'ConfigRecord', resourceType: RESOURCE_TOPIC, resourceName: name, name: key, value })
  }
  for (const [partition, replicas] of assignment.entries()) {
    plan.records.push(newPartition(state, topicId, partition, replicas))
  }
  return {
    name,
    refusal: null,
    topicId,
    partitionCount: assignment.length,
    replicationFactor: assignment[0]!.length,
    configs: configs as ReadonlyMap<string, string>,
  }
}

function nameRefusal(state: ControllerState, name: string, plan: Plan): Refusal | null {
  const message = topicNameRefusal(name)
  if (message !== null) return { error: ErrorCode.InvalidTopicException, message }
  if (name === METADATA_TOPIC) {
    return { error: ErrorCode.TopicAuthorizationFailed, message: `Topic '${name}' is the cluster's own.` }
  }
  if (state.image.topics.byName(name) !== undefined) {
    return { error: ErrorCode.TopicAlreadyExists, message: `Topic '${name}' already exists.` }
  }
  const existing = state.collidingTopic(name) ?? plan.created.get(collisionKey(name))
  if (existing === undefined) return null
  const collision = `Topic '${name}' collides with existing topic: ${existing}`
  return { error: ErrorCode.InvalidTopicException, message: collision }
}

function configsRefusal(configs: ReadonlyMap<string, string | null>): Refusal | null {
  const message = topicConfigsRefusal(configs)
  return message === null ? null : { error: ErrorCode.InvalidConfig, message }
}

function assignmentOf(state: ControllerState, topic: NewTopic, plan: Plan): Assignment {
  if (topic.assignments.length > 0) return manualAssignment(state, topic)
  if (topic.replicationFactor < DEFAULT || topic.replicationFactor === 0) {
    return {
      error: ErrorCode.InvalidReplicationFactor,
      message: 'Replication factor must be larger than 0, or -1 to use the default value.',
    }
  }
  if (topic.partitionCount < DEFAULT || topic.partitionCount === 0) {
    return {
      error: ErrorCode.InvalidPartitions,
      message: 'Number of partitions was set to an invalid non-positive value.',
    }
  }
  const { partitionCountDefault, replicationFactorDefault, partitionsPerCommandMax } = state.settings
  const count = topic.partitionCount === DEFAULT ? partitionCountDefault : topic.partitionCount
  const factor = topic.replicationFactor === DEFAULT ? replicationFactorDefault : topic.replicationFactor
  if (plan.partitionCount + count > partitionsPerCommandMax) {
    return { error: ErrorCode.PolicyViolation, message: 'Excessively large number of partitions per request.' }
  }
  return automaticAssignment(state, state.image.topics.partitionCount + plan.partitionCount, count, factor)
}

function manualAssignment(state: ControllerState, topic: NewTopic): Assignment {
  const given = 'A manual partition assignment was specified, but'
  if (topic.replicationFactor !== DEFAULT) {
    return { error: ErrorCode.InvalidRequest, message: `${given} replication factor was not set to -1.` }
  }
  if (topic.partitionCount !== DEFAULT) {
    return { error: ErrorCode.InvalidRequest, message: `${given} numPartitions was not set to -1.` }
  }
  const sorted = [...topic.assignments].sort((a, b) => a.partition - b.partition)
  for (const [index, { partition, replicas }] of sorted.entries()) {
    if (partition === sorted[index - 1]?.partition) {
      const message = `Found multiple manual partition assignments for partition ${partition}`
      return { error: ErrorCode.InvalidReplicaAssignment, message }
    }
    if (partition !== index) {
      const message = 'partitions should be a consecutive 0-based integer sequence'
      return { error: ErrorCode.InvalidReplicaAssignment, message }
    }
    const refusal = manualAssignmentRefusal(state, partition, replicas, sorted[0]!.replicas.length)
    if (refusal !== null) return refusal
  }
  return sorted.map(({ replicas }) => replicas)
}

function repeated(name: string): CreatedTopic {
  return { name, refusal: { error: ErrorCode.InvalidRequest, message: 'Duplicate topic name.' } }
}
