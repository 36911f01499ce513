// A shard's write-ahead journal: every batch of every partition of the shard, in append order, in groups that one
// write and one sync carry to the disk.
//
// Owner: the shard; the disk queue's thread writes. No timer: while one group is under way the next one gathers.
// Invariants: one group in flight. A file is written again only after everything in it is drained and checkpointed, or
//             carried into a later group (`onFileFull` -> `release`). A batch's bytes stay put until its group is synced.
//
// What is acknowledged is in files that are there in full beforehand, so a disk without room loses nothing of it: a drain
// that finds none ends the process, and the next start finds everything here.
import { LIMITS } from '../config/limits.ts'
import { assert } from '../lib/assert.ts'
import { DiskError, type DiskFile } from '../lib/env.ts'
import type { Batch } from '../log/batch.ts'
import type { Arena } from '../memory/arena.ts'
import {
  DISK_ALIGNED,
  DISK_RING_WRITTEN,
  DISK_SYNC,
  type DiskQueue,
  PROGRESS_DONE,
  PROGRESS_ERRNO,
  PROGRESS_WRITTEN,
  SLICE_WORDS,
} from '../native/contract.ts'
import {
  type Checksum,
  ENTRY_APPEND,
  GROUP_ENTRY_BYTES,
  GROUP_HEADER_BYTES,
  type GroupHeader,
  paddedLength,
  writeEntry,
  writeGroupHeader,
} from './group.ts'

const GROUP_ENTRIES_MAX = 8192

export interface JournalOptions {
  shard: number
  runEpoch: number
  /** Prewritten, opened past the page cache; all of `fileBytes`. */
  files: readonly DiskFile[]
  fileBytes: number
  /** Largest group; also the disk queue's aligned buffer. At most half a file. */
  groupBytesMax: number
  arena: Arena
  /** The own arena's number. */
  own: number
  queue: DiskQueue
  progress: Int32Array
  checksum: Checksum
  listener: JournalListener
  carried: CarriedBatches
}

/** Batches of earlier groups that go in once more, at the head of a group. */
export interface CarriedBatches {
  readonly isEmpty: boolean
  /** Every group before `sequence` is synced: `addCarried` now, with their entries not more than `bytesMax`. */
  onGroupStarting(journal: Journal, sequence: number, bytesMax: number): void
  /** No file is free for the group: what was added is not written. */
  onNoRoom(): void
  /** Before the `onDurable` of the group's own batches. */
  onGroupDurable(sequence: number): void
}

export interface JournalListener {
  /** A group was handed to the disk. */
  onGroupStarted(): void
  /** The batch would survive this process. */
  onWritten(batch: Batch): void
  /** The batch would survive a power cut. In append order. */
  onDurable(batch: Batch): void
  /** After the `onDurable` of a group's last batch. */
  onGroupDurable(): void
  /** The journal goes on in its next file: clear what is before `sequenceToFree`, then `release`. */
  onFileFull(): void
  onFailure(error: Error): void
}

export class Journal {
  readonly #options: JournalOptions
  readonly #slices = new Int32Array((1 + GROUP_ENTRIES_MAX) * SLICE_WORDS)
  /** Where groups' headers and tables are made: a block of the own arena, held for good. */
  readonly #tableStart: number
  readonly #header: GroupHeader
  /** Gathering: batches that no group has taken. */
  #first: Batch | null = null
  #last: Batch | null = null
  /** The group in flight: its own batches, from `#groupFirst` on. It may have none but carried ones. */
  #isInFlight = false
  #groupFirst: Batch | null = null
  #groupCount = 0
  /** The group that is being made: entries, slices (the table's own is the first), bytes. */
  #entries = 0
  #sliceCount = 1
  #bytes = 0
  #ticket = 0
  #isGroupWritten = false
  #file = 0
  #position = 0
  /** For each file, the sequence after its last group while it may not be written again; 0 when free. */
  readonly #fileEnds: number[]
  #syncedSequence: number
  groupsSynced = 0
  bytesWritten = 0

