// The calling thread as a peer of the shards: an arena that they map, a ring to and from each, and a bell by which they
// have it look at what came. It speaks the same messages as a shard (shard/messages.ts), and is asked nothing.
//
// Owner: the calling thread. Nothing here blocks. What came is handled when the bell rings, and whenever something is sent;
// nobody else's code runs inside, only promises are settled.
import { LIMITS } from '../config/limits.ts'
import { Arena, ArenaView } from '../memory/arena.ts'
import { DescriptorHolds } from '../memory/descriptor-holds.ts'
import { Pieces } from '../memory/pieces.ts'
import {
  COUNTER_WORDS,
  EVENT_WORDS,
  type Native,
  type Reactor,
  SEND_WORDS,
  WAIT_NONE,
  WINDOW_WORDS,
} from '../native/contract.ts'
import { MESSAGE_WORDS } from '../ring/descriptor.ts'
import { SleepFlags } from '../ring/sleep.ts'
import { CANCEL, RELIEVE, WATCH, WATCH_ANSWER } from '../shard/messages.ts'
import { Peers } from '../shard/peers.ts'
import type { SharedMemory } from '../shard/shared-memory.ts'

/** Waking a thread costs as much as filling a batch: so many messages share it. */
const GATHERED_MAX = 8
/** The least that a reactor without sockets takes. */
const EVENT_ROWS = 128

export interface CallingPeerOptions {
  native: Native
  shared: SharedMemory
  /** Of the newest metadata applied here. */
  metadataVersion: () => number
  /** Something came, and was handled. */
  onTick: () => void
  /** A broken invariant. */
  onFailure: (error: Error) => void
}

export class CallingPeer {
  /** The calling thread's number among the peers. */
  readonly own: number
  readonly arena: Arena
  readonly arenas: readonly ArenaView[]
  readonly holds: DescriptorHolds
  readonly peers: Peers
  readonly #pieces: Pieces
  readonly #options: CallingPeerOptions
  readonly #doorbells: Int32Array
  readonly #sleep: SleepFlags
  readonly #reactor: Reactor
  /** Rejecters of what waits for an answer. */
  readonly #waiting = new Set<(reason: Error) => void>()
  #gathered = 0
  #isPublishing = false
  #failure: Error | null = null

