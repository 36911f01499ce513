// A classic group: its members, the protocol they share, its state and its generation. It changes itself only; who is
// answered and what is written is the business of rebalance.ts and its neighbours.
//
// Invariants: `awaitingJoinCount` members have a JoinGroup waiting. A protocol's count in `#supporters` is the number of
//             members that offer it. The leader, if there is one, is a member. Empty: no members.
//
//   Empty → PreparingRebalance → CompletingRebalance → Stable, from each of the last two back to PreparingRebalance,
//   from there to Empty when nobody is left; from Empty to Dead while the records that delete it are being written.

import { assert } from '../lib/assert.ts'
import type { JoinGroupRequestProtocol } from '../wire/generated/11-join-group.ts'
import { CONSUMER_PROTOCOL_TYPE, subscribedTopicsOf } from './consumer-protocol.ts'
import type { GroupMember } from './member.ts'
import { GroupOffsets } from './offsets.ts'
import type { GroupTimer } from './turn.ts'

export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead'

const PREVIOUS_STATES: Readonly<Record<GroupState, readonly GroupState[]>> = {
  Empty: ['PreparingRebalance', 'Dead'],
  PreparingRebalance: ['Empty', 'CompletingRebalance', 'Stable'],
  CompletingRebalance: ['PreparingRebalance'],
  Stable: ['CompletingRebalance'],
  Dead: ['Empty'],
}

export interface GroupTimers {
  /** The end of PreparingRebalance. */
  readonly join: GroupTimer
  /** The end of patience with members that have joined and don't sync. */
  readonly sync: GroupTimer
}

export class Group {
  readonly id: string
  readonly offsets = new GroupOffsets()
  readonly timers: GroupTimers
  state: GroupState = 'Empty'
  /** Whether PreparingRebalance began at Empty: then more members are waited for. */
  isInitialRebalance = false
  generation = 0
  /** Null until a member joins: so far it has offsets only. */
  protocolType: string | null = null
  protocolName: string | null = null
  leaderId: string | null = null
  /** Wall clock; -1 unknown. */
  stateSinceMs: number
  /** Of a consumer group's generation; null where it can't be known. */
  subscribedTopics: ReadonlySet<string> | null = null
  /** In the order of joining. */
  readonly members = new Map<string, GroupMember>()
  readonly memberIdOfInstance = new Map<string, string>()
  /** Ids that were given out with MEMBER_ID_REQUIRED and have not joined yet. */
  readonly pendingMembers = new Map<string, GroupTimer>()
  readonly pendingSyncs = new Set<string>()
  awaitingJoinCount = 0
  /** A member came during the initial rebalance: wait once more. */
  newMemberAdded = false
  /** Of the initial rebalance: how long it has left after the delay that runs. */
  initialDelayMs = 0
  initialRemainingMs = 0
  /** The generation whose assignment is being written; -1 for none. */
  storingGeneration = -1
  readonly #supporters = new Map<string, number>()

  constructor(id: string, stateSinceMs: number, timers: GroupTimers) {
    this.id = id
    this.stateSinceMs = stateSinceMs
    this.timers = timers
  }

  get usesConsumerProtocol(): boolean {
    return this.protocolType === CONSUMER_PROTOCOL_TYPE
  }

  /** Nothing that was ever written: forgotten without a record. */
  get isBlank(): boolean {
    return (
      this.state === 'Empty' &&
      this.generation === 0 &&
      this.protocolType === null &&
      this.pendingMembers.size === 0 &&
      this.offsets.isEmpty
    )
  }

  transitionTo(state: GroupState, wallMs: number): void {
    assert(PREVIOUS_STATES[state].includes(this.state), `a group goes from ${this.state} to ${state}`)
    this.isInitialRebalance = state === 'PreparingRebalance' && this.state === 'Empty'
    this.state = state
    this.stateSinceMs = wallMs
  }

