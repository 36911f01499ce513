// A disk queue that tells what is done: by promise, for writes of a megabyte or so and for syncs; by a call, where a promise
// for each would be too much. Not for the journal's groups.
//
// Thread: the one that made it; `poll` is called once a tick. Order: as submitted. After the first failure every call
// rejects, for good: a sync that failed is never tried again.
import { DiskError } from '../lib/env.ts'
import { type DiskQueue, PROGRESS_DONE, PROGRESS_ERRNO, SLICE_WORDS } from '../native/contract.ts'

/** Who is told, in `poll`, what became of a write. */
export interface DiskTask {
  /** The writer's; 0 until the queue has taken it. */
  ticket: number
  onDone(): void
  onFailed(error: Error): void
}

/** One that the queue has no room for yet, with what it needs then. */
interface PromisedTask extends DiskTask {
  descriptor: number
  position: number
  slices: Int32Array
  sliceCount: number
  flags: number
}

export class DiskWriter {
  readonly #queue: DiskQueue
  readonly #progress: Int32Array
  readonly #name: string
  /** What the queue has taken, oldest first. */
  readonly #tasks: DiskTask[] = []
  /** What it has no room for, in order. */
  readonly #waiting: PromisedTask[] = []

  constructor(queue: DiskQueue, progress: Int32Array, name: string) {
    this.#queue = queue
    this.#progress = progress
    this.#name = name
  }

  /** Resolves when the slices are written (and synced, by `flags`). They are read till then; the table is not. */
  write(descriptor: number, position: number, slices: Int32Array, sliceCount: number, flags: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const told = { ticket: 0, onDone: resolve, onFailed: reject }
      if (this.submit(descriptor, position, slices, sliceCount, flags, told)) return
      // The caller may fill its table again.
      const table = slices.slice(0, sliceCount * SLICE_WORDS)
      this.#waiting.push({ ...told, descriptor, position, slices: table, sliceCount, flags })
    })
  }

  /** As `write`, and `task` is told. False: there is no room now, and nothing was taken. */
  submit(
    descriptor: number,
    position: number,
    slices: Int32Array,
    sliceCount: number,
    flags: number,
    task: DiskTask,
  ): boolean {
    if (this.#waiting.length > 0) return false
    task.ticket = this.#queue.submit(descriptor, position, slices, sliceCount, flags)
    if (task.ticket === 0) return false
    this.#tasks.push(task)
    return true
  }

  /** Tells what is done. */
  poll(): void {
    if (this.#tasks.length === 0) return
    const errno = Atomics.load(this.#progress, PROGRESS_ERRNO)
    const done = Atomics.load(this.#progress, PROGRESS_DONE)
    while (this.#tasks.length > 0 && ((done - this.#tasks[0]!.ticket) << 1) >> 1 >= 0) this.#tasks.shift()!.onDone()
    if (errno !== 0) this.#fail(errno)
    else this.#submitWaiting()
  }

  close(): void {
    this.#queue.close()
  }

  #submitWaiting(): void {
    for (let task = this.#waiting[0]; task !== undefined; task = this.#waiting[0]) {
      task.ticket = this.#queue.submit(task.descriptor, task.position, task.slices, task.sliceCount, task.flags)
      if (task.ticket === 0) return
      this.#tasks.push(task)
      this.#waiting.shift()
    }
  }

  #fail(errno: number): void {
    const error = new DiskError('write', this.#name, `errno ${errno}`)
    for (const task of [...this.#tasks.splice(0), ...this.#waiting.splice(0)]) task.onFailed(error)
  }
}
