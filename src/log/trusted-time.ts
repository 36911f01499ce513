// The wall clock as it was last trusted (see wall-clock-guard.ts), over restarts: `millrace-trusted-time`, a number of
// milliseconds since 1970.
//
// Owned by the control thread, since all shards have one clock. It need not be exact: it is written when the clock has moved
// on by some minutes. A file that says nothing is as good as none.
import type { Disk } from '../lib/env.ts'
import { readSmallFile, replaceSmallFile } from '../lib/files.ts'

const FILE = 'millrace-trusted-time'
const BYTES_MAX = 64
const STORED_EVERY_MS = 600_000

export class TrustedTime {
  readonly #disk: Disk
  readonly #path: string
  #storedMs: number | null
  #writing: Promise<void> = Promise.resolve()

  static async open(disk: Disk, directory: string): Promise<TrustedTime> {
    const path = `${directory}/${FILE}`
    const text = (await readSmallFile(disk, path, BYTES_MAX)) ?? ''
    return new TrustedTime(disk, path, /^\d{1,15}\n$/.test(text) ? Number(text) : null)
  }

  private constructor(disk: Disk, path: string, storedMs: number | null) {
    this.#disk = disk
    this.#path = path
    this.#storedMs = storedMs
  }

  /** Null if no clock was ever trusted here. */
  get lastMs(): number | null {
    return this.#storedMs
  }

  /** A shard trusts the clock at `wallMs`. Durable when it resolves, if it was worth a write. */
  store(wallMs: number): Promise<void> {
    if (this.#storedMs !== null && Math.abs(wallMs - this.#storedMs) < STORED_EVERY_MS) return this.#writing
    this.#storedMs = wallMs
    this.#writing = this.#writing.then(() => replaceSmallFile(this.#disk, this.#path, `${wallMs}\n`))
    return this.#writing
  }

  /** Resolves when nothing is being written. */
  async settle(): Promise<void> {
    await this.#writing.catch(() => undefined)
  }
}
