// A classic group: its members, the protocol they share, its state and its generation. It changes itself only; who is
// answered and what is written is the business of rebalance.ts and its neighbours.
//
// Invariants: `awaitingJoinCount` members have a JoinGroup waiting. A protocol's count in `#supporters` is the number of
//             members that offer it. The leader, if there is one, is a member. Empty: no members. `memory` counts what is
//             there: whatever changes it here changes the count.
//
//   Empty → PreparingRebalance → CompletingRebalance → Stable, from each of the last two back to PreparingRebalance,
//   from there to Empty when nobody is left; from Empty to Dead while the records that delete it are being written.

import { assert } from '../lib/assert.ts'
import type { JoinGroupRequestProtocol } from '../wire/generated/11-join-group.ts'
import { CONSUMER_PROTOCOL_TYPE, SUBSCRIBED_TOPICS_MAX, subscribedTopicsOf } from './consumer-protocol.ts'
import { type GroupMemory, textBytes, VALUE_BYTES } from './group-memory.ts'
import { type GroupMember, protocolsBytes } from './member.ts'
import { GroupOffsets } from './offsets.ts'
import type { GroupTimer } from './turn.ts'

export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead'

/** What a group takes beside its id and all that is counted on its own. */
export const GROUP_BYTES = 2048
/** What an id that was given out takes beside itself. */
const PENDING_BYTES = 384

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
  readonly memory: GroupMemory
  readonly offsets: GroupOffsets
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
  #subscribedTopics: ReadonlySet<string> | null = null
  #subscribedBytes = 0
  /** In the order of joining. */
  readonly members = new Map<string, GroupMember>()
  readonly memberIdOfInstance = new Map<string, string>()
  /** Ids that were given out with MEMBER_ID_REQUIRED and have not joined yet. */
  readonly #pendingMembers = new Map<string, GroupTimer>()
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

  constructor(id: string, stateSinceMs: number, timers: GroupTimers, memory: GroupMemory) {
    this.id = id
    this.stateSinceMs = stateSinceMs
    this.timers = timers
    this.memory = memory
    this.offsets = new GroupOffsets(memory)
    memory.add(GROUP_BYTES + textBytes(id))
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
      this.#pendingMembers.size === 0 &&
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
    this.memory.add(member.heldBytes)
    this.#count(member.protocols, 1)
    if (member.join) this.awaitingJoinCount++
  }

  /** Its timer and its waiting requests are the caller's. */
  remove(member: GroupMember): void {
    this.members.delete(member.id)
    this.memory.add(-member.heldBytes)
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
    this.memory.add(protocolsBytes(protocols) - protocolsBytes(member.protocols))
    this.#count(member.protocols, -1)
    member.protocols = protocols
    this.#count(protocols, 1)
  }

  setAssignment(member: GroupMember, assignment: Uint8Array): void {
    this.memory.add(assignment.length - member.assignment.length)
    member.assignment = assignment
  }

  isPending(memberId: string): boolean {
    return this.#pendingMembers.has(memberId)
  }

  get pendingCount(): number {
    return this.#pendingMembers.size
  }

  pendingIds(): IterableIterator<string> {
    return this.#pendingMembers.keys()
  }

  expect(memberId: string, timer: GroupTimer): void {
    this.#pendingMembers.set(memberId, timer)
    this.memory.add(PENDING_BYTES + textBytes(memberId))
  }

  /** Its timer, if it was expected. */
  expectNoMore(memberId: string): GroupTimer | undefined {
    const timer = this.#pendingMembers.get(memberId)
    if (timer && this.#pendingMembers.delete(memberId)) this.memory.add(-PENDING_BYTES - textBytes(memberId))
    return timer
  }

  get allHaveJoined(): boolean {
    return this.awaitingJoinCount === this.members.size && this.#pendingMembers.size === 0
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
    this.memory.add(-this.#subscribedBytes)
    this.#subscribedTopics = this.usesConsumerProtocol ? this.#subscriptions() : null
    this.#subscribedBytes = 0
    for (const topic of this.#subscribedTopics ?? []) this.#subscribedBytes += VALUE_BYTES + textBytes(topic)
    this.memory.add(this.#subscribedBytes)
  }

  /** False: what the generation subscribes to can't be known. */
  get knowsSubscriptions(): boolean {
    return this.#subscribedTopics !== null
  }

  isSubscribedTo(topic: string): boolean {
    return this.#subscribedTopics?.has(topic) ?? this.usesConsumerProtocol
  }

  #subscriptions(): ReadonlySet<string> | null {
    const topics = new Set<string>()
    for (const member of this.members.values()) {
      const own = subscribedTopicsOf(member.metadataFor(this.protocolName))
      if (own === null) return null
      for (const topic of own) topics.add(topic)
      if (topics.size > SUBSCRIBED_TOPICS_MAX) return null
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
