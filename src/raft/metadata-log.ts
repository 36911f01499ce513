// The metadata log on disk: `<log.dir>/__cluster_metadata-0` in Apache Kafka's layout, so that its dump tool reads it.
//
// Owned by the control thread's raft driver. One append at a time; a batch is on stable storage when `append` resolves.
//
// Invariants: the log is whole batches without a gap from offset 0, or from below a snapshot's end. A batch is begun only after the one before it is
//             synced; log-scan.ts rests on this. A failed write or sync is thrown and never tried again.

import { assert } from '../lib/assert.ts'
import type { Disk, DiskFile } from '../lib/env.ts'
import { replaceSmallFile } from '../lib/files.ts'
import { dirname, join } from '../lib/paths.ts'
import { METADATA_PARTITION, METADATA_TOPIC } from '../model/ids.ts'
import { METADATA_TOPIC_ID } from '../model/uuid.ts'
import { batchLastOffset, batchLeaderEpoch } from '../wire/record-batch.ts'
import type { Crc32c } from '../wire/record-batch-builder.ts'
import { DamagedLogError, findLaterBatch, type OnBatch, type ScanState, scanSegment } from './log-scan.ts'

const SEGMENT_NAME = /^\d{20}\.log$/
const SEGMENT_BYTES_MAX = 1024 * 1024 * 1024

export interface MetadataLogOptions {
  readonly disk: Disk
  readonly logDirectory: string
  readonly crc32c: Crc32c
  /** The epoch in quorum-state; Infinity if it is not known. */
  readonly epochMax: number
  /** Where a snapshot ends, or 0: batches below it are checked, but not handed over, and may be missing. */
  readonly replayFrom: number
  readonly segmentBytesMax?: number
}

/** Where the log and the quorum's state lie. */
export function metadataDirectory(logDirectory: string): string {
  return join(logDirectory, `${METADATA_TOPIC}-${METADATA_PARTITION}`)
}

export class MetadataLog {
  readonly directory: string
  private readonly disk: Disk
  private readonly crc32c: Crc32c
  private readonly segmentBytesMax: number
  private readonly position: ScanState
  /** Where each leader epoch begins, in order. */
  private readonly epochs: { epoch: number; startOffset: number }[] = []
  private readonly replayFrom: number
  private file: DiskFile | null = null
  /** Base offsets of the segments, in order. */
  private readonly segments: number[] = []
  private totalBytes = 0
  private fileSize = 0

  private constructor(options: MetadataLogOptions) {
    this.disk = options.disk
    this.directory = metadataDirectory(options.logDirectory)
    this.position = { nextOffset: 0, lastEpoch: 0, epochMax: options.epochMax }
    this.replayFrom = options.replayFrom
    this.crc32c = options.crc32c
    this.segmentBytesMax = options.segmentBytesMax ?? SEGMENT_BYTES_MAX
  }

  /** Recovers what is there: hands every batch over in order, cuts a torn tail, and has all of it synced. */
  static async open(options: MetadataLogOptions, onBatch: OnBatch): Promise<MetadataLog> {
    const log = new MetadataLog(options)
    await log.makeDirectory()
    await log.recover(onBatch)
    return log
  }

  /** The offset that the next record gets. */
  get endOffset(): number {
    return this.position.nextOffset
  }

  get lastEpoch(): number {
    return this.position.lastEpoch
  }

  /** Of all segments. */
  get bytes(): number {
    return this.totalBytes
  }

  /** One batch, from `endOffset` on. */
  async append(batch: Uint8Array, recordCount: number, epoch: number): Promise<void> {
    assert(epoch >= this.lastEpoch, 'epochs never go back')
    if (this.fileSize > 0 && this.fileSize + batch.length > this.segmentBytesMax) await this.roll()
    assert(this.file !== null, 'an open log has a file')
    await this.file.write(batch, this.fileSize)
    await this.file.sync()
    this.fileSize += batch.length
    this.totalBytes += batch.length
    this.noteEpoch(epoch)
    this.position.nextOffset += recordCount
    this.position.lastEpoch = epoch
  }

