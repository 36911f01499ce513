// The disk queue over node:fs, one write or sync at a time on libuv's pool.
//
// Owned by its thread, where completions arrive as callbacks; they are published in `progress` as the add-on's thread
// does it, then `wake` takes the doorbell's place. `close` cannot wait without the event loop: what is under way is
// carried out after it has returned, so leave descriptors open until PROGRESS_DONE has come to the last ticket.
import { fdatasync, writev } from 'node:fs'
import {
  type ArenaBytes,
  DISK_ALIGNED,
  DISK_RING_WRITTEN,
  DISK_SYNC,
  type DiskQueue,
  PROGRESS_DONE,
  PROGRESS_ERRNO,
  PROGRESS_FAILED,
  PROGRESS_WORDS,
  PROGRESS_WRITTEN,
  SLICE_WORDS,
} from '../contract.ts'
import { wake } from './wake.ts'

const ticketsMax = 64
const ticketLast = 2 ** 31 - 1
const blockBytes = 4096
const alignedBytesLimit = 2 ** 30
const wasmPageBytes = 65_536

// Node has it; of the type libraries only the browser's does.
declare const WebAssembly: {
  readonly Memory: new (pages: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer }
}

interface Task {
  readonly ticket: number
  readonly descriptor: number
  readonly position: number
  readonly slices: readonly Uint8Array[]
  readonly flags: number
}

export class StandInDiskQueue implements DiskQueue {
  readonly #arenas: readonly ArenaBytes[]
  readonly #progress: Int32Array
  readonly #alignedBytesMax: number
  readonly #aligned: Uint8Array
  /** What is not done yet, the task at work first; after a failure nothing leaves it any more. */
  readonly #tasks: Task[] = []
  #nextTicket = 1
  #isClosed = false

  constructor(arenas: readonly ArenaBytes[], progress: Int32Array, alignedBytesMax: number) {
    if (progress.length < PROGRESS_WORDS) throw new TypeError('DiskQueue: progress is too short')
    if (!(alignedBytesMax >= 0 && alignedBytesMax <= alignedBytesLimit)) {
      throw new RangeError('DiskQueue: alignedBytesMax from 0 to 2^30')
    }
    this.#arenas = arenas
    this.#progress = progress
    this.#alignedBytesMax = alignedBytesMax
    // The one memory that plain Node puts on a page boundary, as O_DIRECT wants it.
    const pages = Math.ceil(alignedBytesMax / wasmPageBytes)
    this.#aligned = new Uint8Array(new WebAssembly.Memory({ initial: pages, maximum: pages }).buffer)
  }

  submit(descriptor: number, position: number, slices: Int32Array, sliceCount: number, flags: number): number {
    if (this.#isClosed) throw new Error('submit: the queue is closed')
    if (sliceCount * SLICE_WORDS > slices.length) throw new RangeError('submit: more slices than rows')
    if ((flags & ~(DISK_ALIGNED | DISK_SYNC | DISK_RING_WRITTEN)) !== 0) throw new RangeError('submit: unknown flags')
    if (!(position >= 0 && Number.isSafeInteger(position))) {
      throw new RangeError('submit: position is no offset in a file')
    }
    if (this.#tasks.length >= ticketsMax) return 0

    const views: Uint8Array[] = []
    let total = 0
    for (let row = 0; row < sliceCount * SLICE_WORDS; row += SLICE_WORDS) {
      const arena = this.#arenas[slices[row]!]
      const offset = slices[row + 1]! >>> 0
      const length = slices[row + 2]! >>> 0
      if (arena === undefined || offset + length > arena.length) {
        throw new RangeError('submit: a slice outside of its arena')
      }
      if (length > 0) views.push(arena.subarray(offset, offset + length))
      total += length
    }
    if ((flags & DISK_ALIGNED) !== 0) {
      if (position % blockBytes !== 0) throw new RangeError('submit: an aligned write needs position % 4096 = 0')
      if (total > this.#alignedBytesMax) throw new RangeError('submit: more than alignedBytesMax')
    }

    const ticket = this.#nextTicket
    this.#nextTicket = ticket === ticketLast ? 1 : ticket + 1
    this.#tasks.push({ ticket, descriptor, position, slices: views, flags })
    if (this.#tasks.length === 1) this.#carryOutFirst()
    return ticket
  }

  close(): void {
    this.#isClosed = true
  }

  #carryOutFirst(): void {
    const task = this.#tasks[0]
    if (task === undefined) return
    if (task.slices.length === 0) this.#written(task)
    else this.#write(task, (task.flags & DISK_ALIGNED) !== 0 ? [this.#gather(task.slices)] : task.slices, task.position)
  }

  /** Writes all of the slices, whatever the kernel takes at a time. */
  #write(task: Task, slices: readonly Uint8Array[], position: number): void {
    writev(task.descriptor, slices, position, (error, written) => {
      if (error !== null) {
        this.#fail(task, error)
        return
      }
      const rest = after(slices, written)
      if (rest.length === 0) this.#written(task)
      else if (written === 0) this.#fail(task, { errno: -5 })
      else this.#write(task, rest, position + written)
    })
  }

  #written(task: Task): void {
    Atomics.store(this.#progress, PROGRESS_WRITTEN, task.ticket)
    if ((task.flags & DISK_SYNC) !== 0) this.#sync(task)
    else this.#done(task)
  }

  #sync(task: Task): void {
    if ((task.flags & DISK_RING_WRITTEN) !== 0) wake()
    fdatasync(task.descriptor, (error) => {
      if (error === null) this.#done(task)
      else this.#fail(task, error)
    })
  }

  #done(task: Task): void {
    Atomics.store(this.#progress, PROGRESS_DONE, task.ticket)
    this.#tasks.shift()
    this.#carryOutFirst()
    wake()
  }

  #fail(task: Task, error: { errno?: number | undefined }): void {
    Atomics.store(this.#progress, PROGRESS_ERRNO, -(error.errno ?? 0))
    Atomics.store(this.#progress, PROGRESS_FAILED, task.ticket)
    wake()
  }

  #gather(slices: readonly Uint8Array[]): Uint8Array {
    let filled = 0
    for (const slice of slices) {
      this.#aligned.set(slice, filled)
      filled += slice.length
    }
    const padded = Math.ceil(filled / blockBytes) * blockBytes
    this.#aligned.fill(0, filled, padded)
    return this.#aligned.subarray(0, padded)
  }
}

/** What is left of the slices after their first `count` bytes. */
function after(slices: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let first = 0
  let rest = count
  while (first < slices.length && rest >= slices[first]!.length) rest -= slices[first++]!.length
  return first === slices.length ? [] : [slices[first]!.subarray(rest), ...slices.slice(first + 1)]
}
