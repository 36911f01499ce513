// A shard's loop: frames in, the shard's work, answers out. The reactor calls `#tick` with what has come; a tick ends
// with a flush.
//
// Thread: the shard's worker. It sleeps only after it said so and looked at its rings once more (ring/sleep.ts).
import type { FetchCall } from '../api/01-fetch.ts'
import type { Call } from '../api/call.ts'
import { LIMITS } from '../config/limits.ts'
import type { Clock } from '../lib/env.ts'
import { fromWords } from '../lib/int64.ts'
import { List, removeFirst } from '../lib/list.ts'
import type { Arena, ArenaView } from '../memory/arena.ts'
import {
  CLOSED_BY_PEER,
  COUNTER_COPIED_OUTPUT_BYTES,
  COUNTER_MOVED_INPUT_BYTES,
  COUNTER_RECEIVED_BYTES,
  COUNTER_SENDFILE_BYTES,
  COUNTER_SENT_BYTES,
  COUNTER_TICKS,
  COUNTER_WORDS,
  EVENT_CLOSED,
  EVENT_FRAME,
  EVENT_IDLE,
  EVENT_NEED,
  EVENT_SENT,
  EVENT_WORDS,
  type Native,
  type Reactor,
  WAIT_NONE,
  WAIT_UNCHANGED,
} from '../native/contract.ts'
import { COUNTER } from '../observe/counters.ts'
import type { LimitedLog } from '../observe/limited-log.ts'
import type { Shard } from '../shard/shard.ts'
import { responseHeaderVersion } from '../wire/generated/apis.ts'
import { ResponseHeader, writeResponseHeader } from '../wire/request-header.ts'
import { closedReason } from './closed-reason.ts'
import { Connection } from './connection.ts'
import type { ConnectionLimits } from './connection-limits.ts'
import { Leases } from './leases.ts'
import { LongFrames } from './long-frames.ts'
import { NoMemoryError, Output } from './output.ts'
import { ReceiveWindow } from './receive-window.ts'
import type { Requests } from './requests.ts'
import type { ShardState } from './thread-messages.ts'

const PRODUCE = 0
const FETCH = 1
/** A timer of the stand-in may fire this much early. */
const TIMER_SLACK_MS = 2
/** How often memory is looked for while it is short. */
const SHORT_RETRY_MS = 5
const EVICT_RETRY_MS = 100
/** What the reactor's timer takes; for more it is set again. */
const TIMER_MS_MAX = 2 ** 31 - 1

export interface FrameLoopOptions {
  own: number
  native: Native
  arena: Arena
  arenas: readonly ArenaView[]
  clock: Clock
  limits: ConnectionLimits
  log: LimitedLog
  /** A connection is no more: its address may have another. */
  onEnded: (addressSlot: number) => void
  /** A tick threw: a broken invariant, and the end of the process. */
  onFatal: (error: Error) => void
}

export class FrameLoop {
  readonly #options: FrameLoopOptions
  readonly #reactor: Reactor
  readonly #events: Int32Array
  readonly #counters = new Int32Array(COUNTER_WORDS)
  readonly #window: ReceiveWindow
  readonly #output: Output
  readonly #header = new ResponseHeader()
  readonly #connections: (Connection | undefined)[] = []
  readonly #leases = new Leases()
  readonly #longFrames: LongFrames
  /** What requests in flight take, of all connections. */
  requestBytes = 0
  /** Connections whose deferred frames may go on, or that may be read again. */
  readonly #unblocked = new List<Connection>()
  /** Answers that found no room before the flush, in order. */
  readonly #backlog: { connection: Connection; call: Call }[] = []
  #isTicking = false
  #isStopping = false
  #onSettled: (() => void) | null = null
  #shard: Shard | null = null
  #requests: Requests | null = null
  #armedMs = Number.POSITIVE_INFINITY
  /** Frames wait for memory. */
  #isShort = false
  #relieveAtMs = 0
  #evictAtMs = 0
  #isClosed = false

