// What the cluster's metadata is, as of one offset of the metadata log. Built by applying its records in order; pure.
//
// Owned by the thread that holds it: control and every shard have one each and apply the same batches, which come by
// message. It is changed in place, because a copy of the path to a changed partition on each of N threads buys nothing
// when all readers of one image are on its own thread: a batch is applied between two ticks as a whole, so whoever reads
// without awaiting sees one version. After an await, look up again: objects held over it may be outdated or deleted.
//
// Invariants: `offset` never goes back. Records between BeginTransactionRecord and EndTransactionRecord become visible
//             with the latter, all at once, or never. Listeners are told after the last record of a batch is applied.
import type { MetadataRecord } from '../wire/generated/metadata-records.ts'
import { BrokersImage } from './brokers.ts'
import { ConfigsImage, RESOURCE_TOPIC } from './configs.ts'
import { type ImageListener, Notices } from './listener.ts'
import { MetadataError } from './metadata-error.ts'
import { TopicsImage } from './topics.ts'

/** Committed records as they are handed from thread to thread: plain data, fit for postMessage. */
export interface MetadataBatch {
  /** Of the last record. */
  readonly offset: number
  readonly epoch: number
  readonly records: readonly MetadataRecord[]
}

export class MetadataImage {
  readonly topics = new TopicsImage()
  readonly brokers = new BrokersImage()
  readonly configs = new ConfigsImage()
  /** Finalized feature levels by name; a level of 0 is not kept. */
  readonly features: ReadonlyMap<string, number>
  private readonly featureLevels = new Map<string, number>()
  private readonly notices = new Notices()
  /** Held back until their transaction ends; null outside of one. */
  private transaction: MetadataRecord[] | null = null
  private appliedOffset = -1
  private appliedEpoch = 0
  private producerIdsFrom = 0

  constructor() {
    this.features = this.featureLevels
  }

  /** Of the last record applied; -1 before the first. */
  get offset(): number {
    return this.appliedOffset
  }

  /** The leader epoch of the last record applied. */
  get epoch(): number {
    return this.appliedEpoch
  }

  /** The first producer id that no block handed out holds. */
  get nextProducerId(): number {
    return this.producerIdsFrom
  }

  get inTransaction(): boolean {
    return this.transaction !== null
  }

  listen(listener: ImageListener): void {
    this.notices.listeners.push(listener)
  }

  apply(batch: MetadataBatch): void {
    if (batch.offset <= this.appliedOffset) {
      throw new MetadataError(`metadata up to offset ${batch.offset} comes after ${this.appliedOffset}`)
    }
    for (const record of batch.records) this.applyRecord(record)
    this.appliedOffset = batch.offset
    this.appliedEpoch = batch.epoch
    this.notices.deliver(this)
  }

  private applyRecord(record: MetadataRecord): void {
    switch (record.type) {
      case 'BeginTransactionRecord':
        if (this.transaction !== null) throw new MetadataError('a metadata transaction begins within another')
        this.transaction = []
        return
      case 'EndTransactionRecord':
      case 'AbortTransactionRecord': {
        const held = this.transaction
        if (held === null) throw new MetadataError('a metadata transaction ends that never began')
        this.transaction = null
        if (record.type === 'EndTransactionRecord') for (const each of held) this.change(each)
        return
      }
      default:
        if (this.transaction === null) this.change(record)
        else this.transaction.push(record)
    }
  }

  private change(record: MetadataRecord): void {
    switch (record.type) {
      case 'TopicRecord':
        this.notices.topicCreated(this.topics.add(record))
        break
      case 'PartitionRecord': {
        const before = this.topics.byId(record.topicId)?.partitions.length
        const topic = this.topics.putPartition(record)
        if (record.partitionId === before) this.notices.partitionAdded(topic, record.partitionId)
        else this.notices.partitionChanged(topic, record.partitionId)
        break
      }
      case 'PartitionChangeRecord':
        this.notices.partitionChanged(this.topics.changePartition(record), record.partitionId)
        break
      case 'RemoveTopicRecord': {
        const topic = this.topics.remove(record.topicId)
        this.configs.removeAll(RESOURCE_TOPIC, topic.name)
        this.notices.topicDeleted(topic)
        break
      }
      case 'ConfigRecord':
        this.configs.set(record)
        this.notices.configsChanged(record.resourceType, record.resourceName)
        break
      case 'RegisterBrokerRecord':
        this.brokers.register(record)
        break
      case 'UnregisterBrokerRecord':
        this.brokers.unregister(record.brokerId, record.brokerEpoch)
        break
      case 'FenceBrokerRecord':
        this.brokers.setFenced(record.id, record.epoch, true)
        break
      case 'UnfenceBrokerRecord':
        this.brokers.setFenced(record.id, record.epoch, false)
        break
      case 'BrokerRegistrationChangeRecord':
        this.brokers.change(record)
        break
      case 'FeatureLevelRecord':
        if (record.featureLevel === 0) this.featureLevels.delete(record.name)
        else this.featureLevels.set(record.name, record.featureLevel)
        break
      case 'ProducerIdsRecord':
        this.producerIdsFrom = record.nextProducerId
        break
      case 'RegisterControllerRecord':
      case 'NoOpRecord':
        break
      default:
        throw new MetadataError(`a ${record.type} has no meaning here`)
    }
  }
}
