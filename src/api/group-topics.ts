// Partitions in requests about a group's offsets: those that do not exist are refused before the coordinator is asked.
// Pure.
import type { MetadataImage } from '../metadata/image.ts'
import { ErrorCode } from '../model/error-codes.ts'
import type { Uuid } from '../model/uuid.ts'

interface AskedTopic {
  readonly name: string
  readonly topicId?: Uuid
  readonly partitions: readonly { readonly partitionIndex: number }[]
}

/** For each partition of each topic why it is refused, or ErrorCode.None. */
export function refusalsOf(topics: readonly AskedTopic[], image: MetadataImage, byId: boolean): ErrorCode[][] {
  return topics.map(({ name, topicId, partitions }) => {
    const topic = byId ? image.topics.byId(topicId!) : image.topics.byName(name)
    const unknown = byId && topic === undefined ? ErrorCode.UnknownTopicId : ErrorCode.UnknownTopicOrPartition
    return partitions.map(({ partitionIndex }) =>
      topic?.partitions[partitionIndex] === undefined ? unknown : ErrorCode.None,
    )
  })
}

/** The rest. */
export function withoutRefused<Partition, Topic extends { readonly partitions: Partition[] }>(
  topics: readonly Topic[],
  refusals: readonly (readonly ErrorCode[])[],
): Topic[] {
  return topics
    .map((topic, index) => ({
      ...topic,
      partitions: topic.partitions.filter((_, i) => refusals[index]![i] === ErrorCode.None),
    }))
    .filter(({ partitions }) => partitions.length > 0)
}
