// The batches that were begun between two flushes of a log, and how they went: what a flush waits for.
//
// Owner: the calling thread. A batch joins when it is begun and leaves when it is answered, or never will be.
import type { EngineError } from './errors.ts'

export class FlushGroup {
  #pending = 0
  #failure: EngineError | null = null
  #onDone: (() => void) | null = null

  join(): void {
    this.#pending++
  }

  /** `failure`: the first one is what the flush rejects with. */
  leave(failure: EngineError | null): void {
    this.#failure ??= failure
    if (--this.#pending === 0) this.#onDone?.()
  }

  /** Resolves when none is left; nothing joins after this is called. */
  async done(): Promise<void> {
    if (this.#pending > 0) await new Promise<void>((resolve) => (this.#onDone = resolve))
    if (this.#failure !== null) throw this.#failure
  }
}
