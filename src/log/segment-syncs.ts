// Syncs of segment files, on a thread of their own: a sync of much that the kernel has not written back takes long, and no
// write may wait behind it.
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
  readonly #writer: DiskWriter
  readonly #files: SegmentFiles
  readonly #holds: DescriptorHolds

  /** `writer` is of a queue that has no writes. */
  constructor(disk: Disk, writer: DiskWriter, files: SegmentFiles, holds: DescriptorHolds) {
    this.#disk = disk
    this.#writer = writer
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
      await this.#writer.write(file.descriptor, 0, NOTHING, 0, DISK_SYNC)
      if (!segment.isNameDurable) await this.#disk.syncDirectory(segment.identity.directory)
      segment.isNameDurable = true
      segment.syncedBytes = Math.max(segment.syncedBytes, drained)
    } finally {
      this.#holds.release(holder)
    }
  }
}
