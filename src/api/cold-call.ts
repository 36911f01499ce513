// A request that is answered now and then, not all day: decoded to an object, handled by a promise, encoded from an
// object. A refusal of the whole request is an answer like any other.
import type { Writer } from '../wire/writer.ts'
import { Call } from './call.ts'

export class ColdCall extends Call {
  #write: ((writer: Writer) => void) | null = null
  #isCancelled = false
  /**
   * Set by a handler while it waits for what may take minutes: called when the connection is gone. What the handler comes
   * to after that goes nowhere. Null: the call is waited for, since it ends soon.
   */
  onGone: (() => void) | null = null

  /** `answer` resolves to what writes the body. It may reject: then the connection is closed, and `onFailure` told why. */
  start(answer: Promise<(writer: Writer) => void>, onFailure: (error: unknown) => void): void {
    answer.then(
      (write) => {
        this.#write = write
        this.#end()
      },
      (error) => {
        onFailure(error)
        this.mustClose = true
        this.#end()
      },
    )
  }

  override cancel(): boolean {
    if (this.onGone === null) return false
    this.#isCancelled = true
    this.onGone()
    return true
  }

  override encode(writer: Writer): void {
    this.#write!(writer)
  }

  override finish(): void {
    this.clearCall()
  }

  #end(): void {
    if (!this.#isCancelled) this.ready()
  }
}
