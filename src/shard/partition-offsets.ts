// How far the partitions of a shard are durable, readable and written, for metrics. Owner: the shard.
import type { PartitionLog } from '../log/partition-log.ts'

export interface PartitionOffsets {
  readonly topic: string
  readonly partition: number
  readonly durableOffset: number
  readonly highWatermark: number
  readonly logEndOffset: number
}

export interface AllPartitionOffsets {
  readonly offsets: readonly PartitionOffsets[]
  /** How many partitions there are beside these. */
  readonly leftOut: number
}

/** Not more than `countMax`: of the partitions that have ever had a record. */
export function partitionOffsets(logs: Iterable<PartitionLog>, countMax: number): AllPartitionOffsets {
  const offsets: PartitionOffsets[] = []
  let leftOut = 0
  for (const { identity, durableOffset, highWatermark, endOffset } of logs) {
    if (endOffset === 0) continue
    const { topic, partition } = identity
    if (offsets.length === countMax) leftOut++
    else offsets.push({ topic, partition, durableOffset, highWatermark, logEndOffset: endOffset })
  }
  return { offsets, leftOut }
}
