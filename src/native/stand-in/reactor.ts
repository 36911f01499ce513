// The stand-in's Reactor: node:net sockets in the thread of the shard, ticks gathered with setImmediate.
//
// What differs from the add-on: "descriptors" are the acceptor's numbers, there is no doorbell (wake.ts instead), and
// Node receives into buffers of its own, from which bytes are copied to where the add-on would have received them. A
// socket that nobody may read fills Node's buffer once, then TCP's; its end is then seen only when it is read again.
import type { Socket } from 'node:net'
import {
  CLOSED_BAD_FRAME_LENGTH,
  CLOSED_BY_ERROR,
  CLOSED_BY_PEER,
  CLOSED_BY_US,
  CLOSED_EVICTED,
  CLOSED_NO_REQUEST,
  CLOSED_OUTPUT_OVERFLOW,
  CLOSED_SLOW_FRAME,
  CLOSED_SLOW_READER,
  COUNTER_TICKS,
  EVENT_CLOSED,
  EVENT_DRAINED,
  EVENT_IDLE,
  EVENT_SENT,
  type OnTick,
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
  WAIT_NONE,
} from '../contract.ts'
import { plainAddress, takeAccepted } from './acceptor.ts'
import { Counters } from './counters.ts'
import { EventTable } from './event-table.ts'
import { FrameInput, type Intake } from './frame-input.ts'
import { ReceiveWindow } from './receive-window.ts'
import { SocketOutput } from './socket-output.ts'
import { systemError } from './system-error.ts'
import { judge, SWEEP_MS, Watched } from './vigil.ts'
import { onWake } from './wake.ts'

interface Connection {
  readonly number: number
  readonly socket: Socket
  readonly input: FrameInput
  readonly output: SocketOutput
  readonly watched: Watched
  readonly peer: string
  /** EVENT_CLOSED is out. */
  isReported: boolean
  isPaused: boolean
  hasEnded: boolean
  wasHigh: boolean
}

export class StandInReactor implements Reactor {
  readonly doorbell = -1
  readonly #tables: ReactorTables
  readonly #onTick: OnTick
  readonly #intake: Intake
  readonly #connections: (Connection | undefined)[] = []
  readonly #freeNumbers: number[] = []
  readonly #ready = new Set<Connection>()
  readonly #waiting = new Set<Connection>()
  readonly #stopListening: () => void
  /** Like a polled descriptor it keeps the thread alive. */
  readonly #sweeping = setInterval(() => this.#sweep(), SWEEP_MS)
  #sweeps = 0
  #deadline: NodeJS.Timeout | undefined
  #scheduled: NodeJS.Immediate | undefined
  #isDue = false
  #isClosed = false

