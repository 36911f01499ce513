// The least that drives a reactor: an arena in blocks, a listening socket, and a record of what happened. Histories are
// told by it: the test does something, then awaits `until(condition)`, which is looked at after every tick.
import {
  type Acceptor,
  COUNTER_TICKS,
  COUNTER_WORDS,
  EVENT_CLOSED,
  EVENT_DRAINED,
  EVENT_FRAME,
  EVENT_IDLE,
  EVENT_NEED,
  EVENT_SENT,
  EVENT_WORDS,
  type Native,
  type Reactor,
  type ReactorTables,
  SEND_ASSIGN,
  SEND_BYTES,
  SEND_CLOSE,
  SEND_EVICT,
  SEND_FILE,
  SEND_FORGET,
  SEND_LEASED,
  SEND_PAUSE,
  SEND_RESUME,
  SEND_TRUST,
  SEND_WORDS,
  WAIT_UNCHANGED,
  WINDOW_OFFSET,
  WINDOW_SPARE_END,
  WINDOW_SPARE_OFFSET,
  WINDOW_WORDS,
} from '../../src/native/contract.ts'

export interface ShardOptions {
  blockBytes: number
  blocks: number
  eventRows: number
  frameBytesMax: number
  outputBytesMax: number
  outputBytesHigh: number
  connectionsMax: number
  firstFrameBytesMax: number
  firstFrameMs: number
  progressMs: number
  idleMs: number
}

const defaults: ShardOptions = {
  blockBytes: 64 * 1024,
  blocks: 64,
  eventRows: 1024,
  frameBytesMax: 8 * 1024 * 1024,
  outputBytesMax: 1024 * 1024,
  outputBytesHigh: 256 * 1024,
  connectionsMax: 1000,
  firstFrameBytesMax: 8 * 1024 * 1024,
  firstFrameMs: 600_000,
  progressMs: 600_000,
  idleMs: 600_000,
}

/** `['closed', connection, reason, errno]` and so on. */
export type Happening = readonly [kind: string, ...rest: (number | string)[]]

export class SmallShard {
  readonly native: Native
  readonly options: ShardOptions
  readonly tables: ReactorTables
  readonly reactor: Reactor
  readonly acceptor: Acceptor
  readonly port: number
  /** Everything but frames, in order. */
  readonly happenings: Happening[] = []
  /** The numbers of accepted connections, in order. */
  readonly connections: number[] = []
  /** First four bytes of the frames that asked for room. */
  readonly needKeys: number[] = []
  readonly frames: { connection: number; bytes: Buffer }[] = []
  /** Called with every frame: its bytes lie in the arena until it returns. */
  onFrame: (connection: number, bytes: Uint8Array) => void
  onTick: () => void = () => {}
  onAccepted: (descriptor: number) => void
  waitMs = WAIT_UNCHANGED
  /** No block goes to the window while this is set. */
  isOutOfBlocks = false

  readonly #arena: Uint8Array
  readonly #scratch: number
  #scratchUsed = 0
  #rows = 0
  #waiters: { condition: () => boolean; resolve: () => void }[] = []
  #isClosed = false

