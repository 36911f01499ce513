// A machine whose time, disk and clients are the test's: requests go in, answers are looked at; appends are durable at
// once unless they are held.
import {
  type CoordinatorRecord,
  GroupMachine,
  GroupMemory,
  type GroupSettings,
} from '../../src/coordinator/group-machine.ts'
import { type GroupMetadataValue, readGroupMetadataValue } from '../../src/wire/generated/group-records.ts'
import { readerOf } from '../wire/support/messages.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into field by field
export type Answer = any

export const SETTINGS: GroupSettings = {
  groupMinSessionTimeoutMs: 6000,
  groupMaxSessionTimeoutMs: 60_000,
  groupInitialRebalanceDelayMs: 3000,
  groupMaxSize: 100,
  offsetMetadataMaxBytes: 10,
  offsetsRetentionMs: 100_000,
  offsetsRetentionCheckIntervalMs: 10_000,
}

export const ORDERS = 'ordersAAAAAAAAAAAAAAAA'
const WALL_START_MS = 1_000_000

export const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

/** A subscription of the consumer protocol: version 0, topics, no user data. */
export function subscription(...topics: string[]): Uint8Array {
  const names = topics.flatMap((topic) => [0, topic.length, ...Buffer.from(topic)])
  return bytes(0, 0, 0, 0, 0, topics.length, ...names, 255, 255, 255, 255)
}

export interface JoinOptions {
  readonly version?: number
  readonly member?: string
  readonly instance?: string | null
  readonly type?: string
  readonly protocols?: Record<string, Uint8Array>
  readonly sessionMs?: number
  readonly rebalanceMs?: number
  readonly group?: string
}

export class Bench {
  nowMs = 0
  readonly log: CoordinatorRecord[] = []
  readonly topicIds = new Map([['orders', ORDERS]])
  /** Appends wait for `settle`. */
  holds = false
  readonly #settings: GroupSettings
  readonly #groupBytesMax: number
  #machine!: GroupMachine
  #held: { ticket: number; records: readonly CoordinatorRecord[] }[] = []
  #tokens = 0
  #members = 0
  memory!: GroupMemory
  readonly #answers = new Map<number, Answer>()

  constructor(settings: Partial<GroupSettings> = {}, groupBytesMax = Number.POSITIVE_INFINITY) {
    this.#groupBytesMax = groupBytesMax
    this.#settings = { ...SETTINGS, ...settings }
    this.restart()
  }

  /** With what the log holds. */
  restart(): void {
    const topics = {
      idOf: (name: string) => this.topicIds.get(name),
      nameOf: (id: string) => [...this.topicIds].find(([, own]) => own === id)?.[0],
    }
    const newMemberId = (prefix: string): string => `${prefix}-${++this.#members}`
    this.#held = []
    this.memory = new GroupMemory(this.#groupBytesMax)
    this.#machine = new GroupMachine({ settings: this.#settings, topics, memory: this.memory.part(), newMemberId })
    this.log.forEach(({ key, value }, offset) => void this.#machine.replay(key, value, offset, 0))
    this.#machine.loaded(this.nowMs, this.#wallMs, this.#effects)
    this.#settleAll()
  }

  /** The token, for an answer that is not there yet. */
  send(apiKey: number, apiVersion: number, request: unknown): number {
    const token = ++this.#tokens
    this.#step({
      type: 'request',
      token,
      apiKey,
      apiVersion,
      caller: { clientId: 'client', clientHost: '/10.0.0.1' },
      request,
    })
    return token
  }

  answer(token: number): Answer {
    return this.#answers.get(token)
  }

  ask(apiKey: number, apiVersion: number, request: unknown): Answer {
    return this.answer(this.send(apiKey, apiVersion, request))
  }

  gone(token: number): void {
    this.#step({ type: 'gone', token })
  }

  topicsDeleted(...topicIds: string[]): void {
    this.#step({ type: 'topics-deleted', topicIds })
  }

