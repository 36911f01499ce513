// OffsetFetch (key 9), versions 1-10: a group's committed positions. Runs on the shard of the connection, which asks the
// coordinator of each group. A group asked for again is answered once, or a small request could ask for an endless answer.
//
//   v2  all topics, and an error of the whole group   v8  several groups   v10  topic ids
import { ErrorCode } from '../model/error-codes.ts'
import type {
  OffsetFetchRequest,
  OffsetFetchRequestGroup,
  OffsetFetchResponse,
  OffsetFetchResponseGroup,
  OffsetFetchResponseTopics,
} from '../wire/generated/09-offset-fetch.ts'
import type { ShardContext } from './define-api.ts'
import { askForEach, defineGroupApi } from './group-calls.ts'
import { offsetFetchCodec } from './group-codecs.ts'

/** From here on a group has an error of its own. */
const GROUP_ERROR_VERSION = 2
const SEVERAL_GROUPS_VERSION = 8
const TOPIC_ID_VERSION = 10
const NONE = -1

export const offsetFetch = defineGroupApi(offsetFetchCodec, async (request, context) => {
  if (context.apiVersion < SEVERAL_GROUPS_VERSION) return fetchOne(request, context)
  const asked = new Map(request.groups.map((group) => [group.groupId, group]))
  const groups = await askForEach([...asked.values()], (group) => fetchGroup(group, request, context))
  return { throttleTimeMs: 0, topics: [], errorCode: ErrorCode.None, groups }
})

async function fetchOne(request: OffsetFetchRequest, context: ShardContext): Promise<OffsetFetchResponse> {
  const { response, error } = await context.groups.ask(offsetFetchCodec, request.groupId, request)
  if (response !== null) return response
  const topics = context.apiVersion < GROUP_ERROR_VERSION ? (request.topics ?? []) : []
  return {
    throttleTimeMs: 0,
    topics: topics.map(({ name, partitionIndexes }) => ({ name, partitions: without(partitionIndexes, error) })),
    errorCode: error,
    groups: [],
  }
}

async function fetchGroup(
  group: OffsetFetchRequestGroup,
  request: OffsetFetchRequest,
  context: ShardContext,
): Promise<OffsetFetchResponseGroup> {
  const { groupId, topics } = group
  const isKnown = topics?.map(
    ({ topicId }) => context.apiVersion < TOPIC_ID_VERSION || context.image.topics.byId(topicId) !== undefined,
  )
  const known = topics?.filter((_, i) => isKnown![i]) ?? null
  const asked = { ...request, groups: [{ ...group, topics: known }] }
  const { response, error } = await context.groups.ask(offsetFetchCodec, groupId, asked)
  const answered = response?.groups[0] ?? { groupId, topics: [], errorCode: error! }
  if (topics === null || answered.errorCode !== ErrorCode.None) return answered
  let next = 0
  return {
    ...answered,
    topics: topics.map((topic, i): OffsetFetchResponseTopics => {
      if (isKnown![i]) return answered.topics[next++]!
      const { name, topicId, partitionIndexes } = topic
      return { name, topicId, partitions: without(partitionIndexes, ErrorCode.UnknownTopicId) }
    }),
  }
}

function without(partitionIndexes: readonly number[], errorCode: ErrorCode) {
  return partitionIndexes.map((partitionIndex) => ({
    partitionIndex,
    committedOffset: NONE,
    committedLeaderEpoch: NONE,
    metadata: '',
    errorCode,
  }))
}