  constructor(options: FrameLoopOptions) {
    this.#options = options
    const { arena, arenas, native, own, limits, log } = options
    this.#events = new Int32Array(LIMITS.reactorEventRowsMax * EVENT_WORDS)
    this.#window = new ReceiveWindow(arena)
    this.#output = new Output(arena, arenas, LIMITS.reactorSendRowsMax)
    this.#window.refill()
    this.#longFrames = new LongFrames({
      arena,
      log,
      assign: ({ number }, offset) => this.#output.assign(number, offset),
      close: (connection) => this.#closeConnection(connection),
    })
    const tables = {
      arenas: arenas.map(({ bytes }) => bytes),
      own,
      blockHolders: arena.holders,
      blockBytes: arena.blockBytes,
      window: this.#window.words,
      events: this.#events,
      sends: this.#output.sends,
      counters: this.#counters,
      frameBytesMax: limits.frameBytesMax,
      outputBytesMax: limits.outputBytesMax,
      outputBytesHigh: limits.outputBytesHigh,
      connectionsMax: LIMITS.shardConnectionsMax,
      firstFrameBytesMax: limits.firstFrameBytesMax,
      firstFrameMs: limits.firstFrameMs,
      progressMs: limits.progressMs,
      idleMs: limits.idleMs,
    }
    this.#reactor = native.createReactor(tables, (eventCount) => this.#tick(eventCount))
  }

  get doorbell(): number {
    return this.#reactor.doorbell
  }

  attach(shard: Shard, requests: Requests): void {
    this.#shard = shard
    this.#requests = requests
  }

  /** Takes over an accepted socket. */
  accept(descriptor: number, listener: number, addressSlot: number): void {
    try {
      const number = this.#reactor.add(descriptor)
      this.#connections[number] = new Connection(this, number, listener, addressSlot)
    } catch (error) {
      this.#options.log.write('warn', () => ({ err: error }), 'a connection could not be taken')
      this.#countEnd(addressSlot)
    }
  }

  /** The peer's address and port, for a log line. */
  peerOf({ number }: Connection): string {
    return this.#reactor.peer(number)
  }

  /** Takes nothing more from clients. Answers under way still leave. */
  closeConnections(): void {
    this.#isStopping = true
  }

  /** Resolves when the shard has done what was begun. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      this.#onSettled = resolve
      this.#ringOwn()
    })
  }

  close(): void {
    this.#isClosed = true
    this.#reactor.close()
  }

  /** This tick's reading of the clock; outside of a tick a fresh one. */
  nowMicros(): number {
    const { tick } = this.#shard!
    if (!this.#isTicking) tick.read(this.#options.clock.nowMs())
    return tick.micros
  }

  /** For metrics: open connections by listener, requests that are not answered, memory that is held. */
  state(): ShardState {
    const connections: number[] = []
    let requestsInFlight = 0
    for (const connection of this.#connections) {
      if (connection === undefined) continue
      connections[connection.listener] = (connections[connection.listener] ?? 0) + 1
      requestsInFlight += connection.inFlight
    }
    const arenaHeldBytes = this.#options.arena.heldBytes()
    return {
      connections,
      requestsInFlight,
      arenaHeldBytes,
      groupHeldBytes: this.#shard?.groupHeldBytes ?? 0,
      isRetentionHeld: this.#shard?.isRetentionHeld ?? false,
    }
  }

  /** Encodes the answer of a call whose turn has come, or ends it without one. */
  answer(connection: Connection, call: Call): void {
    if (connection.exclusive === call) connection.exclusive = null
    // Ready outside of a tick: one has to come and send it.
    if (!this.#isTicking) this.#ringOwn()
    if (call.mustClose) this.#closeConnection(connection)
    if (call.isSilent || call.mustClose || connection.isClosing) this.#end(connection, call)
    else if (this.#backlog.length > 0 || !this.#output.hasRoom) this.#backlog.push({ connection, call })
    else this.#encode(connection, call)
    this.#onProgress(connection)
  }

  /** A call of a closed connection has ended. */
  onCallGone(connection: Connection): void {
    this.#forgetIfIdle(connection)
  }

  #tick(eventCount: number): void {
    const shard = this.#shard
    this.#isTicking = true
    try {
      if (shard === null) {
        this.#flush()
        return
      }
      const { own, clock } = this.#options
      shard.sleep.awake(own)
      const nowMs = clock.nowMs()
      shard.beginTick(nowMs)
      this.#handleEvents(eventCount)
      // A timer that was due has fired, or is about to: it is armed anew if its deadline still stands.
      if (this.#armedMs <= nowMs + TIMER_SLACK_MS) this.#armedMs = Number.NaN
      // Before the work, which carries out what they begin; what this tick unblocks has the next one.
      this.#serveUnblocked()
      shard.work()
      // Small frames go on whether or not there is a run for a long one: it may take long to be free, or never be.
      const isServed = this.#longFrames.serve(nowMs)
      this.#isShort = !this.#window.refill() || !isServed
      if (this.#isShort) this.#relieve(shard, nowMs)
      this.#count()
      if (this.#options.log.hasLeftOut) this.#options.log.settle(nowMs)
      this.#flush()
      if (this.#onSettled !== null && shard.isQuiet) this.#onSettled()
      shard.sleep.fallAsleep(own)
      if (shard.hasMore || this.#unblocked.count > 0) {
        shard.sleep.awake(own)
        this.#ringOwn()
      }
    } catch (error) {
      this.#options.onFatal(error as Error)
    } finally {
      this.#isTicking = false
    }
  }

  #handleEvents(count: number): void {
    const events = this.#events
    const { clock } = this.#options
    for (let i = 0, at = 0; i < count; i++, at += EVENT_WORDS) {
      const number = events[at + 1]!
      switch (events[at]) {
        case EVENT_FRAME:
          this.#onFrame(this.#connections[number]!, events[at + 2]!, events[at + 3]!)
          break
        case EVENT_SENT:
          this.#onSent(events[at + 2]!)
          break
        case EVENT_CLOSED:
          this.#onClosed(this.#connections[number]!, events[at + 2]!, events[at + 3]!)
          break
        case EVENT_NEED:
          this.#longFrames.ask(this.#connections[number]!, events[at + 2]!, events[at + 3]!, clock.nowMs())
          break
        case EVENT_IDLE:
          this.#onIdle(this.#connections[number]!)
          break
      }
    }
  }

  #onFrame(connection: Connection, offset: number, length: number): void {
    this.#shard!.counters.add(COUNTER.frames, 1)
    if (connection.deferred.length > 0 || !this.#mayBegin(connection, offset)) {
      connection.deferred.push(offset, length, this.nowMicros())
      if (!connection.isPaused && !connection.isClosed && !connection.isEnding) {
        connection.isPaused = true
        this.#output.pause(connection.number)
      }
      return
    }
    this.#begin(connection, offset, length, this.nowMicros())
  }

  /** Answers leave in order, so a request that wants the connection to itself loses nothing by waiting for those before. */
  #mayBegin({ exclusive, inFlight, inFlightBytes }: Connection, offset: number): boolean {
    const { requestsMax, requestBytesMax } = this.#options.limits
    if (inFlight === 0) return true
    if (exclusive !== null || inFlight >= requestsMax || inFlightBytes >= requestBytesMax) return false
    const apiKey = this.#options.arena.view.getInt16(offset)
    return apiKey === PRODUCE || apiKey === FETCH
  }

  #begin(connection: Connection, offset: number, length: number, arrivedAt: number): void {
    const { arena } = this.#options
    connection.arrivedAt = arrivedAt
    const isWanted = !connection.isClosed && !connection.isClosing && !this.#isStopping
    if (isWanted) {
      const isBegun = this.#requests!.begin(connection, offset, length, this.#hasRequestRoom())
      if (!isBegun) this.#closeConnection(connection)
      else if (!connection.isTrusted) {
        connection.isTrusted = true
        this.#output.trust(connection.number)
      }
    }
    arena.release(arena.blockOf(offset))
  }

  #hasRequestRoom(): boolean {
    return this.requestBytes < this.#options.limits.shardRequestBytesMax
  }

  /** Goes on with frames that came too early. */
  #serveUnblocked(): void {
    for (let i = 0; i < this.#unblocked.count; i++) {
      const connection = this.#unblocked.at(i)
      const { deferred } = connection
      let next = 0
      while (next < deferred.length && this.#mayBegin(connection, deferred[next]!)) {
        this.#begin(connection, deferred[next]!, deferred[next + 1]!, deferred[next + 2]!)
        next += 3
      }
      removeFirst(deferred, next)
      this.#forgetIfIdle(connection)
      const { requestsMax, requestBytesMax } = this.#options.limits
      const isLight = connection.inFlight <= requestsMax / 2 && connection.inFlightBytes <= requestBytesMax / 2
      const isCalm = deferred.length === 0 && isLight
      if (connection.isPaused && isCalm && !connection.isClosed && !connection.isEnding) {
        connection.isPaused = false
        this.#output.resume(connection.number)
      }
    }
    this.#unblocked.clear()
  }

  /** Nothing has come or left for long: that is its end, unless an answer is due. */
  #onIdle(connection: Connection): void {
    if (connection.inFlight > 0 || connection.deferred.length > 0 || connection.isClosed) return
    const { peer } = connection
    this.#options.log.write('debug', () => ({ peer }), 'idle for connections.max.idle.ms: the connection is closed')
    this.#closeConnection(connection)
  }

  #relieve(shard: Shard, nowMs: number): void {
    if (nowMs < this.#relieveAtMs) return
    this.#relieveAtMs = nowMs + SHORT_RETRY_MS
    shard.relieveMemory()
    shard.peers.publish()
    this.evictSlowReaders(nowMs)
  }

  /**
   * Memory is short, here or where records lie that we send: who holds some and reads nothing loses its connection, and
   * may come back for its answers when it reads.
   */
  evictSlowReaders(nowMs: number): void {
    if (nowMs < this.#evictAtMs) return
    this.#evictAtMs = nowMs + EVICT_RETRY_MS
    const { slowReaderMs } = LIMITS
    this.#leases.forEachOlder(nowMs - slowReaderMs, LIMITS.evictionsMax, ({ number }) =>
      this.#output.evict(number, slowReaderMs),
    )
  }

  #encode(connection: Connection, call: Call): void {
    const output = this.#output
    const firstRow = output.rowCount
    const token = call.apiKey === FETCH ? this.#leases.issue() : -1
    try {
      output.begin(connection.number)
      this.#header.correlationId = call.correlationId
      writeResponseHeader(output, responseHeaderVersion(call.apiKey, call.apiVersion), this.#header)
      call.encode(output)
      if (output.finish(token)) {
        this.#leases.lend(token, call as FetchCall, connection, this.#options.clock.nowMs())
        return
      }
    } catch (error) {
      if (!(error instanceof NoMemoryError)) throw error
      const { apiKey } = call
      const words = `${error.message}: the connection is closed`
      this.#options.log.write('warn', () => ({ apiKey, peer: connection.peer }), words)
      output.abandon(firstRow)
      this.#closeConnection(connection)
    }
    if (token >= 0) this.#leases.end(token)
    this.#end(connection, call)
  }

  #onSent(token: number): void {
    const call = this.#leases.callOf(token)
    const connection = this.#leases.connectionOf(token)
    this.#leases.end(token)
    this.#end(connection, call)
    this.#onProgress(connection)
  }

  /** A call has left the connection: what waited for that goes on. */
  #onProgress(connection: Connection): void {
    if (connection.deferred.length > 0) this.#unblocked.push(connection)
    else if (connection.isClosed || connection.isEnding) this.#forgetIfIdle(connection)
    else if (connection.isPaused) this.#unblocked.push(connection)
  }

  #end(connection: Connection, call: Call): void {
    connection.leave(call.costBytes)
    const { apiKey, arrivedAt, begunAt, readyAt } = call
    this.#shard!.histograms.observeRequest(apiKey, arrivedAt, begunAt, readyAt, this.nowMicros())
    call.finish(true)
  }

  #closeConnection(connection: Connection): void {
    if (connection.isClosing || connection.isClosed) return
    connection.isClosing = true
    this.#output.close(connection.number)
  }

  #onClosed(connection: Connection, reason: number, errno: number): void {
    const words = closedReason(reason, errno)
    const { clientSoftware } = connection
    if (words !== null) this.#options.log.write('info', () => ({ clientSoftware, peer: connection.peer }), words)
    // A client may say goodbye behind its last requests; only what waits for more to read has no point any more.
    if (reason === CLOSED_BY_PEER) {
      connection.isEnding = true
      connection.cancelWaiting()
      if (connection.deferred.length > 0) this.#unblocked.push(connection)
    } else {
      const { arena } = this.#options
      for (let i = 0; i < connection.deferred.length; i += 3) arena.release(arena.blockOf(connection.deferred[i]!))
      connection.deferred.length = 0
      connection.drop()
    }
    this.#forgetIfIdle(connection)
  }

  #forgetIfIdle(connection: Connection): void {
    if (connection.inFlight > 0 || connection.deferred.length > 0) return
    if (!connection.isClosed && !connection.isEnding) return
    if (this.#connections[connection.number] !== connection) return
    this.#connections[connection.number] = undefined
    this.#countEnd(connection.addressSlot)
    this.#output.forget(connection.number)
  }

  #countEnd(addressSlot: number): void {
    this.#shard!.counters.add(COUNTER.connectionsEnded, 1)
    this.#options.onEnded(addressSlot)
  }

  #ringOwn(): void {
    // The descriptor may be another file's by then.
    if (!this.#isClosed) this.#options.native.ringDoorbell(this.doorbell)
  }

  /** Sends what is lined up. Events of the flush itself are handled at once; they may line up a little more. */
  #flush(): void {
    let waitMs = this.#waitMs()
    do {
      const count = this.#reactor.flush(this.#output.rowCount, waitMs)
      this.#output.clear()
      waitMs = WAIT_UNCHANGED
      this.#handleEvents(count)
      this.#serveBacklog()
    } while (this.#output.rowCount > 0)
  }

  #serveBacklog(): void {
    let served = 0
    for (; served < this.#backlog.length && this.#output.hasRoom; served++) {
      const { connection, call } = this.#backlog[served]!
      if (connection.isClosed || connection.isClosing) this.#end(connection, call)
      else this.#encode(connection, call)
      this.#onProgress(connection)
    }
    removeFirst(this.#backlog, served)
  }

  #waitMs(): number {
    let deadlineMs = this.#shard?.nextDeadlineMs() ?? Number.POSITIVE_INFINITY
    // Other threads give back what they hold without a word: while memory is short it is looked for.
    if (this.#isShort) deadlineMs = Math.min(deadlineMs, this.#relieveAtMs)
    if (deadlineMs === this.#armedMs) return WAIT_UNCHANGED
    this.#armedMs = deadlineMs
    if (deadlineMs === Number.POSITIVE_INFINITY) return WAIT_NONE
    const waitMs = Math.max(0, Math.ceil(deadlineMs - this.#options.clock.nowMs()))
    if (waitMs <= TIMER_MS_MAX) return waitMs
    this.#armedMs = Number.NaN
    return TIMER_MS_MAX
  }

  #count(): void {
    const { counters } = this.#shard!
    const words = this.#counters
    counters.set(COUNTER.ticks, words[COUNTER_TICKS]! >>> 0)
    counters.set(COUNTER.receivedBytes, fromWords(words[COUNTER_RECEIVED_BYTES]!, words[COUNTER_RECEIVED_BYTES + 1]!))
    counters.set(COUNTER.sentBytes, fromWords(words[COUNTER_SENT_BYTES]!, words[COUNTER_SENT_BYTES + 1]!))
    counters.set(COUNTER.sendfileBytes, fromWords(words[COUNTER_SENDFILE_BYTES]!, words[COUNTER_SENDFILE_BYTES + 1]!))
    const movedInputBytes = fromWords(words[COUNTER_MOVED_INPUT_BYTES]!, words[COUNTER_MOVED_INPUT_BYTES + 1]!)
    counters.set(COUNTER.movedInputBytes, movedInputBytes)
    const copiedOutputBytes = fromWords(words[COUNTER_COPIED_OUTPUT_BYTES]!, words[COUNTER_COPIED_OUTPUT_BYTES + 1]!)
    counters.set(COUNTER.copiedOutputBytes, copiedOutputBytes)
  }
}
