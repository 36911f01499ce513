// The coordinator of one partition of __consumer_offsets: drives its machine (coordinator/group-machine.ts), gives it
// requests and time, and carries out its effects in order.
//
// Owner: the shard that owns the partition. Life: loading (its records are read from the log) -> ready, or failed when
// they can't be read -> closed with the partition.
// Invariant: the machine hears of its batches in the order it appended them, and never within a step.
import { errorOfRecords } from '../api/record-errors.ts'
import type { PartitionRoute } from '../api/routes.ts'
import type {
  Caller,
  CoordinatorRecord,
  GroupEffects,
  GroupEvent,
  GroupMachine,
  VisitCommitted,
} from '../coordinator/group-machine.ts'
import { assert } from '../lib/assert.ts'
import type { Clock } from '../lib/env.ts'
import type { Pieces } from '../memory/pieces.ts'
import { ErrorCode } from '../model/error-codes.ts'
import type { RecordBatchBuilder } from '../wire/record-batch-builder.ts'
import type { AppendCaller } from './append.ts'

/** Whoever a request came from. */
export interface GroupAsker {
  /** Once a request: the response, or why there is none. */
  onGroupAnswer(response: unknown, error: ErrorCode): void
}

/** What coordinators need of their shard. */
export interface CoordinatorHost {
  readonly clock: Clock
  readonly builder: RecordBatchBuilder
  /** For batches, which live until they are drained. */
  readonly pieces: Pieces
  /** Queues the batch at `offset` of the own arena; then `caller.onAppended(row, …)`. */
  appendOwn(caller: AppendCaller, row: number, route: PartitionRoute, offset: number, length: number): void
  /** `nextDeadlineMs` may be another. */
  onStepped(coordinator: GroupCoordinator): void
  /** An append is settled: have `run` called. */
  onSettled(coordinator: GroupCoordinator): void
}

interface Appending {
  readonly ticket: number
  /** Null while it is under way. */
  error: number | null
}

export class GroupCoordinator implements GroupEffects, AppendCaller {
  readonly route: PartitionRoute
  readonly #host: CoordinatorHost
  readonly #machine: GroupMachine
  /** Why nothing is served, or None. */
  #refusal: ErrorCode = ErrorCode.CoordinatorLoadInProgress
  #isClosed = false
  /** Topics that went while it was loading: what it loads may be theirs. */
  #deletedTopicIds: string[] = []
  readonly #asking = new Map<number, GroupAsker>()
  #lastToken = 0
  /** Oldest first. */
  readonly #appending: Appending[] = []
  /** When the machine wants to hear of the time. */
  deadlineMs = Number.POSITIVE_INFINITY
  heapIndex = -1
  isSettled = false

  constructor(route: PartitionRoute, host: CoordinatorHost, machine: GroupMachine) {
    this.route = route
    this.#host = host
    this.#machine = machine
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  replay(key: Uint8Array, value: Uint8Array | null, offset: number, timestampMs: number): void {
    this.#machine.replay(key, value, offset, timestampMs)
  }

  /** Everything is replayed. */
  open(): void {
    if (this.#isClosed) return
    const { clock } = this.#host
    this.#refusal = ErrorCode.None
    this.#machine.loaded(clock.nowMs(), clock.wallMs(), this)
    this.#afterStep()
    const topicIds = this.#deletedTopicIds
    this.#deletedTopicIds = []
    if (topicIds.length > 0) this.#step({ type: 'topics-deleted', topicIds })
  }

  /** It could not be loaded: a client is told to look for another one, and finds none until the next start. */
  fail(): void {
    this.#refusal = ErrorCode.CoordinatorNotAvailable
  }

  /** The partition is deleted, or the shard ends. */
  close(): void {
    this.#isClosed = true
    this.#refusal = ErrorCode.NotCoordinator
    this.deadlineMs = Number.POSITIVE_INFINITY
    this.#machine.close()
    const asking = [...this.#asking.values()]
    this.#asking.clear()
    for (const asker of asking) asker.onGroupAnswer(null, ErrorCode.NotCoordinator)
  }

  /** Returns the request's token, 0 if it is refused already. */
  request(asker: GroupAsker, apiKey: number, apiVersion: number, caller: Caller, request: unknown): number {
    if (this.#refusal !== ErrorCode.None) {
      asker.onGroupAnswer(null, this.#refusal)
      return 0
    }
    const token = ++this.#lastToken
    this.#asking.set(token, asker)
    this.#step({ type: 'request', token, apiKey, apiVersion, caller, request })
    return token
  }

  /** The connection of that request is gone. True if it was not answered before; then it never is. */
  gone(token: number): boolean {
    if (!this.#asking.delete(token)) return false
    this.#step({ type: 'gone', token })
    return true
  }

  /** Of one that is loading: nothing yet. */
  forEachCommitted(visit: VisitCommitted): void {
    if (this.#refusal === ErrorCode.None) this.#machine.forEachCommitted(visit)
  }

  onTime(): void {
    this.#step({ type: 'time' })
  }

  onTopicDeleted(topicId: string): void {
    if (this.#refusal === ErrorCode.None) this.#step({ type: 'topics-deleted', topicIds: [topicId] })
    else if (this.#refusal === ErrorCode.CoordinatorLoadInProgress) this.#deletedTopicIds.push(topicId)
  }

  /** Tells the machine what has become of its batches. */
  run(): void {
    this.isSettled = false
    for (;;) {
      const first = this.#appending[0]
      if (first === undefined || first.error === null || this.#isClosed) return
      this.#appending.shift()
      this.#step({ type: 'appended', ticket: first.ticket, error: first.error })
    }
  }

  answer(token: number, response: unknown): void {
    const asker = this.#asking.get(token)
    this.#asking.delete(token)
    asker?.onGroupAnswer(response, ErrorCode.None)
  }

  append(ticket: number, records: readonly CoordinatorRecord[]): void {
    const { builder, clock, pieces } = this.#host
    const timestampMs = clock.wallMs()
    builder.begin()
    for (const { key, value } of records) builder.add({ timestampMs, key, value })
    const batch = builder.finish()
    const offset = pieces.put(batch)
    this.#appending.push({ ticket, error: null })
    if (offset < 0) this.onAppended(ticket, ErrorCode.NotEnoughReplicas)
    else this.#host.appendOwn(this, ticket, this.route, offset, batch.length)
  }

  onAppended(ticket: number, error: number): void {
    // Tickets are numbered without a gap.
    const appending = this.#appending[ticket - this.#appending[0]!.ticket]
    assert(appending?.ticket === ticket, 'an append is settled once')
    appending.error = errorOfRecords(error)
    if (this.isSettled || this.#isClosed) return
    this.isSettled = true
    this.#host.onSettled(this)
  }

  #step(event: GroupEvent): void {
    if (this.#isClosed) return
    const { clock } = this.#host
    this.#machine.step(event, clock.nowMs(), clock.wallMs(), this)
    this.#afterStep()
  }

  #afterStep(): void {
    const deadlineMs = this.#machine.nextDeadlineMs()
    if (deadlineMs === this.deadlineMs) return
    this.#host.onStepped(this)
  }

  /** For the heap of deadlines, which must not see it change while it is in there. */
  takeDeadline(): number {
    this.deadlineMs = this.#isClosed ? Number.POSITIVE_INFINITY : this.#machine.nextDeadlineMs()
    return this.deadlineMs
  }
}
