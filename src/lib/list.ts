// A list that is filled and emptied again and again. It keeps its memory, where an array gives it up whenever its length
// becomes 0 and takes new memory at the next push. What was in it stays referenced until it is written over.

export class List<Item> {
  readonly #items: Item[] = []
  count = 0

  at(index: number): Item {
    return this.#items[index]!
  }

  push(item: Item): void {
    this.#items[this.count++] = item
  }

  clear(): void {
    this.count = 0
  }

  /** Empties it, and gives its memory up if it was filled beyond `keptMax`. */
  clearAndKeep(keptMax: number): void {
    if (this.count > keptMax) this.#items.length = 0
    this.count = 0
  }
}

/** Takes the first `count` items out of an array; where there is nothing to take it costs nothing. */
export function removeFirst(items: unknown[], count: number): void {
  if (count > 0) items.splice(0, count)
}
