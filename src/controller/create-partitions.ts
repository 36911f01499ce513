// CreatePartitions' rules: a topic only grows. Pure. One topic's refusal spoils no other.

import type { TopicImage } from '../metadata/topics.ts'
import { ErrorCode } from '../model/error-codes.ts'
import type { MetadataRecord } from '../wire/generated/metadata-records.ts'
import { type Assignment, automaticAssignment, isRefusal, manualAssignmentRefusal, newPartition } from './assignment.ts'
import type { AnswerOf, CommandOf, MorePartitions, Refusal } from './commands.ts'
import type { ControllerState, Outcome } from './controller.ts'

export function createPartitions(
  state: ControllerState,
  { topics, validateOnly }: CommandOf<'create-partitions'>,
): Outcome<AnswerOf<'create-partitions'>> {
  const byName = new Map<string, MorePartitions | 'repeated'>()
  for (const topic of topics) byName.set(topic.name, byName.has(topic.name) ? 'repeated' : topic)
  const records: MetadataRecord[] = []
  const answer: { name: string; refusal: Refusal | null }[] = []
  for (const [name, topic] of byName) {
    answer.push({ name, refusal: topic === 'repeated' ? repeated : grow(state, topic, records) })
  }
  return { records: validateOnly ? [] : records, answer }
}

const repeated: Refusal = { error: ErrorCode.InvalidRequest, message: 'Duplicate topic name.' }

/** Adds the new partitions' records, or says why not. */
function grow(state: ControllerState, request: MorePartitions, records: MetadataRecord[]): Refusal | null {
  const topic = state.image.topics.byName(request.name)
  if (topic === undefined) {
    return {
      error: ErrorCode.UnknownTopicOrPartition,
      message: 'This server does not host this topic-partition.',
    }
  }
  const existing = topic.partitions.length
  const refused = (message: string): Refusal => ({ error: ErrorCode.InvalidPartitions, message })
  if (request.count === existing) return refused(`Topic already has ${existing} partition(s).`)
  if (request.count < existing) {
    return refused(
      `The topic ${request.name} currently has ${existing} partition(s); ${request.count} would not be an increase.`,
    )
  }
  if (records.length + request.count - existing > state.settings.partitionsPerCommandMax) {
    return { error: ErrorCode.PolicyViolation, message: 'Excessively large number of partitions per request.' }
  }
  const assignment = assignmentOf(state, topic, request)
  if (isRefusal(assignment)) return assignment
  for (const [index, replicas] of assignment.entries()) {
    records.push(newPartition(state, topic.topicId, existing + index, replicas))
  }
  return null
}

function assignmentOf(state: ControllerState, topic: TopicImage, { count, assignments }: MorePartitions): Assignment {
  const existing = topic.partitions.length
  const added = count - existing
  const replicationFactor = topic.partitions[0]!.replicas.length
  if (assignments === null) return automaticAssignment(state, existing, added, replicationFactor)
  if (assignments.length !== added) {
    return {
      error: ErrorCode.InvalidReplicaAssignment,
      message:
        `Attempted to add ${added} additional partition(s), ` +
        `but only ${assignments.length} assignment(s) were specified.`,
    }
  }
  for (const [index, replicas] of assignments.entries()) {
    const refusal = manualAssignmentRefusal(state, existing + index, replicas, replicationFactor)
    if (refusal !== null) return refusal
  }
  return assignments
}
