// Finds the bytes that answer a fetch: near the end in memory, else in a segment file. It reads no record bytes itself;
// in a file it looks at batch headers, to begin at the batch that holds the offset.
//
// Owner: the shard of the partition. Results are slice tables (memory/slices.ts), held for whoever asked.
import type { Disk, DiskFile } from '../lib/env.ts'
import type { DescriptorHolds } from '../memory/descriptor-holds.ts'
import type { SliceTables } from '../memory/slices.ts'
import { batchHeaders, loadIndexes } from './index-files.ts'
import type { PartitionLog } from './partition-log.ts'
import type { Segment } from './segment.ts'
import type { SegmentFiles } from './segment-files.ts'

const ROWS_MAX = 1024
/** About what lies between two index entries. */
const LOCATE_BYTES = 4096

export class LogReader {
  readonly #disk: Disk
  readonly #files: SegmentFiles
  readonly #tables: SliceTables
  readonly #holds: DescriptorHolds

  constructor(disk: Disk, files: SegmentFiles, tables: SliceTables, holds: DescriptorHolds) {
    this.#disk = disk
    this.#files = files
    this.#tables = tables
    this.#holds = holds
  }

  /** Whether `offset`, which is below the high watermark, is in memory. */
  isInMemory(log: PartitionLog, offset: number): boolean {
    return log.tail !== null && log.tail.indexOf(offset) >= 0
  }

  /**
   * Fills a table with whole batches from the one that holds `offset` on, up to the high watermark and `bytesMax`, the
   * first one whatever its size. False when the arena has no block for the table.
   */
  readMemory(log: PartitionLog, offset: number, bytesMax: number): boolean {
    const tail = log.tail!
    const tables = this.#tables
    if (!tables.begin(Math.min(ROWS_MAX, tail.count))) return false
    for (let i = tail.indexOf(offset); i < tail.count && tables.count < ROWS_MAX; i++) {
      const batch = tail.at(i)
      if (batch.nextOffset > log.highWatermark) break
      if (tables.byteLength > 0 && tables.byteLength + batch.length > bytesMax) break
      tables.addMemory(batch.arena, batch.offset, batch.length, batch.block)
    }
    tables.end()
    return true
  }

  /**
   * As `readMemory`, from the segment file that holds `offset`, when nothing has to be waited for: the file is open and
   * the index, or a write of late, knows where the batch that begins at `offset` lies. So it is for a consumer that goes on
   * where its last answer ended. False when it takes `readFile`.
   */
  readOpenFile(log: PartitionLog, offset: number, bytesMax: number): boolean {
    const segment = log.segmentOf(offset)
    const file = this.#files.fileOf(segment)
    const position = positionOf(log, segment, offset)
    if (file === null || position < 0 || position >= segment.drainedBytes || !this.#files.mayHold(segment)) return false
    const end = endOfAnswer(segment, position, 0, bytesMax)
    // The first batch is longer than `bytesMax`: its header says how long.
    if (end === position || !this.#tables.begin(1)) return false
    this.#tables.addFile(file.descriptor, this.#files.holderOf(segment), position, end - position)
    this.#tables.end()
    return true
  }

  /**
   * As `readMemory`, from the segment file that holds `offset`; the answer ends on a batch boundary that the index knows.
   * `onTable` is called with the table while it is the open one. False also when the log was closed meanwhile, or when
   * slow readers hold too many files.
   */
  async readFile(
    log: PartitionLog,
    offset: number,
    bytesMax: number,
    onTable: (tables: SliceTables) => void,
  ): Promise<boolean> {
    const segment = log.segmentOf(offset)
    const file = await this.#files.openToRead(segment)
    if (file === null) return false
    // From here on the descriptor can't be closed under us.
    const holder = this.#files.holderOf(segment)
    this.#holds.hold(holder)
    try {
      if (segment.offsetIndex === null) await loadIndexes(this.#disk, segment, file, log.config.indexIntervalBytes)
      const first = await this.#locate(log, segment, file, offset)
      if (first === null || log.isClosed) return false
      const end = endOfAnswer(segment, first.position, first.length, bytesMax)
      if (!this.#tables.begin(1)) return false
      this.#tables.addFile(file.descriptor, holder, first.position, end - first.position)
      this.#tables.end()
      onTable(this.#tables)
      return true
    } finally {
      this.#holds.release(holder)
    }
  }

  /** The first batch of the segment whose last offset is not below `offset`. */
  async #locate(
    log: PartitionLog,
    segment: Segment,
    file: DiskFile,
    offset: number,
  ): Promise<{ position: number; length: number } | null> {
    const start = segment.offsetIndex!.floorPosition(offset - segment.baseOffset)
    for await (const header of batchHeaders(file, start, segment.drainedBytes, LOCATE_BYTES)) {
      if (header.lastOffset >= offset) return header
    }
    // Offsets may end early in a segment (compaction): go on in the next one that is drained.
    const next = log.segments[log.segments.indexOf(segment) + 1]
    if (next === undefined || next.drainedBytes === 0) return null
    throw new Error(`${segment.path}: no batch holds offset ${offset}`)
  }
}

function positionOf({ recentWrites }: PartitionLog, { offsetIndex, baseOffset }: Segment, offset: number): number {
  if (offsetIndex === null) return -1
  const position = offsetIndex.positionOfBatch(offset - baseOffset)
  return position < 0 && recentWrites !== null ? recentWrites.positionOf(offset) : position
}

function endOfAnswer(segment: Segment, position: number, firstLength: number, bytesMax: number): number {
  const firstEnd = position + firstLength
  const limit = Math.min(position + bytesMax, segment.drainedBytes)
  if (limit >= segment.drainedBytes) return segment.drainedBytes
  return Math.max(firstEnd, segment.offsetIndex!.floorBoundary(limit))
}
