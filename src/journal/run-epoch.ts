// Counts the starts of a data directory. Groups and checkpoints carry the number, so that what an earlier run left in a
// recycled file is never taken for this run's.
import type { Disk } from '../lib/env.ts'
import { readSmallFile, replaceSmallFile } from '../lib/files.ts'
import { join } from '../lib/paths.ts'

const FILE = 'millrace.run'

/** The number of the run that begins now; durable when it resolves. */
export async function nextRunEpoch(disk: Disk, directory: string): Promise<number> {
  const path = join(directory, FILE)
  const text = await readSmallFile(disk, path)
  const last = text === null ? 0 : Number(text)
  if (!Number.isSafeInteger(last) || last < 0) throw new Error(`${path} holds no number: ${text}`)
  await replaceSmallFile(disk, path, `${last + 1}\n`)
  return last + 1
}
