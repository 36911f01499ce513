// Objects used again instead of made again: what lives for one batch or one request, on a path that must not allocate.

export class Pool<Item> {
  readonly #free: Item[] = []
  readonly #make: () => Item

  constructor(make: () => Item) {
    this.#make = make
  }

  take(): Item {
    return this.#free.pop() ?? this.#make()
  }

  /** The item must be as good as new: whoever gives it back has cleared what it points to. */
  give(item: Item): void {
    this.#free.push(item)
  }
}
