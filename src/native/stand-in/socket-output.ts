// One connection's output over a node:net socket: native/output_queue.h in TypeScript. Bytes are copied, leased bytes are
// handed to the socket where they lie, files are read and written piece by piece (nothing is sent by sendfile).
//
// Invariants: segments reach the socket in the order they were pushed; each token is given back exactly once.
import { read } from 'node:fs'
import type { Socket } from 'node:net'
import { constants } from 'node:os'
import { COUNTER_COPIED_OUTPUT_BYTES, COUNTER_SEND_CALLS, COUNTER_SENT_BYTES } from '../contract.ts'
import type { Counters } from './counters.ts'

const filePieceBytes = 64 * 1024

interface Segment {
  bytes: Uint8Array
  isCopy: boolean
  /** Below zero: none. */
  token: number
  file: { descriptor: number; position: number; left: number } | undefined
}

export interface OutputEvents {
  onSent(token: number): void
  /** Nothing is queued any more. */
  onEmpty(): void
  onError(errno: number): void
}

export class SocketOutput {
  readonly #socket: Socket
  readonly #events: OutputEvents
  readonly #counters: Counters
  /** In order; the first `#handedOver` of them are with the socket. */
  readonly #segments: Segment[] = []
  #handedOver = 0
  #copiedBytes = 0
  #isSendingFile = false
  #isDropped = false

  constructor(socket: Socket, counters: Counters, events: OutputEvents) {
    this.#socket = socket
    this.#counters = counters
    this.#events = events
  }

  pushBytes(bytes: Uint8Array): void {
    this.#copiedBytes += bytes.length
    this.#counters.addPair(COUNTER_COPIED_OUTPUT_BYTES, bytes.length)
    this.#segments.push({ bytes: Buffer.from(bytes), isCopy: true, token: -1, file: undefined })
  }
  pushLeased(bytes: Uint8Array, token: number): void {
    this.#segments.push({ bytes, isCopy: false, token, file: undefined })
  }
  pushFile(descriptor: number, position: number, length: number, token: number): void {
    const file = length > 0 ? { descriptor, position, left: length } : undefined
    this.#segments.push({ bytes: new Uint8Array(0), isCopy: false, token, file })
  }

  get isEmpty(): boolean {
    return this.#segments.length === 0
  }
  /** Copied bytes that have not left. */
  get copiedBytes(): number {
    let waiting = this.#socket.writableLength
    for (let index = this.#handedOver; index < this.#segments.length; index++)
      waiting += this.#segments[index]!.bytes.length
    return Math.min(this.#copiedBytes, waiting)
  }

  /** Hands the socket all that lies before the next file. */
  send(): void {
    while (this.#handedOver < this.#segments.length && !this.#isSendingFile && !this.#isDropped) {
      const segment = this.#segments[this.#handedOver++]!
      if (segment.file) {
        this.#isSendingFile = true
        this.#sendPiece(segment)
      } else this.#write(segment.bytes, () => this.#done(segment))
    }
  }

  /** Forgets everything and gives the tokens back. */
  drop(): void {
    this.#isDropped = true
    for (const { token } of this.#segments.splice(0)) {
      if (token >= 0) this.#events.onSent(token)
    }
    this.#copiedBytes = 0
  }

  #sendPiece(segment: Segment): void {
    const file = segment.file!
    if (file.left === 0) {
      this.#isSendingFile = false
      this.#done(segment)
      this.send()
      return
    }
    const piece = Buffer.allocUnsafe(Math.min(filePieceBytes, file.left))
    read(file.descriptor, piece, 0, piece.length, file.position, (error, count) => {
      if (this.#isDropped) return
      if (error) return this.#events.onError(-(error.errno ?? -constants.errno.EIO))
      // The peer has been promised more than there is.
      if (count === 0) return this.#events.onError(constants.errno.EIO)
      file.position += count
      file.left -= count
      this.#write(piece.subarray(0, count), () => this.#sendPiece(segment))
    })
  }

  #write(bytes: Uint8Array, then: () => void): void {
    this.#counters.add(COUNTER_SEND_CALLS, 1)
    this.#socket.write(bytes, (error) => {
      if (error || this.#isDropped) return
      this.#counters.addPair(COUNTER_SENT_BYTES, bytes.length)
      then()
    })
  }

  #done(segment: Segment): void {
    this.#segments.splice(this.#segments.indexOf(segment), 1)
    this.#handedOver--
    if (segment.isCopy) this.#copiedBytes -= segment.bytes.length
    if (segment.token >= 0) this.#events.onSent(segment.token)
    if (this.isEmpty) this.#events.onEmpty()
  }
}
