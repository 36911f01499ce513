// This thread's rings to and from every other shard, and the credits that keep them from filling.
//
// Owner: the shard. A request spends a credit until its answer comes, so that the answer's slot is free when it is sent.
// Without a credit the request waits here, in order, and nobody blocks. What may take long to be answered, or never is,
// holds no credit: it is told when the ring has room beyond what all credits may need, and waits here till then.
import { MESSAGE_WORDS } from '../ring/descriptor.ts'
import { type OnMessage, RingReader } from '../ring/reader.ts'
import type { SleepFlags } from '../ring/sleep.ts'
import { RingWriter } from '../ring/writer.ts'

/** What waits for an answer under a ticket. */
export interface Asker {
  /** The answer's words begin at `words[at]`; they are gone when this returns. */
  onAnswer(words: Int32Array, at: number): void
}

export interface PeersOptions {
  /** Rings from this thread to thread i, and from thread i to this; null for its own number. */
  writers: readonly (SharedArrayBuffer | null)[]
  readers: readonly (SharedArrayBuffer | null)[]
  /** Requests under way to one peer at most: a quarter of a ring, so that answers and cancels fit beside them. */
  credits: number
  sleep: SleepFlags
  wake: (thread: number) => void
  /** A request from `thread`, or an answer. */
  onMessage: (thread: number, words: Int32Array, at: number) => void
}

export class Peers {
  readonly #options: PeersOptions
  readonly #writers: (RingWriter | null)[]
  readonly #readers: (RingReader | null)[]
  readonly #credits: number[]
  /** Requests without a credit, oldest first, per peer. */
  readonly #stalled: Int32Array[][]
  /** What is to be told and found no room, oldest first, per peer. */
  readonly #untold: Int32Array[][]
  readonly #roomMin: number
  /** By ticket. Tickets are used again. */
  readonly #askers: (Asker | null)[] = []
  readonly #freeTickets: number[] = []
  /** A request is written here, then copied into its slot: 64 bytes, once a request. */
  readonly draft = new Int32Array(MESSAGE_WORDS)

  constructor(options: PeersOptions) {
    this.#options = options
    this.#writers = options.writers.map((memory) => (memory === null ? null : new RingWriter(memory)))
    this.#readers = options.readers.map((memory, thread) => {
      if (memory === null) return null
      const onMessage: OnMessage = (words, at) => options.onMessage(thread, words, at)
      return new RingReader(memory, onMessage)
    })
    this.#credits = options.writers.map(() => options.credits)
    this.#stalled = options.writers.map(() => [])
    this.#untold = options.writers.map(() => [])
    // Requests, and answers to the peer's.
    this.#roomMin = 2 * options.credits
  }

  /** A ticket whose answer goes to `asker`. */
  issueTicket(asker: Asker): number {
    const ticket = this.#freeTickets.pop() ?? this.#askers.length
    this.#askers[ticket] = asker
    return ticket
  }

  /** Sends `draft` as a request to the peer, now or when there is a credit. */
  ask(peer: number): void {
    if (this.#credits[peer]! > 0 && this.#stalled[peer]!.length === 0) {
      this.#credits[peer]!--
      this.#put(peer, this.draft)
    } else this.#stalled[peer]!.push(this.draft.slice())
  }

  /** Sends `draft` without a credit, in order with what else is told, now or when there is room. */
  tell(peer: number): void {
    if (this.#untold[peer]!.length === 0 && this.#hasRoom(peer)) this.#put(peer, this.draft)
    else this.#untold[peer]!.push(this.draft.slice())
  }

  /** Where the words of an answer go. */
  claim(peer: number): number {
    return this.#writers[peer]!.claim()
  }

  wordsTo(peer: number): Int32Array {
    return this.#writers[peer]!.words
  }

  /** Hands an answer to who asked, and lets the next stalled request go. */
  settle(peer: number, words: Int32Array, at: number): void {
    const stalled = this.#stalled[peer]!.shift()
    if (stalled === undefined) this.#credits[peer]!++
    else this.#put(peer, stalled)
    this.settleTold(words, at)
  }

  /** The same for what was told. */
  settleTold(words: Int32Array, at: number): void {
    const ticket = words[at + 1]!
    const asker = this.#askers[ticket]!
    this.#askers[ticket] = null
    this.#freeTickets.push(ticket)
    asker.onAnswer(words, at)
  }

  /** Handles what has come; true when there was something. */
  poll(): boolean {
    let count = 0
    for (const reader of this.#readers) if (reader !== null) count += reader.poll()
    return count > 0
  }

  hasMessages(): boolean {
    for (const reader of this.#readers) if (reader !== null && !reader.isEmpty()) return true
    return false
  }

  /** Whether `publish` has something to do. */
  hasUnsent(): boolean {
    for (let peer = 0; peer < this.#writers.length; peer++) {
      if (this.#writers[peer]?.hasClaimed() || this.#untold[peer]!.length > 0) return true
    }
    return false
  }

  /** Publishes what was claimed, and wakes the receivers that sleep. Once a tick. */
  publish(): void {
    const { sleep, wake } = this.#options
    for (let peer = 0; peer < this.#writers.length; peer++) {
      if (this.#untold[peer]!.length > 0) this.#tellRest(peer)
      if (this.#writers[peer]?.publish() && sleep.mustWake(peer)) wake(peer)
    }
  }

  #tellRest(peer: number): void {
    const untold = this.#untold[peer]!
    let told = 0
    for (; told < untold.length && this.#hasRoom(peer); told++) this.#put(peer, untold[told]!)
    untold.splice(0, told)
  }

  #hasRoom(peer: number): boolean {
    return this.#writers[peer]!.freeSlots() > this.#roomMin
  }

  #put(peer: number, message: Int32Array): void {
    const writer = this.#writers[peer]!
    writer.words.set(message, writer.claim())
  }
}
