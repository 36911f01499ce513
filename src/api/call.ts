// One request under way on a connection, from its decoded form to its encoded answer.
//
// Owner: the shard of the connection. Answers leave in the order of requests: a call says that it is ready, and is asked
// to encode when its turn comes. Hot calls are pooled and carry their own state; nothing here is a promise.
import type { Writer } from '../wire/writer.ts'

/** What a call knows of its connection. */
export interface CallOwner {
  /** The call can be encoded now. Exactly once a call. */
  onReady(call: Call): void
}

export abstract class Call {
  apiKey = 0
  apiVersion = 0
  correlationId = 0
  /** Readings of the shard's TickClock: its frame came, it was begun, it could be answered. */
  arrivedAt = 0
  begunAt = 0
  readyAt = 0
  owner: CallOwner | null = null
  isReady = false
  /** acks=0: nothing is answered. */
  isSilent = false
  /** Close the connection instead of answering. */
  mustClose = false
  /** Memory that it takes while it is in flight: frame, decoded form, itself. */
  costBytes = 0
  /** The next call of the connection. */
  next: Call | null = null

  /** Writes the answer's body. */
  abstract encode(writer: Writer): void

  /** The answer is encoded, or never will be: whatever the call holds goes back, at once or when its bytes have left. */
  abstract finish(isSent: boolean): void

  /**
   * The connection takes no more answers. True if the call is out of its line then: it only waited, and whatever comes of
   * it later is its own affair.
   */
  cancel(): boolean {
    return false
  }

  protected ready(): void {
    this.isReady = true
    this.owner!.onReady(this)
  }

  protected clearCall(): void {
    this.owner = null
    this.next = null
    this.isReady = false
    this.isSilent = false
    this.mustClose = false
  }
}
