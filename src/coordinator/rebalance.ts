// How a group goes from one generation to the next: members are gathered (PreparingRebalance), told who they are
// (CompletingRebalance), and given what the leader assigns (Stable, see syncs.ts).
//
// Kafka's rules: a group's first rebalance waits `group.initial.rebalance.delay.ms` for more members, again while they
// keep coming. Later ones wait until every member has joined again, the longest rebalance timeout at most; dynamic members
// that have not by then are out, static ones stay until their session ends.

import { ErrorCode } from '../model/error-codes.ts'
import type { JoinGroupRequest, JoinGroupRequestProtocol, JoinGroupResponse } from '../wire/generated/11-join-group.ts'
import { Group } from './group.ts'
import type { GroupSettings } from './group-border.ts'
import type { GroupMemory } from './group-memory.ts'
import { groupRecord } from './group-records.ts'
import type { Groups } from './groups.ts'
import { GroupMember, type MemberOptions, NO_ASSIGNMENT, type WaitingRequest } from './member.ts'
import { GroupTimer, type Turn } from './turn.ts'

/** A member that has not seen its id yet can't send heartbeats: how long its JoinGroup may wait. */
const NEW_MEMBER_JOIN_TIMEOUT_MS = 300_000
/** Before it is tried again to complete a rebalance that nobody has joined. */
const RETRY_MIN_MS = 1000

export type JoinAnswer = Partial<JoinGroupResponse>

export class Rebalances {
  readonly #turn: Turn
  readonly #groups: Groups
  readonly #settings: GroupSettings
  readonly #log: (message: string) => void

  constructor(turn: Turn, groups: Groups, settings: GroupSettings, log: (message: string) => void) {
    this.#turn = turn
    this.#groups = groups
    this.#settings = settings
    this.#log = log
  }

