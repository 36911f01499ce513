// Errors that several requests share: whether a member is one, and what a failed append is called to a client.

import { ErrorCode } from '../model/error-codes.ts'
import type { Group } from './group.ts'

/** `None`, or why this is not a member of the group. A static member is also known by its instance. */
export function refuseMember(group: Group, memberId: string, instanceId: string | null): ErrorCode {
  if (instanceId !== null) {
    const current = group.memberIdOfInstance.get(instanceId)
    if (current === undefined) return ErrorCode.UnknownMemberId
    if (current !== memberId) return ErrorCode.FencedInstanceId
  }
  return group.members.has(memberId) ? ErrorCode.None : ErrorCode.UnknownMemberId
}

/** Clients of a coordinator don't know what befell its log; they know whether to ask again, and whom. */
export function appendRefusal(error: number): number {
  switch (error) {
    case ErrorCode.UnknownTopicOrPartition:
    case ErrorCode.NotEnoughReplicas:
    case ErrorCode.NotEnoughReplicasAfterAppend:
    case ErrorCode.RequestTimedOut:
      return ErrorCode.CoordinatorNotAvailable
    case ErrorCode.NotLeaderOrFollower:
    case ErrorCode.KafkaStorageError:
      return ErrorCode.NotCoordinator
    case ErrorCode.MessageTooLarge:
    case ErrorCode.RecordListTooLarge:
    case ErrorCode.InvalidFetchSize:
      return ErrorCode.UnknownServerError
    default:
      return error
  }
}
