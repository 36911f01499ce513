// DeleteRecords (key 21), versions 0-2: partitions lose what is before an offset, for good. Runs on the shard of the
// connection, which asks the shards of the partitions; answered when the new start of each is durable.
import { isInternalTopic } from '../controller/topic-names.ts'
import { forEachLimited } from '../lib/limited.ts'
import { ErrorCode } from '../model/error-codes.ts'
import {
  type DeleteRecordsPartition,
  type DeleteRecordsPartitionResult,
  type DeleteRecordsResponse,
  type DeleteRecordsTopic,
  type DeleteRecordsTopicResult,
  deleteRecordsApi,
  readDeleteRecordsRequest,
  writeDeleteRecordsResponse,
} from '../wire/generated/21-delete-records.ts'
import { defineShardApi, type ShardContext } from './define-api.ts'
import { leaderRefusal } from './leader-refusal.ts'

const DELETIONS_AT_ONCE = 64

const codec = { read: readDeleteRecordsRequest, write: writeDeleteRecordsResponse }

export const deleteRecords = defineShardApi(
  deleteRecordsApi,
  codec,
  async (request, context): Promise<DeleteRecordsResponse> => {
    const topics: DeleteRecordsTopicResult[] = []
    const deletions: (() => Promise<void>)[] = []
    for (const [name, offsets] of lastOf(request.topics)) {
      const partitions: DeleteRecordsPartitionResult[] = []
      topics.push({ name, partitions })
      for (const [at, [partitionIndex, offset]] of [...offsets].entries()) {
        deletions.push(async () => {
          partitions[at] = await answerTo(name, { partitionIndex, offset }, context)
        })
      }
    }
    await forEachLimited(deletions, DELETIONS_AT_ONCE, (run) => run())
    return { throttleTimeMs: 0, topics }
  },
)

/** Of a partition that is named again the last offset counts, and there is one answer. */
function lastOf(topics: readonly DeleteRecordsTopic[]): Map<string, Map<number, number>> {
  const byTopic = new Map<string, Map<number, number>>()
  for (const { name, partitions } of topics) {
    const offsets = byTopic.get(name) ?? new Map<number, number>()
    for (const { partitionIndex, offset } of partitions) offsets.set(partitionIndex, offset)
    byTopic.set(name, offsets)
  }
  return byTopic
}

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