  constructor(native: Native, options: Partial<ShardOptions> = {}) {
    this.native = native
    this.options = { ...defaults, ...options }
    const { blockBytes, blocks, eventRows } = this.options
    // Behind the blocks lies what SEND_BYTES is sent from.
    this.#scratch = blocks * blockBytes
    this.#arena = new Uint8Array(new SharedArrayBuffer(this.#scratch + 4 * 1024 * 1024))
    this.tables = {
      arenas: [this.#arena],
      own: 0,
      blockHolders: new Int32Array(Math.ceil(this.#arena.length / blockBytes)),
      blockBytes,
      window: new Int32Array(WINDOW_WORDS).fill(-1),
      events: new Int32Array(eventRows * EVENT_WORDS),
      sends: new Int32Array(4096 * SEND_WORDS),
      counters: new Int32Array(new SharedArrayBuffer(COUNTER_WORDS * 4)),
      frameBytesMax: this.options.frameBytesMax,
      outputBytesMax: this.options.outputBytesMax,
      outputBytesHigh: this.options.outputBytesHigh,
      connectionsMax: this.options.connectionsMax,
      firstFrameBytesMax: this.options.firstFrameBytesMax,
      firstFrameMs: this.options.firstFrameMs,
      progressMs: this.options.progressMs,
      idleMs: this.options.idleMs,
    }
    this.onFrame = (connection, bytes) => this.frames.push({ connection, bytes: Buffer.from(bytes) })
    this.onAccepted = (descriptor) => {
      this.connections.push(this.reactor.add(descriptor))
      this.#wakeWaiters()
    }
    this.reactor = native.createReactor(this.tables, (rows) => this.#tick(rows))
    this.acceptor = native.createAcceptor((descriptor) => this.onAccepted(descriptor))
    this.port = this.acceptor.listen(7, '127.0.0.1', 0, 128)
    this.flush()
  }

  // --- what a test does

  /** Bytes, copied into the arena first. */
  send(connection: number, bytes: Uint8Array): void {
    this.#row([SEND_BYTES, connection, 0, this.#put(bytes), bytes.length])
  }
  sendLeased(connection: number, offset: number, length: number, token: number, arena = 0): void {
    this.#row([SEND_LEASED, connection, arena, offset, length, 0, 0, token])
  }
  sendFile(connection: number, descriptor: number, position: number, length: number, token: number): void {
    const high = Math.floor(position / 2 ** 32)
    this.#row([SEND_FILE, connection, descriptor, position | 0, high, length, 0, token])
  }
  assign(connection: number, offset: number): void {
    this.#row([SEND_ASSIGN, connection, offset])
  }
  pause(connection: number): void {
    this.#row([SEND_PAUSE, connection])
  }
  resume(connection: number): void {
    this.#row([SEND_RESUME, connection])
  }
  trust(connection: number): void {
    this.#row([SEND_TRUST, connection])
  }
  evict(connection: number, ms: number): void {
    this.#row([SEND_EVICT, connection, ms])
  }
  close(connection: number): void {
    this.#row([SEND_CLOSE, connection])
  }
  forget(connection: number): void {
    this.#row([SEND_FORGET, connection])
  }
  flush(): void {
    let rows: number
    do {
      this.#refillWindow()
      const count = this.#rows
      this.#rows = 0
      rows = this.reactor.flush(count, this.waitMs)
      this.waitMs = WAIT_UNCHANGED
      this.#scratchUsed = 0
      this.#read(rows)
    } while (this.#rows > 0)
    this.#wakeWaiters()
  }
  closeAll(): void {
    this.#isClosed = true
    this.reactor.close()
    this.acceptor.close()
  }
  /** Room of its own in the arena, held like a block that the shard took. */
  takeBlocks(count: number): number {
    const { blockHolders, blockBytes } = this.tables
    for (let first = 0; first + count <= this.options.blocks; first++) {
      let free = 0
      while (free < count && blockHolders[first + free] === 0) free++
      if (free < count) continue
      blockHolders[first]!++
      return first * blockBytes
    }
    return -1
  }
  fill(offset: number, bytes: Uint8Array): void {
    this.#arena.set(bytes, offset)
  }

  // --- what it may look at

  /** Resolves once `condition` holds: looked at now, and after every tick, flush and accept. */
  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve()
    return new Promise((resolve) => this.#waiters.push({ condition, resolve }))
  }
  happened(kind: string): Happening[] {
    return this.happenings.filter((happening) => happening[0] === kind)
  }
  get ticks(): number {
    return this.counter(COUNTER_TICKS)
  }
  counter(word: number): number {
    return this.tables.counters[word]!
  }
  /** Holders of all blocks but those of the window. */
  get holders(): number {
    const { blockHolders, window } = this.tables
    let sum = 0
    for (const count of blockHolders) sum += count
    if (window[WINDOW_OFFSET]! >= 0) sum--
    if (window[WINDOW_SPARE_OFFSET]! >= 0) sum--
    return sum
  }

  // ---

  #tick(rows: number): void {
    if (this.#isClosed) throw new Error('a tick after close')
    this.#read(rows)
    this.onTick()
    if (!this.#isClosed) this.flush()
  }

  #read(rows: number): void {
    const { events, blockHolders, blockBytes } = this.tables
    for (let row = 0; row < rows; row++) {
      const kind = events[row * EVENT_WORDS]!
      const connection = events[row * EVENT_WORDS + 1]!
      const first = events[row * EVENT_WORDS + 2]!
      const second = events[row * EVENT_WORDS + 3]!
      if (kind === EVENT_FRAME) {
        this.onFrame(connection, this.#arena.subarray(first, first + second))
        const block = Math.floor(first / blockBytes)
        blockHolders[block]!--
        if (blockHolders[block]! < 0) throw new Error(`block ${block} has ${blockHolders[block]} holders`)
      } else if (kind === EVENT_CLOSED) this.happenings.push(['closed', connection, first, second])
      else if (kind === EVENT_NEED) {
        this.happenings.push(['need', connection, first])
        this.needKeys.push(second)
      } else if (kind === EVENT_SENT) this.happenings.push(['sent', connection, first])
      else if (kind === EVENT_DRAINED) this.happenings.push(['drained', connection])
      else if (kind === EVENT_IDLE) this.happenings.push(['idle', connection])
      else throw new Error(`an event of kind ${kind}`)
    }
  }

  #refillWindow(): void {
    const { window, blockBytes } = this.tables
    if (window[WINDOW_SPARE_OFFSET]! >= 0 || this.isOutOfBlocks) return
    const offset = this.takeBlocks(1)
    if (offset < 0) return
    window[WINDOW_SPARE_OFFSET] = offset
    window[WINDOW_SPARE_END] = offset + blockBytes
  }

  #put(bytes: Uint8Array): number {
    const offset = this.#scratch + this.#scratchUsed
    this.#arena.set(bytes, offset)
    this.#scratchUsed += bytes.length
    return offset
  }

  #row(words: number[]): void {
    this.tables.sends.set(words, this.#rows * SEND_WORDS)
    this.#rows++
  }

  #wakeWaiters(): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const waiter of waiters) {
      if (waiter.condition()) waiter.resolve()
      else this.#waiters.push(waiter)
    }
  }
}

/** A length-prefixed frame. */
export function framed(payload: Uint8Array): Buffer {
  const prefix = Buffer.alloc(4)
  prefix.writeInt32BE(payload.length)
  return Buffer.concat([prefix, payload])
}
