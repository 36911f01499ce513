// One run from one seed: a coordinator, groups of consumers of all kinds, an operator; first with faults, then without.
import { Random } from '../../wire/support/random.ts'
import { COOPERATIVE, type Partition, RANGE } from './assignors.ts'
import { Consumer, type ConsumerOptions } from './consumer.ts'
import { type Canary, Coordinator } from './coordinator.ts'
import { Operator } from './operator.ts'
import { Schedule } from './schedule.ts'
import { Truth } from './truth.ts'

const FAULTS_MS = 60_000
/** A rebalance or two, a session, and a coordinator that was just started. */
const SETTLE_MS = 40_000
/** Two rebalances of members that are all there. */
const ENFORCED_MS = 10_000
const GROUPS = 3

const SETTINGS = {
  groupMinSessionTimeoutMs: 6000,
  groupMaxSessionTimeoutMs: 1_800_000,
  groupInitialRebalanceDelayMs: 500,
  groupMaxSize: 100,
  offsetMetadataMaxBytes: 4096,
  offsetsRetentionMs: 60_000,
  offsetsRetentionCheckIntervalMs: 5000,
}

export class World {
  readonly schedule = new Schedule()
  readonly truth = new Truth()
  readonly #canary: Canary
  readonly #random: Random
  readonly #coordinator: Coordinator
  readonly #consumers: Consumer[] = []
  readonly #operator: Operator
  readonly #topicIds = new Map<string, string>()
  #topicCount = 0
  #hasFaults = true
  #nextName = 1

