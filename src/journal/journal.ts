// A shard's write-ahead journal: every batch of every partition of the shard, in append order, in groups that one
// write and one sync carry to the disk.
//
// Owner: the shard; the disk queue's thread writes. No timer: while one group is under way the next one gathers.
// Invariants: one group in flight. A file is written again only after everything in it is drained and checkpointed
//             (`onFileFull` -> `release`). A batch's bytes stay put until its group is synced.
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
  GROUP_ENTRY_BYTES,
  GROUP_HEADER_BYTES,
  type GroupHeader,
  paddedLength,
  writeAppendEntry,
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
  /** The journal goes on in its next file: drain and checkpoint, then `release`. */
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
  /** The group in flight: its batches, from `#groupFirst` on. Null when idle. */
  #groupFirst: Batch | null = null
  #groupCount = 0
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
    return this.#first === null && this.#groupFirst === null
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
    if (this.#groupFirst !== null) this.#poll()
    if (this.#groupFirst === null && this.#first !== null) this.#startGroup()
  }

  /** Everything before `sequence` is drained, synced and checkpointed: files that end before it may be written again. */
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
    const { listener } = this.#options
    let batch = this.#groupFirst
    this.#syncedSequence++
    this.groupsSynced++
    this.#groupFirst = null
    for (let i = 0; i < this.#groupCount; i++) {
      const next: Batch | null = batch!.next
      batch!.next = null
      listener.onDurable(batch!)
      batch = next
    }
    listener.onGroupDurable()
  }

  /** Takes as many gathered batches as fit, and submits them as one write and one sync. */
  #startGroup(): void {
    const { arena, own, queue, files, groupBytesMax, checksum } = this.#options
    const words = arena.words
    let batch: Batch | null = this.#first
    let count = 0
    let bytes = GROUP_HEADER_BYTES
    let wantsWritten = false
    let last: Batch | null = null
    while (batch !== null && count < GROUP_ENTRIES_MAX) {
      if (bytes + GROUP_ENTRY_BYTES + batch.length > groupBytesMax) break
      bytes += GROUP_ENTRY_BYTES + batch.length
      writeAppendEntry(words, this.#tableStart + GROUP_HEADER_BYTES + count * GROUP_ENTRY_BYTES, batch)
      count++
      const slice = count * SLICE_WORDS
      this.#slices[slice] = batch.arena
      this.#slices[slice + 1] = batch.offset
      this.#slices[slice + 2] = batch.length
      if (batch.waiter !== null) wantsWritten = true
      last = batch
      batch = batch.next
    }
    if (!this.#findRoom(paddedLength(bytes))) return
    this.#header.sequence = this.#syncedSequence + 1
    this.#header.syncedBefore = this.#syncedSequence
    this.#header.entries = count
    this.#header.byteLength = bytes
    writeGroupHeader(arena.bytes, words, this.#tableStart, this.#header, checksum)
    this.#slices[0] = own
    this.#slices[1] = this.#tableStart
    this.#slices[2] = GROUP_HEADER_BYTES + count * GROUP_ENTRY_BYTES
    const flags = DISK_ALIGNED | DISK_SYNC | (wantsWritten ? DISK_RING_WRITTEN : 0)
    const descriptor = files[this.#file]!.descriptor
    this.#ticket = queue.submit(descriptor, this.#position, this.#slices, count + 1, flags)
    assert(this.#ticket !== 0, 'one group in flight always fits the queue')
    this.#options.listener.onGroupStarted()
    this.#groupFirst = this.#first
    this.#groupCount = count
    this.#isGroupWritten = false
    this.#first = batch
    if (batch === null) this.#last = null
    last!.next = batch
    this.#position += paddedLength(bytes)
    this.#fileEnds[this.#file] = this.#header.sequence + 1
    this.bytesWritten += paddedLength(bytes)
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
