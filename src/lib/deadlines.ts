// A binary heap of deadlines. An item knows its place in it, so that leaving early costs O(log n) and no garbage.

export interface Timed {
  deadlineMs: number
  /** Where it stands in the heap; -1 while it is in none. */
  heapIndex: number
}

export class Deadlines<Item extends Timed> {
  readonly #heap: Item[] = []

  /** The earliest deadline, or Infinity. */
  nextMs(): number {
    return this.#heap.length === 0 ? Number.POSITIVE_INFINITY : this.#heap[0]!.deadlineMs
  }

  get size(): number {
    return this.#heap.length
  }

  add(item: Item): void {
    item.heapIndex = this.#heap.length
    this.#heap.push(item)
    this.#rise(item)
  }

  remove(item: Item): void {
    const index = item.heapIndex
    if (index < 0) return
    item.heapIndex = -1
    const last = this.#heap.pop()!
    if (last === item) return
    this.#heap[index] = last
    last.heapIndex = index
    this.#rise(last)
    this.#sink(last)
  }

  /** Takes out the earliest item that is due, or undefined. */
  popDue(nowMs: number): Item | undefined {
    const first = this.#heap[0]
    if (first === undefined || first.deadlineMs > nowMs) return undefined
    this.remove(first)
    return first
  }

  #rise(item: Item): void {
    let index = item.heapIndex
    while (index > 0) {
      const parentIndex = (index - 1) >> 1
      const parent = this.#heap[parentIndex]!
      if (parent.deadlineMs <= item.deadlineMs) break
      this.#heap[index] = parent
      parent.heapIndex = index
      index = parentIndex
    }
    this.#heap[index] = item
    item.heapIndex = index
  }

  #sink(item: Item): void {
    const heap = this.#heap
    let index = item.heapIndex
    for (;;) {
      let childIndex = 2 * index + 1
      if (childIndex >= heap.length) break
      if (childIndex + 1 < heap.length && heap[childIndex + 1]!.deadlineMs < heap[childIndex]!.deadlineMs) childIndex++
      const child = heap[childIndex]!
      if (child.deadlineMs >= item.deadlineMs) break
      heap[index] = child
      child.heapIndex = index
      index = childIndex
    }
    heap[index] = item
    item.heapIndex = index
  }
}