  constructor(seed: number, canary: Canary = {}) {
    const random = new Random(seed)
    for (let i = 0; i < 8; i++) random.below(2)
    this.#random = random
    this.#canary = canary
    for (const name of ['busy', 'quiet', 'temporary']) this.#newTopicId(name)
    const idOf = (name: string): string | undefined => this.#topicIds.get(name)
    const nameOf = (id: string): string | undefined => [...this.#topicIds].find(([, own]) => own === id)?.[0]
    const settings = { ...SETTINGS, groupInitialRebalanceDelayMs: random.oneOf([0, 500, 3000]) }
    this.#coordinator = new Coordinator({ schedule: this.schedule, random, settings, topics: { idOf, nameOf }, canary })
    this.#operator = new Operator(this, 'operated', 'temporary', random)
  }

  run(): Truth {
    const undo = this.#canary.install?.()
    try {
      return this.#run()
    } finally {
      undo?.()
    }
  }

  #run(): Truth {
    const { schedule } = this
    this.#coordinator.start()
    this.#coordinator.appendsFail = true
    for (let group = 0; group < GROUPS; group++) this.#populate(`group-${group}`)
    this.#operator.start()
    schedule.after(this.#random.below(2000), () => this.#fault())
    schedule.runUntil(FAULTS_MS)
    this.#hasFaults = false
    this.#coordinator.appendsFail = false
    if (!this.#coordinator.isUp) this.#coordinator.start()
    schedule.runUntil(FAULTS_MS + SETTLE_MS - 3000)
    this.#operator.stop()
    schedule.runUntil(FAULTS_MS + SETTLE_MS)
    this.#enforceRebalances()
    this.#checkSettled()
    // Once more, without warning: what was answered is found.
    this.#coordinator.powerCut()
    this.#coordinator.start()
    this.#operator.check(() => {})
    this.#checkOffsets()
    schedule.runUntil(this.nowMs + 2000)
    return this.truth
  }

  /** A consumer of the test's own. */
  add(options: ConsumerOptions): Consumer {
    return this.#start(options)
  }

  /** Without faults, and without the crowd that `run` brings. */
  runCalmly(forMs: number): void {
    this.#hasFaults = false
    if (!this.#coordinator.isUp) this.#coordinator.start()
    this.schedule.runUntil(this.nowMs + forMs)
  }

  get nowMs(): number {
    return this.schedule.nowMs
  }

  topicId(name: string): string {
    return this.#topicIds.get(name)!
  }

  recreateTopic(name: string): void {
    const old = this.#topicIds.get(name)!
    this.#newTopicId(name)
    // A coordinator that is down never hears of it.
    this.#coordinator.topicsDeleted([old])
  }

  incarnationOf(memberId: string): number {
    return this.#coordinator.bornIn.get(memberId) ?? 0
  }

  lifeOf(memberId: string): number {
    return this.#coordinator.joinedIn.get(memberId) ?? 0
  }

  othersThan(consumer: Consumer): Consumer[] {
    return this.#consumers.filter((other) => other !== consumer && other.options.group === consumer.options.group)
  }

  /** Someone else has its name: a copy of it was started. */
  fenced(consumer: Consumer): void {
    consumer.crash()
  }

  /** Through a network that delays and, while there are faults, loses. */
  send(apiKey: number, version: number, from: string, request: unknown, reply: (answer: unknown) => void): void {
    if (this.#loses()) return
    this.schedule.after(this.#random.below(20), () => {
      this.#coordinator.request(apiKey, version, from, request, (answer) => {
        if (!this.#loses()) this.schedule.after(this.#random.below(20), () => reply(answer))
      })
    })
  }

  #loses(): boolean {
    return this.#hasFaults && this.#random.chance(50)
  }

  #populate(group: string): void {
    const protocols = this.#random.oneOf([
      [RANGE],
      [COOPERATIVE],
      [COOPERATIVE, RANGE].slice(0, 1),
      [RANGE, 'roundrobin'],
    ])
    const isStatic = this.#random.chance(3)
    const partitions: Partition[] = []
    for (let i = 0; i < 4 + this.#random.below(4); i++) partitions.push(`busy-${i}`)
    for (let i = 0; i < 2; i++) partitions.push(`quiet-${i}`)
    const count = 1 + this.#random.below(4)
    for (let i = 0; i < count; i++) {
      const instanceId = isStatic && i < 2 ? `${group}-instance-${i}` : null
      this.#start({ name: '', group, instanceId, protocols, topics: ['busy', 'quiet'], partitions })
    }
  }

  #start(options: ConsumerOptions): Consumer {
    const consumer = new Consumer(this, { ...options, name: `client-${this.#nextName++}` }, this.#random)
    this.#consumers.push(consumer)
    this.schedule.after(this.#random.below(1000), () => consumer.start())
    return consumer
  }

  #fault(): void {
    if (!this.#hasFaults) return
    this.schedule.after(500 + this.#random.below(5000), () => this.#fault())
    const living = this.#consumers.filter(({ isAlive }) => isAlive)
    const victim = this.#random.oneOf(living)
    switch (this.#random.below(6)) {
      case 0:
        this.#restartCoordinator()
        return
      case 1:
        victim.crash()
        // Nobody tells the group; if nobody comes instead either, only the end of its session does.
        if (this.othersThan(victim).every(({ isAlive }) => !isAlive) || this.#random.chance(2))
          this.#start(victim.options)
        return
      case 2:
        victim.leave()
        this.#start(victim.options)
        return
      case 3:
        victim.pause(500 + this.#random.below(15_000))
        return
      case 4:
        if (living.length < 16 && victim.options.instanceId === null) this.#start(victim.options)
        return
      case 5:
        // A static member's copy: the first is fenced when it is next heard of.
        if (victim.options.instanceId !== null) this.#start(victim.options)
        return
    }
  }

  #restartCoordinator(): void {
    if (!this.#coordinator.isUp) return
    this.#coordinator.powerCut()
    this.schedule.after(this.#random.below(3000), () => {
      if (!this.#coordinator.isUp) this.#coordinator.start()
    })
  }

  #newTopicId(name: string): void {
    this.#topicIds.set(name, `${String(this.#topicCount++).padStart(21, 'T')}A`)
  }

  /**
   * A static member that restarts before it has read what it is to give up is given the rest, without a rebalance: whom
   * the leader meant to have what was given up gets it in the next one, and the one that would have asked for that is
   * gone. Kafka leaves it at that until something else makes the group rebalance; here it is an application.
   */
  #enforceRebalances(): void {
    for (const [group, consumers] of this.#livingByGroup()) {
      const [first] = consumers
      const owned = new Set(consumers.flatMap((consumer) => [...consumer.owned]))
      const isComplete = first!.options.partitions.every((partition) => owned.has(partition))
      if (isComplete || !this.truth.isInherited(group, first!)) continue
      for (const consumer of consumers) consumer.rejoin()
      this.schedule.runUntil(this.nowMs + ENFORCED_MS)
    }
  }

  /** Every partition has one owner, all owners have the same generation. */
  #checkSettled(): void {
    for (const [group, consumers] of this.#livingByGroup()) {
      const generations = new Set(consumers.map(({ generation }) => generation))
      const unsettled = consumers.filter(({ isStable }) => !isStable)
      if (generations.size !== 1 || unsettled.length > 0)
        this.truth.fail(`${group} has not settled: generations ${[...generations]}, ${unsettled.length} not stable`)
      for (const partition of consumers[0]!.options.partitions) {
        const owners = consumers.filter(({ owned }) => owned.has(partition))
        if (owners.length !== 1) this.truth.fail(`${group}: ${partition} has ${owners.length} owners`)
      }
    }
  }

  #checkOffsets(): void {
    for (const [group, consumers] of this.#livingByGroup()) {
      const topics = ['busy', 'quiet'].map((name) => ({
        name,
        topicId: this.topicId(name),
        partitionIndexes: [0, 1, 2, 3, 4, 5, 6, 7],
      }))
      const groups = [{ groupId: group, memberId: null, memberEpoch: -1, topics }]
      const owned = new Set(consumers[0]!.options.partitions)
      const acked = new Map([...owned].map((partition) => [partition, this.truth.acked(group, partition)]))
      // biome-ignore lint/suspicious/noExplicitAny: the answer is looked into field by field
      this.send(9, 8, 'check', { groupId: group, topics, groups, requireStable: false }, (answer: any) => {
        for (const { name, partitions } of answer.groups[0].topics)
          for (const { partitionIndex, committedOffset } of partitions) {
            const partition = `${name}-${partitionIndex}`
            if (owned.has(partition)) this.truth.fetched(group, partition, committedOffset, acked.get(partition)!)
          }
      })
    }
  }

  #livingByGroup(): Map<string, Consumer[]> {
    const groups = new Map<string, Consumer[]>()
    for (const consumer of this.#consumers) {
      const { group } = consumer.options
      if (consumer.isAlive) groups.set(group, [...(groups.get(group) ?? []), consumer])
    }
    return groups
  }
}
