// The open files of one shard's segments: opened lazily, at most `slots` at a time, closed least recently used first,
// and only when no answer under way reads from them and no write or sync is under way (see memory/descriptor-holds.ts).
//
// Owner: the shard.
import type { Disk, DiskFile } from '../lib/env.ts'
import type { DescriptorHolds } from '../memory/descriptor-holds.ts'
import { type Segment, segmentPath } from './segment.ts'

/** The log goes last: without it nobody would know of the rest. */
export async function removeSegmentFiles(disk: Disk, directory: string, baseOffset: number): Promise<void> {
  for (const extension of ['index', 'timeindex', 'txnindex', 'snapshot', 'log']) {
    await disk.remove(segmentPath(directory, baseOffset, extension))
  }
}

interface Slot {
  file: DiskFile
  segment: Segment
  usedAt: number
  /** Its segment is gone: closed as soon as nobody holds it. */
  isDoomed: boolean
}

export class SegmentFiles {
  readonly #disk: Disk
  readonly #prepare: (segment: Segment) => Promise<void>
  readonly #holds: DescriptorHolds
  readonly #firstHolder: number
  readonly #slots: (Slot | null)[]
  readonly #opening = new Map<Segment, Promise<DiskFile | null>>()
  #emptyCount: number
  #uses = 0
  #doomed = 0

  /** `prepare` makes sure of the segment's directory before its file is made. */
  constructor(
    disk: Disk,
    prepare: (segment: Segment) => Promise<void>,
    holds: DescriptorHolds,
    firstHolder: number,
    slots: number,
  ) {
    this.#disk = disk
    this.#prepare = prepare
    this.#holds = holds
    this.#firstHolder = firstHolder
    this.#slots = new Array(slots).fill(null)
    this.#emptyCount = slots
  }

  /** The segment's file if it is open: good until the next await, or longer under a hold of `holderOf(segment)`. */
  fileOf(segment: Segment): DiskFile | null {
    if (segment.slot < 0) return null
    const slot = this.#slots[segment.slot]!
    slot.usedAt = ++this.#uses
    return slot.file
  }

  holderOf(segment: Segment): number {
    return this.#firstHolder + segment.slot
  }

  /** Whether an answer may hold the segment's file: they hold half of the slots at most, so that none stops the drain. */
  mayHold(segment: Segment): boolean {
    if (segment.slot >= 0 && this.#holds.isHeld(this.holderOf(segment))) return true
    const half = this.#slots.length / 2
    return this.#emptyCount > half || this.#freeCount() > half
  }

  /** As `open`, for answers: null also when they hold too many. */
  async openToRead(segment: Segment): Promise<DiskFile | null> {
    return this.mayHold(segment) ? this.open(segment) : null
  }

  /** Null when the segment is deleted. */
  async open(segment: Segment): Promise<DiskFile | null> {
    if (segment.isGone) return null
    const open = this.fileOf(segment)
    if (open !== null) return open
    let opening = this.#opening.get(segment)
    if (opening === undefined) {
      opening = this.#open(segment).finally(() => this.#opening.delete(segment))
      this.#opening.set(segment, opening)
    }
    return opening
  }

  /** The segment is deleted: its file closes when the last answer that reads from it has left. */
  async forget(segment: Segment): Promise<void> {
    await this.#opening.get(segment)?.catch(() => undefined)
    if (segment.slot < 0) return
    this.#slots[segment.slot]!.isDoomed = true
    segment.slot = -1
    this.#doomed++
    await this.sweep()
  }

  /** Closes what is doomed and free; cheap when nothing is. */
  async sweep(): Promise<void> {
    if (this.#doomed === 0) return
    for (let i = 0; i < this.#slots.length; i++) {
      const slot = this.#slots[i]!
      if (slot?.isDoomed !== true || this.#holds.isHeld(this.#firstHolder + i)) continue
      this.#doomed--
      await this.#close(i, slot)
    }
  }

  async closeAll(): Promise<void> {
    for (let i = 0; i < this.#slots.length; i++) {
      const slot = this.#slots[i]
      if (slot) await this.#close(i, slot)
    }
  }

  async #open(segment: Segment): Promise<DiskFile | null> {
    await this.sweep()
    if (segment.drainedBytes === 0) await this.#prepare(segment)
    if (segment.isGone) return null
    const file = await this.#disk.open(segment.path, 'write')
    const index = segment.isGone ? -1 : this.#freeSlot()
    if (index < 0) {
      await file.close()
      if (segment.isGone) return null
      throw new Error(`all ${this.#slots.length} segment files of the shard are in use`)
    }
    // The slot changes hands before anything is awaited.
    const evicted = this.#slots[index] ?? null
    this.#take(index, segment, file)
    if (evicted !== null) await this.#evict(evicted)
    return file
  }

  /** A write that failed later is only told to a descriptor that was open then: nothing unsynced is closed. */
  async #evict({ file, segment }: Slot): Promise<void> {
    segment.slot = -1
    if (segment.syncedBytes < segment.drainedBytes) await file.sync()
    await file.close()
  }

  #take(index: number, segment: Segment, file: DiskFile): void {
    if (this.#slots[index] === null) this.#emptyCount--
    this.#slots[index] = { file, segment, usedAt: ++this.#uses, isDoomed: false }
    segment.slot = index
  }

  /** An empty slot, or the unheld one that was used longest ago; -1 if there is none. */
  #freeSlot(): number {
    let oldest = -1
    for (let i = 0; i < this.#slots.length; i++) {
      const slot = this.#slots[i] ?? null
      if (slot === null) return i
      if (!this.#isFree(i)) continue
      if (oldest < 0 || slot.usedAt < this.#slots[oldest]!.usedAt) oldest = i
    }
    return oldest
  }

  #freeCount(): number {
    let count = 0
    for (let i = 0; i < this.#slots.length; i++) if (this.#isFree(i)) count++
    return count
  }

  #isFree(index: number): boolean {
    const slot = this.#slots[index] ?? null
    return slot === null || !(slot.isDoomed || this.#holds.isHeld(this.#firstHolder + index))
  }

  async #close(index: number, slot: Slot): Promise<void> {
    this.#slots[index] = null
    this.#emptyCount++
    if (slot.segment.slot === index) slot.segment.slot = -1
    await slot.file.close()
  }
}
