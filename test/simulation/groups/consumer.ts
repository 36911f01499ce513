// A simulated consumer: joins, syncs, heartbeats, commits and fetches as Kafka's clients do, eager or cooperative, dynamic
// or static, in versions of its own. What it owns changes only in its callbacks, `#assign` and `#revoke`.
import type { JoinGroupResponse } from '../../../src/wire/generated/11-join-group.ts'
import type { Random } from '../../wire/support/random.ts'
import {
  assign,
  COOPERATIVE,
  decodeAssignment,
  encodeAssignment,
  encodeSubscription,
  type Partition,
} from './assignors.ts'
import type { Owner } from './truth.ts'
import type { World } from './world.ts'

const RETRY_MS = 100
const HEARTBEAT_MS = 1500
/** Longer than a rebalance takes: who gives up earlier makes it begin again. */
const JOIN_PATIENCE_MS = 14_000
const PATIENCE_MS = 4000

export interface ConsumerOptions {
  readonly name: string
  readonly group: string
  readonly instanceId: string | null
  readonly protocols: readonly string[]
  readonly topics: readonly string[]
  readonly partitions: readonly Partition[]
}

interface Versions {
  readonly join: number
  readonly sync: number
  readonly heartbeat: number
  readonly leave: number
  readonly commit: number
  readonly fetch: number
}

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into field by field
type Answer = any

export class Consumer implements Owner {
  readonly name: string
  readonly identity: string
  readonly options: ConsumerOptions
  readonly owned = new Set<Partition>()
  joinedGeneration = -1
  joinedLife = 0
  ownedGeneration = -1
  incarnation = 0
  isAlive = true
  isStable = false
  memberId = ''
  generation = -1
  /** By partition: where it reads. Absent until its committed offset was fetched. */
  readonly positions = new Map<Partition, number>()
  readonly #world: World
  readonly #random: Random
  readonly #versions: Versions
  readonly #isCooperative: boolean
  /** Counts intentions: an answer to one that was given up is not listened to. */
  #intent = 0
  #pausedUntilMs = 0
  readonly #sessionTimeoutMs: number
  readonly #rebalanceTimeoutMs: number
  readonly #dirty = new Set<Partition>()

