// JoinGroup: who may join, as whom, and whether that means a rebalance.

import { ErrorCode } from '../model/error-codes.ts'
import type { JoinGroupRequest, JoinGroupRequestProtocol } from '../wire/generated/11-join-group.ts'
import type { Group } from './group.ts'
import type { GroupMachineOptions, GroupRequestEvent } from './group-border.ts'
import { groupRecord } from './group-records.ts'
import type { Groups } from './groups.ts'
import { type GroupMember, type MemberOptions, memberBytes, protocolsBytes, type WaitingRequest } from './member.ts'
import { currentGeneration, type JoinAnswer, joinAnswer, type Rebalances } from './rebalance.ts'
import { appendRefusal, refuseMember } from './refusals.ts'
import type { Turn } from './turn.ts'

/** From this version on a new member is first given its id and then joins with it, so that a retry is no new member. */
const MEMBER_ID_REQUIRED_FROM = 4
/** From this version on a leader that comes back to a stable group may be told not to assign anew (KIP-814). */
const SKIP_ASSIGNMENT_FROM = 9

export class Joins {
  readonly #turn: Turn
  readonly #groups: Groups
  readonly #rebalances: Rebalances
  readonly #options: GroupMachineOptions

  constructor(turn: Turn, groups: Groups, rebalances: Rebalances, options: GroupMachineOptions) {
    this.#turn = turn
    this.#groups = groups
    this.#rebalances = rebalances
    this.#options = options
  }

  onRequest(event: GroupRequestEvent): void {
    const request = withoutDuplicates(event.request as JoinGroupRequest)
    const { memberId } = request
    const refuse = (errorCode: number, knownId = memberId): void =>
      this.#answer(event, { errorCode, memberId: knownId })
    const invalid = this.#refuseRequest(request)
    if (event.apiVersion === 0) request.rebalanceTimeoutMs = request.sessionTimeoutMs
    const group = this.#groupOf(request, invalid)
    if (typeof group === 'number') {
      refuse(group)
      return
    }
    if (group.state === 'Dead') refuse(ErrorCode.CoordinatorNotAvailable)
    else if (!this.#hasRoomFor(group, memberId)) {
      this.#remove(group, memberId)
      refuse(ErrorCode.GroupMaxSizeReached, '')
    } else if (!this.#mayGrow(group, request)) refuse(ErrorCode.CoordinatorNotAvailable)
    else if (!this.#hasMemoryForNew(group, event, request)) refuse(ErrorCode.GroupMaxSizeReached, '')
    else if (!group.supports(request.protocolType, request.protocols)) refuse(ErrorCode.InconsistentGroupProtocol)
    else if (memberId === '') this.#joinAsNew(event, request, group)
    else this.#joinAgain(event, request, group)
    this.#groups.forgetIfBlank(group)
  }

  #refuseRequest({ groupId, sessionTimeoutMs }: JoinGroupRequest): ErrorCode {
    const { groupMinSessionTimeoutMs, groupMaxSessionTimeoutMs } = this.#options.settings
    if (groupId === '') return ErrorCode.InvalidGroupId
    const isInRange = sessionTimeoutMs >= groupMinSessionTimeoutMs && sessionTimeoutMs <= groupMaxSessionTimeoutMs
    return isInRange ? ErrorCode.None : ErrorCode.InvalidSessionTimeout
  }

  /** A new member may make a group; one that has an id was told it by a group that is gone. */
  #groupOf({ groupId, memberId }: JoinGroupRequest, invalid: ErrorCode): Group | ErrorCode {
    if (invalid !== ErrorCode.None) return invalid
    if (memberId === '') return this.#groups.admit(groupId) ?? ErrorCode.CoordinatorNotAvailable
    return this.#groups.find(groupId) ?? ErrorCode.UnknownMemberId
  }

