// ListOffsets (key 2), versions 1-11: the offset at a timestamp, or at one of Kafka's marks below zero. Runs on the shard
// of the connection, which asks the shards of the partitions.
//
//   v2  isolation level   v4  leader epochs   v6  flexible   v7  -3 the largest timestamp   v8  -4 earliest local
//   v9  -5 latest tiered (nothing is tiered: -1)            v10  timeout                  v11  -6 earliest not uploaded
import { ErrorCode } from '../model/error-codes.ts'
import {
  type ListOffsetsPartition,
  type ListOffsetsPartitionResponse,
  type ListOffsetsResponse,
  listOffsetsApi,
  readListOffsetsRequest,
  writeListOffsetsResponse,
} from '../wire/generated/02-list-offsets.ts'
import { defineShardApi, type ShardContext } from './define-api.ts'
import { leaderRefusal } from './leader-refusal.ts'

const codec = { read: readListOffsetsRequest, write: writeListOffsetsResponse }

export const listOffsets = defineShardApi(
  listOffsetsApi,
  codec,
  async (request, context): Promise<ListOffsetsResponse> => {
    const topics = request.topics.map(async ({ name, partitions }) => ({
      name,
      partitions: await Promise.all(partitions.map((asked) => answerTo(name, asked, context))),
    }))
    return { throttleTimeMs: 0, topics: await Promise.all(topics) }
  },
)

async function answerTo(
  topic: string,
  { partitionIndex, timestamp, currentLeaderEpoch }: ListOffsetsPartition,
  context: ShardContext,
): Promise<ListOffsetsPartitionResponse> {
  const none = { partitionIndex, oldStyleOffsets: [], timestamp: -1, offset: -1, leaderEpoch: -1 }
  const refusal = leaderRefusal(topic, partitionIndex, context)
  if (refusal !== ErrorCode.None) return { ...none, errorCode: refusal }
  const route = context.routes.topicByName(topic)!.partitions[partitionIndex]!
  const answer = await context.queries.offsetFor(route, timestamp, currentLeaderEpoch)
  return {
    ...none,
    errorCode: answer.error,
    timestamp: answer.timestamp,
    offset: answer.offset,
    leaderEpoch: answer.leaderEpoch,
  }
}
