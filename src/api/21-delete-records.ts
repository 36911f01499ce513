// DeleteRecords (key 21), versions 0-2: partitions lose what is before an offset, for good. Runs on the shard of the
// connection, which asks the shards of the partitions; answered when the new start of each is durable.
import { isInternalTopic } from '../controller/topic-names.ts'
import { ErrorCode } from '../model/error-codes.ts'
import {
  type DeleteRecordsPartition,
  type DeleteRecordsPartitionResult,
  type DeleteRecordsResponse,
  deleteRecordsApi,
  readDeleteRecordsRequest,
  writeDeleteRecordsResponse,
} from '../wire/generated/21-delete-records.ts'
import { defineShardApi, type ShardContext } from './define-api.ts'
import { leaderRefusal } from './leader-refusal.ts'

const codec = { read: readDeleteRecordsRequest, write: writeDeleteRecordsResponse }

export const deleteRecords = defineShardApi(
  deleteRecordsApi,
  codec,
  async (request, context): Promise<DeleteRecordsResponse> => {
    const topics = request.topics.map(async ({ name, partitions }) => ({
      name,
      partitions: await Promise.all(partitions.map((asked) => answerTo(name, asked, context))),
    }))
    return { throttleTimeMs: 0, topics: await Promise.all(topics) }
  },
)

async function answerTo(
  topic: string,
  { partitionIndex, offset }: DeleteRecordsPartition,
  context: ShardContext,
): Promise<DeleteRecordsPartitionResult> {
  const refusal = refusalOf(topic, partitionIndex, context)
  if (refusal !== ErrorCode.None) return { partitionIndex, lowWatermark: -1, errorCode: refusal }
  const route = context.routes.topicByName(topic)!.partitions[partitionIndex]!
  const { error, logStartOffset } = await context.deleteRecords(route, offset)
  return { partitionIndex, lowWatermark: logStartOffset, errorCode: error }
}

function refusalOf(topic: string, partition: number, context: ShardContext): ErrorCode {
  const refusal = leaderRefusal(topic, partition, context)
  if (refusal !== ErrorCode.None) return refusal
  return isInternalTopic(topic) ? ErrorCode.InvalidTopicException : ErrorCode.None
}