  constructor(options: CallingPeerOptions) {
    this.#options = options
    const { native, shared } = options
    this.own = shared.shards
    this.arena = new Arena(shared.arenas[this.own]!)
    this.arenas = shared.arenas.map((memory, thread) => (thread === this.own ? this.arena : new ArenaView(memory)))
    this.holds = new DescriptorHolds(shared.descriptorHolds)
    this.#pieces = new Pieces(this.arena)
    this.#doorbells = new Int32Array(shared.doorbells)
    this.#sleep = new SleepFlags(shared.sleep)
    this.#reactor = native.createReactor(tablesWithoutSockets(this.arenas, this.own, this.arena), () => this.#tick())
    this.peers = new Peers({
      writers: shared.rings[this.own]!,
      readers: shared.rings.map((ringsFrom) => ringsFrom[this.own]!),
      credits: LIMITS.ringCredits,
      sleep: this.#sleep,
      wake: (thread) => native.ringDoorbell(Atomics.load(this.#doorbells, thread) - 1),
      onMessage: (thread, words, at) => {
        if (words[at] === WATCH_ANSWER) this.peers.settleTold(words, at)
        else this.peers.settle(thread, words, at)
      },
    })
    Atomics.store(this.#doorbells, this.own, this.#reactor.doorbell + 1)
    this.#sleep.fallAsleep(this.own)
  }

  /** A copy of `bytes` that others may be lent: its offset in the arena, held once; -1 when there is no room now. */
  place(bytes: Uint8Array): number {
    return this.#pieces.put(bytes)
  }

  /**
   * Sends `peers.draft` as a request, and handles what has come. It leaves with others: when they are GATHERED_MAX, at the end
   * of this turn of the event loop, or by `publish`.
   */
  send(shard: number): void {
    this.peers.ask(shard)
    this.peers.poll()
    if (++this.#gathered >= GATHERED_MAX) this.publish()
    else if (!this.#isPublishing) {
      this.#isPublishing = true
      setImmediate(() => {
        this.#isPublishing = false
        if (this.#failure === null) this.publish()
      })
    }
  }

  /** What was sent leaves now. */
  publish(): void {
    this.#gathered = 0
    this.peers.publish()
  }

  /** Asks a question about a partition, its arguments from the fifth word on: a copy of the answer's words. */
  request(shard: number, kind: number, handle: number, args: readonly number[]): Promise<Int32Array> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) throw this.#failure
      this.#draft(kind, this.#ticket(resolve, reject), handle, args)
      this.peers.ask(shard)
      this.publish()
    })
  }

  /**
   * Resolves when the partition's high watermark is not `highWatermark`, low word and high word, or it is gone; also when it
   * is `cancel`led.
   */
  watch(
    shard: number,
    handle: number,
    highWatermark: readonly [number, number],
  ): { changed: Promise<unknown>; cancel: () => void } {
    const { peers } = this
    let ticket = 0
    let isOver = false
    const changed = new Promise<Int32Array>((resolve, reject) => {
      if (this.#failure !== null) throw this.#failure
      const onAnswer = (words: Int32Array) => {
        isOver = true
        resolve(words)
      }
      ticket = this.#ticket(onAnswer, reject)
      this.#draft(WATCH, ticket, handle, highWatermark)
      peers.tell(shard)
      this.publish()
    })
    const cancel = () => {
      if (isOver || this.#failure !== null) return
      this.#draft(CANCEL, ticket, 0, [])
      peers.tell(shard)
      this.publish()
    }
    return { changed, cancel }
  }

  /** Has the shards drain what they hold of the arena. */
  relieve(): void {
    for (let shard = 0; shard < this.own; shard++) {
      this.peers.draft.fill(0)
      this.peers.draft[0] = RELIEVE
      this.peers.tell(shard)
    }
    this.publish()
  }

  /** Nothing is answered any more: what waits, and what is asked from now on, rejects. */
  fail(reason: Error): void {
    this.#failure ??= reason
    for (const reject of this.#waiting) reject(reason)
    this.#waiting.clear()
  }

  /** Once the shards are silent. */
  close(): void {
    this.#reactor.close()
  }

  #tick(): void {
    const { peers, own } = this
    try {
      if (this.#failure === null) {
        this.#sleep.awake(own)
        peers.poll()
        this.#options.onTick()
        this.publish()
      }
      this.#reactor.flush(0, WAIT_NONE)
      if (this.#failure !== null) return
      this.#sleep.fallAsleep(own)
      if (!peers.hasMessages() && !peers.hasUnsent()) return
      this.#sleep.awake(own)
      this.#options.native.ringDoorbell(this.#reactor.doorbell)
    } catch (error) {
      this.#options.onFailure(error as Error)
    }
  }

  #ticket(resolve: (words: Int32Array) => void, reject: (reason: Error) => void): number {
    this.#waiting.add(reject)
    return this.peers.issueTicket({
      onAnswer: (words, at) => {
        this.#waiting.delete(reject)
        resolve(words.slice(at, at + MESSAGE_WORDS))
      },
    })
  }

  #draft(kind: number, ticket: number, handle: number, args: readonly number[]): void {
    const { draft } = this.peers
    draft[0] = kind
    draft[1] = ticket
    draft[2] = handle
    draft[3] = this.#options.metadataVersion()
    draft.set(args, 4)
  }
}

/** A reactor is where a thread is woken; this one has nothing else to do. */
function tablesWithoutSockets(arenas: readonly ArenaView[], own: number, arena: Arena) {
  return {
    arenas: arenas.map(({ bytes }) => bytes),
    own,
    blockHolders: arena.holders,
    blockBytes: arena.blockBytes,
    window: new Int32Array(WINDOW_WORDS).fill(-1),
    events: new Int32Array(EVENT_ROWS * EVENT_WORDS),
    sends: new Int32Array(SEND_WORDS),
    counters: new Int32Array(COUNTER_WORDS),
    frameBytesMax: 0,
    outputBytesMax: 0,
    outputBytesHigh: 0,
    connectionsMax: 0,
    firstFrameBytesMax: 0,
    firstFrameMs: 0,
    progressMs: 0,
    idleMs: 0,
  }
}
