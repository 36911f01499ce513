// A first-in first-out line of those who wait for an offset to be reached. Owner: the shard of the partition.
// Invariant: required offsets never fall along the line.

export interface AwaitsOffset {
  requiredOffset: number
  next: AwaitsOffset | null
  onReached(): void
  /** It never will be: the partition is gone. */
  onGone(error: number): void
}

export class Awaiting {
  #first: AwaitsOffset | null = null
  #last: AwaitsOffset | null = null

  add(item: AwaitsOffset): void {
    item.next = null
    if (this.#last === null) this.#first = item
    else this.#last.next = item
    this.#last = item
  }

  advanceTo(offset: number): void {
    while (this.#first !== null && this.#first.requiredOffset <= offset) this.#shift().onReached()
  }

  dismiss(error: number): void {
    while (this.#first !== null) this.#shift().onGone(error)
  }

  #shift(): AwaitsOffset {
    const item = this.#first!
    this.#first = item.next
    if (item.next === null) this.#last = null
    return item
  }
}
