// The machine's own clock, chance and files (see env.ts). The only place of the control plane that knows node:fs.
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { type Clock, type Disk, DiskError, type DiskFile, type Env, type OpenMode, type Random } from './env.ts'

const { O_RDWR, O_CREAT, O_DIRECT } = constants
// Tried one after the other until one opens: a filesystem without O_DIRECT answers EINVAL.
const FLAGS: Record<OpenMode, (string | number)[]> = {
  read: ['r'],
  write: ['r+', 'wx+'],
  new: ['wx+'],
  direct: [O_RDWR | O_CREAT | O_DIRECT, O_RDWR | O_CREAT],
}

export function realEnv(): Env {
  return { clock: realClock, random: realRandom, disk: realDisk }
}

export const realClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
}

export const realRandom: Random = {
  uint32: () => randomBytes(4).readUInt32LE(),
  bytes: (count) => new Uint8Array(randomBytes(count)),
}

export const realDisk: Disk = {
  async open(path, mode) {
    let failure: unknown
    for (const flags of FLAGS[mode]) {
      try {
        return new RealFile(path, await open(path, flags))
      } catch (error) {
        failure = error
        const code = codeOf(error)
        if (code !== 'ENOENT' && code !== 'EINVAL') break
      }
    }
    throw diskError('open', path, failure)
  },
  async list(path) {
    return (await attempt('list', path, () => readdir(path))).sort()
  },
  async exists(path) {
    try {
      await stat(path)
      return true
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return false
      throw diskError('stat', path, error)
    }
  },
  async makeDirectory(path) {
    await attempt('mkdir', path, () => mkdir(path, { recursive: true }))
  },
  async rename(from, to) {
    await attempt('rename', from, () => rename(from, to))
  },
  async remove(path) {
    await attempt('remove', path, () => rm(path, { recursive: true, force: true }))
  },
  async syncDirectory(path) {
    const directory = await attempt('open', path, () => open(path, 'r'))
    try {
      await attempt('fsync', path, () => directory.sync())
    } finally {
      await directory.close()
    }
  },
}

class RealFile implements DiskFile {
  readonly path: string
  private readonly handle: FileHandle

  constructor(path: string, handle: FileHandle) {
    this.path = path
    this.handle = handle
  }

  get descriptor(): number {
    return this.handle.fd
  }

  async size(): Promise<number> {
    return (await attempt('stat', this.path, () => this.handle.stat())).size
  }

  async modifiedMs(): Promise<number> {
    return Math.floor((await attempt('stat', this.path, () => this.handle.stat())).mtimeMs)
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    let done = 0
    while (done < into.length) {
      const { bytesRead } = await attempt('read', this.path, () =>
        this.handle.read(into, done, into.length - done, position + done),
      )
      if (bytesRead === 0) break
      done += bytesRead
    }
    return done
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    let done = 0
    while (done < bytes.length) {
      const { bytesWritten } = await attempt('write', this.path, () =>
        this.handle.write(bytes, done, bytes.length - done, position + done),
      )
      done += bytesWritten
    }
  }

  async sync(): Promise<void> {
    await attempt('fdatasync', this.path, () => this.handle.datasync())
  }

  async truncate(size: number): Promise<void> {
    await attempt('truncate', this.path, () => this.handle.truncate(size))
  }

  async close(): Promise<void> {
    await attempt('close', this.path, () => this.handle.close())
  }
}

async function attempt<T>(operation: string, path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (error) {
    throw diskError(operation, path, error)
  }
}

function diskError(operation: string, path: string, error: unknown): DiskError {
  return new DiskError(operation, path, codeOf(error) ?? String(error), error)
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}
