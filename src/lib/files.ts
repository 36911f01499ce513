// Small whole files: checkpoints, properties, states. Replaced in one step, so that a crash leaves the old or the new.

import { type Disk, DiskError } from './env.ts'
import { dirname } from './paths.ts'

const SMALL_FILE_BYTES_MAX = 16 * 1024 * 1024

/** Null if there is none. */
export async function readSmallFile(disk: Disk, path: string, bytesMax = SMALL_FILE_BYTES_MAX): Promise<string | null> {
  if (!(await disk.exists(path))) return null
  const file = await disk.open(path, 'read')
  try {
    const size = await file.size()
    if (size > bytesMax) throw new DiskError('read', path, 'EFBIG')
    const bytes = new Uint8Array(size)
    return new TextDecoder().decode(bytes.subarray(0, await file.read(bytes, 0)))
  } finally {
    await file.close()
  }
}

/** Durable, name and content, when it resolves. */
export async function replaceSmallFile(disk: Disk, path: string, content: string): Promise<void> {
  const next = `${path}.tmp`
  const file = await disk.open(next, 'write')
  try {
    await file.truncate(0)
    await file.write(new TextEncoder().encode(content), 0)
    await file.sync()
  } finally {
    await file.close()
  }
  await disk.rename(next, path)
  await disk.syncDirectory(dirname(path))
}
