// Short forms of metadata records for histories.
import { ZERO_UUID } from '../../src/model/uuid.ts'
import type {
  MetadataRecord,
  PartitionChangeRecord,
  PartitionRecord,
  RegisterBrokerRecord,
} from '../../src/wire/generated/metadata-records.ts'

/** A distinct, valid id for a number. */
export function uuid(number: number): string {
  return Buffer.concat([Buffer.from('millrace-tst'), Buffer.from(Uint32Array.of(number).buffer)]).toString('base64url')
}

export const topicRecord = (name: string, id: number): MetadataRecord => ({
  type: 'TopicRecord',
  name,
  topicId: uuid(id),
})

export function partitionRecord(
  id: number,
  partitionId: number,
  change: Partial<PartitionRecord> = {},
): PartitionRecord {
  return {
    type: 'PartitionRecord',
    partitionId,
    topicId: uuid(id),
    replicas: [1],
    isr: [1],
    removingReplicas: [],
    addingReplicas: [],
    leader: 1,
    leaderRecoveryState: 0,
    leaderEpoch: 0,
    partitionEpoch: 0,
    directories: [ZERO_UUID],
    eligibleLeaderReplicas: null,
    lastKnownElr: null,
    ...change,
  }
}

export function partitionChange(
  id: number,
  partitionId: number,
  change: Partial<PartitionChangeRecord>,
): PartitionChangeRecord {
  return {
    type: 'PartitionChangeRecord',
    partitionId,
    topicId: uuid(id),
    isr: null,
    leader: -2,
    replicas: null,
    removingReplicas: null,
    addingReplicas: null,
    leaderRecoveryState: -1,
    directories: null,
    eligibleLeaderReplicas: null,
    lastKnownElr: null,
    ...change,
  }
}

export function brokerRecord(brokerId: number, change: Partial<RegisterBrokerRecord> = {}): RegisterBrokerRecord {
  return {
    type: 'RegisterBrokerRecord',
    brokerId,
    isMigratingZkBroker: false,
    incarnationId: uuid(1000 + brokerId),
    brokerEpoch: 10 + brokerId,
    endPoints: [{ name: 'PLAINTEXT', host: `host${brokerId}`, port: 9092, securityProtocol: 0 }],
    features: [],
    rack: null,
    fenced: false,
    inControlledShutdown: false,
    logDirs: [uuid(2000 + brokerId)],
    cordonedLogDirs: null,
    ...change,
  }
}

export const configRecord = (topic: string, name: string, value: string | null): MetadataRecord => ({
  type: 'ConfigRecord',
  resourceType: 2,
  resourceName: topic,
  name,
  value,
})
