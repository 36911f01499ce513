// Why this node can't answer for a partition: it does not exist, or is led elsewhere. Pure.
import { ErrorCode } from '../model/error-codes.ts'
import type { ShardContext } from './define-api.ts'

/** ErrorCode.None when this node leads it. */
export function leaderRefusal(topic: string, partition: number, { image, nodeId }: ShardContext): ErrorCode {
  const found = image.topics.byName(topic)?.partitions[partition]
  if (found === undefined) return ErrorCode.UnknownTopicOrPartition
  return found.leader === nodeId ? ErrorCode.None : ErrorCode.NotLeaderOrFollower
}
