// Heartbeat and LeaveGroup: members that are alive, and members that go.

import { ErrorCode } from '../model/error-codes.ts'
import type { HeartbeatRequest } from '../wire/generated/12-heartbeat.ts'
import type { LeaveGroupRequest, MemberIdentity } from '../wire/generated/13-leave-group.ts'
import type { Group } from './group.ts'
import type { GroupRequestEvent } from './group-border.ts'
import type { Groups } from './groups.ts'
import type { Rebalances } from './rebalance.ts'
import { refuseMember } from './refusals.ts'
import type { Turn } from './turn.ts'

/** From this version on LeaveGroup names several members, each with an error of its own. */
const SEVERAL_MEMBERS_FROM = 3

export class Heartbeats {
  readonly #turn: Turn
  readonly #groups: Groups
  readonly #rebalances: Rebalances

  constructor(turn: Turn, groups: Groups, rebalances: Rebalances) {
    this.#turn = turn
    this.#groups = groups
    this.#rebalances = rebalances
  }

  onHeartbeat(event: GroupRequestEvent): void {
    this.#turn.answer(event.token, { throttleTimeMs: 0, errorCode: this.#beat(event.request as HeartbeatRequest) })
  }

  #beat({ groupId, memberId, groupInstanceId, generationId }: HeartbeatRequest): ErrorCode {
    if (groupId === '') return ErrorCode.InvalidGroupId
    const group = this.#groups.find(groupId)
    if (!group) return ErrorCode.UnknownMemberId
    if (group.state === 'Dead') return ErrorCode.CoordinatorNotAvailable
    const refusal = refuseMember(group, memberId, groupInstanceId)
    if (refusal !== ErrorCode.None) return refusal
    if (generationId !== group.generation) return ErrorCode.IllegalGeneration
    this.#rebalances.renewSession(group.members.get(memberId)!)
    return group.state === 'PreparingRebalance' ? ErrorCode.RebalanceInProgress : ErrorCode.None
  }

  onLeave(event: GroupRequestEvent): void {
    const request = event.request as LeaveGroupRequest
    const leaving =
      event.apiVersion >= SEVERAL_MEMBERS_FROM
        ? request.members
        : [{ memberId: request.memberId, groupInstanceId: null, reason: null }]
    const group = this.#groups.find(request.groupId)
    if (request.groupId === '') this.#answerLeave(event, ErrorCode.InvalidGroupId, [])
    else if (group?.state === 'Dead') this.#answerLeave(event, ErrorCode.CoordinatorNotAvailable, [])
    else {
      const members = leaving.map((member) => ({
        memberId: member.memberId,
        groupInstanceId: member.groupInstanceId,
        errorCode: group ? this.#leave(group, member) : ErrorCode.UnknownMemberId,
      }))
      this.#answerLeave(event, ErrorCode.None, members)
      if (!group) return
      if (members.some(({ errorCode }) => errorCode === ErrorCode.None)) this.#afterLeaving(group)
      this.#groups.forgetIfBlank(group)
    }
  }

  #leave(group: Group, { memberId, groupInstanceId }: MemberIdentity): ErrorCode {
    if (group.isPending(memberId)) {
      this.#rebalances.dropPending(group, memberId)
      return ErrorCode.None
    }
    // An operator removes a static member by its name alone.
    const byName = memberId === '' && groupInstanceId !== null
    const id = byName ? (group.memberIdOfInstance.get(groupInstanceId) ?? '') : memberId
    const refusal = refuseMember(group, id, groupInstanceId)
    if (refusal === ErrorCode.None) this.#rebalances.drop(group, group.members.get(id)!)
    return refusal
  }

  #afterLeaving(group: Group): void {
    if (group.state === 'Stable' || group.state === 'CompletingRebalance')
      this.#rebalances.prepare(group, 'members have left')
    else this.#rebalances.completeIfAllJoined(group)
  }

  #answerLeave(event: GroupRequestEvent, errorCode: number, members: { errorCode: number }[]): void {
    const isOfOne = event.apiVersion < SEVERAL_MEMBERS_FROM && errorCode === ErrorCode.None
    const whole = isOfOne ? members[0]!.errorCode : errorCode
    this.#turn.answer(event.token, { throttleTimeMs: 0, errorCode: whole, members })
  }
}
