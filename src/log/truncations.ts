// Cuts a log: what is at or behind an offset goes, as a follower must have it go when its leader never had it.
//
// Owner: the shard. Nothing is appended meanwhile. In order: everything is in segments, synced up to the cut; the journal
// has the record; in that moment the log ends there; then the files are cut. Recovery cuts them too, and takes from the
// journal only what came after the record: so it does not matter how far this got.
import { ENTRY_TRUNCATE } from '../journal/group.ts'
import { assert } from '../lib/assert.ts'
import type { Disk, DiskFile } from '../lib/env.ts'
import type { DescriptorHolds } from '../memory/descriptor-holds.ts'
import type { ControlRecords } from './control-records.ts'
import type { Drainer } from './drainer.ts'
import { batchHeaders, loadIndexes, storeIndexes } from './index-files.ts'
import type { PartitionLog } from './partition-log.ts'
import { Segment } from './segment.ts'
import { removeSegmentFiles, type SegmentFiles } from './segment-files.ts'

export interface TruncationsOptions {
  disk: Disk
  files: SegmentFiles
  holds: DescriptorHolds
  drainer: Drainer
  records: ControlRecords
}

export class Truncations {
  readonly #options: TruncationsOptions

  constructor(options: TruncationsOptions) {
    this.#options = options
  }

  /**
   * Cuts the log before the batch that holds `offset`, and resolves to where it ends then. Rejects when the disk fails:
   * the log directory is lost for this process.
   */
  async truncate(log: PartitionLog, offset: number): Promise<number> {
    const { drainer, records } = this.#options
    assert(offset >= log.logStartOffset, 'a log is not cut before its start')
    // What came after the cut would not be in the journal.
    assert(!log.isDirect, 'a direct log is not cut')
    if (offset >= log.endOffset) return log.endOffset
    log.isTruncating = true
    try {
      await log.durable(log.endOffset)
      await drainer.drainTo(log, log.endOffset)
      const old = log.segmentOf(offset)
      const cut = await this.#segmentCut(log, old, offset)
      if (cut === null) return log.endOffset
      let gone: Segment[] = []
      await records.write(log, ENTRY_TRUNCATE, cut.endOffset, () => {
        if (!log.isClosed) gone = log.truncateTo(cut.endOffset, cut.segment)
      })
      await this.#cutFiles(log, gone)
      return log.endOffset
    } finally {
      log.isTruncating = false
    }
  }

  /** What is left of the segment, its bytes synced; null if the log is closed. */
  async #segmentCut(
    log: PartitionLog,
    old: Segment,
    offset: number,
  ): Promise<{ segment: Segment; endOffset: number } | null> {
    const { disk } = this.#options
    await storeIndexes(disk, old)
    return this.#withFile(old, async (file) => {
      await file.sync()
      const end = await endBefore(file, old.baseOffset, old.drainedBytes, offset)
      const segment = new Segment(old.identity, old.baseOffset, end.position)
      segment.isNameDurable = old.isNameDurable
      if (end.position > 0) segment.firstTimestamp = old.firstTimestamp
      await loadIndexes(disk, segment, file, log.config.indexIntervalBytes, end.offset)
      return { segment, endOffset: end.offset }
    })
  }

  /** The first of `gone` is cut, the others go. */
  async #cutFiles(log: PartitionLog, gone: readonly Segment[]): Promise<void> {
    const { disk, files, drainer } = this.#options
    for (const segment of gone.toReversed()) {
      await drainer.leave(segment)
      await files.forget(segment)
      if (segment !== gone[0]) await removeSegmentFiles(disk, log.identity.directory, segment.baseOffset)
    }
    await this.#withFile(log.active, async (file) => {
      await file.truncate(log.active.drainedBytes)
      await file.sync()
    })
  }

  /** Null if the segment is gone. */
  async #withFile<Result>(segment: Segment, use: (file: DiskFile) => Promise<Result>): Promise<Result | null> {
    const { files, holds } = this.#options
    const file = await files.open(segment)
    if (file === null) return null
    const holder = files.holderOf(segment)
    holds.hold(holder)
    try {
      return await use(file)
    } finally {
      holds.release(holder)
    }
  }
}

/** Where the last batch of a segment's file ends that ends before `offset`, or at it. */
export async function endBefore(
  file: DiskFile,
  segmentBaseOffset: number,
  segmentBytes: number,
  offset: number,
): Promise<{ position: number; offset: number }> {
  const end = { position: 0, offset: segmentBaseOffset }
  for await (const { lastOffset, position, length } of batchHeaders(file, 0, segmentBytes)) {
    if (lastOffset >= offset) break
    end.position = position + length
    end.offset = lastOffset + 1
  }
  return end
}
