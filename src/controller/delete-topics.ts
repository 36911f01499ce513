// DeleteTopics' rules: which topics may go. Pure.

import type { TopicImage } from '../metadata/topics.ts'
import { ErrorCode } from '../model/error-codes.ts'
import { ZERO_UUID } from '../model/uuid.ts'
import type { MetadataRecord } from '../wire/generated/metadata-records.ts'
import type { AnswerOf, CommandOf, DeletedTopic, Refusal, TopicReference } from './commands.ts'
import type { ControllerState, Outcome } from './controller.ts'

export function deleteTopics(
  state: ControllerState,
  { topics }: CommandOf<'delete-topics'>,
): Outcome<AnswerOf<'delete-topics'>> {
  const records: MetadataRecord[] = []
  const deleted = new Set<TopicImage>()
  const answer = topics.map((reference): DeletedTopic => {
    const found = find(state, reference)
    if ('error' in found) return { ...reference, refusal: found }
    const { name, topicId } = found
    if (deleted.has(found)) {
      return { ...reference, refusal: { error: ErrorCode.InvalidRequest, message: 'Duplicate topic name or id.' } }
    }
    deleted.add(found)
    records.push({ type: 'RemoveTopicRecord', topicId })
    return { name, topicId, refusal: null }
  })
  return { records, answer }
}

function find(state: ControllerState, { name, topicId }: TopicReference): TopicImage | Refusal {
  if (!state.settings.deleteTopicEnable) {
    return { error: ErrorCode.TopicDeletionDisabled, message: 'Topic deletion is disabled.' }
  }
  const id = topicId === ZERO_UUID ? null : topicId
  if (name !== null && id !== null) {
    return { error: ErrorCode.InvalidRequest, message: 'You may not specify both topic name and topic id.' }
  }
  if (name !== null) {
    return (
      state.image.topics.byName(name) ?? {
        error: ErrorCode.UnknownTopicOrPartition,
        message: 'This server does not host this topic-partition.',
      }
    )
  }
  if (id === null) return { error: ErrorCode.InvalidRequest, message: 'Neither topic name nor id were specified.' }
  return (
    state.image.topics.byId(id) ?? {
      error: ErrorCode.UnknownTopicId,
      message: 'This server does not host this topic ID.',
    }
  )
}
