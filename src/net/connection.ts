// One client's connection: its requests in order, and their answers in the same order.
//
// Owner: the shard's loop. Produce and fetch requests run beside each other; any other request has the connection to
// itself, as in Kafka, so that what it changes is there for the next one. Frames that come too early wait where they lie.
import type { Call, CallOwner } from '../api/call.ts'
import type { FrameLoop } from './frame-loop.ts'

export class Connection implements CallOwner {
  readonly number: number
  readonly listener: number
  /** Where its end is counted (address-counts.ts); below zero for nowhere. */
  readonly addressSlot: number
  readonly #loop: FrameLoop
  #first: Call | null = null
  #last: Call | null = null
  /** Calls in the line, and answers whose slices have not left. */
  inFlight = 0
  /** What they take. */
  inFlightBytes = 0
  /** It has sent a valid request. */
  isTrusted = false
  /** The call that nothing may run beside; null for none. */
  exclusive: Call | null = null
  isPaused = false
  isClosed = false
  /** The peer sends no more; what it sent is still answered. */
  isEnding = false
  /** SEND_CLOSE is on its way. */
  isClosing = false
  /** When the frame came that is begun now. */
  arrivedAt = 0
  /** (offset, length, arrival) of frames that wait, their blocks held. */
  readonly deferred: number[] = []
  /** Of the client, as ApiVersions said (KIP-511). */
  clientSoftware = ''
  /** Its line is written (introductions.ts); until then, what it has spoken. */
  isIntroduced = false
  readonly versions: string[] = []

  constructor(loop: FrameLoop, number: number, listener: number, addressSlot: number) {
    this.#loop = loop
    this.number = number
    this.listener = listener
    this.addressSlot = addressSlot
  }

  /** As log lines name it. */
  get peer(): string {
    return this.#loop.peerOf(this)
  }

  /** A call that took so much is no longer in flight. */
  leave(costBytes: number): void {
    this.inFlight--
    this.inFlightBytes -= costBytes
    this.#loop.requestBytes -= costBytes
  }

  add(call: Call): void {
    call.owner = this
    call.arrivedAt = this.arrivedAt
    call.begunAt = this.#loop.nowMicros()
    this.inFlight++
    this.inFlightBytes += call.costBytes
    this.#loop.requestBytes += call.costBytes
    if (this.#last === null) this.#first = call
    else this.#last.next = call
    this.#last = call
  }

  onReady(call: Call): void {
    call.readyAt = this.#loop.nowMicros()
    if (this.isClosed) {
      this.#remove(call)
      this.leave(call.costBytes)
      call.finish(false)
      this.#loop.onCallGone(this)
      return
    }
    if (this.#first === call) this.#answerReady()
  }

  #answerReady(): void {
    while (this.#first?.isReady) {
      const ready: Call = this.#first
      this.#first = ready.next
      if (this.#first === null) this.#last = null
      this.#loop.answer(this, ready)
    }
  }

  /** The socket is gone: ends every call that can be ended now. */
  drop(): void {
    this.isClosed = true
    this.#sift((call) => {
      if (!call.isReady) return call.cancel()
      call.finish(false)
      return true
    })
  }

  /** Ends the calls that only wait, and answers what is ready behind them. */
  cancelWaiting(): void {
    this.#sift((call) => !call.isReady && call.cancel())
    this.#answerReady()
  }

  /** Takes the calls out of the line that `isGone` says are gone. */
  #sift(isGone: (call: Call) => boolean): void {
    let call = this.#first
    this.#first = null
    this.#last = null
    while (call !== null) {
      const next: Call | null = call.next
      call.next = null
      const { costBytes } = call
      if (isGone(call)) {
        this.leave(costBytes)
        if (this.exclusive === call) this.exclusive = null
      } else this.#keep(call)
      call = next
    }
  }

  #keep(call: Call): void {
    if (this.#last === null) this.#first = call
    else this.#last.next = call
    this.#last = call
  }

  #remove(call: Call): void {
    let before: Call | null = null
    for (let each = this.#first; each !== null; before = each, each = each.next) {
      if (each !== call) continue
      if (before === null) this.#first = call.next
      else before.next = call.next
      if (this.#last === call) this.#last = before
      return
    }
  }
}
