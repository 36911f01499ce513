// A small seeded generator (xorshift32): a test that fails is run again by its seed.

export class Random {
  private state: number

  constructor(seed: number) {
    this.state = Math.imul(seed, 0x9e3779b1) | 1
  }

  /** In [0, bound). */
  below(bound: number): number {
    this.state ^= this.state << 13
    this.state ^= this.state >>> 17
    this.state ^= this.state << 5
    return (this.state >>> 0) % bound
  }

  oneOf<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!
  }

  chance(oneIn: number): boolean {
    return this.below(oneIn) === 0
  }
}
