// Where each partition lives: every shard has the same table, built from the same metadata in the same order, so that
// one number (the handle) names a partition in messages between shards.
//
// Owner: the shard. Only the owning shard's route has the log.
import { isInternalTopic } from '../controller/topic-names.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import type { TopicImage } from '../metadata/topics.ts'

export interface PartitionRoute {
  readonly handle: number
  readonly topic: TopicRoute
  readonly partition: number
  readonly shard: number
  /** On the owning shard, while the partition exists. */
  log: PartitionLog | null
}

export interface TopicRoute {
  readonly image: TopicImage
  /** Counts topics in the order of their creation; spreads their partitions over the shards. */
  readonly ordinal: number
  readonly partitions: PartitionRoute[]
  /** The cluster's own: clients may read it, not write to it. */
  readonly isInternal: boolean
}

export class Routes {
  readonly #shards: number
  readonly #byName = new Map<string, TopicRoute>()
  readonly #byId = new Map<string, TopicRoute>()
  readonly #byHandle: (PartitionRoute | undefined)[] = []
  #topics = 0

  constructor(shards: number) {
    this.#shards = shards
  }

  addTopic(image: TopicImage): void {
    const topic: TopicRoute = {
      image,
      ordinal: this.#topics++,
      partitions: [],
      isInternal: isInternalTopic(image.name),
    }
    this.#byName.set(image.name, topic)
    this.#byId.set(image.topicId, topic)
  }

  addPartition(image: TopicImage, partition: number): PartitionRoute {
    const topic = this.#byId.get(image.topicId)!
    const shard = (topic.ordinal + partition) % this.#shards
    const route: PartitionRoute = { handle: this.#byHandle.length, topic, partition, shard, log: null }
    topic.partitions.push(route)
    this.#byHandle.push(route)
    return route
  }

  /** The routes of a topic that is no more. */
  removeTopic(image: TopicImage): readonly PartitionRoute[] {
    const topic = this.#byId.get(image.topicId)
    if (topic === undefined) return []
    this.#byId.delete(image.topicId)
    if (this.#byName.get(image.name) === topic) this.#byName.delete(image.name)
    for (const route of topic.partitions) this.#byHandle[route.handle] = undefined
    return topic.partitions
  }

  topicByName(name: string): TopicRoute | undefined {
    return this.#byName.get(name)
  }

  topicById(topicId: string): TopicRoute | undefined {
    return this.#byId.get(topicId)
  }

  /** Undefined once the partition is deleted. */
  byHandle(handle: number): PartitionRoute | undefined {
    return this.#byHandle[handle]
  }

  topics(): IterableIterator<TopicRoute> {
    return this.#byName.values()
  }
}