  /**
   * While members gather it is those that have joined who count: the last ones of a group that has become too large find
   * no room. Else it is the members.
   */
  #hasRoomFor(group: Group, memberId: string): boolean {
    const { groupMaxSize } = this.#options.settings
    if (group.state === 'Empty') return true
    const member = group.members.get(memberId)
    if (group.state === 'PreparingRebalance') return !!member?.join || group.awaitingJoinCount < groupMaxSize
    return member !== undefined || group.members.size < groupMaxSize
  }

  /** A member that is there already may bring more than before; it stays if there is no memory for that now. */
  #mayGrow(group: Group, { memberId, groupInstanceId, protocols }: JoinGroupRequest): boolean {
    const knownId = memberId === '' ? group.memberIdOfInstance.get(groupInstanceId ?? '') : memberId
    const known = group.members.get(knownId ?? '')
    return !known || group.memory.hasRoomToGrow(protocolsBytes(protocols) - protocolsBytes(known.protocols))
  }

  #hasMemoryForNew(group: Group, { caller }: GroupRequestEvent, request: JoinGroupRequest): boolean {
    const { memberId, groupInstanceId } = request
    const isNew = memberId === '' ? !group.memberIdOfInstance.has(groupInstanceId ?? '') : group.isPending(memberId)
    if (!isNew) return true
    return group.memory.hasRoomFor(memberBytes(this.#member(request, memberId, caller.clientId, caller.clientHost)))
  }

  #remove(group: Group, memberId: string): void {
    const member = group.members.get(memberId)
    if (member) this.#rebalances.drop(group, member)
    this.#rebalances.dropPending(group, memberId)
  }

  #joinAsNew(event: GroupRequestEvent, request: JoinGroupRequest, group: Group): void {
    const { groupInstanceId } = request
    const { clientId, clientHost } = event.caller
    const newId = this.#options.newMemberId(groupInstanceId ?? clientId)
    if (groupInstanceId === null && event.apiVersion >= MEMBER_ID_REQUIRED_FROM) {
      this.#rebalances.expect(group, newId, request.sessionTimeoutMs)
      this.#answer(event, { errorCode: ErrorCode.MemberIdRequired, memberId: newId })
      return
    }
    const oldId = groupInstanceId === null ? undefined : group.memberIdOfInstance.get(groupInstanceId)
    if (oldId !== undefined) this.#replaceStatic(event, request, group, group.members.get(oldId)!, newId)
    else this.#rebalances.admit(group, this.#member(request, newId, clientId, clientHost), request.protocolType, event)
  }

  #joinAgain(event: GroupRequestEvent, request: JoinGroupRequest, group: Group): void {
    const { memberId, groupInstanceId, protocols } = request
    const { clientId, clientHost } = event.caller
    if (group.isPending(memberId) && groupInstanceId === null) {
      const member = this.#member(request, memberId, clientId, clientHost)
      this.#rebalances.admit(group, member, request.protocolType, event)
      return
    }
    const refusal = refuseMember(group, memberId, groupInstanceId)
    if (refusal !== ErrorCode.None) {
      this.#answer(event, { errorCode: refusal, memberId })
      return
    }
    const member = group.members.get(memberId)!
    const isLeader = group.leaderId === memberId
    // A leader of a stable group joins again because it wants to assign anew; anyone else who has not changed only
    // missed an answer.
    if (group.state === 'CompletingRebalance' && member.supportsSame(protocols))
      this.#answer(event, currentGeneration(group, member, isLeader))
    else if (group.state === 'Stable' && !isLeader && member.supportsSame(protocols))
      this.#answer(event, currentGeneration(group, member, false))
    else this.#rebalances.rejoin(group, member, request, event)
  }

  /** A static member that has restarted takes its own place, under a new id; the old id is fenced. */
  #replaceStatic(
    event: GroupRequestEvent,
    request: JoinGroupRequest,
    group: Group,
    old: GroupMember,
    newId: string,
  ): void {
    const oldLeaderId = group.leaderId
    const member = this.#succeed(group, old, newId)
    this.#rebalances.update(group, member, request.protocols, request.rebalanceTimeoutMs, request.sessionTimeoutMs)
    this.#rebalances.wait(group, member, event)
    if (group.state === 'Stable' && group.selectProtocol() === group.protocolName)
      this.#storeReplacement(event, group, member, old, oldLeaderId)
    else if (group.state === 'PreparingRebalance') this.#rebalances.completeIfAllJoined(group)
    else this.#rebalances.prepare(group, `static member ${request.groupInstanceId} is replaced`)
  }

  /** In the place of another, whose requests are told that it is fenced. */
  #succeed(group: Group, old: GroupMember, newId: string): GroupMember {
    const wasLeader = group.leaderId === old.id
    this.#rebalances.answerJoin(group, old, { memberId: old.id, errorCode: ErrorCode.FencedInstanceId })
    this.#rebalances.answerSync(group, old, ErrorCode.FencedInstanceId)
    this.#turn.cancel(old.session)
    group.remove(old)
    const member = this.#rebalances.newMember(group, { ...old, id: newId })
    member.assignment = old.assignment
    group.add(member)
    if (wasLeader) group.leaderId = newId
    this.#rebalances.renewSession(member)
    return member
  }

  /** Nothing changes but the id, which the log must know before the member does. No rebalance. */
  #storeReplacement(
    event: GroupRequestEvent,
    group: Group,
    member: GroupMember,
    old: GroupMember,
    oldLeaderId: string | null,
  ): void {
    const { generation } = group
    this.#turn.append([groupRecord(group, ({ assignment }) => assignment)], (error) => {
      // If a rebalance has begun meanwhile it has this member's JoinGroup, and its assignment will bring the new id.
      if (group.state !== 'Stable' || group.generation !== generation) return
      if (group.members.get(member.id) !== member || member.join?.token !== event.token) return
      if (error !== 0) {
        this.#takeBack(group, member, old)
        this.#answer(event, { errorCode: appendRefusal(error) })
        return
      }
      const skips = event.apiVersion >= SKIP_ASSIGNMENT_FROM
      const isLeader = group.leaderId === member.id
      this.#rebalances.renewSession(member)
      this.#rebalances.answerJoin(group, member, {
        ...currentGeneration(group, member, skips && isLeader),
        skipAssignment: skips && isLeader,
        // Who can't be told to skip must not take itself for the leader, or it would assign anew.
        leader: (skips ? group.leaderId : oldLeaderId) ?? '',
      })
    })
  }

  /** The replacement is not in the log, so it never was: the old member is back. */
  #takeBack(group: Group, member: GroupMember, old: GroupMember): void {
    group.setJoin(member, null)
    const back = this.#succeed(group, member, old.id)
    this.#rebalances.update(group, back, old.protocols, old.rebalanceTimeoutMs, old.sessionTimeoutMs)
  }

  #member(request: JoinGroupRequest, id: string, clientId: string, clientHost: string): MemberOptions {
    const { groupInstanceId: instanceId, rebalanceTimeoutMs, sessionTimeoutMs, protocols } = request
    return { id, instanceId, clientId, clientHost, rebalanceTimeoutMs, sessionTimeoutMs, protocols }
  }

  #answer(to: WaitingRequest, answer: JoinAnswer): void {
    this.#turn.answer(to.token, joinAnswer(to.apiVersion, answer))
  }
}

/** Of protocols of the same name the first counts: votes are counted by name. */
function withoutDuplicates(request: JoinGroupRequest): JoinGroupRequest {
  const byName = new Map<string, JoinGroupRequestProtocol>()
  for (const protocol of request.protocols) if (!byName.has(protocol.name)) byName.set(protocol.name, protocol)
  return { ...request, protocols: [...byName.values()] }
}
