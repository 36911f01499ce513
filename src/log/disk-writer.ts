// A disk queue whose tickets are promises: for writes of a megabyte or so and for syncs, not for the journal's groups.
//
// Thread: the one that made it; `poll` is called once a tick. Order: as submitted. After the first failure every call
// rejects, for good: a sync that failed is never tried again.
import { DiskError } from '../lib/env.ts'
import { type DiskQueue, PROGRESS_DONE, PROGRESS_ERRNO } from '../native/contract.ts'

interface Task {
  descriptor: number
  position: number
  slices: Int32Array
  sliceCount: number
  flags: number
  /** 0 until the queue has taken it. */
  ticket: number
  resolve: () => void
  reject: (error: Error) => void
}

export class DiskWriter {
  readonly #queue: DiskQueue
  readonly #progress: Int32Array
  readonly #name: string
  readonly #tasks: Task[] = []
  #submitted = 0

  constructor(queue: DiskQueue, progress: Int32Array, name: string) {
    this.#queue = queue
    this.#progress = progress
    this.#name = name
  }

  /** Resolves when the slices are written (and synced, by `flags`). They are read till then; the table is not. */
  write(descriptor: number, position: number, slices: Int32Array, sliceCount: number, flags: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const table = this.#submitted === this.#tasks.length ? slices : slices.slice(0, sliceCount * 3)
      this.#tasks.push({ descriptor, position, slices: table, sliceCount, flags, ticket: 0, resolve, reject })
      this.#submit()
    })
  }

  /** Settles what is done. */
  poll(): void {
    if (this.#tasks.length === 0) return
    const errno = Atomics.load(this.#progress, PROGRESS_ERRNO)
    const done = Atomics.load(this.#progress, PROGRESS_DONE)
    while (this.#submitted > 0 && ((done - this.#tasks[0]!.ticket) << 1) >> 1 >= 0) {
      this.#submitted--
      this.#tasks.shift()!.resolve()
    }
    if (errno !== 0) this.#fail(errno)
    else this.#submit()
  }

  close(): void {
    this.#queue.close()
  }

  #submit(): void {
    while (this.#submitted < this.#tasks.length) {
      const task = this.#tasks[this.#submitted]!
      task.ticket = this.#queue.submit(task.descriptor, task.position, task.slices, task.sliceCount, task.flags)
      if (task.ticket === 0) {
        // The caller may fill its table again: keep what was not copied yet.
        task.slices = task.slices.slice(0, task.sliceCount * 3)
        return
      }
      this.#submitted++
    }
  }

  #fail(errno: number): void {
    const error = new DiskError('write', this.#name, `errno ${errno}`)
    this.#submitted = 0
    for (const task of this.#tasks.splice(0)) task.reject(error)
  }
}