  constructor(tables: ReactorTables, onTick: OnTick) {
    this.#tables = tables
    this.#onTick = onTick
    this.#intake = {
      window: new ReceiveWindow(tables),
      events: new EventTable(tables.events),
      counters: new Counters(tables.counters),
      frameBytesMax: tables.frameBytesMax,
      firstFrameBytesMax: tables.firstFrameBytesMax,
    }
    this.#intake.window.adopt()
    this.#stopListening = onWake(() => this.#schedule(true))
  }

  add(descriptor: number): number {
    const socket = takeAccepted(descriptor)
    const isFull = this.#freeNumbers.length === 0 && this.#connections.length >= this.#tables.connectionsMax
    if (!socket || socket.destroyed || this.#isClosed || isFull) {
      socket?.destroy()
      throw systemError('add', socket && isFull ? 'ENOBUFS' : 'EBADF')
    }
    const number = this.#freeNumbers.pop() ?? this.#connections.length
    const connection: Connection = {
      number,
      socket,
      input: new FrameInput(number, this.#intake),
      output: new SocketOutput(socket, this.#intake.counters, {
        onSent: (token) => {
          connection.watched.onLeft(this.#nowMs)
          this.#report(EVENT_SENT, number, token, 0)
        },
        onEmpty: () => this.#drained(connection),
        onError: (errno) => this.#shut(connection, CLOSED_BY_ERROR, errno),
      }),
      watched: new Watched(this.#nowMs),
      peer: `${plainAddress(socket.remoteAddress ?? '')}:${socket.remotePort}`,
      isReported: false,
      isPaused: false,
      hasEnded: false,
      wasHigh: false,
    }
    this.#connections[number] = connection
    socket.on('readable', () => this.#becomeReady(connection))
    socket.on('end', () => {
      connection.hasEnded = true
      this.#becomeReady(connection)
    })
    socket.on('error', (error: NodeJS.ErrnoException) => this.#shut(connection, CLOSED_BY_ERROR, -(error.errno ?? 0)))
    return number
  }

  peer(connection: number): string {
    return this.#connections[connection]?.peer ?? ''
  }

  flush(sendCount: number, waitMs: number): number {
    if (this.#isClosed) return 0
    const { events, window } = this.#intake
    const touched = new Set<Connection>()
    events.start()
    window.adopt()
    for (let row = 0; row < sendCount; row++) this.#carryOut(row * SEND_WORDS, touched)
    for (const connection of touched) this.#settle(connection)
    this.#goOnReceiving()
    this.#setDeadline(waitMs)
    if (window.wasUsedUp() || events.holdsBack) this.#schedule(true)
    this.#scheduleIfReady()
    return events.finish()
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#stopListening()
    clearInterval(this.#sweeping)
    clearTimeout(this.#deadline)
    clearImmediate(this.#scheduled)
    for (const connection of this.#connections) {
      connection?.input.drop()
      connection?.output.drop()
      connection?.socket.destroy()
    }
    this.#intake.window.adopt()
    this.#intake.window.giveUpAll()
  }

  // --- The poll.

  #schedule(isDue: boolean): void {
    this.#isDue ||= isDue
    if (!this.#isClosed) this.#scheduled ??= setImmediate(() => this.#poll())
  }

  #scheduleIfReady(): void {
    for (const connection of this.#ready) {
      if (!this.#wantsInput(connection)) continue
      this.#schedule(false)
      return
    }
  }

  #poll(): void {
    const { events, window, counters } = this.#intake
    this.#scheduled = undefined
    events.start()
    window.adopt()
    for (const connection of [...this.#ready]) {
      if (this.#wantsInput(connection)) this.#receive(connection)
    }
    const rows = events.finish()
    if (rows === 0 && !window.wasUsedUp() && !this.#isDue) {
      this.#scheduleIfReady()
      return
    }
    this.#isDue = false
    counters.add(COUNTER_TICKS, 1)
    this.#onTick(rows)
  }

  #wantsInput(connection: Connection): boolean {
    return !connection.isReported && !connection.isPaused && (connection.input.hasRoom || connection.hasEnded)
  }

  #becomeReady(connection: Connection): void {
    this.#ready.add(connection)
    if (this.#wantsInput(connection)) this.#schedule(false)
  }

  #receive(connection: Connection): void {
    const { socket, input } = connection
    if (connection.hasEnded && socket.readableLength === 0) {
      this.#endInput(connection, CLOSED_BY_PEER, 0)
      return
    }
    const received = input.receive(socket)
    if (received === 'bytes' || received === 'waiting') connection.watched.activeMs = this.#nowMs
    // Asks for more, and for the end, which the stream tells only when it is read empty.
    if (socket.readableLength === 0 && !connection.hasEnded) {
      this.#ready.delete(connection)
      socket.read(0)
    }
    if (received === 'bad-length') this.#shut(connection, CLOSED_BAD_FRAME_LENGTH, 0)
    if (received === 'waiting' && !input.needsAssignment) this.#waiting.add(connection)
  }

  // --- The flush.

  #carryOut(at: number, touched: Set<Connection>): void {
    const { sends, arenas, own } = this.#tables
    const connection = this.#connections[sends[at + 1]!]
    if (!connection) throw new RangeError('reactor: bad send row')
    const kind = sends[at]!
    const offset = sends[at + 3]! >>> 0
    const length = sends[at + 4]!
    switch (kind) {
      case SEND_BYTES:
      case SEND_LEASED: {
        const arena = arenas[kind === SEND_BYTES ? own : sends[at + 2]!]
        if (!arena || length < 0 || offset + length > arena.length) throw new RangeError('reactor: bad send row')
        const bytes = Buffer.from(arena.buffer, arena.byteOffset + offset, length)
        if (kind === SEND_BYTES) connection.output.pushBytes(bytes)
        else connection.output.pushLeased(bytes, sends[at + 7]!)
        break
      }
      case SEND_FILE: {
        const position = sends[at + 4]! * 2 ** 32 + offset
        if (position < 0 || sends[at + 5]! < 0) throw new RangeError('reactor: bad send row')
        connection.output.pushFile(sends[at + 2]!, position, sends[at + 5]!, sends[at + 7]!)
        break
      }
      case SEND_CLOSE:
        this.#settle(connection)
        this.#shut(connection, CLOSED_BY_US, 0)
        break
      case SEND_FORGET:
        if (!connection.isReported) throw new RangeError('reactor: bad send row')
        this.#settle(connection)
        this.#shut(connection, CLOSED_BY_US, 0)
        this.#connections[connection.number] = undefined
        this.#freeNumbers.push(connection.number)
        return
      case SEND_ASSIGN:
        this.#assign(connection, sends[at + 2]!)
        break
      case SEND_TRUST:
        connection.watched.isTrusted = true
        connection.input.isTrusted = true
        break
      case SEND_EVICT:
        // Time goes in steps here: of what left in this one it is not known when.
        if (!connection.output.isEmpty && this.#nowMs > connection.watched.leftMs + sends[at + 2]!)
          this.#shut(connection, CLOSED_EVICTED, 0)
        return
      case SEND_PAUSE:
      case SEND_RESUME:
        connection.isPaused = kind === SEND_PAUSE
        break
      default:
        throw new RangeError('reactor: bad send row')
    }
    touched.add(connection)
  }

  #settle(connection: Connection): void {
    const { output, socket } = connection
    if (socket.destroyed) output.drop()
    else output.send()
    const { copiedBytes } = output
    if (copiedBytes > this.#tables.outputBytesMax) this.#shut(connection, CLOSED_OUTPUT_OVERFLOW, 0)
    else if (copiedBytes > this.#tables.outputBytesHigh) connection.wasHigh = true
  }

  #goOnReceiving(): void {
    const { window } = this.#intake
    let isFirst = true
    for (const connection of this.#waiting) {
      const place = connection.input.isWaiting ? window.reserve(connection.input.length) : -1
      if (place < 0 && connection.input.isWaiting) {
        if (isFirst) window.giveUpCurrent()
        isFirst = false
        continue
      }
      this.#waiting.delete(connection)
      if (place >= 0) connection.input.moveTo(place)
    }
  }

  #assign(connection: Connection, offset: number): void {
    const { input } = connection
    const { window } = this.#intake
    const isRun = offset >= 0 && offset % window.blockBytes === 0 && offset < window.arena.length
    if (connection.isReported && isRun) {
      window.release(offset)
      return
    }
    if (!isRun || !input.needsAssignment || input.length > window.arena.length - offset) {
      throw new RangeError('reactor: bad send row')
    }
    input.moveTo(offset)
  }

  #setDeadline(waitMs: number): void {
    if (waitMs < WAIT_NONE) return
    clearTimeout(this.#deadline)
    if (waitMs !== WAIT_NONE) this.#deadline = setTimeout(() => this.#schedule(true), waitMs)
  }

  // --- Time.

  get #nowMs(): number {
    return this.#sweeps * SWEEP_MS
  }

  #sweep(): void {
    this.#sweeps++
    const isShort = this.#waiting.size > 0 || !this.#intake.window.isOpen
    for (const connection of this.#connections) if (connection !== undefined) this.#judge(connection, isShort)
  }

  #judge(connection: Connection, isShort: boolean): void {
    const { watched, input, output, number } = connection
    // What a socket holds for us is not its delay.
    const isRead = this.#wantsInput(connection) && !this.#ready.has(connection)
    switch (judge(watched, input, this.#tables, { nowMs: this.#nowMs, isRead, isShort })) {
      case 'well':
        break
      case 'no-request':
        this.#shut(connection, CLOSED_NO_REQUEST, 0)
        break
      case 'slow-frame':
        this.#shut(connection, CLOSED_SLOW_FRAME, 0)
        break
      case 'idle':
        if (!output.isEmpty) this.#shut(connection, CLOSED_SLOW_READER, 0)
        else if (!connection.isReported) this.#report(EVENT_IDLE, number, 0, 0)
    }
  }

  // --- Connections.

  #report(kind: number, connection: number, first: number, second: number): void {
    this.#intake.events.put(kind, connection, first, second)
    if (this.#intake.events.holdsBack) this.#schedule(false)
  }

  #drained(connection: Connection): void {
    connection.watched.onLeft(this.#nowMs)
    if (!connection.wasHigh) return
    connection.wasHigh = false
    this.#report(EVENT_DRAINED, connection.number, 0, 0)
  }

  /** No more frames come. */
  #endInput(connection: Connection, reason: number, errno: number): void {
    connection.input.drop()
    this.#ready.delete(connection)
    this.#waiting.delete(connection)
    if (!connection.isReported) this.#report(EVENT_CLOSED, connection.number, reason, errno)
    connection.isReported = true
  }

  /** Neither in nor out. */
  #shut(connection: Connection, reason: number, errno: number): void {
    if (this.#connections[connection.number] !== connection) return
    connection.output.drop()
    connection.socket.destroy()
    this.#endInput(connection, reason, errno)
  }
}
