// Records whose appender awaits them: one, or several that may take several batches.
//
// Owner: the calling thread. It joins each batch that takes one of its records, and is told once of each.
import type { EngineError } from './errors.ts'

export class AwaitedAppend {
  #pending = 0
  #offset = -1
  #failure: EngineError | null = null
  #onSettled: (() => void) | null = null

  join(): void {
    this.#pending++
  }

  /** `offset`: of its last record in the batch. */
  onAppended(offset: number): void {
    this.#offset = Math.max(this.#offset, offset)
    this.#leave()
  }

  onRefused(reason: EngineError): void {
    this.#failure ??= reason
    this.#leave()
  }

  /** All its records are in batches. Resolves to the offset of the last, once all are as safe as their topic promises. */
  async settled(): Promise<number> {
    if (this.#pending > 0) await new Promise<void>((resolve) => (this.#onSettled = resolve))
    if (this.#failure !== null) throw this.#failure
    return this.#offset
  }

  #leave(): void {
    if (--this.#pending === 0) this.#onSettled?.()
  }
}