  add(member: GroupMember): void {
    const { id, instanceId } = member
    assert(!this.members.has(id), 'a member id is given out once')
    if (instanceId !== null) {
      assert(!this.memberIdOfInstance.has(instanceId), 'an instance id names one member')
      this.memberIdOfInstance.set(instanceId, id)
    }
    this.leaderId ??= id
    this.members.set(id, member)
    this.#count(member.protocols, 1)
    if (member.join) this.awaitingJoinCount++
  }

  /** Its timer and its waiting requests are the caller's. */
  remove(member: GroupMember): void {
    this.members.delete(member.id)
    this.#count(member.protocols, -1)
    if (member.join) this.awaitingJoinCount--
    if (member.instanceId !== null) this.memberIdOfInstance.delete(member.instanceId)
    this.pendingSyncs.delete(member.id)
    if (this.leaderId === member.id) this.leaderId = this.members.keys().next().value ?? null
  }

  setJoin(member: GroupMember, join: GroupMember['join']): void {
    if (member.join && !join) this.awaitingJoinCount--
    if (!member.join && join) this.awaitingJoinCount++
    member.join = join
  }

  setProtocols(member: GroupMember, protocols: readonly JoinGroupRequestProtocol[]): void {
    this.#count(member.protocols, -1)
    member.protocols = protocols
    this.#count(protocols, 1)
  }

  get allHaveJoined(): boolean {
    return this.awaitingJoinCount === this.members.size && this.pendingMembers.size === 0
  }

  /** Whether the leader has joined, if need be after another that has was made leader. */
  electJoinedLeader(): boolean {
    if (this.leaderId === null) return false
    if (this.members.get(this.leaderId)!.join) return true
    for (const member of this.members.values()) {
      if (!member.join) continue
      this.leaderId = member.id
      return true
    }
    return false
  }

  rebalanceTimeoutMs(): number {
    let longest = 0
    for (const member of this.members.values()) longest = Math.max(longest, member.rebalanceTimeoutMs)
    return longest
  }

  /** Whether someone with these protocols can be in the group with all who are. */
  supports(protocolType: string, protocols: readonly JoinGroupRequestProtocol[]): boolean {
    if (this.state === 'Empty') return protocolType !== '' && protocols.length > 0
    return (
      this.protocolType === protocolType &&
      protocols.some(({ name }) => (this.#supporters.get(name) ?? 0) === this.members.size)
    )
  }

  /** Of the protocols that all members offer, the one that most of them like best. */
  selectProtocol(): string {
    const votes = new Map<string, number>()
    for (const { protocols } of this.members.values()) {
      const choice = protocols.find(({ name }) => this.#supporters.get(name) === this.members.size)
      assert(choice !== undefined, 'members of a group have a protocol in common')
      votes.set(choice.name, (votes.get(choice.name) ?? 0) + 1)
    }
    let winner = ''
    for (const [name, count] of votes) if (count > (votes.get(winner) ?? 0)) winner = name
    return winner
  }

  startGeneration(wallMs: number): void {
    this.generation++
    this.protocolName = this.members.size > 0 ? this.selectProtocol() : null
    this.pendingSyncs.clear()
    this.noteSubscriptions()
    this.transitionTo(this.members.size > 0 ? 'CompletingRebalance' : 'Empty', wallMs)
  }

  noteSubscriptions(): void {
    this.subscribedTopics = this.usesConsumerProtocol ? this.#subscriptions() : null
  }

  isSubscribedTo(topic: string): boolean {
    return this.subscribedTopics?.has(topic) ?? this.usesConsumerProtocol
  }

  #subscriptions(): ReadonlySet<string> | null {
    const topics = new Set<string>()
    for (const member of this.members.values()) {
      const own = subscribedTopicsOf(member.metadataFor(this.protocolName))
      if (own === null) return null
      for (const topic of own) topics.add(topic)
    }
    return topics
  }

  #count(protocols: readonly JoinGroupRequestProtocol[], by: number): void {
    for (const { name } of protocols) {
      const count = (this.#supporters.get(name) ?? 0) + by
      if (count === 0) this.#supporters.delete(name)
      else this.#supporters.set(name, count)
    }
  }
}
