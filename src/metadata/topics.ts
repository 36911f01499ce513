// Topics and their partitions in the metadata image, by name and by id. Part of MetadataImage: see image.ts for who may
// change it and when.
//
// Invariants: a topic's partitions are numbered 0..n-1 without a hole; a name and an id lead to the same object.

import type { Uuid } from '../model/uuid.ts'
import type { PartitionChangeRecord, PartitionRecord, TopicRecord } from '../wire/generated/metadata-records.ts'
import { MetadataError } from './metadata-error.ts'

export interface PartitionImage {
  leader: number
  leaderEpoch: number
  partitionEpoch: number
  /** 1 while a leader elected uncleanly recovers, else 0. */
  leaderRecoveryState: number
  replicas: readonly number[]
  isr: readonly number[]
  addingReplicas: readonly number[]
  removingReplicas: readonly number[]
  /** The log directory of each replica, in the order of `replicas`. */
  directories: readonly Uuid[]
  eligibleLeaderReplicas: readonly number[]
  lastKnownElr: readonly number[]
}

export interface TopicImage {
  readonly name: string
  readonly topicId: Uuid
  readonly partitions: readonly PartitionImage[]
}

interface MutableTopicImage extends TopicImage {
  readonly partitions: PartitionImage[]
}

const NONE: readonly number[] = Object.freeze([])
/** In a PartitionChangeRecord: the leader stays, and so does its epoch. */
const LEADER_UNCHANGED = -2
const RECOVERY_STATE_UNCHANGED = -1

export class TopicsImage {
  private readonly names = new Map<string, MutableTopicImage>()
  private readonly ids = new Map<Uuid, MutableTopicImage>()
  private partitionTotal = 0

  get count(): number {
    return this.names.size
  }

  get partitionCount(): number {
    return this.partitionTotal
  }

  byName(name: string): TopicImage | undefined {
    return this.names.get(name)
  }

  byId(topicId: Uuid): TopicImage | undefined {
    return this.ids.get(topicId)
  }

  /** In the order they were created. */
  all(): IterableIterator<TopicImage> {
    return this.names.values()
  }

  add(record: TopicRecord): TopicImage {
    if (this.names.has(record.name) || this.ids.has(record.topicId)) {
      throw new MetadataError(`topic ${record.name} (${record.topicId}) is created although its name or id is taken`)
    }
    const topic: MutableTopicImage = { name: record.name, topicId: record.topicId, partitions: [] }
    this.names.set(topic.name, topic)
    this.ids.set(topic.topicId, topic)
    return topic
  }

  remove(topicId: Uuid): TopicImage {
    const topic = this.known(topicId)
    this.names.delete(topic.name)
    this.ids.delete(topicId)
    this.partitionTotal -= topic.partitions.length
    return topic
  }

  /** A new partition, or the whole of a known one anew. */
  putPartition(record: PartitionRecord): TopicImage {
    const topic = this.known(record.topicId)
    if (!(record.partitionId >= 0 && record.partitionId <= topic.partitions.length)) {
      throw new MetadataError(
        `partition ${topic.name}-${record.partitionId} leaves a hole after ${topic.partitions.length} partitions`,
      )
    }
    if (record.partitionId === topic.partitions.length) this.partitionTotal++
    topic.partitions[record.partitionId] = {
      leader: record.leader,
      leaderEpoch: record.leaderEpoch,
      partitionEpoch: record.partitionEpoch,
      leaderRecoveryState: record.leaderRecoveryState,
      replicas: record.replicas,
      isr: record.isr,
      addingReplicas: record.addingReplicas.length === 0 ? NONE : record.addingReplicas,
      removingReplicas: record.removingReplicas.length === 0 ? NONE : record.removingReplicas,
      directories: record.directories,
      eligibleLeaderReplicas: record.eligibleLeaderReplicas ?? NONE,
      lastKnownElr: record.lastKnownElr ?? NONE,
    }
    return topic
  }

  /** What the record names changes; every change counts the partition epoch up, and a leader's the leader epoch. */
  changePartition(record: PartitionChangeRecord): TopicImage {
    const topic = this.known(record.topicId)
    const partition = topic.partitions[record.partitionId]
    if (partition === undefined) {
      throw new MetadataError(`partition ${topic.name}-${record.partitionId} is changed but does not exist`)
    }
    if (record.leader !== LEADER_UNCHANGED) {
      partition.leader = record.leader
      partition.leaderEpoch++
    }
    if (record.leaderRecoveryState !== RECOVERY_STATE_UNCHANGED) {
      partition.leaderRecoveryState = record.leaderRecoveryState
    }
    if (record.isr !== null) partition.isr = record.isr
    if (record.replicas !== null) partition.replicas = record.replicas
    if (record.addingReplicas !== null) partition.addingReplicas = record.addingReplicas
    if (record.removingReplicas !== null) partition.removingReplicas = record.removingReplicas
    if (record.directories !== null) partition.directories = record.directories
    if (record.eligibleLeaderReplicas !== null) partition.eligibleLeaderReplicas = record.eligibleLeaderReplicas
    if (record.lastKnownElr !== null) partition.lastKnownElr = record.lastKnownElr
    partition.partitionEpoch++
    return topic
  }

  private known(topicId: Uuid): MutableTopicImage {
    const topic = this.ids.get(topicId)
    if (topic === undefined) throw new MetadataError(`no topic has the id ${topicId}`)
    return topic
  }
}
