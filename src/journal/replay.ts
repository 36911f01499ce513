// Reads a journal back after a stop: the groups of one run, in sequence, up to where they end.
//
// The end is a torn tail or stale bytes of an earlier use of the file. A later valid group of the same run proves that
// it is neither: then bytes that were synced are damaged, and nothing may be cut.
//
// A batch may come more than once, since stragglers are carried forward (log/carrier.ts), and behind batches that follow it
// in its log: whoever takes the entries takes those that continue the log, and has all of it in the end.
import type { Disk } from '../lib/env.ts'
import type { Arena } from '../memory/arena.ts'
import { journalPath } from './checkpoint.ts'
import {
  type Checksum,
  ENTRY_APPEND,
  ENTRY_KIND_MAX,
  GROUP_ALIGNMENT,
  GROUP_ENTRY_BYTES,
  GROUP_HEADER_BYTES,
  type GroupEntry,
  type GroupHeader,
  isTableIntact,
  paddedLength,
  readEntry,
  readGroupHeader,
} from './group.ts'

export class DamagedJournalError extends Error {
  override name = 'DamagedJournalError'
}

export interface ReplayOptions {
  disk: Disk
  directory: string
  /** Whose journal: any shard of the last run. */
  shard: number
  runEpoch: number
  fromSequence: number
  arena: Arena
  checksum: Checksum
  /** True when the batch of `length` bytes at `offset` of the arena is the one that `entry` describes, its CRC right. */
  isBatchIntact: (offset: number, entry: GroupEntry) => boolean
  /** Called in order. The bytes stay where they are until the promise resolves; hold `block` to keep them longer. */
  onEntry: (entry: GroupEntry, offset: number, block: number) => void
  /** After each file: make sure that nothing needs its bytes any more. */
  onFileEnd: () => Promise<void>
}

/** Replays what there is. Resolves to the sequence after the last group. */
export async function replayJournal(options: ReplayOptions): Promise<number> {
  const files = await filesInOrder(options)
  let next = options.fromSequence
  for (const { path, firstSequence } of files) {
    if (firstSequence > next) {
      throw new DamagedJournalError(`${path}: group ${next} is missing, but group ${firstSequence} is there`)
    }
    next = await replayFile(options, path, next)
    await options.onFileEnd()
  }
  return next
}

/** The last run that wrote into the shard's journal; 0 if none did. */
export async function lastJournalRun(disk: Disk, directory: string, shard: number): Promise<number> {
  let last = 0
  for (const { header } of await fileHeads(disk, directory, shard)) last = Math.max(last, header.runEpoch)
  return last
}

/** The journal's files that begin with a group of the run, by that group's sequence. */
async function filesInOrder(options: ReplayOptions): Promise<{ path: string; firstSequence: number }[]> {
  const { disk, directory, shard, runEpoch } = options
  return (await fileHeads(disk, directory, shard))
    .filter(({ header }) => header.runEpoch === runEpoch)
    .map(({ path, header }) => ({ path, firstSequence: header.sequence }))
    .sort((a, b) => a.firstSequence - b.firstSequence)
}

/** The journal's files that begin with a group, of whatever run. */
async function fileHeads(
  disk: Disk,
  directory: string,
  shard: number,
): Promise<{ path: string; header: GroupHeader }[]> {
  const heads: { path: string; header: GroupHeader }[] = []
  const bytes = new Uint8Array(GROUP_HEADER_BYTES)
  const words = new Int32Array(bytes.buffer)
  for (let number = 0; await disk.exists(journalPath(directory, shard, number)); number++) {
    const path = journalPath(directory, shard, number)
    const file = await disk.open(path, 'read')
    try {
      const size = await file.size()
      if ((await file.read(bytes, 0)) < GROUP_HEADER_BYTES) continue
      const header = readGroupHeader(words, 0, size)
      if (header !== null) heads.push({ path, header })
    } finally {
      await file.close()
    }
  }
  return heads
}

async function replayFile(options: ReplayOptions, path: string, from: number): Promise<number> {
  const { disk, arena, runEpoch } = options
  const file = await disk.open(path, 'read')
  try {
    const size = await file.size()
    const start = arena.allocate(size)
    if (start < 0) throw new Error(`${path}: no ${size} bytes free in the arena to replay it`)
    const block = arena.blockOf(start)
    try {
      const end = start + (await file.read(arena.bytes.subarray(start, start + size), 0))
      return replayGroups(options, path, start, end, from)
    } finally {
      arena.release(block)
    }
  } finally {
    await file.close()
  }

  function replayGroups(options: ReplayOptions, path: string, start: number, end: number, from: number): number {
    let next = -1
    let position = start
    for (;;) {
      const header = readGroupHeader(arena.words, position, end)
      const isNext = header !== null && header.runEpoch === runEpoch && (next < 0 || header.sequence === next)
      if (!isNext || !isGroupIntact(options, position, header)) break
      if (header.sequence >= from) replayGroup(options, position, header, arena.blockOf(start))
      next = header.sequence + 1
      position += paddedLength(header.byteLength)
    }
    const later = laterGroup(options, position, end, Math.max(next, from))
    if (later >= 0) {
      throw new DamagedJournalError(`${path}: damaged at byte ${position - start}: group ${later} after it is whole`)
    }
    return Math.max(next, from)
  }
}

function isGroupIntact(options: ReplayOptions, start: number, header: GroupHeader): boolean {
  const { arena, checksum } = options
  if (!isTableIntact(arena.bytes, arena.words, start, header, checksum)) return false
  let offset = start + GROUP_HEADER_BYTES + header.entries * GROUP_ENTRY_BYTES
  const end = start + header.byteLength
  for (let i = 0; i < header.entries; i++) {
    const entry = readEntry(arena.words, start + GROUP_HEADER_BYTES + i * GROUP_ENTRY_BYTES)
    const isInside = entry.length >= 0 && offset + entry.length <= end
    if (!isInside || (entry.kind === ENTRY_APPEND && !options.isBatchIntact(offset, entry))) return false
    offset += entry.length
  }
  return true
}

function replayGroup(options: ReplayOptions, start: number, header: GroupHeader, block: number): void {
  let offset = start + GROUP_HEADER_BYTES + header.entries * GROUP_ENTRY_BYTES
  for (let i = 0; i < header.entries; i++) {
    const entry = readEntry(options.arena.words, start + GROUP_HEADER_BYTES + i * GROUP_ENTRY_BYTES)
    if (entry.kind < ENTRY_APPEND || entry.kind > ENTRY_KIND_MAX) {
      throw new Error(`journal of shard ${options.shard}: group ${header.sequence} has an entry of kind ${entry.kind}`)
    }
    options.onEntry(entry, offset, block)
    offset += entry.length
  }
}

/**
 * The sequence of a whole group of this run after `position` that says it came after a synced group we could not read;
 * -1 when there is none.
 */
function laterGroup(options: ReplayOptions, position: number, end: number, expected: number): number {
  const { arena, runEpoch, checksum } = options
  for (let at = position; at < end; at += GROUP_ALIGNMENT) {
    const header = readGroupHeader(arena.words, at, end)
    if (header === null || header.runEpoch !== runEpoch || header.syncedBefore < expected) continue
    if (isTableIntact(arena.bytes, arena.words, at, header, checksum)) return header.sequence
  }
  return -1
}
