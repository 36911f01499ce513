// Which leader epoch began at which offset (KIP-101): answers OffsetForLeaderEpoch, and where a follower must cut.
//
// Pure. Both columns grow, epochs strictly. On disk it is Kafka's `leader-epoch-checkpoint` text file.
export class LeaderEpochs {
  readonly #epochs: number[] = []
  readonly #startOffsets: number[] = []
  /** How many of them are in the file. */
  storedCount = 0

  /** From (epoch, start offset) pairs. */
  static of(pairs: readonly (readonly [number, number])[]): LeaderEpochs {
    const epochs = new LeaderEpochs()
    for (const [epoch, startOffset] of pairs) epochs.assign(epoch, startOffset)
    return epochs
  }

  static decode(text: string): LeaderEpochs {
    const epochs = new LeaderEpochs()
    for (const line of text.split('\n').slice(2)) {
      const [epoch, startOffset] = line.split(' ').map(Number)
      if (Number.isSafeInteger(epoch) && Number.isSafeInteger(startOffset)) epochs.assign(epoch!, startOffset!)
    }
    return epochs
  }

  get count(): number {
    return this.#epochs.length
  }

  encode(): string {
    const lines = this.#epochs.map((epoch, i) => `${epoch} ${this.#startOffsets[i]}\n`)
    return `0\n${lines.length}\n${lines.join('')}`
  }

  pairs(): [number, number][] {
    return this.#epochs.map((epoch, i) => [epoch, this.#startOffsets[i]!])
  }

  /** The epoch that the record at `offset` was, or will be, written in; -1 if that is not known. */
  at(offset: number): number {
    let epoch = -1
    for (let i = 0; i < this.#epochs.length && this.#startOffsets[i]! <= offset; i++) epoch = this.#epochs[i]!
    return epoch
  }

  /** Where reading after the last record of `epoch` would begin to differ from `offset`; null when it does not. */
  divergence(epoch: number, offset: number, logEndOffset: number): { epoch: number; endOffset: number } | null {
    if (epoch < 0) return null
    const end = this.endOf(epoch, logEndOffset)
    return end !== undefined && (end.epoch < epoch || end.endOffset < offset) ? end : null
  }

  latest(): number {
    return this.#epochs.at(-1) ?? -1
  }

  /** The batch at `startOffset` is the first of `epoch`; true if that is news. */
  assign(epoch: number, startOffset: number): boolean {
    if (epoch <= this.latest()) return false
    this.#epochs.push(epoch)
    this.#startOffsets.push(startOffset)
    return true
  }

  /** Records before `offset` are gone, and so are epochs that ended there: the one of `offset` begins with it. */
  truncateBefore(offset: number): void {
    let first = 0
    while (first + 1 < this.count && this.#startOffsets[first + 1]! <= offset) first++
    if (this.count === 0 || (first === 0 && this.#startOffsets[0]! >= offset)) return
    this.#epochs.splice(0, first)
    this.#startOffsets.splice(0, first)
    this.#startOffsets[0] = Math.max(this.#startOffsets[0]!, offset)
    this.storedCount = 0
  }

  /** Records from `offset` on are gone, and so are epochs that began there. */
  truncateFrom(offset: number): void {
    let count = this.count
    while (count > 0 && this.#startOffsets[count - 1]! >= offset) count--
    if (count === this.count) return
    this.#epochs.length = count
    this.#startOffsets.length = count
    // To be stored anew, be there none left.
    this.storedCount = -1
  }

  /**
   * The largest known epoch not above `epoch`, and where it ended: the start of the next known epoch, or the log's end
   * for the latest. Undefined when nothing that old is known, or `epoch` is above the latest.
   */
  endOf(epoch: number, logEndOffset: number): { epoch: number; endOffset: number } | undefined {
    if (epoch < 0) return undefined
    if (epoch === this.latest()) return { epoch, endOffset: logEndOffset }
    const next = this.#epochs.findIndex((known) => known > epoch)
    if (next < 0) return undefined
    if (next === 0) return { epoch, endOffset: this.#startOffsets[0]! }
    return { epoch: this.#epochs[next - 1]!, endOffset: this.#startOffsets[next]! }
  }
}
