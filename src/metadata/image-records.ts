// An image as the records that build it anew: what another thread starts from, and what a snapshot holds. Pure.
import { assert } from '../lib/assert.ts'
import { ZERO_UUID } from '../model/uuid.ts'
import type { MetadataRecord } from '../wire/generated/metadata-records.ts'
import type { MetadataImage } from './image.ts'

/** Walk it without awaiting: it reads the image as it goes. */
export function* imageRecords(image: MetadataImage): Generator<MetadataRecord> {
  assert(!image.inTransaction, 'half a metadata transaction is never copied')
  for (const [name, featureLevel] of image.features) yield { type: 'FeatureLevelRecord', name, featureLevel }
  for (const broker of image.brokers.all()) {
    const { id, epoch, incarnationId, endPoints, features, rack, fenced, inControlledShutdown, logDirs } = broker
    yield {
      type: 'RegisterBrokerRecord',
      brokerId: id,
      isMigratingZkBroker: false,
      incarnationId,
      brokerEpoch: epoch,
      endPoints: [...endPoints],
      features: [...features],
      rack,
      fenced,
      inControlledShutdown,
      logDirs: [...logDirs],
      cordonedLogDirs: null,
    }
  }
  for (const { type, name, configs } of image.configs.all()) {
    for (const [key, value] of configs) {
      yield { type: 'ConfigRecord', resourceType: type, resourceName: name, name: key, value }
    }
  }
  for (const topic of image.topics.all()) {
    yield { type: 'TopicRecord', name: topic.name, topicId: topic.topicId }
    for (const [partitionId, partition] of topic.partitions.entries()) {
      const { replicas, isr, addingReplicas, removingReplicas, directories, ...rest } = partition
      yield {
        type: 'PartitionRecord',
        partitionId,
        topicId: topic.topicId,
        ...rest,
        replicas: [...replicas],
        isr: [...isr],
        addingReplicas: [...addingReplicas],
        removingReplicas: [...removingReplicas],
        directories: directories.length > 0 ? [...directories] : replicas.map(() => ZERO_UUID),
        eligibleLeaderReplicas: rest.eligibleLeaderReplicas.length > 0 ? [...rest.eligibleLeaderReplicas] : null,
        lastKnownElr: rest.lastKnownElr.length > 0 ? [...rest.lastKnownElr] : null,
      }
    }
  }
  if (image.nextProducerId > 0) {
    yield { type: 'ProducerIdsRecord', brokerId: -1, brokerEpoch: -1, nextProducerId: image.nextProducerId }
  }
}
