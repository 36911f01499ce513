// CreateTopics (key 19), versions 2-7. Runs on the control thread; answered when the topics are committed.
//
//   v4  -1 takes the server's default for partitions and replicas       v5  flexible; the configs in force in the answer
//   v7  the topic's id in the answer

import type { ServerProperty } from '../config/topic-configs.ts'
import type { CreatedTopic, NewTopic } from '../controller/commands.ts'
import { ErrorCode } from '../model/error-codes.ts'
import { ZERO_UUID } from '../model/uuid.ts'
import {
  type CreatableTopic,
  type CreatableTopicResult,
  type CreateTopicsResponse,
  createTopicsApi,
  readCreateTopicsRequest,
  writeCreateTopicsResponse,
} from '../wire/generated/19-create-topics.ts'
import { serverProperty } from './broker-config.ts'
import { defineControlApi } from './define-api.ts'
import { errorFields } from './refusals.ts'
import { topicConfigEntries } from './topic-config-entries.ts'

const codec = { read: readCreateTopicsRequest, write: writeCreateTopicsResponse }

export const createTopics = defineControlApi(
  createTopicsApi,
  codec,
  async (request, context): Promise<CreateTopicsResponse> => {
    const { validateOnly } = request
    const topics = request.topics.map((topic) => newTopic(topic, context.newUuid()))
    const created = await context.submit('create-topics', { topics, validateOnly })
    const server = serverProperty(context.brokerConfigs)
    return { throttleTimeMs: 0, topics: created.map((topic) => result(topic, validateOnly, server)) }
  },
)

function newTopic(topic: CreatableTopic, topicId: string): NewTopic {
  return {
    name: topic.name,
    topicId,
    partitionCount: topic.numPartitions,
    replicationFactor: topic.replicationFactor,
    assignments: topic.assignments.map((each) => ({ partition: each.partitionIndex, replicas: each.brokerIds })),
    configs: topic.configs,
  }
}

function result(topic: CreatedTopic, validateOnly: boolean, server: ServerProperty): CreatableTopicResult {
  if (topic.refusal !== null) {
    return {
      name: topic.name,
      topicId: ZERO_UUID,
      ...errorFields(topic.refusal),
      topicConfigErrorCode: ErrorCode.None,
      numPartitions: -1,
      replicationFactor: -1,
      configs: [],
    }
  }
  return {
    name: topic.name,
    // An id that was only tried out belongs to no topic.
    topicId: validateOnly ? ZERO_UUID : topic.topicId,
    ...errorFields(null),
    topicConfigErrorCode: ErrorCode.None,
    numPartitions: topic.partitionCount,
    replicationFactor: topic.replicationFactor,
    configs: topicConfigEntries(topic.configs, server).map(({ definition, value, source }) => ({
      name: definition.name,
      value,
      readOnly: false,
      configSource: source,
      isSensitive: false,
    })),
  }
}
