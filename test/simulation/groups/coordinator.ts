// One coordinator under test: the machine, its log, a disk that takes its time, and power cuts that lose what is not
// durable yet. Bugs for canaries are put around the machine or over its parts, here and in canaries.ts.
import {
  type CoordinatorRecord,
  GroupMachine,
  GroupMemory,
  type GroupRequestEvent,
  type GroupSettings,
  type TopicNames,
} from '../../../src/coordinator/group-machine.ts'
import type { Random } from '../../wire/support/random.ts'
import type { Schedule } from './schedule.ts'
import { requestOverTheWire, responseOverTheWire } from './wire.ts'

export type Canary = Partial<{
  /** Told that it is durable at once. */
  readonly answersBeforeAppend: boolean
  readonly answersGroupsBeforeAppend: boolean
  readonly ignoresFailedAppends: boolean
  readonly dropsTombstones: boolean
  readonly seesOneTopicId: boolean
  request(event: GroupRequestEvent): GroupRequestEvent
  answer(event: GroupRequestEvent, response: Record<string, unknown>): void
  /** Over the machine's own parts; returns how to undo it. */
  install(): () => void
}>

interface Append {
  readonly ticket: number
  readonly records: readonly CoordinatorRecord[]
}

export interface CoordinatorOptions {
  readonly schedule: Schedule
  readonly random: Random
  readonly settings: GroupSettings
  readonly topics: TopicNames
  readonly canary: Canary
}

const WALL_START_MS = 1_700_000_000_000
const NOT_ENOUGH_REPLICAS = 19
const GROUP_KEY = 2
const JOIN_GROUP = 11
const decoder = new TextDecoder()

export class Coordinator {
  /** What survives. */
  readonly log: CoordinatorRecord[] = []
  /** By member id: how often its group had been deleted when the id was given out. */
  readonly bornIn = new Map<string, number>()
  /** By member id: which life last told it a generation. */
  readonly joinedIn = new Map<string, number>()
  readonly #deletions = new Map<string, number>()
  readonly #options: CoordinatorOptions
  #machine: GroupMachine | null = null
  /** Counts lives: what was under way in an earlier one comes to nothing. */
  #life = 0
  #nextToken = 1
  #nextMember = 1
  #appends: Append[] = []
  #isWriting = false
  #wakeAtMs = Number.POSITIVE_INFINITY
  /** Of a canary: up to here the machine was told too early. */
  #toldTicket = 0
  readonly #callers = new Map<number, { event: GroupRequestEvent; reply: (response: unknown) => void }>()
  /** While faults happen, some appends fail. */
  appendsFail = false

  constructor(options: CoordinatorOptions) {
    this.#options = options
  }

  get isUp(): boolean {
    return this.#machine !== null
  }

