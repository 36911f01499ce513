// The journal's files: made once, written full with zeros so that later writes never grow them or change their extents
// (a sync then writes data only), and opened past the page cache.
import { LIMITS } from '../config/limits.ts'
import type { Disk, DiskFile } from '../lib/env.ts'
import { journalPath } from './checkpoint.ts'

const CHUNK_BYTES = 1 << 20

/** Resolves to the open files of a shard's journal, each of `fileBytes`, durable with their names. */
export async function openJournalFiles(
  disk: Disk,
  directory: string,
  shard: number,
  fileBytes: number,
): Promise<DiskFile[]> {
  const files: DiskFile[] = []
  for (let number = 0; number < LIMITS.journalFiles; number++) {
    const path = journalPath(directory, shard, number)
    await prewrite(disk, path, fileBytes)
    files.push(await disk.open(path, 'direct'))
  }
  await disk.syncDirectory(directory)
  return files
}

async function prewrite(disk: Disk, path: string, fileBytes: number): Promise<void> {
  const file = await disk.open(path, 'write')
  try {
    const size = await file.size()
    if (size === fileBytes) return
    await file.truncate(Math.min(size, fileBytes))
    const zeros = new Uint8Array(CHUNK_BYTES)
    for (let position = 0; position < fileBytes; position += CHUNK_BYTES) {
      await file.write(zeros.subarray(0, Math.min(CHUNK_BYTES, fileBytes - position)), position)
    }
    await file.sync()
  } finally {
    await file.close()
  }
}
