// Fetch (key 1), versions 4-18: record batches from an offset on, waiting until there is enough.
//
// Every partition is read at once, on the shard that owns it; if that is not `minBytes` the call watches them all (no
// polling) and reads again when one grows or the time is up. Bytes are answered from where they lie, in memory or in
// files, and held until they have left.
//
//   v7  sessions (KIP-227)   v9  leader epoch check   v12  flexible, diverging epoch   v13  topic ids   v16  leader endpoint
import { LIMITS } from '../config/limits.ts'
import type { Timed } from '../lib/deadlines.ts'
import type { Pool } from '../lib/pool.ts'
import { ErrorCode } from '../model/error-codes.ts'
import {
  type FetchableTopicResponse,
  FetchRequest,
  FetchResponse,
  writeFetchResponse,
} from '../wire/generated/01-fetch.ts'
import { ROWS_KEPT_MAX } from '../wire/rows.ts'
import type { Writer } from '../wire/writer.ts'
import { Call } from './call.ts'
import { FetchPart } from './fetch-part.ts'
import {
  type FetchSession,
  type FetchSessions,
  FINAL_EPOCH,
  INITIAL_EPOCH,
  NO_SESSION,
  type SessionPartition,
} from './fetch-session.ts'
import type { Routes } from './routes.ts'

const TOPIC_IDS_FROM = 13
/** Slices of one answer, so that it always fits a flush. */
const ROWS_AN_ANSWER = 3072

export interface FetchContext {
  readonly routes: Routes
  readonly sessions: FetchSessions
  readonly nodeId: number
  readonly nowMs: number
  /** The most one answer may carry (fetch.max.bytes). */
  readonly fetchBytesMax: number
  /** Reads the part; then `call.onRead(part)`, once, perhaps before this returns. */
  read(part: FetchPart, bytesMax: number): void
  /** Calls `part.onGrown()` when the partition's high watermark is another than the part has seen, until `unwatch`. */
  watch(part: FetchPart): void
  unwatch(part: FetchPart): void
  /** Has `call.resume()` called later in this tick. */
  resumeLater(call: FetchCall): void
  /** Has `call.onDeadline()` called at `call.deadlineMs`. */
  addDeadline(call: FetchCall): void
  removeDeadline(call: FetchCall): void
  /** Gives the hold on the part's bytes back. */
  release(part: FetchPart): void
}

type State = 'idle' | 'reading' | 'waiting' | 'answered'

export class FetchCall extends Call implements Timed {
  readonly request = new FetchRequest()
  readonly #response = new FetchResponse()
  readonly #pool: Pool<FetchCall>
  readonly #parts: FetchPart[] = []
  #partCount = 0
  #context!: FetchContext
  #session: FetchSession | null = null
  #state: State = 'idle'
  #pendingReads = 0
  #isLastRead = false
  /** Its connection is gone: end as soon as no read is under way. */
  #isCancelled = false
  deadlineMs = 0
  heapIndex = -1

  constructor(pool: Pool<FetchCall>) {
    super()
    this.#pool = pool
  }

  start(context: FetchContext): void {
    this.#context = context
    this.#response.reset()
    this.#partCount = 0
    this.#isLastRead = this.request.maxWaitMs <= 0
    this.#isCancelled = false
    const error = this.#resolveSession()
    if (error !== ErrorCode.None) {
      this.#response.errorCode = error
      this.#state = 'answered'
      this.ready()
      return
    }
    this.deadlineMs = context.nowMs + Math.max(0, Math.min(this.request.maxWaitMs, LIMITS.fetchWaitMsMax))
    this.#readAll()
  }

