// Carries stragglers forward: logs with little in memory that lie in the journal file to be cleared are not drained to files
// of their own; what they have in memory is written once more, at the journal's head.
//
// Owner: the shard. The journal asks when it begins a group, and by then every group before it is synced. A log's whole
// tail is carried, in order, but for batches that no group has taken yet; those come behind, in this group or a later one.
//
// Why a replay finds everything, however often what was carried. Call the copy of a batch in the latest group its last one.
//   - Of a log's batches the earlier never has its last copy behind the later's: a carry takes every batch that is in a
//     group, in order, behind all these groups.
//   - Every last copy of what is not drained is there: a file is written again only when what it has of that lies, durably,
//     in a later group too.
// Replay takes a batch that begins where its log ends. Coming to a last copy it has all batches before that one, by the
// first rule and induction; so it takes this one, if it has not taken an older copy. What it passes over is an older copy,
// or follows a batch whose last copy is to come.
//
// A carried batch moves to memory that only such batches share: otherwise each would keep the block it was received into.
import { GROUP_ENTRY_BYTES } from '../journal/group.ts'
import type { CarriedBatches, Journal } from '../journal/journal.ts'
import { List, removeFirst } from '../lib/list.ts'
import type { Arena, ArenaView } from '../memory/arena.ts'
import { Pieces } from '../memory/pieces.ts'
import type { Batch } from './batch.ts'
import type { Drainer } from './drainer.ts'
import type { PartitionLog } from './partition-log.ts'

export interface CarrierOptions {
  /** The own arena's number. */
  own: number
  arena: Arena
  arenas: readonly ArenaView[]
  drainer: Drainer
  /** Carried bytes of one group at most: no log that is carried has more. */
  groupBytesMax: number
  onCarried: (batches: number, bytes: number) => void
  /** Has the journal look soon. */
  wake: () => void
}

export class Carrier implements CarriedBatches {
  readonly #options: CarrierOptions
  readonly #pieces: Pieces
  readonly #waiting: PartitionLog[] = []
  /** Of the group in flight: its logs, where what was carried of each ends, and the blocks that are held for its write. */
  readonly #logs = new List<PartitionLog>()
  readonly #ends: number[] = []
  readonly #blocks: number[] = []
  #bytes = 0
  /** Resolves what `carry` gave out. */
  #settled: (() => void)[] = []

  constructor(options: CarrierOptions) {
    this.#options = options
    this.#pieces = new Pieces(options.arena)
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  /** Resolves when each of the logs is carried, or is being drained because it could not be. */
  carry(logs: readonly PartitionLog[]): Promise<void> {
    if (logs.length === 0) return Promise.resolve()
    this.#waiting.push(...logs)
    this.#options.wake()
    return new Promise((resolve) => this.#settled.push(resolve))
  }

  onGroupStarting(journal: Journal, sequence: number, bytesMax: number): void {
    const { drainer, groupBytesMax } = this.#options
    const limit = Math.min(groupBytesMax, bytesMax)
    let bytes = 0
    let count = 0
    for (; count < this.#waiting.length; count++) {
      const log = this.#waiting[count]!
      if (log.isClosed || drainer.isDraining(log)) continue
      const logBytes = carriedBytesOf(log, sequence)
      if (logBytes === 0) continue
      if (bytes + logBytes > limit && logBytes <= groupBytesMax) break
      if (logBytes > groupBytesMax || !this.#move(log, sequence)) drainer.start(log)
      else {
        this.#carry(journal, log, sequence)
        bytes += logBytes
      }
    }
    removeFirst(this.#waiting, count)
    if (this.#waiting.length === 0 && this.#logs.count === 0) this.#settle()
  }

  /** There is no file for the group: what waits to make one free must not wait for it. */
  onNoRoom(): void {
    for (let i = 0; i < this.#logs.count; i++) this.#options.drainer.start(this.#logs.at(i))
    for (const log of this.#waiting.splice(0)) this.#options.drainer.start(log)
    this.#letGo()
    this.#settle()
  }

  onGroupDurable(sequence: number): void {
    const { drainer, onCarried } = this.#options
    let batches = 0
    for (let i = 0; i < this.#logs.count; i++) {
      const log = this.#logs.at(i)
      const { tail } = log
      let count = 0
      while (tail !== null && count < tail.count && tail.at(count).nextOffset <= this.#ends[i]!) {
        tail.at(count++).sequence = sequence
      }
      // None is left if it was drained meanwhile.
      if (tail === null || count === 0 || log.isClosed) continue
      batches += count
      tail.timesCarried++
      drainer.onCarried(log, sequence)
    }
    if (this.#logs.count > 0) onCarried(batches, this.#bytes)
    this.#letGo()
    if (this.#waiting.length === 0) this.#settle()
  }

  #carry(journal: Journal, log: PartitionLog, sequence: number): void {
    const tail = log.tail!
    let end = 0
    for (let i = 0; i < tail.count && isGrouped(tail.at(i), sequence); i++) {
      const batch = tail.at(i)
      journal.addCarried(batch)
      // It may be drained, and its memory given back, before the disk has read it.
      this.#options.arena.hold(batch.block)
      this.#blocks.push(batch.block)
      this.#bytes += batch.length
      end = batch.nextOffset
    }
    this.#logs.push(log)
    this.#ends.push(end)
  }

  /** Moves the bytes that are carried; false when there is no memory for them. Nobody writes from where they lie now. */
  #move(log: PartitionLog, sequence: number): boolean {
    const { own, arena, arenas } = this.#options
    const tail = log.tail!
    for (let i = 0; i < tail.count && isGrouped(tail.at(i), sequence); i++) {
      const batch = tail.at(i)
      const from = arenas[batch.arena]!
      const offset = this.#pieces.put(from.bytes.subarray(batch.offset, batch.offset + batch.length))
      if (offset < 0) return false
      from.release(batch.block)
      batch.arena = own
      batch.block = arena.blockOf(offset)
      batch.offset = offset
    }
    return true
  }

  #letGo(): void {
    for (const block of this.#blocks) this.#options.arena.release(block)
    this.#blocks.length = 0
    this.#ends.length = 0
    this.#logs.clear()
    this.#bytes = 0
  }

  #settle(): void {
    for (const resolve of this.#settled.splice(0)) resolve()
  }
}

/** What carrying the log takes of a group. */
function carriedBytesOf({ tail }: PartitionLog, sequence: number): number {
  let bytes = 0
  for (let i = 0; tail !== null && i < tail.count && isGrouped(tail.at(i), sequence); i++) {
    bytes += GROUP_ENTRY_BYTES + tail.at(i).length
  }
  return bytes
}

/** Whether it lies in a group before `sequence`. */
function isGrouped(batch: Batch, sequence: number): boolean {
  return batch.sequence > 0 && batch.sequence < sequence
}
