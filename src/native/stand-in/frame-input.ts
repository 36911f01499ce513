// One connection's input: native/frame_input.h in TypeScript. What a socket holds back is copied to where the add-on would
// have received it, so that frames, holds and events come out the same.
import { assert } from '../../lib/assert.ts'
import {
  COUNTER_MOVED_INPUT_BYTES,
  COUNTER_RECEIVE_CALLS,
  COUNTER_RECEIVED_BYTES,
  EVENT_FRAME,
  EVENT_NEED,
} from '../contract.ts'
import type { Counters } from './counters.ts'
import type { EventTable } from './event-table.ts'
import type { ReceiveWindow } from './receive-window.ts'

const prefixBytes = 4
const frameBytesMin = 8
const receiveBytesMax = 256 * 1024
const stashBytesMax = 4096
const eventRowsMin = 64

/** What the connections of one reactor share. */
export interface Intake {
  window: ReceiveWindow
  events: EventTable
  counters: Counters
  frameBytesMax: number
  firstFrameBytesMax: number
}

/** What a socket has for us. */
export interface ByteSource {
  readonly readableLength: number
  read(length: number): Uint8Array | null
}

export type Received = 'bytes' | 'nothing' | 'no-rows' | 'no-window' | 'waiting' | 'bad-length'

/** An unfinished frame that has a place in the arena, or waits for one. */
interface Unfinished {
  place: number
  length: number
  filled: number
  isWaiting: boolean
  /** EVENT_NEED is out. */
  isAsked: boolean
}

export class FrameInput {
  readonly #connection: number
  readonly #intake: Intake
  #stash = new Uint8Array(0)
  #frame: Unfinished | undefined
  /** How many were finished: tells one frame that is begun from the next. */
  frames = 0
  /** Frames may be as long as any. */
  isTrusted = false

  constructor(connection: number, intake: Intake) {
    this.#connection = connection
    this.#intake = intake
  }

  get isWaiting(): boolean {
    return this.#frame?.isWaiting === true
  }
  /** A part of a frame has come. */
  get isBegun(): boolean {
    return this.#frame !== undefined || this.#stash.length > 0
  }
  get filled(): number {
    return this.#frame?.filled ?? this.#stash.length
  }
  get needsAssignment(): boolean {
    return this.isWaiting && this.#frame!.isAsked
  }
  /** Whether a receive would find room. */
  get hasRoom(): boolean {
    return !this.isWaiting && (this.#frame !== undefined || this.#intake.window.isOpen)
  }
  /** Of the frame that is begun; 0 while it is not known. */
  get length(): number {
    return this.#frame?.length ?? 0
  }

  receive(source: ByteSource): Received {
    const { window, events, counters } = this.#intake
    if (this.isWaiting) return 'waiting'
    if (events.rowsFree < eventRowsMin) return 'no-rows'
    const bytesMax = Math.min(receiveBytesMax, (events.rowsFree - 2) * (prefixBytes + frameBytesMin))
    const frame = this.#frame
    if (!frame && !window.isOpen) return 'no-window'
    const room = frame ? frame.length - frame.filled : window.room - this.#stash.length
    const count = Math.min(room, bytesMax, source.readableLength)
    if (count === 0) return 'nothing'
    const bytes = source.read(count)
    if (!bytes) return 'nothing'
    counters.add(COUNTER_RECEIVE_CALLS, 1)
    counters.addPair(COUNTER_RECEIVED_BYTES, bytes.length)
    if (frame) return this.#fill(frame, bytes)
    const start = window.offset
    window.arena.set(this.#stash, start)
    window.arena.set(bytes, start + this.#stash.length)
    const end = start + this.#stash.length + bytes.length
    this.#stash = new Uint8Array(0)
    return this.#split(start, end)
  }

  /** Goes on at `place`, on whose block it takes over one hold. */
  moveTo(place: number): void {
    const { window, counters } = this.#intake
    const frame = this.#frame
    assert(frame !== undefined, 'only an unfinished frame moves')
    window.arena.copyWithin(place, frame.place, frame.place + frame.filled)
    counters.addPair(COUNTER_MOVED_INPUT_BYTES, frame.filled)
    window.release(frame.place)
    frame.place = place
    frame.isWaiting = false
    frame.isAsked = false
  }

  /** Lets go of what is unfinished. */
  drop(): void {
    if (this.#frame) this.#intake.window.release(this.#frame.place)
    this.#frame = undefined
    this.#stash = new Uint8Array(0)
  }

  #fill(frame: Unfinished, bytes: Uint8Array): Received {
    this.#intake.window.arena.set(bytes, frame.place + frame.filled)
    frame.filled += bytes.length
    if (frame.filled < frame.length) return 'bytes'
    this.#intake.events.put(EVENT_FRAME, this.#connection, frame.place, frame.length)
    this.frames++
    this.#frame = undefined
    return 'bytes'
  }

  #split(start: number, end: number): Received {
    const { window, events, frameBytesMax, firstFrameBytesMax } = this.#intake
    const view = new DataView(window.arena.buffer, window.arena.byteOffset)
    let at = start
    let length = 0
    while (end - at >= prefixBytes) {
      length = view.getInt32(at)
      if (length < frameBytesMin || length > frameBytesMax) {
        window.advance(at)
        return 'bad-length'
      }
      if (end - at - prefixBytes < length) break
      at += prefixBytes
      events.put(EVENT_FRAME, this.#connection, at, length)
      this.frames++
      window.hold(at)
      at += length
    }

    if (end - at <= stashBytesMax) {
      this.#stash = window.arena.slice(at, end)
      window.advance(at)
      return 'bytes'
    }
    const place = at + prefixBytes
    const isAsked = length > window.blockBytes || (!this.isTrusted && length > firstFrameBytesMax)
    this.#frame = { place, length, filled: end - place, isWaiting: false, isAsked }
    window.hold(place)
    if (!isAsked && length <= window.end - place) {
      window.advance(place + length)
      return 'bytes'
    }
    const spare = isAsked ? -1 : window.reserveInSpare(length)
    if (spare >= 0) {
      window.advance(at)
      this.moveTo(spare)
      return 'bytes'
    }
    this.#frame.isWaiting = true
    window.advance(end)
    if (isAsked) events.put(EVENT_NEED, this.#connection, length, view.getInt32(place))
    else window.giveUpCurrent()
    return 'waiting'
  }
}