  start(): void {
    const { settings, topics } = this.#options
    const newMemberId = (prefix: string): string => `${prefix}-${this.#nextMember++}`
    const seen = this.#options.canary.seesOneTopicId ? { ...topics, idOf: () => 'BBBBBBBBBBBBBBBBBBBBBA' } : topics
    const machine = new GroupMachine({ settings, topics: seen, memory: new GroupMemory(1 << 30), newMemberId })
    this.#machine = machine
    this.#toldTicket = 0
    this.log.forEach(({ key, value }, offset) => void machine.replay(key, value, offset, 0))
    machine.loaded(this.#nowMs(), this.#wallMs(), this.#effects())
    this.#afterStep()
  }

  /** What the disk had got so far is kept: none, some or all of what is under way. */
  powerCut(): void {
    const kept = this.#options.random.below(this.#appends.length + 1)
    for (const { records } of this.#appends.slice(0, kept)) this.#keep(records)
    this.#life++
    this.#machine = null
    this.#appends = []
    this.#isWriting = false
    this.#wakeAtMs = Number.POSITIVE_INFINITY
    this.#callers.clear()
  }

  request(
    apiKey: number,
    apiVersion: number,
    clientId: string,
    request: unknown,
    reply: (response: unknown) => void,
  ): void {
    if (!this.#machine) return
    const token = this.#nextToken++
    const caller = { clientId, clientHost: '/127.0.0.1' }
    const said = requestOverTheWire(apiKey, apiVersion, request)
    const asked: GroupRequestEvent = { type: 'request', token, apiKey, apiVersion, caller, request: said }
    const event = this.#options.canary.request?.(asked) ?? asked
    this.#callers.set(token, { event, reply })
    this.#machine.step(event, this.#nowMs(), this.#wallMs(), this.#effects())
    this.#afterStep()
  }

  topicsDeleted(topicIds: readonly string[]): void {
    this.#step({ type: 'topics-deleted', topicIds })
  }

  #step(event: Parameters<GroupMachine['step']>[0]): void {
    if (!this.#machine) return
    this.#machine.step(event, this.#nowMs(), this.#wallMs(), this.#effects())
    this.#afterStep()
  }

  #effects() {
    return {
      answer: (token: number, response: unknown): void => {
        const caller = this.#callers.get(token)
        if (!caller) throw new Error(`token ${token} is answered twice, or was never asked`)
        this.#callers.delete(token)
        const { event, reply } = caller
        if (event.apiKey === JOIN_GROUP) this.#noteJoin(event, response)
        this.#options.canary.answer?.(event, response as Record<string, unknown>)
        reply(responseOverTheWire(event.apiKey, event.apiVersion, response))
      },
      append: (ticket: number, records: readonly CoordinatorRecord[]): void => {
        this.#appends.push({ ticket, records })
      },
    }
  }

  #afterStep(): void {
    this.#tellEarly()
    this.#write()
    this.#wake()
  }

  #tellEarly(): void {
    const { answersBeforeAppend, answersGroupsBeforeAppend } = this.#options.canary
    if (!answersBeforeAppend && !answersGroupsBeforeAppend) return
    const early = this.#appends.filter(({ ticket, records }) => {
      const isGroup = records.some(({ key }) => key[1] === GROUP_KEY)
      return ticket > this.#toldTicket && (answersBeforeAppend || isGroup)
    })
    // Tickets settle in order, so an early one takes those before it with it.
    const last = early.at(-1)?.ticket ?? this.#toldTicket
    const tickets = this.#appends.filter(({ ticket }) => ticket > this.#toldTicket && ticket <= last)
    this.#toldTicket = last
    for (const { ticket } of tickets) this.#step({ type: 'appended', ticket, error: 0 })
  }

  #write(): void {
    if (this.#isWriting || this.#appends.length === 0) return
    this.#isWriting = true
    const { random, schedule } = this.#options
    const life = this.#life
    schedule.after(random.below(30), () => {
      if (life !== this.#life) return
      const { ticket, records } = this.#appends.shift()!
      this.#isWriting = false
      const fails = this.appendsFail && random.chance(20)
      if (!fails) this.#keep(records)
      const error = fails && !this.#options.canary.ignoresFailedAppends ? NOT_ENOUGH_REPLICAS : 0
      if (ticket > this.#toldTicket) this.#step({ type: 'appended', ticket, error })
      this.#write()
    })
  }

  #keep(records: readonly CoordinatorRecord[]): void {
    for (const record of records) {
      if (record.value || !this.#options.canary.dropsTombstones) this.log.push(record)
      if (record.value || record.key[1] !== GROUP_KEY) continue
      const group = decoder.decode(record.key.subarray(4))
      this.#deletions.set(group, (this.#deletions.get(group) ?? 0) + 1)
    }
  }

  #noteJoin({ request }: GroupRequestEvent, response: unknown): void {
    const { memberId, errorCode } = response as { memberId: string; errorCode: number }
    const { groupId } = request as { groupId: string }
    if (!this.bornIn.has(memberId)) this.bornIn.set(memberId, this.#deletions.get(groupId) ?? 0)
    if (errorCode === 0) this.joinedIn.set(memberId, this.#life)
  }

  #wake(): void {
    const atMs = this.#machine!.nextDeadlineMs()
    if (atMs >= this.#wakeAtMs || atMs === Number.POSITIVE_INFINITY) return
    this.#wakeAtMs = atMs
    const life = this.#life
    this.#options.schedule.after(Math.max(0, atMs - this.#nowMs()), () => {
      if (life !== this.#life || this.#wakeAtMs !== atMs) return
      this.#wakeAtMs = Number.POSITIVE_INFINITY
      this.#step({ type: 'time' })
    })
  }

  #nowMs(): number {
    return this.#options.schedule.nowMs
  }

  #wallMs(): number {
    return WALL_START_MS + this.#options.schedule.nowMs
  }
}
