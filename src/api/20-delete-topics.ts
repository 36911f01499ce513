// DeleteTopics (key 20), versions 1-6. Runs on the control thread; answered when the deletion is committed.
//
//   v5  messages       v6  topics by name or by id

import type { TopicReference } from '../controller/commands.ts'
import { ErrorCode } from '../model/error-codes.ts'
import { ZERO_UUID } from '../model/uuid.ts'
import {
  type DeleteTopicsRequest,
  type DeleteTopicsResponse,
  deleteTopicsApi,
  readDeleteTopicsRequest,
  writeDeleteTopicsResponse,
} from '../wire/generated/20-delete-topics.ts'
import { defineControlApi } from './define-api.ts'
import { errorFields } from './refusals.ts'

const TOPIC_ID_VERSION = 6
/** Before this version clients don't know TOPIC_DELETION_DISABLED. */
const DELETION_DISABLED_VERSION = 3

const codec = { read: readDeleteTopicsRequest, write: writeDeleteTopicsResponse }

export const deleteTopics = defineControlApi(
  deleteTopicsApi,
  codec,
  async (request, context): Promise<DeleteTopicsResponse> => {
    const topics = references(request, context.apiVersion)
    const deleted = await context.submit('delete-topics', { topics })
    const responses = deleted.map(({ name, topicId, refusal }) => ({
      name,
      topicId: topicId ?? ZERO_UUID,
      ...errorFields(refusal),
    }))
    if (context.apiVersion < DELETION_DISABLED_VERSION) {
      for (const each of responses) {
        if (each.errorCode === ErrorCode.TopicDeletionDisabled) each.errorCode = ErrorCode.InvalidRequest
      }
    }
    return { throttleTimeMs: 0, responses }
  },
)

function references(request: DeleteTopicsRequest, apiVersion: number): TopicReference[] {
  if (apiVersion < TOPIC_ID_VERSION) return request.topicNames.map((name) => ({ name, topicId: null }))
  return request.topics.map(({ name, topicId }) => ({ name, topicId: topicId === ZERO_UUID ? null : topicId }))
}