  /** Kafka's `leader-epoch-checkpoint`. Derived from the log, so a lost one costs nothing. */
  async writeEpochs(): Promise<void> {
    const lines = this.epochs.map(({ epoch, startOffset }) => `${epoch} ${startOffset}\n`)
    const content = `0\n${lines.length}\n${lines.join('')}`
    await replaceSmallFile(this.disk, join(this.directory, 'leader-epoch-checkpoint'), content)
  }

  /** A durable snapshot stands for everything below `endOffset`: the segments are no longer needed. */
  async dropWhatIsInSnapshot(): Promise<void> {
    if (this.fileSize > 0) await this.roll()
    for (const base of this.segments.splice(0, this.segments.length - 1)) {
      await this.disk.remove(join(this.directory, segmentName(base)))
      // One by one: a later segment must not be gone while an earlier one is still there.
      await this.disk.syncDirectory(this.directory)
    }
    this.totalBytes = 0
  }

  async close(): Promise<void> {
    await this.file?.close()
    this.file = null
  }

  private async makeDirectory(): Promise<void> {
    const { disk, directory } = this
    await disk.makeDirectory(directory)
    await disk.syncDirectory(dirname(directory))
    const path = join(directory, 'partition.metadata')
    if (await disk.exists(path)) return
    await replaceSmallFile(disk, path, `version: 0\ntopic_id: ${METADATA_TOPIC_ID}\n`)
  }

  private async recover(onBatch: OnBatch): Promise<void> {
    const names = (await this.disk.list(this.directory)).filter((name) => SEGMENT_NAME.test(name))
    const whole: OnBatch = (bytes, view, at) => {
      // `position` is still that of the batch's first record.
      this.noteEpoch(batchLeaderEpoch(view, at))
      if (batchLastOffset(view, at) >= this.replayFrom) onBatch(bytes, view, at)
    }
    if (names.length === 0) this.position.nextOffset = this.replayFrom
    for (const [index, name] of names.entries()) {
      const path = join(this.directory, name)
      const base = Number(name.slice(0, -'.log'.length))
      if (index === 0 && base <= this.replayFrom) this.position.nextOffset = base
      if (base !== this.endOffset) {
        const what = index === 0 ? 'and no snapshot that reaches it' : 'the segment before it is missing'
        throw new DamagedLogError(path, 0, `its offset does not follow ${this.endOffset}: ${what}`)
      }
      await this.file?.close()
      this.file = await this.disk.open(path, 'write')
      this.segments.push(base)
      this.fileSize = await scanSegment(this.file, this.position, this.crc32c, whole)
      this.totalBytes += this.fileSize
      await this.cutTornTail(this.file, index === names.length - 1)
    }
    if (this.file === null) await this.roll()
    if (this.endOffset < this.replayFrom) {
      throw new DamagedLogError(
        this.directory,
        0,
        `the log ends at ${this.endOffset}, the snapshot at ${this.replayFrom}`,
      )
    }
  }

  private async cutTornTail(file: DiskFile, isLast: boolean): Promise<void> {
    const size = await file.size()
    if (this.fileSize < size) {
      const later = isLast ? await findLaterBatch(file, this.fileSize + 1, this.position, this.crc32c) : this.fileSize
      if (later >= 0) {
        const what = `a batch at offset ${this.endOffset} was written whole, as more was written after it`
        throw new DamagedLogError(file.path, this.fileSize, what)
      }
      await file.truncate(this.fileSize)
    }
    // Also without a cut: the last process may have died between write and sync, and readers may rely on it from here on.
    await file.sync()
  }

  /** Begins a new segment; all before it is synced. */
  private async roll(): Promise<void> {
    await this.file?.close()
    this.file = await this.disk.open(join(this.directory, segmentName(this.endOffset)), 'new')
    this.fileSize = 0
    this.segments.push(this.endOffset)
    await this.disk.syncDirectory(this.directory)
  }

  private noteEpoch(epoch: number): void {
    if (this.epochs.at(-1)?.epoch !== epoch) this.epochs.push({ epoch, startOffset: this.endOffset })
  }
}

function segmentName(baseOffset: number): string {
  return `${String(baseOffset).padStart(20, '0')}.log`
}
