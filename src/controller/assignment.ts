// The replicas of new partitions: checked when given by hand, placed when not. Pure. Shared by CreateTopics and
// CreatePartitions.
import { ErrorCode } from '../model/error-codes.ts'
import { NO_BROKER } from '../model/ids.ts'
import { type Uuid, ZERO_UUID } from '../model/uuid.ts'
import type { PartitionRecord } from '../wire/generated/metadata-records.ts'
import type { Refusal } from './commands.ts'
import type { ControllerState } from './controller.ts'
import { placePartitions } from './placement.ts'

/** The replicas of each new partition, or why there can't be any. */
export type Assignment = readonly (readonly number[])[] | Refusal

export function isRefusal(value: Assignment | Refusal | object): value is Refusal {
  return 'error' in value
}

export function automaticAssignment(
  state: ControllerState,
  start: number,
  count: number,
  replicationFactor: number,
): Assignment {
  const alive = [...state.image.brokers.all()].filter((each) => !each.fenced && !each.inControlledShutdown)
  if (alive.length < replicationFactor) {
    const why =
      alive.length === 0
        ? 'All brokers are currently fenced.'
        : `The target replication factor of ${replicationFactor} cannot be reached because only ${alive.length} broker(s) are registered.`
    return {
      error: ErrorCode.InvalidReplicationFactor,
      message: `Unable to replicate the partition ${replicationFactor} time(s): ${why}`,
    }
  }
  return placePartitions(alive, start, count, replicationFactor)
}

/** Why partition `partition` can't have these replicas, or null. `replicationFactor`: of those before it, if any. */
export function manualAssignmentRefusal(
  state: ControllerState,
  partition: number,
  replicas: readonly number[],
  replicationFactor: number | undefined,
): Refusal | null {
  const refused = (message: string): Refusal => ({ error: ErrorCode.InvalidReplicaAssignment, message })
  const given = 'The manual partition assignment includes'
  if (replicas.length === 0) return refused(`${given} an empty replica list.`)
  const seen = new Set<number>()
  for (const id of replicas) {
    if (state.image.brokers.get(id) === undefined) {
      return refused(`${given} broker ${id}, but no such broker is registered.`)
    }
    if (seen.has(id)) return refused(`${given} the broker ${id} more than once.`)
    seen.add(id)
  }
  if (replicationFactor !== undefined && replicas.length !== replicationFactor) {
    return refused(
      `${given} a partition with ${replicas.length} replica(s), but this is not consistent with previous partitions, ` +
        `which have ${replicationFactor} replica(s).`,
    )
  }
  if (!replicas.some((id) => canLead(state, id))) {
    return refused(
      `All brokers specified in the manual partition assignment for partition ${partition} are fenced or in ` +
        'controlled shutdown.',
    )
  }
  return null
}

/** A new partition: led by the first replica that can, in sync with all that are alive. */
export function newPartition(
  state: ControllerState,
  topicId: Uuid,
  partitionId: number,
  replicas: readonly number[],
): PartitionRecord {
  const isr = replicas.filter((id) => canLead(state, id))
  return {
    type: 'PartitionRecord',
    partitionId,
    topicId,
    replicas: [...replicas],
    isr,
    removingReplicas: [],
    addingReplicas: [],
    leader: isr[0] ?? NO_BROKER,
    leaderRecoveryState: 0,
    leaderEpoch: 0,
    partitionEpoch: 0,
    directories: replicas.map((id) => onlyLogDir(state, id)),
    eligibleLeaderReplicas: null,
    lastKnownElr: null,
  }
}

function canLead(state: ControllerState, brokerId: number): boolean {
  const broker = state.image.brokers.get(brokerId)
  return broker !== undefined && !broker.fenced && !broker.inControlledShutdown
}

/** With one log directory there is no choice; with several the broker chooses, and all zeros say "not yet". */
function onlyLogDir(state: ControllerState, brokerId: number): Uuid {
  const logDirs = state.image.brokers.get(brokerId)?.logDirs ?? []
  return logDirs.length === 1 ? logDirs[0]! : ZERO_UUID
}
