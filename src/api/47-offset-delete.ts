// OffsetDelete (key 47), version 0: takes committed positions away. Runs on the shard of the connection, which refuses
// partitions that do not exist and asks the group's coordinator for the rest.
import { ErrorCode } from '../model/error-codes.ts'
import { defineGroupApi } from './group-calls.ts'
import { offsetDeleteCodec } from './group-codecs.ts'
import { refusalsOf, withoutRefused } from './group-topics.ts'

export const offsetDelete = defineGroupApi(offsetDeleteCodec, async (request, context) => {
  const refusals = refusalsOf(request.topics, context.image, false)
  const topics = withoutRefused(request.topics, refusals)
  // Also without a topic: whether the group is there is for its coordinator to say.
  const { response, error } = await context.groups.ask(offsetDeleteCodec, request.groupId, { ...request, topics })
  if (response === null) return { errorCode: error, throttleTimeMs: 0, topics: [] }
  if (response.errorCode !== ErrorCode.None) return response
  const errors = response.topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode))
  let next = 0
  return {
    errorCode: ErrorCode.None,
    throttleTimeMs: 0,
    topics: request.topics.map(({ name, partitions }, topic) => ({
      name,
      partitions: partitions.map(({ partitionIndex }, i) => {
        const refusal = refusals[topic]![i]!
        return { partitionIndex, errorCode: refusal === ErrorCode.None ? errors[next++]! : refusal }
      }),
    })),
  }
})
