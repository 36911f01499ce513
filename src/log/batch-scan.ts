// Reads a log from its start to its end, whole batches at a time: for those who keep a state that the log tells, as
// coordinators do. Not for fetches: this copies.
//
// Owner: the shard of the partition. What is in memory is drained first, so that the segment files are all of it.
import type { DescriptorHolds } from '../memory/descriptor-holds.ts'
import { BATCH_HEADER_BYTES, batchBytes } from '../wire/record-batch.ts'
import type { Drainer } from './drainer.ts'
import type { PartitionLog } from './partition-log.ts'
import type { Segment } from './segment.ts'
import type { SegmentFiles } from './segment-files.ts'

export class BatchScan {
  readonly #drainer: Drainer
  readonly #files: SegmentFiles
  readonly #holds: DescriptorHolds

  constructor(drainer: Drainer, files: SegmentFiles, holds: DescriptorHolds) {
    this.#drainer = drainer
    this.#files = files
    this.#holds = holds
  }

  /**
   * Everything that is durable now, as runs of whole batches of about `bytesMax`, more if one batch is longer. Each is an
   * array of its own. Rejects when a segment holds what is no
   * batch, and when nothing can be drained any more.
   */
  async *runs(log: PartitionLog, bytesMax: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    await this.#drainer.drainTo(log, log.durableOffset)
    for (const segment of [...log.segments]) {
      let position = 0
      while (position < segment.drainedBytes && !segment.isGone) {
        const run = await this.#read(segment, position, bytesMax)
        if (run === null) break
        position += run.length
        yield run
      }
    }
  }

  /** Null when the segment is deleted. */
  async #read(segment: Segment, position: number, bytesMax: number): Promise<Uint8Array<ArrayBuffer> | null> {
    const file = await this.#files.open(segment)
    if (file === null) return null
    const holder = this.#files.holderOf(segment)
    this.#holds.hold(holder)
    try {
      const left = segment.drainedBytes - position
      let bytes = new Uint8Array(Math.min(left, Math.max(bytesMax, BATCH_HEADER_BYTES)))
      let length = wholeBatches(bytes.subarray(0, await file.read(bytes, position)))
      if (length === 0) {
        const firstLength = bytes.length < BATCH_HEADER_BYTES ? 0 : batchBytes(new DataView(bytes.buffer), 0)
        if (firstLength <= bytes.length || firstLength > left)
          throw new Error(`${segment.path}: no batch at ${position}`)
        bytes = new Uint8Array(firstLength)
        length = await file.read(bytes, position)
        if (length < firstLength) throw new Error(`${segment.path}: ends within the batch at ${position}`)
      }
      return bytes.subarray(0, length)
    } finally {
      this.#holds.release(holder)
    }
  }
}

/** How many of the bytes are whole batches, as far as lengths say. */
function wholeBatches(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  while (at + BATCH_HEADER_BYTES <= bytes.length) {
    const length = batchBytes(view, at)
    if (length < BATCH_HEADER_BYTES || at + length > bytes.length) break
    at += length
  }
  return at
}
