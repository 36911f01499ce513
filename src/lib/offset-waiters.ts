// Promises that wait for a log's offset to be reached. One thread; bounded by the requests in flight, each of which waits
// at most once.

export class OffsetWaiters {
  #waiting: { offset: number; resolve: () => void }[] = []

  /** Resolves once `reach` is told of `offset` or more. */
  wait(offset: number): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ offset, resolve }))
  }

  reach(reached: number): void {
    if (this.#waiting.length === 0) return
    const due = this.#waiting.filter(({ offset }) => offset <= reached)
    this.#waiting = this.#waiting.filter(({ offset }) => offset > reached)
    for (const { resolve } of due) resolve()
  }
}
