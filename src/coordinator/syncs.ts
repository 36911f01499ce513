// SyncGroup: the leader brings the assignment of a generation; when it is durable, every member gets its own.

import { ErrorCode } from '../model/error-codes.ts'
import type { SyncGroupRequest } from '../wire/generated/14-sync-group.ts'
import type { Group } from './group.ts'
import type { GroupRequestEvent } from './group-border.ts'
import { groupRecord } from './group-records.ts'
import type { Groups } from './groups.ts'
import { type GroupMember, NO_ASSIGNMENT } from './member.ts'
import type { Rebalances } from './rebalance.ts'
import { appendRefusal, refuseMember } from './refusals.ts'
import type { Turn } from './turn.ts'

const PROTOCOL_REQUIRED_FROM = 5

export class Syncs {
  readonly #turn: Turn
  readonly #groups: Groups
  readonly #rebalances: Rebalances

  constructor(turn: Turn, groups: Groups, rebalances: Rebalances) {
    this.#turn = turn
    this.#groups = groups
    this.#rebalances = rebalances
  }

  onRequest(event: GroupRequestEvent): void {
    const request = event.request as SyncGroupRequest
    const group = this.#groups.find(request.groupId)
    const refusal = refuseSync(group, request, event.apiVersion)
    if (refusal !== ErrorCode.None || !group) {
      const answer = { throttleTimeMs: 0, errorCode: refusal, protocolType: null, protocolName: null }
      this.#turn.answer(event.token, { ...answer, assignment: NO_ASSIGNMENT })
      return
    }
    const member = group.members.get(request.memberId)!
    // One that it sent before and has lost patience with.
    this.#rebalances.answerSync(group, member, ErrorCode.RebalanceInProgress)
    group.pendingSyncs.delete(member.id)
    if (group.pendingSyncs.size === 0) this.#turn.cancel(group.timers.sync)
    member.sync = { token: event.token, apiVersion: event.apiVersion }
    if (group.state === 'Stable') this.#rebalances.answerSync(group, member, ErrorCode.None)
    else if (group.leaderId === member.id && group.storingGeneration !== group.generation) this.#store(group, request)
  }

  #store(group: Group, request: SyncGroupRequest): void {
    const { generation } = group
    const assigned = new Map(request.assignments.map(({ memberId, assignment }) => [memberId, assignment]))
    const assignmentOf = ({ id }: GroupMember): Uint8Array => assigned.get(id) ?? NO_ASSIGNMENT
    if (!hasRoomFor(group, assignmentOf)) {
      this.#giveUp(group, ErrorCode.CoordinatorNotAvailable, 'there is no memory for its assignment')
      return
    }
    group.storingGeneration = generation
    this.#turn.append([groupRecord(group, assignmentOf)], (error) => {
      if (group.storingGeneration === generation) group.storingGeneration = -1
      if (group.state !== 'CompletingRebalance' || group.generation !== generation) return
      if (error !== 0) {
        this.#giveUp(group, appendRefusal(error), `its assignment was not written (error ${error})`)
        return
      }
      group.transitionTo('Stable', this.#turn.wallMs)
      for (const member of group.members.values()) {
        group.setAssignment(member, assignmentOf(member))
        if (this.#rebalances.answerSync(group, member, ErrorCode.None)) this.#rebalances.renewSession(member)
      }
    })
  }

  #giveUp(group: Group, errorCode: number, reason: string): void {
    this.#rebalances.failSyncs(group, errorCode)
    this.#rebalances.prepare(group, reason)
  }
}

function hasRoomFor(group: Group, assignmentOf: (member: GroupMember) => Uint8Array): boolean {
  let growth = 0
  for (const member of group.members.values()) growth += assignmentOf(member).length - member.assignment.length
  return group.memory.hasRoomToGrow(growth)
}

function refuseSync(group: Group | undefined, request: SyncGroupRequest, apiVersion: number): ErrorCode {
  const { groupId, protocolType, protocolName, generationId } = request
  if (groupId === '') return ErrorCode.InvalidGroupId
  if (apiVersion >= PROTOCOL_REQUIRED_FROM && (protocolType === null || protocolName === null))
    return ErrorCode.InconsistentGroupProtocol
  if (!group || group.state === 'Empty') return ErrorCode.UnknownMemberId
  if (group.state === 'Dead') return ErrorCode.CoordinatorNotAvailable
  const refusal = refuseMember(group, request.memberId, request.groupInstanceId)
  if (refusal !== ErrorCode.None) return refusal
  if (generationId !== group.generation) return ErrorCode.IllegalGeneration
  if (differs(protocolType, group.protocolType) || differs(protocolName, group.protocolName))
    return ErrorCode.InconsistentGroupProtocol
  return group.state === 'PreparingRebalance' ? ErrorCode.RebalanceInProgress : ErrorCode.None
}

const differs = (said: string | null, known: string | null): boolean =>
  said !== null && known !== null && said !== known
