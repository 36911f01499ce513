// What happens when: a heap of happenings by time, in the order they were scheduled where the time is the same.

interface Happening {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

export class Schedule {
  nowMs = 0
  #order = 0
  readonly #heap: Happening[] = []

  after(delayMs: number, run: () => void): void {
    const happening = { atMs: this.nowMs + delayMs, order: this.#order++, run }
    const heap = this.#heap
    let index = heap.push(happening) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!isBefore(happening, heap[parent]!)) break
      heap[index] = heap[parent]!
      index = parent
    }
    heap[index] = happening
  }

  runUntil(endMs: number): void {
    while (this.#heap.length > 0 && this.#heap[0]!.atMs <= endMs) {
      const { atMs, run } = this.#pop()
      this.nowMs = atMs
      run()
    }
    this.nowMs = endMs
  }

  #pop(): Happening {
    const heap = this.#heap
    const first = heap[0]!
    const last = heap.pop()!
    if (heap.length === 0) return first
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!isBefore(heap[child]!, last)) break
      heap[index] = heap[child]!
      index = child
    }
    heap[index] = last
    return first
  }
}

const isBefore = (one: Happening, other: Happening): boolean =>
  one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order)