  constructor(world: World, options: ConsumerOptions, random: Random) {
    this.#world = world
    this.#random = random
    this.options = options
    this.name = options.name
    this.identity = options.instanceId ?? options.name
    this.#isCooperative = options.protocols.includes(COOPERATIVE)
    const isStatic = options.instanceId !== null
    this.#sessionTimeoutMs = 6000 + random.below(6000)
    this.#rebalanceTimeoutMs = 3000 + random.below(7000)
    this.#versions = {
      join: isStatic ? 5 + random.below(5) : random.below(10),
      sync: isStatic ? 3 + random.below(3) : random.below(6),
      heartbeat: isStatic ? 3 + random.below(2) : random.below(5),
      leave: isStatic ? 3 + random.below(3) : random.below(6),
      commit: isStatic ? 7 + random.below(3) : 2 + random.below(8),
      fetch: 7 + random.below(3),
    }
  }

  start(): void {
    this.#join()
    this.#later(HEARTBEAT_MS, () => this.#beat())
    this.#later(this.#random.below(1000), () => this.#consume())
  }

  /** Gone without a word. What it owned is nobody's until its session ends. */
  crash(): void {
    this.isAlive = false
    this.isStable = false
    this.#intent++
    this.owned.clear()
    this.joinedGeneration = -1
  }

  leave(): void {
    const { group, instanceId } = this.options
    const { memberId } = this
    const members = [{ memberId, groupInstanceId: instanceId, reason: 'done' }]
    const request = { groupId: group, memberId, members }
    this.crash()
    if (memberId !== '') this.#world.send(13, this.#versions.leave, this.name, request, () => {})
  }

  pause(forMs: number): void {
    this.#pausedUntilMs = this.#world.nowMs + forMs
  }

  /** As an application does with enforceRebalance. */
  rejoin(): void {
    this.#commitAndJoin()
  }

  #join(): void {
    const intent = ++this.#intent
    this.isStable = false
    const { group, instanceId, protocols, topics } = this.options
    if (!this.#isCooperative) this.#revoke([...this.owned])
    const metadata = encodeSubscription({ topics, owned: [...this.owned], generation: this.ownedGeneration })
    const request = {
      groupId: group,
      sessionTimeoutMs: this.#sessionTimeoutMs,
      rebalanceTimeoutMs: this.#rebalanceTimeoutMs,
      memberId: this.memberId,
      groupInstanceId: instanceId,
      protocolType: 'consumer',
      protocols: protocols.map((name) => ({ name, metadata })),
      reason: null,
    }
    this.#ask(11, this.#versions.join, request, JOIN_PATIENCE_MS, intent, (answer) => this.#onJoined(answer))
  }

  #onJoined(answer: JoinGroupResponse | null): void {
    switch (answer?.errorCode) {
      case 0:
        this.memberId = answer.memberId
        this.generation = answer.generationId
        this.joinedGeneration = answer.generationId
        this.joinedLife = this.#world.lifeOf(answer.memberId)
        this.incarnation = this.#world.incarnationOf(answer.memberId)
        this.#sync(answer)
        return
      case 79:
        this.memberId = answer.memberId
        this.#join()
        return
      default:
        this.#onRefusal(answer?.errorCode)
    }
  }

  #sync(joined: JoinGroupResponse): void {
    const isAssigning = joined.leader === joined.memberId && !joined.skipAssignment
    if (isAssigning)
      this.#world.truth.led(
        this.options.group,
        this,
        joined.generationId,
        joined.members.map((each) => each.memberId),
      )
    const assignment = isAssigning ? assign(joined.protocolName!, joined.members, this.options.partitions) : new Map()
    const request = {
      groupId: this.options.group,
      generationId: this.generation,
      memberId: this.memberId,
      groupInstanceId: this.options.instanceId,
      protocolType: 'consumer',
      protocolName: joined.protocolName,
      assignments: Array.from(assignment, ([memberId, partitions]) => ({
        memberId,
        assignment: encodeAssignment(partitions),
      })),
    }
    this.#ask(14, this.#versions.sync, request, PATIENCE_MS, this.#intent, (answer) => {
      if (answer?.errorCode !== 0) this.#onRefusal(answer?.errorCode)
      else this.#onAssigned(decodeAssignment(answer.assignment))
    })
  }

  #onAssigned(assigned: readonly Partition[]): void {
    const given = new Set(assigned)
    const lost = [...this.owned].filter((partition) => !given.has(partition))
    const added = assigned.filter((partition) => !this.owned.has(partition))
    this.#revoke(lost)
    const { truth } = this.#world
    if (this.options.instanceId !== null)
      truth.kept(this.options.group, this, [...this.owned], this.ownedGeneration, this.generation)
    for (const partition of added) this.owned.add(partition)
    this.ownedGeneration = this.generation
    truth.assigned(this.options.group, this, added, this.generation, this.#world.othersThan(this))
    // What was given up can be assigned only when everyone has joined again.
    if (lost.length > 0 && this.#isCooperative) {
      this.#join()
      return
    }
    this.isStable = true
    this.#fetch()
  }

  #revoke(partitions: readonly Partition[]): void {
    for (const partition of partitions) {
      this.owned.delete(partition)
      this.positions.delete(partition)
      this.#dirty.delete(partition)
    }
  }

  /** Others have its partitions, or will: it is out of the group. */
  #lose(forgetsId: boolean): void {
    this.#revoke([...this.owned])
    this.generation = -1
    this.joinedGeneration = -1
    this.ownedGeneration = -1
    if (forgetsId) this.memberId = ''
  }

  #onRefusal(errorCode: number | undefined): void {
    switch (errorCode) {
      case 82:
        this.#world.fenced(this)
        return
      case 22:
      case 25:
        this.#lose(errorCode === 25)
        this.#join()
        return
      default: {
        const intent = ++this.#intent
        this.isStable = false
        this.#later(RETRY_MS, () => {
          if (intent === this.#intent) this.#join()
        })
      }
    }
  }

  #beat(): void {
    this.#later(HEARTBEAT_MS, () => this.#beat())
    if (this.generation < 0 || !this.isStable) return
    const request = {
      groupId: this.options.group,
      generationId: this.generation,
      memberId: this.memberId,
      groupInstanceId: this.options.instanceId,
    }
    this.#ask(12, this.#versions.heartbeat, request, PATIENCE_MS, this.#intent, (answer) => {
      if (answer === null || answer.errorCode === 0) return
      if (answer.errorCode === 27) this.#commitAndJoin()
      else this.#onRefusal(answer.errorCode)
    })
  }

  /** Before it gives anything up it says how far it got. */
  #commitAndJoin(): void {
    this.isStable = false
    if (this.#dirty.size === 0) this.#join()
    else this.#commit(++this.#intent, () => this.#join())
  }

  #consume(): void {
    this.#later(500 + this.#random.below(1000), () => this.#consume())
    if (!this.isStable) return
    for (const [partition, position] of this.positions) {
      if (partition.startsWith('quiet') && position > 0) continue
      this.positions.set(partition, position + 1)
      this.#dirty.add(partition)
    }
    if (this.#dirty.size > 0 && this.#random.chance(3)) this.#commit(this.#intent, () => {})
  }

  #commit(intent: number, then: () => void): void {
    const committed = new Map([...this.#dirty].map((partition) => [partition, this.positions.get(partition)!]))
    this.#dirty.clear()
    const request = {
      groupId: this.options.group,
      generationIdOrMemberEpoch: this.generation,
      memberId: this.memberId,
      groupInstanceId: this.options.instanceId,
      retentionTimeMs: -1,
      topics: this.#byTopic([...committed.keys()]).map(([name, partitions]) => ({
        name,
        topicId: this.#world.topicId(name),
        partitions: partitions.map((partitionIndex) => ({
          partitionIndex,
          committedOffset: committed.get(`${name}-${partitionIndex}`)!,
          committedLeaderEpoch: 0,
          committedMetadata: this.name,
        })),
      })),
    }
    const note = (answer: Answer): void => {
      for (const { name, partitions } of answer.topics)
        for (const { partitionIndex, errorCode } of partitions) {
          const partition = `${name}-${partitionIndex}`
          if (errorCode === 0) this.#world.truth.committed(this.options.group, partition, committed.get(partition)!)
        }
    }
    this.#world.send(8, this.#versions.commit, this.name, request, note)
    this.#later(intent === this.#intent ? 150 : 0, () => {
      if (intent === this.#intent) then()
    })
  }

  #fetch(): void {
    const wanted = [...this.owned].filter((partition) => !this.positions.has(partition))
    if (wanted.length === 0) return
    const { group } = this.options
    const topics = this.#byTopic(wanted).map(([name, partitionIndexes]) => ({
      name,
      topicId: this.#world.topicId(name),
      partitionIndexes,
    }))
    const request = {
      groupId: group,
      topics,
      groups: [{ groupId: group, memberId: null, memberEpoch: -1, topics }],
      requireStable: true,
    }
    const ackedNow = new Map(wanted.map((partition) => [partition, this.#world.truth.acked(group, partition)]))
    this.#ask(9, this.#versions.fetch, request, PATIENCE_MS, this.#intent, (answer) => {
      if (answer === null) {
        this.#fetch()
        return
      }
      for (const { name, partitions } of this.#versions.fetch >= 8 ? answer.groups[0].topics : answer.topics)
        for (const { partitionIndex, committedOffset } of partitions) {
          const partition = `${name}-${partitionIndex}`
          this.#world.truth.fetched(group, partition, committedOffset, ackedNow.get(partition)!)
          if (this.owned.has(partition)) this.positions.set(partition, Math.max(committedOffset, 0))
        }
    })
  }

  #byTopic(partitions: readonly Partition[]): [string, number[]][] {
    const topics = new Map<string, number[]>()
    for (const partition of partitions) {
      const dash = partition.lastIndexOf('-')
      const name = partition.slice(0, dash)
      topics.set(name, [...(topics.get(name) ?? []), Number(partition.slice(dash + 1))])
    }
    return [...topics]
  }

  /** Answers once: with what came, or null when patience has ended. Not at all if the intention has changed. */
  #ask(
    apiKey: number,
    version: number,
    request: unknown,
    patienceMs: number,
    intent: number,
    answered: (answer: Answer) => void,
  ): void {
    let isOpen = true
    const close = (answer: Answer): void => {
      if (!isOpen || intent !== this.#intent || !this.isAlive) return
      isOpen = false
      answered(answer)
    }
    this.#world.send(apiKey, version, this.name, request, (answer) => this.#whenAwake(() => close(answer)))
    this.#later(patienceMs, () => close(null))
  }

  #later(delayMs: number, run: () => void): void {
    this.#world.schedule.after(delayMs, () => this.#whenAwake(run))
  }

  #whenAwake(run: () => void): void {
    if (!this.isAlive) return
    const leftMs = this.#pausedUntilMs - this.#world.nowMs
    if (leftMs > 0) this.#world.schedule.after(leftMs, () => this.#whenAwake(run))
    else run()
  }
}
