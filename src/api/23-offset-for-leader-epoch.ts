// OffsetForLeaderEpoch (key 23), versions 2-4: where a leader epoch ended, so that a client or follower can tell whether
// its log is still a prefix of the leader's (KIP-101, KIP-320). Runs on the shard of the connection, which asks the
// shards of the partitions.
//
//   v3  the replica that asks      v4  flexible encoding
import { ErrorCode } from '../model/error-codes.ts'
import {
  type EpochEndOffset,
  type OffsetForLeaderEpochResponse,
  type OffsetForLeaderPartition,
  offsetForLeaderEpochApi,
  readOffsetForLeaderEpochRequest,
  writeOffsetForLeaderEpochResponse,
} from '../wire/generated/23-offset-for-leader-epoch.ts'
import { defineShardApi, type ShardContext } from './define-api.ts'
import { leaderRefusal } from './leader-refusal.ts'

const codec = { read: readOffsetForLeaderEpochRequest, write: writeOffsetForLeaderEpochResponse }

export const offsetForLeaderEpoch = defineShardApi(
  offsetForLeaderEpochApi,
  codec,
  async (request, context): Promise<OffsetForLeaderEpochResponse> => {
    const topics = request.topics.map(async ({ topic, partitions }) => ({
      topic,
      partitions: await Promise.all(partitions.map((asked) => answerTo(topic, asked, context))),
    }))
    return { throttleTimeMs: 0, topics: await Promise.all(topics) }
  },
)

async function answerTo(
  topic: string,
  { partition, currentLeaderEpoch, leaderEpoch }: OffsetForLeaderPartition,
  context: ShardContext,
): Promise<EpochEndOffset> {
  const refusal = leaderRefusal(topic, partition, context)
  if (refusal !== ErrorCode.None) return { errorCode: refusal, partition, leaderEpoch: -1, endOffset: -1 }
  const route = context.routes.topicByName(topic)!.partitions[partition]!
  const answer = await context.queries.epochEnd(route, leaderEpoch, currentLeaderEpoch)
  return { errorCode: answer.error, partition, leaderEpoch: answer.leaderEpoch, endOffset: answer.endOffset }
}
