// OffsetCommit (key 8), versions 2-10: a group's positions. Runs on the shard of the connection, which refuses partitions
// that do not exist and asks the group's coordinator for the rest.
//
//   v6  leader epoch   v7  static members   v9  members of KIP-848   v10  topic ids
import { ErrorCode } from '../model/error-codes.ts'
import { defineGroupApi } from './group-calls.ts'
import { offsetCommitCodec } from './group-codecs.ts'
import { refusalsOf, withoutRefused } from './group-topics.ts'

const TOPIC_ID_VERSION = 10

export const offsetCommit = defineGroupApi(offsetCommitCodec, async (request, context) => {
  const { image, apiVersion, groups } = context
  const refusals = refusalsOf(request.topics, image, apiVersion >= TOPIC_ID_VERSION)
  const topics = withoutRefused(request.topics, refusals)
  const answer = topics.length > 0 ? await groups.ask(offsetCommitCodec, request.groupId, { ...request, topics }) : null
  // The coordinator answers for each partition it was asked about, in that order.
  const errors = answer?.response?.topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode))
  let next = 0
  return {
    throttleTimeMs: 0,
    topics: request.topics.map(({ name, topicId, partitions }, topic) => ({
      name,
      topicId,
      partitions: partitions.map(({ partitionIndex }, i) => {
        const refusal = refusals[topic]![i]!
        const errorCode = refusal === ErrorCode.None ? (answer?.error ?? errors![next++]!) : refusal
        return { partitionIndex, errorCode }
      }),
    })),
  }
})
