// What was sent, and what came of it: every record that a consumer shows is held against the line that it must be.
//
// Invariants: an offset of a partition has one line for ever; lines have the order in which they were sent; a consumer's
// next record of a partition is the one that follows, but where it was assigned the partition anew.

export class Ledger {
  #lines
  #seen
  /** Of each partition: offset to line. */
  #numbers = new Map()
  /** The first thing that was wrong, or null. */
  damage = null
  records = 0
  distinct = 0

  /** `lines` have no newline and begin with their number and a space. */
  constructor(lines) {
    this.#lines = lines
    this.#seen = new Uint32Array(lines.length)
  }

  get duplicates() {
    return this.records - this.distinct
  }

  isWhole(from = 0, to = this.#lines.length) {
    for (let number = from; number < to; number++) if (this.#seen[number] === 0) return false
    return true
  }

  missing(from = 0, to = this.#lines.length) {
    let count = 0
    for (let number = from; number < to; number++) if (this.#seen[number] === 0) count++
    return count
  }

  /** A record that a consumer showed: "PARTITION OFFSET NUMBER rest". `place` is where it stands, by partition. */
  add(bytes, place) {
    const found = /^(\d+) (\d+) (\d+) /.exec(bytes.subarray(0, 64).latin1Slice())
    if (found === null) return this.#damaged(`not a record: ${bytes.subarray(0, 80).latin1Slice()}`)
    const [partition, offset, number] = found.slice(1).map(Number)
    const value = bytes.subarray(found[1].length + found[2].length + 2)
    if (this.#lines[number] === undefined || !this.#lines[number].equals(value)) {
      return this.#damaged(`a line that nobody sent: ${value.subarray(0, 80).latin1Slice()}`)
    }
    this.#hold(partition, offset, number)
    const latest = place.get(partition)
    if (latest !== undefined && offset !== latest + 1) {
      this.#damaged(`partition ${partition}: offset ${offset} after ${latest}`)
    }
    place.set(partition, offset)
    this.records++
    if (this.#seen[number]++ === 0) this.distinct++
  }

  #hold(partition, offset, number) {
    const numbers = this.#numbers.get(partition) ?? []
    this.#numbers.set(partition, numbers)
    const held = numbers[offset] ?? number
    const before = numbers[offset - 1] ?? -1
    if (held !== number) this.#damaged(`partition ${partition}: offset ${offset} is line ${held} and line ${number}`)
    if (number <= before) this.#damaged(`partition ${partition}: line ${number} after ${before}`)
    numbers[offset] = number
  }

  #damaged(what) {
    this.damage ??= what
  }
}