  newGroup(id: string, memory: GroupMemory): Group {
    const timers = {
      join: new GroupTimer(() => this.#onJoinTimer(group)),
      sync: new GroupTimer(() => this.#onSyncTimer(group)),
    }
    const group: Group = new Group(id, this.#turn.wallMs, timers, memory)
    return group
  }

  newMember(group: Group, options: MemberOptions): GroupMember {
    const member: GroupMember = new GroupMember(options, new GroupTimer(() => this.#onSessionTimer(group, member)))
    return member
  }

  /** A new member, whose JoinGroup waits. */
  admit(group: Group, options: MemberOptions, protocolType: string, join: WaitingRequest): void {
    this.dropPending(group, options.id)
    const member = this.newMember(group, options)
    member.isNew = true
    member.join = { token: join.token, apiVersion: join.apiVersion }
    if (group.state === 'PreparingRebalance' && group.isInitialRebalance) group.newMemberAdded = true
    if (group.members.size === 0) group.protocolType = protocolType
    group.add(member)
    this.#turn.schedule(member.session, NEW_MEMBER_JOIN_TIMEOUT_MS)
    this.rebalanceOrComplete(group, `member ${member.id} is new`)
  }

  /** A member that joins again, and may have changed. */
  rejoin(group: Group, member: GroupMember, request: JoinGroupRequest, join: WaitingRequest): void {
    this.update(group, member, request.protocols, request.rebalanceTimeoutMs, request.sessionTimeoutMs)
    this.wait(group, member, join)
    this.rebalanceOrComplete(group, `member ${member.id} joins again`)
  }

  update(
    group: Group,
    member: GroupMember,
    protocols: readonly JoinGroupRequestProtocol[],
    rebalanceTimeoutMs: number,
    sessionTimeoutMs: number,
  ): void {
    group.setProtocols(member, protocols)
    member.rebalanceTimeoutMs = rebalanceTimeoutMs
    member.sessionTimeoutMs = sessionTimeoutMs
  }

  /** Its JoinGroup waits; one that it sent before and has lost patience with is answered. */
  wait(group: Group, member: GroupMember, join: WaitingRequest): void {
    this.answerJoin(group, member, { memberId: member.id, errorCode: ErrorCode.RebalanceInProgress })
    group.setJoin(member, { token: join.token, apiVersion: join.apiVersion })
  }

  rebalanceOrComplete(group: Group, reason: string): void {
    if (group.state === 'PreparingRebalance') this.completeIfAllJoined(group)
    else this.prepare(group, reason)
  }

  prepare(group: Group, reason: string): void {
    if (group.state === 'CompletingRebalance') this.failSyncs(group, ErrorCode.RebalanceInProgress)
    group.pendingSyncs.clear()
    this.#turn.cancel(group.timers.sync)
    group.transitionTo('PreparingRebalance', this.#turn.wallMs)
    this.#log(`group ${group.id} rebalances after generation ${group.generation}: ${reason}`)
    if (group.isInitialRebalance) {
      const delayMs = this.#settings.groupInitialRebalanceDelayMs
      group.newMemberAdded = false
      group.initialDelayMs = delayMs
      group.initialRemainingMs = Math.max(group.rebalanceTimeoutMs() - delayMs, 0)
      this.#turn.schedule(group.timers.join, delayMs)
    } else if (group.allHaveJoined) this.completeJoin(group)
    else this.#turn.schedule(group.timers.join, group.rebalanceTimeoutMs())
  }

  /** The initial rebalance ends by its timer alone. */
  completeIfAllJoined(group: Group): void {
    if (group.state === 'PreparingRebalance' && !group.isInitialRebalance && group.allHaveJoined)
      this.completeJoin(group)
  }

  completeJoin(group: Group): void {
    this.#turn.cancel(group.timers.join)
    for (const member of group.members.values()) {
      if (member.join || member.instanceId !== null) continue
      this.#log(`group ${group.id}: member ${member.id} did not join in time`)
      this.drop(group, member)
    }
    if (!group.electJoinedLeader() && group.members.size > 0) {
      this.#turn.schedule(group.timers.join, Math.max(group.rebalanceTimeoutMs(), RETRY_MIN_MS))
      return
    }
    group.startGeneration(this.#turn.wallMs)
    if (group.state === 'Empty') this.#writeEmpty(group)
    else this.#announce(group)
  }

  /** Takes a member out of the group; whatever it waits for, it is told that nobody knows it. */
  drop(group: Group, member: GroupMember): void {
    this.#turn.cancel(member.session)
    this.answerJoin(group, member, { errorCode: ErrorCode.UnknownMemberId })
    this.answerSync(group, member, ErrorCode.UnknownMemberId)
    group.remove(member)
  }

  dropPending(group: Group, memberId: string): void {
    const timer = group.expectNoMore(memberId)
    if (timer) this.#turn.cancel(timer)
  }

  /** An id is given out; who has it is waited for until its session would end. */
  expect(group: Group, memberId: string, sessionTimeoutMs: number): void {
    const timer = new GroupTimer(() => {
      group.expectNoMore(memberId)
      this.#joinedButForLost(group)
      this.#groups.forgetIfBlank(group)
    })
    group.expect(memberId, timer)
    this.#turn.schedule(timer, sessionTimeoutMs)
  }

  renewSession(member: GroupMember): void {
    this.#turn.schedule(member.session, member.sessionTimeoutMs)
  }

  failSyncs(group: Group, errorCode: number): void {
    for (const member of group.members.values()) {
      group.setAssignment(member, NO_ASSIGNMENT)
      if (this.answerSync(group, member, errorCode)) this.renewSession(member)
    }
  }

  /** Whether there was a SyncGroup that waited. */
  answerSync(group: Group, member: GroupMember, errorCode: number): boolean {
    const { sync } = member
    if (!sync) return false
    member.sync = null
    this.#turn.answer(sync.token, syncAnswer(group, member, errorCode))
    return true
  }

  answerJoin(group: Group, member: GroupMember, answer: JoinAnswer): void {
    const { join } = member
    if (!join) return
    group.setJoin(member, null)
    this.#turn.answer(join.token, joinAnswer(join.apiVersion, answer))
  }

  #announce(group: Group): void {
    this.#log(`group ${group.id} has generation ${group.generation} with ${group.members.size} members`)
    for (const member of group.members.values()) {
      this.answerJoin(group, member, currentGeneration(group, member, member.id === group.leaderId))
      this.renewSession(member)
      member.isNew = false
      group.pendingSyncs.add(member.id)
    }
    this.#turn.schedule(group.timers.sync, group.rebalanceTimeoutMs())
  }

  /** Nobody is told of it: if it is lost, the members of before come back from the log and time out. */
  #writeEmpty(group: Group): void {
    this.#log(`group ${group.id} is empty with generation ${group.generation}`)
    this.#turn.append([groupRecord(group, () => NO_ASSIGNMENT)], (error) => {
      if (error !== 0) this.#log(`group ${group.id}: that it is empty was not written (error ${error})`)
    })
  }

  #onJoinTimer(group: Group): void {
    if (!group.isInitialRebalance || !group.newMemberAdded || group.initialRemainingMs === 0) {
      this.completeJoin(group)
      return
    }
    const delayMs = Math.min(this.#settings.groupInitialRebalanceDelayMs, group.initialRemainingMs)
    group.newMemberAdded = false
    group.initialRemainingMs = Math.max(group.initialRemainingMs - group.initialDelayMs, 0)
    group.initialDelayMs = delayMs
    this.#turn.schedule(group.timers.join, delayMs)
  }

  #onSyncTimer(group: Group): void {
    if (group.pendingSyncs.size === 0) return
    for (const memberId of [...group.pendingSyncs]) this.drop(group, group.members.get(memberId)!)
    this.prepare(group, 'members did not sync in time')
  }

  #onSessionTimer(group: Group, member: GroupMember): void {
    if (member.isWaiting) return
    this.#log(`group ${group.id}: member ${member.id} is lost`)
    this.drop(group, member)
    if (group.state === 'Stable' || group.state === 'CompletingRebalance') this.prepare(group, 'a member is lost')
    else this.#joinedButForLost(group)
  }

  #joinedButForLost(group: Group): void {
    if (group.state === 'PreparingRebalance' && group.allHaveJoined) this.completeJoin(group)
  }
}

