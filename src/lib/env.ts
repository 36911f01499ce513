// The world as our code sees it: time, chance and files come in through here, so that the same classes run on a
// machine (real-env.ts) and under a simulator that skews clocks, draws from a seed and loses unsynced bytes.
// Owned by whoever starts a thread; handed down to drivers. Pure machines don't see it: they get plain values.

export interface Env {
  readonly clock: Clock
  readonly random: Random
  readonly disk: Disk
}

export interface Clock {
  /** Monotonic; for timeouts and intervals. Not comparable between processes. */
  nowMs(): number
  /** Time of day since 1970; it may jump. Never decides an election, a fencing or a timeout. */
  wallMs(): number
}

export interface Random {
  /** Uniform in [0, 2^32). */
  uint32(): number
  bytes(count: number): Uint8Array
}

/**
 * Files by path. What is written is only durable after `sync` of the file, and a name (created, renamed, removed) only
 * after `syncDirectory` of its directory: nothing here syncs on its own.
 *
 * Errors: rejects with a `DiskError` that names the operation and the path. A failed sync is never retried.
 */
export interface Disk {
  open(path: string, mode: OpenMode): Promise<DiskFile>
  /** Names (not paths) of what lies in the directory, sorted. */
  list(path: string): Promise<string[]>
  exists(path: string): Promise<boolean>
  /** With its parents; no error if it is there. */
  makeDirectory(path: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  /** A file, or a directory with all that is in it. No error if it is not there. */
  remove(path: string): Promise<void>
  syncDirectory(path: string): Promise<void>
}

/**
 * `read`: must exist. `write`: read and write, made if it does not exist. `new`: must not exist. `direct`: as `write`,
 * past the page cache (O_DIRECT) where the filesystem takes that.
 */
export type OpenMode = 'read' | 'write' | 'new' | 'direct'

export interface DiskFile {
  readonly path: string
  /** What the add-on's writes and sends speak of; valid until `close`. */
  readonly descriptor: number
  size(): Promise<number>
  /** Time of day of the last change of its bytes, in milliseconds since 1970. */
  modifiedMs(): Promise<number>
  /** Fills `into` from `position` on; resolves to the bytes read, fewer only at the end of the file. */
  read(into: Uint8Array, position: number): Promise<number>
  /** Writes all of `bytes`. */
  write(bytes: Uint8Array, position: number): Promise<void>
  /** fdatasync: the bytes, and the size they need. */
  sync(): Promise<void>
  truncate(size: number): Promise<void>
  close(): Promise<void>
}

/** A failure of the world, with what was tried and where. `code` is the errno's name: EIO, ENOSPC, ENOENT … */
export class DiskError extends Error {
  override name = 'DiskError'
  readonly operation: string
  readonly path: string
  readonly code: string

  constructor(operation: string, path: string, code: string, cause?: unknown) {
    super(`${operation} ${path}: ${code}`, { cause })
    this.operation = operation
    this.path = path
    this.code = code
  }
}
