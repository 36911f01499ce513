// Metadata (key 3), versions 0-13: brokers, and topics with their partitions' leaders.
//
// Runs on the shard where the request came in, from that shard's image. Topics that are missing are created first, if
// server and client want it; the answer then has them, so that no client needs a second round.
//
//   v0   empty topics mean all       v1   null means all, empty none       v4  the client may forbid auto-creation
//   v10  topic ids in the answer     v12  topics by id                     v13 error of the whole request

import { isInternalTopic, topicNameRefusal } from '../controller/topic-names.ts'
import type { PartitionImage, TopicImage } from '../metadata/topics.ts'
import { ErrorCode } from '../model/error-codes.ts'
import { NO_BROKER } from '../model/ids.ts'
import { ZERO_UUID } from '../model/uuid.ts'
import {
  type MetadataRequest,
  type MetadataRequestTopic,
  type MetadataResponse,
  type MetadataResponsePartition,
  type MetadataResponseTopic,
  metadataApi,
  readMetadataRequest,
  writeMetadataResponse,
} from '../wire/generated/03-metadata.ts'
import { CLUSTER_OPERATIONS, OPERATIONS_NOT_ASKED, TOPIC_OPERATIONS } from './authorized-operations.ts'
import { defineShardApi, type ShardContext } from './define-api.ts'

/** From here on a topic can be asked for by its id. */
const TOPIC_ID_VERSION = 12
/** From here on a leader without the client's listener has an error of its own. */
const LISTENER_NOT_FOUND_VERSION = 6

const codec = { read: readMetadataRequest, write: writeMetadataResponse }

export const metadata = defineShardApi(metadataApi, codec, async (request, context): Promise<MetadataResponse> => {
  const asked = topicsAsked(request, context.apiVersion)
  const refused = asked === null ? noErrors : await createMissing(asked, request, context)
  const { brokers } = context.image
  return {
    throttleTimeMs: 0,
    brokers: [...brokers.all()].flatMap(({ id, rack, fenced }) => {
      const endPoint = brokers.endPoint(id, context.listenerName)
      if (fenced || endPoint === undefined) return []
      return [{ nodeId: id, host: endPoint.host, port: endPoint.port, rack }]
    }),
    clusterId: context.clusterId,
    // In KRaft clients send what is the controller's to any broker, which passes it on.
    controllerId: brokers.isAlive(context.nodeId) ? context.nodeId : NO_BROKER,
    topics:
      asked === null
        ? Array.from(context.image.topics.all(), (topic) => found(topic, request, context))
        : asked.map((topic) => answerTo(topic, refused, request, context)),
    clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? CLUSTER_OPERATIONS : OPERATIONS_NOT_ASKED,
    errorCode: ErrorCode.None,
  }
})

const noErrors: ReadonlyMap<string, ErrorCode> = new Map()

/** Null: all topics. A topic asked for again is answered once, or a small request could ask for an endless answer. */
function topicsAsked({ topics }: MetadataRequest, apiVersion: number): readonly MetadataRequestTopic[] | null {
  if (topics === null || (apiVersion === 0 && topics.length === 0)) return null
  const asked = new Map<string, MetadataRequestTopic>()
  for (const topic of topics) {
    const key = `${topic.topicId} ${topic.name}`
    if (!asked.has(key)) asked.set(key, topic)
  }
  return [...asked.values()]
}

/** Returns the errors of those that could not be created. */
async function createMissing(
  asked: readonly MetadataRequestTopic[],
  request: MetadataRequest,
  context: ShardContext,
): Promise<ReadonlyMap<string, ErrorCode>> {
  if (context.createTopics === null || !request.allowAutoTopicCreation) return noErrors
  const missing = new Set<string>()
  for (const { name, topicId } of asked) {
    if (name === null || topicId !== ZERO_UUID || context.image.topics.byName(name) !== undefined) continue
    if (topicNameRefusal(name) === null) missing.add(name)
  }
  return missing.size === 0 ? noErrors : context.createTopics([...missing])
}

function answerTo(
  asked: MetadataRequestTopic,
  refused: ReadonlyMap<string, ErrorCode>,
  request: MetadataRequest,
  context: ShardContext,
): MetadataResponseTopic {
  const { name, topicId } = asked
  const byId = topicId !== ZERO_UUID
  if (context.apiVersion < TOPIC_ID_VERSION && (byId || name === null)) {
    return withoutPartitions(ErrorCode.InvalidRequest, name ?? '', topicId)
  }
  if (byId) {
    const topic = context.image.topics.byId(topicId)
    return topic === undefined
      ? withoutPartitions(ErrorCode.UnknownTopicId, null, topicId)
      : found(topic, request, context)
  }
  if (name === null) return withoutPartitions(ErrorCode.InvalidRequest, null, ZERO_UUID)
  const topic = context.image.topics.byName(name)
  if (topic !== undefined) return found(topic, request, context)
  const invalid = topicNameRefusal(name) !== null
  const error = invalid ? ErrorCode.InvalidTopicException : (refused.get(name) ?? ErrorCode.UnknownTopicOrPartition)
  return withoutPartitions(error, name, ZERO_UUID)
}

function withoutPartitions(errorCode: ErrorCode, name: string | null, topicId: string): MetadataResponseTopic {
  const isInternal = name !== null && isInternalTopic(name)
  return { errorCode, name, topicId, isInternal, partitions: [], topicAuthorizedOperations: OPERATIONS_NOT_ASKED }
}

function found(topic: TopicImage, request: MetadataRequest, context: ShardContext): MetadataResponseTopic {
  return {
    errorCode: ErrorCode.None,
    name: topic.name,
    topicId: topic.topicId,
    isInternal: isInternalTopic(topic.name),
    partitions: topic.partitions.map((partition, index) => describePartition(partition, index, context)),
    topicAuthorizedOperations: request.includeTopicAuthorizedOperations ? TOPIC_OPERATIONS : OPERATIONS_NOT_ASKED,
  }
}

function describePartition(partition: PartitionImage, index: number, context: ShardContext): MetadataResponsePartition {
  const { brokers } = context.image
  const { leader, leaderEpoch, replicas, isr } = partition
  let errorCode: ErrorCode = ErrorCode.None
  if (!brokers.isAlive(leader)) errorCode = ErrorCode.LeaderNotAvailable
  else if (brokers.endPoint(leader, context.listenerName) === undefined) {
    const hasName = context.apiVersion >= LISTENER_NOT_FOUND_VERSION
    errorCode = hasName ? ErrorCode.ListenerNotFound : ErrorCode.LeaderNotAvailable
  }
  return {
    errorCode,
    partitionIndex: index,
    leaderId: errorCode === ErrorCode.None ? leader : NO_BROKER,
    leaderEpoch,
    replicaNodes: [...replicas],
    isrNodes: [...isr],
    offlineReplicas: replicas.filter((id) => !brokers.isAlive(id)),
  }
}
