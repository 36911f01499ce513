// Incremental fetch sessions (KIP-227): what a consumer fetches is remembered, so that it says only what changed, and is
// told only what changed.
//
// Owner: the shard of the connection that made the session; a session asked for on another shard is not found there, and
// the client makes a new one. Bounded in number and in memory: at the limit the least recently used session goes.
import type { Random } from '../lib/env.ts'

export const NO_SESSION = 0
/** What a partition takes beside its topic's name. */
const PARTITION_BYTES = 256
/** Epochs in a request: a full fetch that ends the session, and one that starts one. */
export const FINAL_EPOCH = -1
export const INITIAL_EPOCH = 0

export interface SessionPartition {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  fetchOffset: number
  bytesMax: number
  currentLeaderEpoch: number
  lastFetchedEpoch: number
  /** What the client was told last; -1 before the first time. */
  sentHighWatermark: number
  sentLogStartOffset: number
  /** It must be named in the next answer whatever comes. */
  mustSend: boolean
  /** Where it stands in its session. */
  index: number
}

export class FetchSession {
  readonly id: number
  /** Whether topics go by id (v13+) or by name. */
  readonly byId: boolean
  /** The epoch that the next request must carry. */
  epoch = 1
  /** In the order they were added, but that the last one takes the place of one that leaves. */
  readonly partitions: SessionPartition[] = []
  readonly #byTopic = new Map<string, Map<number, SessionPartition>>()
  /** Where the next answer begins, so that no partition is always last. */
  firstIndex = 0
  /** What its partitions take, now and as its owner knows it. */
  byteLength = 0
  measuredBytes = 0

  constructor(id: number, byId: boolean) {
    this.id = id
    this.byId = byId
  }

  find(topicKey: string, partition: number): SessionPartition | undefined {
    return this.#byTopic.get(topicKey)?.get(partition)
  }

  add(topicKey: string, member: SessionPartition): void {
    let ofTopic = this.#byTopic.get(topicKey)
    if (ofTopic === undefined) {
      ofTopic = new Map()
      this.#byTopic.set(topicKey, ofTopic)
    }
    ofTopic.set(member.partition, member)
    member.index = this.partitions.length
    this.partitions.push(member)
    this.byteLength += bytesOf(member)
  }

  remove(topicKey: string, partition: number): void {
    const ofTopic = this.#byTopic.get(topicKey)
    const member = ofTopic?.get(partition)
    if (ofTopic === undefined || member === undefined) return
    ofTopic.delete(partition)
    this.byteLength -= bytesOf(member)
    // One request may forget all of a great many.
    const last = this.partitions.pop()!
    if (last !== member) {
      this.partitions[member.index] = last
      last.index = member.index
    }
    if (ofTopic.size === 0) this.#byTopic.delete(topicKey)
    if (this.firstIndex >= this.partitions.length) this.firstIndex = 0
  }

  /** After an answer: the next request's epoch, and another first partition. */
  advance(): void {
    this.epoch = this.epoch === 0x7fffffff ? 1 : this.epoch + 1
    if (this.partitions.length > 0) this.firstIndex = (this.firstIndex + 1) % this.partitions.length
  }
}

export class FetchSessions {
  /** Least recently used first. */
  readonly #sessions = new Map<number, FetchSession>()
  readonly #sessionsMax: number
  readonly #bytesMax: number
  readonly #random: Random
  /** Of all sessions, as they were when they were measured. */
  #byteLength = 0

  constructor(sessionsMax: number, bytesMax: number, random: Random) {
    this.#sessionsMax = sessionsMax
    this.#bytesMax = bytesMax
    this.#random = random
  }

  find(id: number): FetchSession | undefined {
    const session = this.#sessions.get(id)
    if (session !== undefined) {
      this.#sessions.delete(id)
      this.#sessions.set(id, session)
    }
    return session
  }

  /** Null when sessions are turned off. */
  create(byId: boolean): FetchSession | null {
    if (this.#sessionsMax === 0) return null
    let id: number
    do id = this.#random.uint32() & 0x7fffffff
    while (id === NO_SESSION || this.#sessions.has(id))
    if (this.#sessions.size >= this.#sessionsMax) {
      for (const oldest of this.#sessions.keys()) {
        this.remove(oldest)
        break
      }
    }
    const session = new FetchSession(id, byId)
    this.#sessions.set(id, session)
    return session
  }

  remove(id: number): void {
    const session = this.#sessions.get(id)
    if (session === undefined) return
    this.#sessions.delete(id)
    this.#byteLength -= session.measuredBytes
  }

  /** Its partitions have changed. Others make room for them; at last it goes itself, and its client begins a new one. */
  measure(session: FetchSession): void {
    this.#byteLength += session.byteLength - session.measuredBytes
    session.measuredBytes = session.byteLength
    for (const oldest of this.#sessions.keys()) {
      if (this.#byteLength <= this.#bytesMax) return
      this.remove(oldest)
    }
  }
}

function bytesOf({ topic }: SessionPartition): number {
  return PARTITION_BYTES + 2 * topic.length
}
