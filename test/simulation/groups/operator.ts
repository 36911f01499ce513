// A simulated operator: commits without a group, deletes offsets and groups, deletes topics and creates them again, one
// thing after the other, and knows what may be found after each. An answer that is lost leaves two possibilities.
import type { Random } from '../../wire/support/random.ts'
import type { World } from './world.ts'

const PARTITIONS = 3
const PATIENCE_MS = 1000
const NONE = -1
/** After this long without a commit, an offset of a group without members may be gone. */
const EXPIRES_MS = 55_000
const GROUP_ID_NOT_FOUND = 69

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into field by field
type Answer = any

export class Operator {
  readonly group: string
  readonly topic: string
  readonly #world: World
  readonly #random: Random
  /** By partition: the offsets that may be found. */
  readonly #possible: Set<number>[] = Array.from({ length: PARTITIONS }, () => new Set([NONE]))
  /** By partition: when it was last committed, for all that is known. */
  readonly #committedAtMs: number[] = Array.from({ length: PARTITIONS }, () => 0)
  #nextOffset = 1
  #isStopped = false

  constructor(world: World, group: string, topic: string, random: Random) {
    this.#world = world
    this.group = group
    this.topic = topic
    this.#random = random
  }

  start(): void {
    this.#next()
  }

  /** Before the last check: it must know what it has done. */
  stop(): void {
    this.#isStopped = true
  }

  #next(): void {
    if (this.#isStopped) return
    this.#world.schedule.after(this.#random.below(1500), () => {
      if (this.#isStopped) return
      const chance = this.#random.below(20)
      if (chance < 8) this.#commit()
      else if (chance < 10) this.#deleteOffset()
      else if (chance < 12) this.#deleteGroup()
      else if (chance < 13) this.#recreateTopic()
      else this.check(() => this.#next())
    })
  }

  #commit(): void {
    const partitionIndex = this.#random.below(PARTITIONS)
    const committedOffset = this.#nextOffset++
    const partition = { partitionIndex, committedOffset, committedLeaderEpoch: 3, committedMetadata: null }
    const byId = this.#random.chance(3)
    const topicId = this.#world.topicId(this.topic)
    const request = {
      groupId: this.group,
      generationIdOrMemberEpoch: -1,
      memberId: '',
      groupInstanceId: null,
      retentionTimeMs: -1,
      topics: [{ name: this.topic, topicId, partitions: [partition] }],
    }
    this.#ask(8, byId ? 10 : 2 + this.#random.below(8), request, (answer) => {
      this.#note(partitionIndex, committedOffset, answer?.topics[0].partitions[0].errorCode === 0)
    })
  }

  #deleteOffset(): void {
    const partitionIndex = this.#random.below(PARTITIONS)
    const request = { groupId: this.group, topics: [{ name: this.topic, partitions: [{ partitionIndex }] }] }
    this.#ask(47, 0, request, (answer) => {
      const isDone = answer?.errorCode === 0 && answer.topics[0].partitions[0].errorCode === 0
      this.#note(partitionIndex, NONE, isDone || answer?.errorCode === GROUP_ID_NOT_FOUND)
    })
  }

  #deleteGroup(): void {
    this.#ask(42, this.#random.below(3), { groupsNames: [this.group] }, (answer) => {
      const errorCode = answer?.results[0].errorCode
      const isDone = errorCode === 0 || errorCode === GROUP_ID_NOT_FOUND
      for (let partition = 0; partition < PARTITIONS; partition++) this.#note(partition, NONE, isDone)
    })
  }

  /** Offsets of the old one are not those of the new one, whether or not the coordinator heard of it. */
  #recreateTopic(): void {
    this.#world.recreateTopic(this.topic)
    for (let partition = 0; partition < PARTITIONS; partition++) this.#note(partition, NONE, true)
    this.#next()
  }

  #note(partition: number, offset: number, isSure: boolean): void {
    if (isSure) this.#possible[partition]!.clear()
    if (isSure || offset === NONE) this.#committedAtMs[partition] = this.#world.nowMs
    this.#possible[partition]!.add(offset)
  }

  check(then: () => void): void {
    const asked = [{ name: this.topic, topicId: this.#world.topicId(this.topic), partitionIndexes: [0, 1, 2] }]
    const all = this.#random.chance(3)
    const version = all ? 2 + this.#random.below(9) : 1 + this.#random.below(10)
    const topics = all ? null : asked
    const groups = [{ groupId: this.group, memberId: null, memberEpoch: -1, topics }]
    const request = { groupId: this.group, topics, groups, requireStable: version >= 7 && this.#random.chance(2) }
    this.#request(9, version, request, (answer) => {
      if (answer) this.#compare(version >= 8 ? answer.groups[0].topics : answer.topics)
      then()
    })
  }

  #compare(topics: Answer): void {
    const found = new Map<number, number>(
      (topics[0]?.partitions ?? []).map((each: Answer) => [each.partitionIndex, each.committedOffset]),
    )
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const offset = found.get(partition) ?? NONE
      const possible = this.#possible[partition]!
      if (this.#world.nowMs - this.#committedAtMs[partition]! > EXPIRES_MS) possible.add(NONE)
      if (!possible.has(offset))
        this.#world.truth.fail(
          `${this.group}: partition ${partition} is at ${offset}, not ${[...possible].join(' or ')}`,
        )
      possible.clear()
      possible.add(offset)
    }
  }

  #ask(apiKey: number, version: number, request: unknown, answered: (answer: Answer) => void): void {
    this.#request(apiKey, version, request, (answer) => {
      answered(answer)
      this.#next()
    })
  }

  #request(apiKey: number, version: number, request: unknown, answered: (answer: Answer) => void): void {
    let isOpen = true
    const close = (answer: Answer): void => {
      if (!isOpen) return
      isOpen = false
      answered(answer)
    }
    this.#world.send(apiKey, version, this.group, request, close)
    this.#world.schedule.after(PATIENCE_MS, () => close(null))
  }
}
