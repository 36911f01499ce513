// Who waits for a partition to grow: a ring of links, so that joining and leaving cost no allocation and no search.
//
// Owner: the shard of the partition. A waiter stays until it leaves; being told does not remove it.

export abstract class Waiter {
  before: Waiter | null = null
  after: Waiter | null = null
  list: Waiters | null = null

  /** The high watermark has moved, or the log is gone. It and others may leave the list meanwhile. */
  abstract onGrown(): void

  leave(): void {
    this.list?.remove(this)
  }
}

export class Waiters {
  #first: Waiter | null = null
  /** The next one that `wake` will tell. */
  #next: Waiter | null = null

  get isEmpty(): boolean {
    return this.#first === null
  }

  add(waiter: Waiter): void {
    waiter.list = this
    waiter.before = null
    waiter.after = this.#first
    if (this.#first !== null) this.#first.before = waiter
    this.#first = waiter
  }

  remove(waiter: Waiter): void {
    if (waiter.list !== this) return
    if (this.#next === waiter) this.#next = waiter.after
    if (waiter.before === null) this.#first = waiter.after
    else waiter.before.after = waiter.after
    if (waiter.after !== null) waiter.after.before = waiter.before
    waiter.list = null
    waiter.before = null
    waiter.after = null
  }

  wake(): void {
    for (let waiter = this.#first; waiter !== null; waiter = this.#next) {
      this.#next = waiter.after
      waiter.onGrown()
    }
  }
}