/** What a member needs to know of the generation that there is. */
export function currentGeneration(group: Group, member: GroupMember, withMembers: boolean): JoinAnswer {
  const members = withMembers
    ? Array.from(group.members.values(), (each) => ({
        memberId: each.id,
        groupInstanceId: each.instanceId,
        metadata: each.metadataFor(group.protocolName),
      }))
    : []
  return {
    memberId: member.id,
    generationId: group.generation,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    leader: group.leaderId ?? '',
    members,
  }
}

export function joinAnswer(apiVersion: number, answer: JoinAnswer): JoinGroupResponse {
  const whole: JoinGroupResponse = {
    throttleTimeMs: 0,
    errorCode: ErrorCode.None,
    generationId: -1,
    protocolType: null,
    protocolName: null,
    leader: '',
    skipAssignment: false,
    memberId: '',
    members: [],
    ...answer,
  }
  // Before version 7 there is no null for it.
  if (apiVersion < 7) whole.protocolName ??= ''
  return whole
}

function syncAnswer(group: Group, member: GroupMember, errorCode: number): object {
  const isGood = errorCode === ErrorCode.None
  return {
    throttleTimeMs: 0,
    errorCode,
    protocolType: isGood ? group.protocolType : null,
    protocolName: isGood ? group.protocolName : null,
    assignment: isGood ? member.assignment : NO_ASSIGNMENT,
  }
}
