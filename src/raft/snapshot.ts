// Snapshots of the metadata: Kafka's `<offset>-<epoch>.checkpoint` beside the log. A snapshot stands for all records
// below its offset, so the segments below it can go, and a start reads it instead of them.
//
// Control thread. A snapshot is written under another name, synced and renamed: one that has its name is whole.
import type { Disk } from '../lib/env.ts'
import { join } from '../lib/paths.ts'
import type { MetadataBatch } from '../metadata/image.ts'
import type { MetadataRecord } from '../wire/generated/metadata-records.ts'
import type { Crc32c } from '../wire/record-batch-builder.ts'
import { DamagedLogError, scanSegment } from './log-scan.ts'
import { MetadataDecoder, type MetadataEncoder } from './record-codec.ts'

const NAME = /^(\d{20})-(\d{10})\.checkpoint$/
const PART = '.part'
/** What a crash left of a snapshot. */
const UNFINISHED = `.checkpoint${PART}`
const BATCH_RECORDS_MAX = 10_000

export interface SnapshotId {
  /** All records below this are in it. */
  readonly endOffset: number
  /** Of the last record in it. */
  readonly epoch: number
}

function nameOf({ endOffset, epoch }: SnapshotId): string {
  return `${String(endOffset).padStart(20, '0')}-${String(epoch).padStart(10, '0')}.checkpoint`
}

/** By rising offset. Kafka's formatting leaves one that ends at 0: it has no metadata. */
async function listSnapshots(disk: Disk, directory: string): Promise<SnapshotId[]> {
  if (!(await disk.exists(directory))) return []
  return (await disk.list(directory)).flatMap((name) => snapshotId(name) ?? [])
}

function snapshotId(name: string): SnapshotId | null {
  const match = NAME.exec(name)
  return match === null || Number(match[1]) === 0 ? null : { endOffset: Number(match[1]), epoch: Number(match[2]) }
}

/** The last one as if its records had been one batch of the log; null if there is none. */
export async function readLatestSnapshot(disk: Disk, directory: string, crc32c: Crc32c): Promise<MetadataBatch | null> {
  const latest = (await listSnapshots(disk, directory)).at(-1)
  if (latest === undefined) return null
  const file = await disk.open(join(directory, nameOf(latest)), 'read')
  try {
    const decoder = new MetadataDecoder()
    const records: MetadataRecord[] = []
    let complete = false
    const state = { nextOffset: 0, lastEpoch: 0, epochMax: latest.epoch }
    const end = await scanSegment(file, state, crc32c, (bytes, view, at) => {
      complete = decoder.isSnapshotFooter(bytes, view, at)
      for (const record of decoder.decode(bytes, view, at).records) records.push(record)
    })
    if (end < (await file.size()) || !complete) throw new DamagedLogError(file.path, end, 'a snapshot ends early')
    return { offset: latest.endOffset - 1, epoch: latest.epoch, records }
  } finally {
    await file.close()
  }
}

/** Durable when it resolves; the snapshots before it are gone then. */
export async function writeSnapshot(
  disk: Disk,
  directory: string,
  id: SnapshotId,
  records: Iterable<MetadataRecord>,
  encoder: MetadataEncoder,
  wallMs: number,
): Promise<void> {
  const path = join(directory, nameOf(id))
  const batches = encode(id, records, encoder, wallMs)
  const file = await disk.open(`${path}${PART}`, 'write')
  try {
    await file.truncate(0)
    let position = 0
    for (const batch of batches) {
      await file.write(batch, position)
      position += batch.length
    }
    await file.sync()
  } finally {
    await file.close()
  }
  await disk.rename(`${path}${PART}`, path)
  await disk.syncDirectory(directory)
  for (const name of await disk.list(directory)) {
    const isOlder = snapshotId(name) !== null && name !== nameOf(id)
    if (isOlder || name.endsWith(UNFINISHED)) await disk.remove(join(directory, name))
  }
}

/** All at once: the records are read from what may change with the next await. */
function encode(
  id: SnapshotId,
  records: Iterable<MetadataRecord>,
  encoder: MetadataEncoder,
  wallMs: number,
): Uint8Array[] {
  const batches = [encoder.snapshotHeader(0, id.epoch, wallMs).slice()]
  let offset = 1
  for (const part of inParts(records)) {
    encoder.begin(offset, id.epoch)
    for (const record of part) encoder.add(record, wallMs)
    batches.push(encoder.finish().slice())
    offset += part.length
  }
  batches.push(encoder.snapshotFooter(offset, id.epoch, wallMs).slice())
  return batches
}

function* inParts(records: Iterable<MetadataRecord>): Generator<MetadataRecord[]> {
  let part: MetadataRecord[] = []
  for (const record of records) {
    part.push(record)
    if (part.length === BATCH_RECORDS_MAX) {
      yield part
      part = []
    }
  }
  if (part.length > 0) yield part
}
