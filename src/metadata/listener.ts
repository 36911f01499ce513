// Who wants to know what changed in a metadata image: a shard opens and drops its logs from this. Pure; owned by the
// image's thread.
//
// Invariant: a batch's notices come in the order of its records, after the last of them is applied, so that a listener
//            that looks into the image sees one version (a new topic's configs, for instance, are there already).
import type { MetadataImage } from './image.ts'
import type { TopicImage } from './topics.ts'

/** What is not of interest is left out. */
export interface ImageListener {
  topicCreated?(topic: TopicImage): void
  /** The topic is no longer in the image. */
  topicDeleted?(topic: TopicImage): void
  partitionAdded?(topic: TopicImage, partition: number): void
  /** Leader, ISR, replicas or directories. */
  partitionChanged?(topic: TopicImage, partition: number): void
  /** May come several times for one resource. */
  configsChanged?(resourceType: number, resourceName: string): void
  /** Once a batch, after the others. */
  batchApplied?(image: MetadataImage): void
}

type Notice = (listener: ImageListener) => void

/** Collects a batch's notices and delivers them; without listeners, neither. */
export class Notices {
  readonly listeners: ImageListener[] = []
  private pending: Notice[] = []

  topicCreated(topic: TopicImage): void {
    if (this.listeners.length > 0) this.pending.push((listener) => listener.topicCreated?.(topic))
  }

  topicDeleted(topic: TopicImage): void {
    if (this.listeners.length > 0) this.pending.push((listener) => listener.topicDeleted?.(topic))
  }

  partitionAdded(topic: TopicImage, partition: number): void {
    if (this.listeners.length > 0) this.pending.push((listener) => listener.partitionAdded?.(topic, partition))
  }

  partitionChanged(topic: TopicImage, partition: number): void {
    if (this.listeners.length > 0) this.pending.push((listener) => listener.partitionChanged?.(topic, partition))
  }

  configsChanged(resourceType: number, resourceName: string): void {
    if (this.listeners.length > 0)
      this.pending.push((listener) => listener.configsChanged?.(resourceType, resourceName))
  }

  deliver(image: MetadataImage): void {
    const notices = this.pending
    this.pending = []
    for (const notice of notices) for (const listener of this.listeners) notice(listener)
    for (const listener of this.listeners) listener.batchApplied?.(image)
  }
}
