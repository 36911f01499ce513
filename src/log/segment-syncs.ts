// Syncs of segment files, on threads of their own: a sync of much that the kernel has not written back takes long, no write
// may wait behind it, and several at once share the disk's flushes.
//
// Owner: the shard.
import type { Disk } from '../lib/env.ts'
import type { DescriptorHolds } from '../memory/descriptor-holds.ts'
import { DISK_SYNC } from '../native/contract.ts'
import type { DiskWriter } from './disk-writer.ts'
import type { Segment } from './segment.ts'
import type { SegmentFiles } from './segment-files.ts'

const NOTHING = new Int32Array(0)

export class SegmentSyncs {
  readonly #disk: Disk
  readonly #writers: readonly DiskWriter[]
  readonly #files: SegmentFiles
  readonly #holds: DescriptorHolds
  #count = 0

  /** `writers` are of queues that have no writes. */
  constructor(disk: Disk, writers: readonly DiskWriter[], files: SegmentFiles, holds: DescriptorHolds) {
    this.#disk = disk
    this.#writers = writers
    this.#files = files
    this.#holds = holds
  }

  /**
   * Resolves when all that was written to the file by now survives a power cut, and so does its name; at once when the
   * segment is deleted.
   */
  async sync(segment: Segment): Promise<void> {
    const file = this.#files.fileOf(segment) ?? (await this.#files.open(segment))
    if (file === null) return
    const holder = this.#files.holderOf(segment)
    this.#holds.hold(holder)
    try {
      const drained = segment.drainedBytes
      const writer = this.#writers[this.#count++ % this.#writers.length]!
      await writer.write(file.descriptor, 0, NOTHING, 0, DISK_SYNC)
      if (!segment.isNameDurable) await this.#disk.syncDirectory(segment.identity.directory)
      segment.isNameDurable = true
      segment.syncedBytes = Math.max(segment.syncedBytes, drained)
    } finally {
      this.#holds.release(holder)
    }
  }
}