  constructor(options: JournalOptions) {
    this.#options = options
    assert(options.groupBytesMax * 2 <= options.fileBytes, 'a journal file holds two groups')
    const tableBytes = GROUP_HEADER_BYTES + GROUP_ENTRIES_MAX * GROUP_ENTRY_BYTES
    this.#tableStart = options.arena.allocate(tableBytes)
    assert(this.#tableStart >= 0, 'the arena is empty when the journal starts')
    this.#fileEnds = options.files.map(() => 0)
    this.#syncedSequence = 0
    this.#header = {
      sequence: 0,
      syncedBefore: 0,
      runEpoch: options.runEpoch,
      shard: options.shard,
      entries: 0,
      byteLength: 0,
    }
  }

  /** The longest batch that a group can carry. */
  get batchBytesMax(): number {
    return this.#options.groupBytesMax - GROUP_HEADER_BYTES - GROUP_ENTRY_BYTES
  }

  /** Every group before it is synced. */
  get unsyncedSequence(): number {
    return this.#syncedSequence + 1
  }

  get isIdle(): boolean {
    return this.#first === null && !this.#isInFlight
  }

  /** What makes one more file free when it is cleared and released: groups before it. 0 while enough are free. */
  get sequenceToFree(): number {
    let oldest = 0
    let free = 0
    for (let i = 0; i < this.#fileEnds.length; i++) {
      const end = this.#fileEnds[i]!
      if (i === this.#file) continue
      if (end === 0) free++
      else if (oldest === 0 || end < oldest) oldest = end
    }
    return free < LIMITS.journalFilesFree ? oldest : 0
  }

  enqueue(batch: Batch): void {
    assert(batch.length <= this.batchBytesMax, 'a batch fits a group')
    batch.next = null
    if (this.#last === null) this.#first = batch
    else this.#last.next = batch
    this.#last = batch
  }

  /** Tells what is written and synced, and starts the next group. Once a tick. */
  pump(): void {
    if (this.#isInFlight) this.#poll()
    const hasBatches = this.#first !== null || !this.#options.carried.isEmpty
    if (!this.#isInFlight && hasBatches) this.#startGroup()
  }

  /** One more batch of the group that is starting: see `CarriedBatches`. */
  addCarried(batch: Batch): void {
    assert(this.#add(batch), 'what is carried fits the group')
  }

  /** Nothing before `sequence` is needed, and the checkpoint says so: files that end before it may be written again. */
  release(sequence: number): void {
    for (let i = 0; i < this.#fileEnds.length; i++) {
      if (i !== this.#file && this.#fileEnds[i]! > 0 && this.#fileEnds[i]! <= sequence) this.#fileEnds[i] = 0
    }
    this.pump()
  }

  close(): void {
    this.#options.queue.close()
  }

  #poll(): void {
    const { progress, listener } = this.#options
    const errno = Atomics.load(progress, PROGRESS_ERRNO)
    // Before `written`: what is done by now must be seen as written too.
    const done = Atomics.load(progress, PROGRESS_DONE)
    if (!this.#isGroupWritten && isReached(Atomics.load(progress, PROGRESS_WRITTEN), this.#ticket)) {
      this.#isGroupWritten = true
      let batch = this.#groupFirst
      for (let i = 0; i < this.#groupCount; i++) {
        listener.onWritten(batch!)
        batch = batch!.next
      }
    }
    if (isReached(done, this.#ticket)) this.#finishGroup()
    else if (errno !== 0) listener.onFailure(new DiskError('write', 'the journal', `errno ${errno}`))
  }

  #finishGroup(): void {
    const { listener, carried } = this.#options
    let batch = this.#groupFirst
    this.#syncedSequence++
    this.groupsSynced++
    this.#isInFlight = false
    carried.onGroupDurable(this.#syncedSequence)
    for (let i = 0; i < this.#groupCount; i++) {
      const next: Batch | null = batch!.next
      batch!.next = null
      if (batch!.kind === ENTRY_APPEND) listener.onDurable(batch!)
      else batch!.onDurable?.()
      batch = next
    }
    listener.onGroupDurable()
  }

  /** Takes what is carried and as many gathered batches as fit, and submits them as one write and one sync. */
  #startGroup(): void {
    const { arena, own, queue, files, checksum, carried, groupBytesMax } = this.#options
    const sequence = this.#syncedSequence + 1
    this.#entries = 0
    this.#sliceCount = 1
    this.#bytes = GROUP_HEADER_BYTES
    if (!carried.isEmpty) {
      // The first batch that waits has its room, so that it waits for one group at most.
      const kept = this.#first === null ? 0 : GROUP_ENTRY_BYTES + this.#first.length
      carried.onGroupStarting(this, sequence, groupBytesMax - GROUP_HEADER_BYTES - kept)
    }
    let batch = this.#first
    let count = 0
    let wantsWritten = false
    let last: Batch | null = null
    while (batch !== null && this.#add(batch)) {
      batch.sequence = sequence
      count++
      if (batch.waiter !== null) wantsWritten = true
      last = batch
      batch = batch.next
    }
    if (this.#entries === 0) return
    if (!this.#findRoom(paddedLength(this.#bytes))) {
      carried.onNoRoom()
      return
    }
    this.#header.sequence = sequence
    this.#header.syncedBefore = this.#syncedSequence
    this.#header.entries = this.#entries
    this.#header.byteLength = this.#bytes
    writeGroupHeader(arena.bytes, arena.words, this.#tableStart, this.#header, checksum)
    this.#slices[0] = own
    this.#slices[1] = this.#tableStart
    this.#slices[2] = GROUP_HEADER_BYTES + this.#entries * GROUP_ENTRY_BYTES
    const flags = DISK_ALIGNED | DISK_SYNC | (wantsWritten ? DISK_RING_WRITTEN : 0)
    const descriptor = files[this.#file]!.descriptor
    this.#ticket = queue.submit(descriptor, this.#position, this.#slices, this.#sliceCount, flags)
    assert(this.#ticket !== 0, 'one group in flight always fits the queue')
    this.#options.listener.onGroupStarted()
    this.#isInFlight = true
    this.#groupFirst = this.#first
    this.#groupCount = count
    this.#isGroupWritten = false
    this.#first = batch
    if (batch === null) this.#last = null
    if (last !== null) last.next = batch
    this.#position += paddedLength(this.#bytes)
    this.#fileEnds[this.#file] = sequence + 1
    this.bytesWritten += paddedLength(this.#bytes)
  }

  /** False when the group that is being made has no room for the batch. */
  #add(batch: Batch): boolean {
    const bytes = this.#bytes + GROUP_ENTRY_BYTES + batch.length
    if (this.#entries === GROUP_ENTRIES_MAX || bytes > this.#options.groupBytesMax) return false
    const { words } = this.#options.arena
    writeEntry(words, this.#tableStart + GROUP_HEADER_BYTES + this.#entries * GROUP_ENTRY_BYTES, batch)
    this.#entries++
    this.#bytes = bytes
    // A control record has no bytes.
    if (batch.length === 0) return true
    const slice = this.#sliceCount * SLICE_WORDS
    this.#sliceCount++
    this.#slices[slice] = batch.arena
    this.#slices[slice + 1] = batch.offset
    this.#slices[slice + 2] = batch.length
    return true
  }

  /** Makes `#file` and `#position` a place for `bytes`; false while the next file is not free. */
  #findRoom(bytes: number): boolean {
    if (this.#position + bytes <= this.#options.fileBytes) return true
    const next = (this.#file + 1) % this.#fileEnds.length
    if (this.#fileEnds[next] !== 0) return false
    this.#file = next
    this.#position = 0
    this.#options.listener.onFileFull()
    return true
  }
}

/** Tickets wrap at 2^31. */
function isReached(done: number, ticket: number): boolean {
  return ((done - ticket) << 1) >> 1 >= 0
}
