// Brokers come and lead: registration and unfencing. Pure.
//
// Invariant: a broker's epoch is the offset of its registration's record, so a later incarnation has a higher one.
import { ErrorCode } from '../model/error-codes.ts'
import { NO_BROKER } from '../model/ids.ts'
import type { MetadataRecord } from '../wire/generated/metadata-records.ts'
import type { AnswerOf, CommandOf, Refusal } from './commands.ts'
import type { ControllerState, Outcome } from './controller.ts'

/** In BrokerRegistrationChangeRecord. */
const UNFENCED = -1

export function registerBroker(
  state: ControllerState,
  registration: CommandOf<'register-broker'>,
): Outcome<AnswerOf<'register-broker'>> {
  const before = state.image.brokers.get(registration.brokerId)
  if (before?.incarnationId === registration.incarnationId) {
    return { records: [], answer: { refusal: null, brokerEpoch: before.epoch } }
  }
  const brokerEpoch = state.nextOffset
  return {
    records: [
      {
        type: 'RegisterBrokerRecord',
        brokerId: registration.brokerId,
        isMigratingZkBroker: false,
        incarnationId: registration.incarnationId,
        brokerEpoch,
        endPoints: [...registration.endPoints],
        features: [...registration.features],
        rack: registration.rack,
        fenced: true,
        inControlledShutdown: false,
        logDirs: [...registration.logDirs],
        cordonedLogDirs: null,
      },
    ],
    answer: { refusal: null, brokerEpoch },
  }
}

export function unfenceBroker(
  state: ControllerState,
  { brokerId, brokerEpoch }: CommandOf<'unfence-broker'>,
): Outcome<AnswerOf<'unfence-broker'>> {
  const refusal = brokerEpochRefusal(state, brokerId, brokerEpoch)
  if (refusal !== null) return { records: [], answer: { refusal } }
  if (state.image.brokers.isAlive(brokerId)) return { records: [], answer: { refusal: null } }
  const records: MetadataRecord[] = [
    {
      type: 'BrokerRegistrationChangeRecord',
      brokerId,
      brokerEpoch,
      fenced: UNFENCED,
      inControlledShutdown: 0,
      logDirs: [],
      cordonedLogDirs: null,
    },
  ]
  electLeader(state, brokerId, records)
  return { records, answer: { refusal: null } }
}

/**
 * The broker leads every partition that it led in its last life, or that had no leader while it was away, if it is in
 * sync. The new leader epoch lets clients notice that what they read before may have been lost (KIP-320).
 */
function electLeader(state: ControllerState, brokerId: number, records: MetadataRecord[]): void {
  for (const topic of state.image.topics.all()) {
    for (const [partitionId, partition] of topic.partitions.entries()) {
      const vacant = partition.leader === NO_BROKER || partition.leader === brokerId
      if (!vacant || !partition.isr.includes(brokerId)) continue
      records.push({
        type: 'PartitionChangeRecord',
        partitionId,
        topicId: topic.topicId,
        isr: null,
        leader: brokerId,
        replicas: null,
        removingReplicas: null,
        addingReplicas: null,
        leaderRecoveryState: -1,
        directories: null,
        eligibleLeaderReplicas: null,
        lastKnownElr: null,
      })
    }
  }
}

/** A broker that speaks with an epoch of the past has been replaced by a later incarnation. */
export function brokerEpochRefusal(state: ControllerState, brokerId: number, brokerEpoch: number): Refusal | null {
  const broker = state.image.brokers.get(brokerId)
  if (broker === undefined) {
    return { error: ErrorCode.BrokerIdNotRegistered, message: `No broker with id ${brokerId} is registered.` }
  }
  if (broker.epoch !== brokerEpoch) {
    return {
      error: ErrorCode.StaleBrokerEpoch,
      message: `Expected broker epoch ${broker.epoch} but got broker epoch ${brokerEpoch}`,
    }
  }
  return null
}
