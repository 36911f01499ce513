// Writes a shard's checkpoints: a base into one slot, deltas behind it, and when those weigh more than the base, a new base
// into the other slot.
//
// Owner: the shard. One part at a time. A part is written in pieces, its header last, then synced: the loop is never held
// up for longer than a piece takes to encode. A write that failed leaves a part that does not count; the next start ends
// before it.
import { LIMITS } from '../config/limits.ts'
import type { Disk, DiskFile } from '../lib/env.ts'
import { CHECKPOINT_SLOTS, checkpointPath, type PartitionCheckpoint } from './checkpoint.ts'
import {
  encodeKey,
  encodePartHeader,
  encodeRow,
  PART_BASE,
  PART_DELTA,
  PART_HEADER_BYTES,
  type PartHeader,
  type PartitionKey,
  REMOVED_BYTES,
  rowBytes,
} from './checkpoint-part.ts'
import type { Checksum } from './group.ts'

/** Rows as of one moment, taken one by one while others change; then the partitions that are gone. */
export interface CheckpointRows {
  /** Null when there is none left. */
  next(): PartitionCheckpoint | null
  readonly removed: readonly PartitionKey[]
}

export interface CheckpointWriterOptions {
  disk: Disk
  directory: string
  shard: number
  shards: number
  runEpoch: number
  /** Of the checkpoint that recovery read, which is not written over; 0 and -1 if there was none. */
  lastGeneration: number
  lastSlot: number
  /** Deltas may weigh that much, or as much as their base, before there is a new base. */
  deltaBytesMin: number
  checksum: Checksum
}

export class CheckpointWriter {
  readonly #options: CheckpointWriterOptions
  #generation: number
  #slot: number
  /** Where the next delta goes. */
  #end = 0
  #baseBytes = 0
  bytesWritten = 0
  basesWritten = 0

  constructor(options: CheckpointWriterOptions) {
    this.#options = options
    this.#generation = options.lastGeneration
    this.#slot = options.lastSlot
  }

  /** Whether the next part must have every partition: a run begins with one. */
  get isBaseDue(): boolean {
    const deltaBytes = this.#end - this.#baseBytes
    return this.#end === 0 || deltaBytes > Math.max(this.#baseBytes, this.#options.deltaBytesMin)
  }

  /**
   * Durable when it resolves. `rows` are all of them if a base is due, else those that changed. `unsyncedSequence`: every
   * group before it is synced.
   */
  async write(replayFromSequence: number, unsyncedSequence: number, rows: CheckpointRows): Promise<void> {
    const { disk, directory, shard } = this.#options
    const isBase = this.isBaseDue
    const slot = isBase ? (this.#slot + 1) % CHECKPOINT_SLOTS : this.#slot
    const start = isBase ? 0 : this.#end
    const file = await disk.open(checkpointPath(directory, shard, slot), 'write')
    try {
      if (isBase) await file.truncate(0)
      const body = new Body(file, start + PART_HEADER_BYTES, this.#options.checksum)
      await body.write(rows)
      const header = this.#header(isBase, replayFromSequence, unsyncedSequence, body)
      await file.write(encodePartHeader(header, this.#options.checksum), start)
      await file.sync()
      if (isBase) await disk.syncDirectory(directory)
      this.#end = body.position
    } finally {
      await file.close()
    }
    this.#generation++
    this.bytesWritten += this.#end - start
    if (!isBase) return
    this.#slot = slot
    this.#baseBytes = this.#end
    this.basesWritten++
  }

  #header(isBase: boolean, replayFromSequence: number, unsyncedSequence: number, body: Body): PartHeader {
    const { runEpoch, shard, shards } = this.#options
    return {
      kind: isBase ? PART_BASE : PART_DELTA,
      generation: this.#generation + 1,
      replayFromSequence,
      unsyncedSequence,
      bodyBytes: body.byteLength,
      bodyChecksum: body.checksum,
      runEpoch,
      shard,
      shards,
      rows: body.rows,
      removed: body.removed,
    }
  }
}

/** A part's body on its way to the file. */
class Body {
  readonly #file: DiskFile
  readonly #crc: Checksum
  #piece = new Uint8Array(LIMITS.checkpointPieceBytes)
  #view = new DataView(this.#piece.buffer)
  #filled = 0
  /** Behind what is written. */
  position: number
  byteLength = 0
  checksum = 0
  rows = 0
  removed = 0

  constructor(file: DiskFile, position: number, checksum: Checksum) {
    this.#file = file
    this.#crc = checksum
    this.position = position
  }

  async write(rows: CheckpointRows): Promise<void> {
    for (let row = rows.next(); row !== null; row = rows.next()) {
      await this.#makeRoom(rowBytes(row))
      this.#filled = encodeRow(this.#view, this.#filled, row)
      this.rows++
    }
    for (const key of rows.removed) {
      await this.#makeRoom(REMOVED_BYTES)
      encodeKey(this.#view, this.#filled, key)
      this.#filled += REMOVED_BYTES
      this.removed++
    }
    await this.#flush()
  }

  async #makeRoom(bytes: number): Promise<void> {
    if (this.#filled + bytes <= this.#piece.length) return
    await this.#flush()
    if (bytes <= this.#piece.length) return
    this.#piece = new Uint8Array(bytes)
    this.#view = new DataView(this.#piece.buffer)
  }

  async #flush(): Promise<void> {
    if (this.#filled === 0) return
    this.checksum = this.#crc(this.#piece, 0, this.#filled, this.checksum)
    await this.#file.write(this.#piece.subarray(0, this.#filled), this.position)
    this.position += this.#filled
    this.byteLength += this.#filled
    this.#filled = 0
  }
}