  /** A read of one part is done: its answer fields are filled in. */
  onRead(_part: FetchPart): void {
    if (--this.#pendingReads === 0) this.#evaluate()
  }

  /** A watched partition has grown. */
  onGrown(): void {
    if (this.#state !== 'waiting') return
    this.#stopWaiting()
    this.#context.resumeLater(this)
  }

  resume(): void {
    if (this.#isCancelled) this.#end()
    else this.#readAll()
  }

  onDeadline(): void {
    this.#isLastRead = true
    this.onGrown()
  }

  /** The connection is gone. */
  override cancel(): boolean {
    this.#isCancelled = true
    if (this.#state === 'waiting') {
      this.#stopWaiting()
      this.#context.resumeLater(this)
    }
    return true
  }

  override encode(writer: Writer): void {
    writeFetchResponse(writer, this.apiVersion, this.#response)
  }

  /** The bytes have left, or never will. */
  override finish(): void {
    this.#end()
  }

  #end(): void {
    for (let i = 0; i < this.#partCount; i++) {
      const part = this.#parts[i]!
      this.#context.release(part)
      part.route = null
      part.member = null
    }
    this.#partCount = 0
    if (this.#parts.length > ROWS_KEPT_MAX) this.#parts.length = ROWS_KEPT_MAX
    this.#session = null
    this.#state = 'idle'
    this.clearCall()
    this.#pool.give(this)
  }

  #resolveSession(): number {
    const { request } = this
    const { sessions } = this.#context
    const byId = this.apiVersion >= TOPIC_IDS_FROM
    if (request.sessionEpoch === FINAL_EPOCH || request.sessionEpoch === INITIAL_EPOCH) {
      if (request.sessionId !== NO_SESSION) sessions.remove(request.sessionId)
      this.#session = request.sessionEpoch === INITIAL_EPOCH ? sessions.create(byId) : null
      this.#addRequested()
      if (this.#session !== null) sessions.measure(this.#session)
      return ErrorCode.None
    }
    const session = sessions.find(request.sessionId)
    if (session === undefined) return ErrorCode.FetchSessionIdNotFound
    if (session.epoch !== request.sessionEpoch) return ErrorCode.InvalidFetchSessionEpoch
    if (session.byId !== byId) return ErrorCode.FetchSessionTopicIdError
    this.#session = session
    this.#updateSession(session)
    sessions.measure(session)
    const { partitions, firstIndex } = session
    for (let i = 0; i < partitions.length; i++) this.#addMember(partitions[(firstIndex + i) % partitions.length]!)
    return ErrorCode.None
  }

  /** A full fetch: what the request names, in its order; into the new session if there is one. */
  #addRequested(): void {
    const { topics } = this.request
    for (let i = 0; i < topics.count; i++) {
      const { topic, topicId, partitions } = topics.at(i)
      for (let j = 0; j < partitions.count; j++) {
        const asked = partitions.at(j)
        const part = this.#addPart(topic, topicId, asked.partition)
        part.fetchOffset = asked.fetchOffset
        part.bytesMax = asked.partitionMaxBytes
        part.currentLeaderEpoch = asked.currentLeaderEpoch
        part.lastFetchedEpoch = asked.lastFetchedEpoch
        if (this.#session !== null) part.member = this.#join(this.#session, part)
      }
    }
  }

  #updateSession(session: FetchSession): void {
    const { topics, forgottenTopicsData } = this.request
    for (let i = 0; i < forgottenTopicsData.count; i++) {
      const { topic, topicId, partitions } = forgottenTopicsData.at(i)
      for (const partition of partitions) session.remove(session.byId ? topicId : topic, partition)
    }
    for (let i = 0; i < topics.count; i++) {
      const { topic, topicId, partitions } = topics.at(i)
      for (let j = 0; j < partitions.count; j++) {
        const asked = partitions.at(j)
        const member =
          session.find(session.byId ? topicId : topic, asked.partition) ??
          addMember(session, topic, topicId, asked.partition)
        member.fetchOffset = asked.fetchOffset
        member.bytesMax = asked.partitionMaxBytes
        member.currentLeaderEpoch = asked.currentLeaderEpoch
        member.lastFetchedEpoch = asked.lastFetchedEpoch
      }
    }
  }

  #join(session: FetchSession, part: FetchPart): SessionPartition {
    const member =
      session.find(session.byId ? part.topicId : part.topic, part.partition) ??
      addMember(session, part.topic, part.topicId, part.partition)
    member.fetchOffset = part.fetchOffset
    member.bytesMax = part.bytesMax
    member.currentLeaderEpoch = part.currentLeaderEpoch
    member.lastFetchedEpoch = part.lastFetchedEpoch
    return member
  }

  #addMember(member: SessionPartition): void {
    const part = this.#addPart(member.topic, member.topicId, member.partition)
    part.fetchOffset = member.fetchOffset
    part.bytesMax = member.bytesMax
    part.currentLeaderEpoch = member.currentLeaderEpoch
    part.lastFetchedEpoch = member.lastFetchedEpoch
    part.member = member
  }

  #addPart(topic: string, topicId: string, partition: number): FetchPart {
    if (this.#partCount === this.#parts.length) this.#parts.push(new FetchPart(this))
    const part = this.#parts[this.#partCount++]!
    part.topic = topic
    part.topicId = topicId
    part.partition = partition
    part.member = null
    part.rows = 0
    return part
  }

  #readAll(): void {
    this.#state = 'reading'
    // Held until every part is asked: a read may be done before the next is looked at.
    this.#pendingReads = 1
    let bytesLeft = Math.min(this.request.maxBytes, this.#context.fetchBytesMax)
    for (let i = 0; i < this.#partCount; i++) {
      const part = this.#parts[i]!
      part.clearAnswer()
      const error = this.#route(part)
      if (error !== ErrorCode.None) {
        part.refuse(error)
        continue
      }
      this.#pendingReads++
      this.#context.read(part, Math.min(part.bytesMax, Math.max(0, bytesLeft)))
      bytesLeft -= part.byteLength
    }
    if (--this.#pendingReads === 0) this.#evaluate()
  }

  /** Finds the partition anew: a topic may have come or gone since the last read. */
  #route(part: FetchPart): number {
    const { routes, nodeId } = this.#context
    const byId = this.apiVersion >= TOPIC_IDS_FROM
    const topic = byId ? routes.topicById(part.topicId) : routes.topicByName(part.topic)
    part.route = null
    if (topic === undefined) return byId ? ErrorCode.UnknownTopicId : ErrorCode.UnknownTopicOrPartition
    const image = topic.image.partitions[part.partition]
    if (image === undefined) return ErrorCode.UnknownTopicOrPartition
    if (image.leader !== nodeId) return ErrorCode.NotLeaderOrFollower
    part.route = topic.partitions[part.partition]!
    return ErrorCode.None
  }

  #evaluate(): void {
    if (this.#isCancelled) {
      this.#end()
      return
    }
    const bytes = this.#trim()
    if (bytes >= this.request.minBytes || this.#isLastRead || this.#partCount === 0 || this.#hasNews()) {
      this.#answer()
      return
    }
    this.#state = 'waiting'
    for (let i = 0; i < this.#partCount; i++) this.#context.release(this.#parts[i]!)
    this.#context.addDeadline(this)
    for (let i = 0; i < this.#partCount && this.#state === 'waiting'; i++) this.#context.watch(this.#parts[i]!)
  }

  /** Keeps what fits the answer: parts of other shards were read without knowing of each other. Returns the bytes left. */
  #trim(): number {
    const bytesMax = Math.min(this.request.maxBytes, this.#context.fetchBytesMax)
    let bytes = 0
    let rows = 0
    for (let i = 0; i < this.#partCount; i++) {
      const part = this.#parts[i]!
      const isOver = bytes + part.byteLength > bytesMax || rows + part.rows > ROWS_AN_ANSWER
      if (bytes > 0 && isOver) this.#context.release(part)
      bytes += part.byteLength
      rows += part.rows
    }
    return bytes
  }

  /** An error or a divergence is told at once. */
  #hasNews(): boolean {
    for (let i = 0; i < this.#partCount; i++) {
      const part = this.#parts[i]!
      if (part.error !== ErrorCode.None || part.divergingEpoch >= 0) return true
    }
    return false
  }

  #stopWaiting(): void {
    this.#state = 'reading'
    this.#context.removeDeadline(this)
    for (let i = 0; i < this.#partCount; i++) this.#context.unwatch(this.#parts[i]!)
  }

  #answer(): void {
    const session = this.#session
    const isIncremental = session !== null && this.request.sessionEpoch > 0
    let topic: FetchableTopicResponse | null = null
    for (let i = 0; i < this.#partCount; i++) {
      const part = this.#parts[i]!
      if (isIncremental && !isWorthSending(part)) continue
      if (topic === null || topic.topic !== part.topic || topic.topicId !== part.topicId) {
        topic = this.#response.responses.add()
        topic.topic = part.topic
        topic.topicId = part.topicId
      }
      this.#addAnswer(topic, part)
    }
    if (session !== null) {
      this.#response.sessionId = session.id
      if (isIncremental) session.advance()
    }
    this.#state = 'answered'
    this.ready()
  }