  /** Time goes on, and every deadline on the way comes. */
  pass(ms: number): void {
    const endMs = this.nowMs + ms
    while (this.#machine.nextDeadlineMs() <= endMs) {
      this.nowMs = Math.max(this.nowMs, this.#machine.nextDeadlineMs())
      this.#step({ type: 'time' })
    }
    this.nowMs = endMs
  }

  /** The first held append has succeeded, or failed. */
  settle(error = 0): void {
    const { ticket, records } = this.#held.shift()!
    if (error === 0) this.log.push(...records)
    this.#step({ type: 'appended', ticket, error })
  }

  get heldCount(): number {
    return this.#held.length
  }

  /** As metrics see them. */
  everyCommitted(): string[] {
    const found: string[] = []
    this.#machine.forEachCommitted((group, topic, partition, offset) => {
      found.push(`${group} ${topic} ${partition}: ${offset}`)
    })
    return found
  }

  /** The last group record of the log. */
  lastGroupRecord(): GroupMetadataValue {
    const record = this.log.findLast(({ key, value }) => key[1] === 2 && value !== null)!
    return readGroupMetadataValue(readerOf(record.value!.subarray(2)), record.value![1]!)
  }

  join(options: JoinOptions = {}): number {
    const { version = 9, member = '', instance = null, type = 'consumer', group = 'g' } = options
    const protocols = Object.entries(options.protocols ?? { range: subscription('orders') })
    return this.send(11, version, {
      groupId: group,
      sessionTimeoutMs: options.sessionMs ?? 10_000,
      rebalanceTimeoutMs: options.rebalanceMs ?? 20_000,
      memberId: member,
      groupInstanceId: instance,
      protocolType: type,
      protocols: protocols.map(([name, metadata]) => ({ name, metadata })),
      reason: null,
    })
  }

  /** A dynamic member's two steps: it is given its id, and joins with it. */
  joinDynamic(options: JoinOptions = {}): { id: string; token: number } {
    const { memberId: id } = this.answer(this.join(options))
    return { id, token: this.join({ ...options, member: id }) }
  }

  sync(member: string, generation: number, assignments: Record<string, Uint8Array> = {}, more: object = {}): number {
    return this.send(14, 5, {
      groupId: 'g',
      generationId: generation,
      memberId: member,
      groupInstanceId: null,
      protocolType: 'consumer',
      protocolName: 'range',
      assignments: Object.entries(assignments).map(([memberId, assignment]) => ({ memberId, assignment })),
      ...more,
    })
  }

  heartbeat(member: string, generation: number, instance: string | null = null, group = 'g'): number {
    const request = { groupId: group, generationId: generation, memberId: member, groupInstanceId: instance }
    return this.ask(12, 4, request).errorCode
  }

  leave(...members: [member: string, instance?: string][]): Answer {
    const named = members.map(([memberId, instance]) => ({ memberId, groupInstanceId: instance ?? null, reason: null }))
    return this.ask(13, 5, { groupId: 'g', memberId: '', members: named })
  }

  commit(offsets: Record<number, number>, more: object = {}, version = 9, topic: object = {}): number {
    const partitions = Object.entries(offsets).map(([partition, committedOffset]) => ({
      partitionIndex: Number(partition),
      committedOffset,
      committedLeaderEpoch: 5,
      committedMetadata: 'm',
    }))
    const topics = [{ name: 'orders', topicId: ORDERS, partitions, ...topic }]
    const base = {
      groupId: 'g',
      generationIdOrMemberEpoch: -1,
      memberId: '',
      groupInstanceId: null,
      retentionTimeMs: -1,
    }
    return this.send(8, version, { ...base, topics, ...more })
  }

  commitErrors(token: number): number[] | undefined {
    return this.answer(token)?.topics[0].partitions.map((each: Answer) => each.errorCode)
  }

  /** What is committed for the partition, -1 for nothing. */
  committed(partition: number, group = 'g'): number {
    return this.fetch([partition], group)[0].committedOffset
  }

  fetch(partitionIndexes: number[], group = 'g'): Answer {
    const topics = [{ name: 'orders', topicId: ORDERS, partitionIndexes }]
    const groups = [{ groupId: group, memberId: null, memberEpoch: -1, topics }]
    return this.ask(9, 8, { groupId: '', topics: null, groups, requireStable: false }).groups[0].topics[0].partitions
  }

  describe(group = 'g', version = 6): Answer {
    return this.ask(15, version, { groups: [group], includeAuthorizedOperations: false }).groups[0]
  }

  /** A stable group of one dynamic member with generation 1. */
  stable(options: JoinOptions = {}): string {
    const { id, token } = this.joinDynamic(options)
    this.pass(SETTINGS.groupInitialRebalanceDelayMs)
    this.sync(id, this.answer(token).generationId, { [id]: bytes(1) }, { protocolType: options.type ?? 'consumer' })
    return id
  }

  get #wallMs(): number {
    return WALL_START_MS + this.nowMs
  }

  readonly #effects = {
    answer: (token: number, response: unknown): void => {
      if (this.#answers.has(token)) throw new Error(`token ${token} is answered twice`)
      this.#answers.set(token, response)
    },
    append: (ticket: number, records: readonly CoordinatorRecord[]): void => void this.#held.push({ ticket, records }),
  }

  #step(event: Parameters<GroupMachine['step']>[0]): void {
    this.#machine.step(event, this.nowMs, this.#wallMs, this.#effects)
    this.#settleAll()
  }

  #settleAll(): void {
    if (!this.holds && this.#held.length > 0) this.settle()
  }
}
