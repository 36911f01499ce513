// A request that is answered now and then, not all day: decoded to an object, handled by a promise, encoded from an
// object. A refusal of the whole request is an answer like any other.
import type { Writer } from '../wire/writer.ts'
import { Call } from './call.ts'

export class ColdCall extends Call {
  #write: ((writer: Writer) => void) | null = null

  /** `answer` resolves to what writes the body. It may reject: then the connection is closed, and `onFailure` told why. */
  start(answer: Promise<(writer: Writer) => void>, onFailure: (error: unknown) => void): void {
    answer.then(
      (write) => {
        this.#write = write
        this.ready()
      },
      (error) => {
        onFailure(error)
        this.mustClose = true
        this.ready()
      },
    )
  }

  override encode(writer: Writer): void {
    this.#write!(writer)
  }

  override finish(): void {
    this.clearCall()
  }
}
