// Objects used again instead of made again: what lives for one batch or one request, on a path that must not allocate.

export class Pool<Item> {
  readonly #free: Item[] = []
  readonly #make: () => Item
  readonly #keptMax: number

  /** `keptMax`: what a flood has made beyond that is left to the collector. */
  constructor(make: () => Item, keptMax = Number.POSITIVE_INFINITY) {
    this.#make = make
    this.#keptMax = keptMax
  }

  take(): Item {
    return this.#free.pop() ?? this.#make()
  }

  /** The item must be as good as new: whoever gives it back has cleared what it points to. */
  give(item: Item): void {
    if (this.#free.length < this.#keptMax) this.#free.push(item)
  }
}