  #addAnswer(topic: FetchableTopicResponse, part: FetchPart): void {
    const answer = topic.partitions.add()
    answer.partitionIndex = part.partition
    answer.errorCode = part.error
    answer.highWatermark = part.highWatermark
    answer.lastStableOffset = part.highWatermark
    answer.logStartOffset = part.logStartOffset
    answer.divergingEpoch.epoch = part.divergingEpoch
    answer.divergingEpoch.endOffset = part.divergingEndOffset
    answer.records = part
    if (part.member === null) return
    part.member.sentHighWatermark = part.highWatermark
    part.member.sentLogStartOffset = part.logStartOffset
    // An error is told until it is gone; and that it is gone is told too.
    part.member.mustSend = part.error !== ErrorCode.None
  }
}

function addMember(session: FetchSession, topic: string, topicId: string, partition: number): SessionPartition {
  const member: SessionPartition = {
    topic,
    topicId,
    partition,
    fetchOffset: 0,
    bytesMax: 0,
    currentLeaderEpoch: -1,
    lastFetchedEpoch: -1,
    sentHighWatermark: -1,
    sentLogStartOffset: -1,
    mustSend: true,
    index: -1,
  }
  session.add(session.byId ? topicId : topic, member)
  return member
}

function isWorthSending(part: FetchPart): boolean {
  const { member } = part
  return (
    member === null ||
    member.mustSend ||
    part.byteLength > 0 ||
    part.error !== ErrorCode.None ||
    part.divergingEpoch >= 0 ||
    member.sentHighWatermark !== part.highWatermark ||
    member.sentLogStartOffset !== part.logStartOffset
  )
}
