// The bytes of a journal group: a header, a table of entries, then the batches themselves, padded to 4 KiB.
//
//   header   64 bytes, little-endian          entry   48 bytes, little-endian
//     0  u32  magic "MJG1"                      0  16 bytes  topic id
//     4  u32  CRC-32C of header and table,     16  i32  partition
//             taken with this word zero        20  u32  kind
//     8  u64  sequence                         24  u64  base offset
//    16  u64  last synced sequence before      32  u32  length
//    24  u32  run epoch                        36  u32  record count
//    28  u32  shard                            40  i32  leader epoch
//    32  u32  entries                          44  u32  the batch's own CRC
//    36  u32  bytes in all, unpadded
//
// A control record has an entry and no batch: its base offset is what it speaks of, and the other fields are 0.
//
// The group's CRC guards the table, and each batch's own CRC guards its body: together they cover every byte that
// counts, and no payload is read twice. A group is whole only if every batch in it matches its entry.
import { fromWords, highWord, lowWord } from '../lib/int64.ts'
import type { Batch } from '../log/batch.ts'

export const GROUP_MAGIC = 0x31474a4d
export const GROUP_HEADER_BYTES = 64
export const GROUP_ENTRY_BYTES = 48
export const GROUP_ALIGNMENT = 4096

export const ENTRY_APPEND = 1
/** Records of the partition before the offset are deleted. */
export const ENTRY_LOG_START = 2
/** Records of the partition from the offset on are gone; what comes next begins there. */
export const ENTRY_TRUNCATE = 3
export const ENTRY_KIND_MAX = ENTRY_TRUNCATE

export type Checksum = (bytes: Uint8Array, offset: number, length: number, seed: number) => number

export interface GroupHeader {
  sequence: number
  syncedBefore: number
  runEpoch: number
  shard: number
  entries: number
  byteLength: number
}

export function paddedLength(byteLength: number): number {
  return Math.ceil(byteLength / GROUP_ALIGNMENT) * GROUP_ALIGNMENT
}

/** `words` is the memory of `bytes`; the table of entries at `start + 64` is already there. */
export function writeGroupHeader(
  bytes: Uint8Array,
  words: Int32Array,
  start: number,
  header: GroupHeader,
  checksum: Checksum,
): void {
  const at = start >> 2
  words[at] = GROUP_MAGIC
  words[at + 1] = 0
  words[at + 2] = lowWord(header.sequence)
  words[at + 3] = highWord(header.sequence)
  words[at + 4] = lowWord(header.syncedBefore)
  words[at + 5] = highWord(header.syncedBefore)
  words[at + 6] = header.runEpoch
  words[at + 7] = header.shard
  words[at + 8] = header.entries
  words[at + 9] = header.byteLength
  words.fill(0, at + 10, at + 16)
  words[at + 1] = checksum(bytes, start, GROUP_HEADER_BYTES + header.entries * GROUP_ENTRY_BYTES, 0) | 0
}

export function writeEntry(words: Int32Array, start: number, batch: Batch): void {
  const at = start >> 2
  const log = batch.log
  words[at] = log.topicIdWords[0]!
  words[at + 1] = log.topicIdWords[1]!
  words[at + 2] = log.topicIdWords[2]!
  words[at + 3] = log.topicIdWords[3]!
  words[at + 4] = log.identity.partition
  words[at + 5] = batch.kind
  words[at + 6] = lowWord(batch.baseOffset)
  words[at + 7] = highWord(batch.baseOffset)
  words[at + 8] = batch.length
  words[at + 9] = batch.nextOffset - batch.baseOffset
  words[at + 10] = batch.leaderEpoch
  words[at + 11] = batch.crc
}

/** The header at `start`, or null when no group of ours can begin there. Looks at shape only; see `isTableIntact`. */
export function readGroupHeader(words: Int32Array, start: number, end: number): GroupHeader | null {
  if (start + GROUP_HEADER_BYTES > end) return null
  const at = start >> 2
  if (words[at] !== GROUP_MAGIC) return null
  const entries = words[at + 8]!
  const byteLength = words[at + 9]!
  const tableBytes = GROUP_HEADER_BYTES + entries * GROUP_ENTRY_BYTES
  if (entries < 1 || byteLength < tableBytes || start + byteLength > end) return null
  return {
    sequence: fromWords(words[at + 2]!, words[at + 3]!),
    syncedBefore: fromWords(words[at + 4]!, words[at + 5]!),
    runEpoch: words[at + 6]!,
    shard: words[at + 7]!,
    entries,
    byteLength,
  }
}

export function isTableIntact(
  bytes: Uint8Array,
  words: Int32Array,
  start: number,
  header: GroupHeader,
  checksum: Checksum,
): boolean {
  const at = start >> 2
  const expected = words[at + 1]!
  words[at + 1] = 0
  const actual = checksum(bytes, start, GROUP_HEADER_BYTES + header.entries * GROUP_ENTRY_BYTES, 0) | 0
  words[at + 1] = expected
  return actual === expected
}

export interface GroupEntry {
  topicIdWords: Int32Array
  partition: number
  kind: number
  baseOffset: number
  length: number
  recordCount: number
  leaderEpoch: number
  crc: number
}

export function readEntry(words: Int32Array, start: number): GroupEntry {
  const at = start >> 2
  return {
    topicIdWords: words.slice(at, at + 4),
    partition: words[at + 4]!,
    kind: words[at + 5]!,
    baseOffset: fromWords(words[at + 6]!, words[at + 7]!),
    length: words[at + 8]!,
    recordCount: words[at + 9]!,
    leaderEpoch: words[at + 10]!,
    crc: words[at + 11]!,
  }
}
