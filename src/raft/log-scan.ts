// Walks a segment of the metadata log at start, batch by batch, and tells a torn tail from damage.
//
// Each batch is written and synced before the next is begun. So whatever stands before a valid batch was once whole on
// disk: if it is not now, it is damage, and cutting there would lose what was acknowledged. Only an invalid batch with
// nothing valid behind it may be the one that a crash interrupted.
//
// Control thread. Memory: a window, grown to the largest batch.
import type { DiskFile } from '../lib/env.ts'
import {
  BATCH_CRC_FROM,
  BATCH_HEADER_BYTES,
  BATCH_MAGIC,
  batchBaseOffset,
  batchBytes,
  batchCompression,
  batchCrc,
  batchLastOffset,
  batchLastOffsetDelta,
  batchLeaderEpoch,
  batchMagic,
  batchRecordCount,
} from '../wire/record-batch.ts'
import type { Crc32c } from '../wire/record-batch-builder.ts'

const WINDOW_BYTES = 1024 * 1024
/** What a disk writes whole or not at all. */
const SECTOR_BYTES = 512
const BASE_OFFSET_BYTES = 8

/** The log holds something else than was written. Names file and position; never repaired by cutting. */
export class DamagedLogError extends Error {
  override name = 'DamagedLogError'
  readonly file: string
  readonly position: number

  constructor(file: string, position: number, what: string) {
    super(`${file} is damaged at position ${position}: ${what}`)
    this.file = file
    this.position = position
  }
}

export interface ScanState {
  /** The offset that the next batch must have. */
  nextOffset: number
  lastEpoch: number
  /** No batch can have a later one: the epoch is on disk in quorum-state before any batch bears it. */
  readonly epochMax: number
}

export type OnBatch = (bytes: Uint8Array, view: DataView, at: number) => void

/** Returns where the valid batches end; moves `state` along. */
export async function scanSegment(file: DiskFile, state: ScanState, crc32c: Crc32c, onBatch: OnBatch): Promise<number> {
  const size = await file.size()
  const window = new Window(file, size)
  let position = 0
  while (position < size) {
    const at = await window.show(position, BATCH_HEADER_BYTES)
    if (at < 0) break
    const length = batchBytes(window.view, at)
    if (length < BATCH_HEADER_BYTES || length > size - position) break
    const start = await window.show(position, length)
    if (!isWhole(window.bytes, window.view, start, length, crc32c)) break
    const offset = batchBaseOffset(window.view, start)
    if (offset !== state.nextOffset && spansSectors(position, BASE_OFFSET_BYTES)) break
    const contradiction = contradictionOf(window.view, start, state)
    if (contradiction !== null) throw new DamagedLogError(file.path, position, contradiction)
    onBatch(window.bytes, window.view, start)
    state.nextOffset = batchLastOffset(window.view, start) + 1
    state.lastEpoch = batchLeaderEpoch(window.view, start)
    position += length
  }
  return position
}

/** The position of a whole batch at or behind `from` that belongs to this log, or -1. */
export async function findLaterBatch(file: DiskFile, from: number, state: ScanState, crc32c: Crc32c): Promise<number> {
  const size = await file.size()
  const window = new Window(file, size)
  for (let position = from; position + BATCH_HEADER_BYTES <= size; position++) {
    const at = await window.show(position, BATCH_HEADER_BYTES)
    if (batchMagic(window.view, at) !== BATCH_MAGIC || batchBaseOffset(window.view, at) < state.nextOffset) continue
    const length = batchBytes(window.view, at)
    if (length < BATCH_HEADER_BYTES || length > size - position) continue
    const start = await window.show(position, length)
    if (isWhole(window.bytes, window.view, start, length, crc32c)) return position
  }
  return -1
}

function isWhole(bytes: Uint8Array, view: DataView, at: number, length: number, crc32c: Crc32c): boolean {
  return (
    batchMagic(view, at) === BATCH_MAGIC &&
    crc32c(bytes, at + BATCH_CRC_FROM, length - BATCH_CRC_FROM, 0) === batchCrc(view, at)
  )
}

/**
 * The CRC does not cover base offset and leader epoch. With the CRC right and the length as well, which lies between the
 * two, a torn write can only have lost the first bytes of the offset, and only if a sector ends within it.
 */
function contradictionOf(view: DataView, at: number, state: ScanState): string | null {
  const offset = batchBaseOffset(view, at)
  const epoch = batchLeaderEpoch(view, at)
  if (offset !== state.nextOffset) return `a batch has the offset ${offset} instead of ${state.nextOffset}`
  if (epoch < state.lastEpoch || epoch > state.epochMax) {
    return `a batch has the epoch ${epoch}, which is not between ${state.lastEpoch} and ${state.epochMax}`
  }
  if (batchRecordCount(view, at) !== batchLastOffsetDelta(view, at) + 1) return 'a batch has offsets without a record'
  return batchCompression(view, at) === 0 ? null : 'a batch is compressed, as none in this log is'
}

function spansSectors(position: number, length: number): boolean {
  return Math.floor(position / SECTOR_BYTES) !== Math.floor((position + length - 1) / SECTOR_BYTES)
}

/** A part of the file in memory that moves forward with the reader. */
class Window {
  bytes = new Uint8Array(WINDOW_BYTES)
  view = new DataView(this.bytes.buffer)
  private readonly file: DiskFile
  private readonly fileSize: number
  private from = 0
  private filled = 0

  constructor(file: DiskFile, fileSize: number) {
    this.file = file
    this.fileSize = fileSize
  }

  /** Has `length` bytes from `position` in `bytes`; returns their index there, or -1 if the file is too short. */
  async show(position: number, length: number): Promise<number> {
    if (position + length > this.fileSize) return -1
    if (position < this.from || position + length > this.from + this.filled) {
      if (length > this.bytes.length) {
        this.bytes = new Uint8Array(length)
        this.view = new DataView(this.bytes.buffer)
      }
      this.from = position
      this.filled = await this.file.read(this.bytes, position)
      if (this.filled < length) return -1
    }
    return position - this.from
  }
}
