// The counters of the stand-in reactor, kept in the contract's table itself.
export class Counters {
  readonly #words: Int32Array

  constructor(words: Int32Array) {
    this.#words = words
  }

  add(word: number, count: number): void {
    this.#words[word] = this.#words[word]! + count
  }

  /** Of a 64-bit counter, low word first. */
  addPair(word: number, count: number): void {
    const low = (this.#words[word]! >>> 0) + count
    this.#words[word] = low
    if (low >= 2 ** 32) this.add(word + 1, 1)
  }
}
