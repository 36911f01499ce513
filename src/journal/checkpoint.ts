// What recovery may take for granted: for each partition of a shard how far its segments are synced, and from which
// journal sequence on groups must be replayed.
//
// Two slots, a file each, written in turn. A slot is a base with a row for every partition, and deltas behind it with the
// rows that changed since: a checkpoint costs what changed. A torn delta is where the slot ends; while a base is written
// the other slot holds. The bytes are in checkpoint-part.ts.
//
// Invariant: a run's checkpoints count only once every shard of that run has one. A start that got no further leaves the
// run before it as it was: its checkpoints in the other slots, its journals untouched.
import type { Disk, DiskFile } from '../lib/env.ts'
import type { ProducerBatch } from '../log/producer-state.ts'
import {
  decodeBody,
  decodePartHeader,
  PART_BASE,
  PART_DELTA,
  PART_HEADER_BYTES,
  type PartBody,
  type PartHeader,
  type PartitionKey,
} from './checkpoint-part.ts'
import type { Checksum } from './group.ts'

/** A partition's row. */
export interface PartitionCheckpoint {
  topicId: string
  partition: number
  /**
   * `os`: what is in the segments beyond `drainedOffset` is to be believed as far as it is whole, for no journal need have
   * it. Else the journal has all that is beyond.
   */
  durability?: 'os'
  logStartOffset: number
  /** Everything before it is in segments, synced. */
  drainedOffset: number
  /** Not before the drained offset was it this; it may be more by now. */
  highWatermark: number
  /** The base offset of the segment that `drainedOffset` falls in, and where in its file. */
  segmentBaseOffset: number
  segmentBytes: number
  segmentFirstTimestamp: number
  segmentLargestTimestamp: number
  segmentLargestTimestampOffset: number
  leaderEpochs: [number, number][]
  producers: { producerId: number; epoch: number; lastTimestamp: number; batches: ProducerBatch[] }[]
}

/** What a shard's slot says, base and deltas together. */
export interface Checkpoint {
  /** Counts the starts of this data directory. */
  runEpoch: number
  shard: number
  /** How many the run has. */
  shards: number
  /** Grows with every checkpoint of a run. */
  generation: number
  slot: number
  /** Groups before it are in the segments, or again in later groups. */
  replayFromSequence: number
  /** Groups before it were synced by then: if one is not there, it is damaged. */
  unsyncedSequence: number
  partitions: PartitionCheckpoint[]
}

export const CHECKPOINT_SLOTS = 2

export function checkpointPath(directory: string, shard: number, slot: number): string {
  return `${directory}/millrace-shard-${shard}.checkpoint-${slot}`
}

export function journalPath(directory: string, shard: number, file: number): string {
  return `${directory}/millrace-shard-${shard}.journal-${file}`
}

/** What the last run that came as far left, by shard: each shard's latest. Empty when no run has. */
export async function readCheckpoints(disk: Disk, directory: string, checksum: Checksum): Promise<Checkpoint[]> {
  const runs = new Map<number, Map<number, Checkpoint>>()
  for (const shard of await shardsOnDisk(disk, directory)) {
    for (let slot = 0; slot < CHECKPOINT_SLOTS; slot++) {
      const checkpoint = await readSlot(disk, checkpointPath(directory, shard, slot), slot, checksum)
      if (checkpoint === null || checkpoint.shard !== shard) continue
      const run = runs.get(checkpoint.runEpoch) ?? new Map<number, Checkpoint>()
      runs.set(checkpoint.runEpoch, run)
      const other = run.get(shard)
      if (other === undefined || other.generation < checkpoint.generation) run.set(shard, checkpoint)
    }
  }
  let last: Checkpoint[] = []
  for (const run of runs.values()) {
    const checkpoints = [...run.values()]
    const isComplete = checkpoints.length === checkpoints[0]!.shards
    if (isComplete && checkpoints[0]!.runEpoch > (last[0]?.runEpoch ?? 0)) last = checkpoints
  }
  return last
}

/** Null when there is no whole base. */
async function readSlot(disk: Disk, path: string, slot: number, checksum: Checksum): Promise<Checkpoint | null> {
  if (!(await disk.exists(path))) return null
  const file = await disk.open(path, 'read')
  try {
    const size = await file.size()
    const base = await readPart(file, 0, size, checksum)
    if (base === null || base.header.kind !== PART_BASE) return null
    const partitions = new Map(base.body.rows.map((row) => [keyOf(row), row]))
    let { header } = base
    let position = base.end
    for (;;) {
      const delta = await readPart(file, position, size, checksum)
      if (delta === null || !isNext(delta.header, header)) break
      for (const row of delta.body.rows) partitions.set(keyOf(row), row)
      for (const key of delta.body.removed) partitions.delete(keyOf(key))
      header = delta.header
      position = delta.end
    }
    const { runEpoch, shard, shards, generation, replayFromSequence, unsyncedSequence } = header
    const rows = [...partitions.values()]
    return { runEpoch, shard, shards, generation, slot, replayFromSequence, unsyncedSequence, partitions: rows }
  } finally {
    await file.close()
  }
}

function isNext(delta: PartHeader, before: PartHeader): boolean {
  return (
    delta.kind === PART_DELTA &&
    delta.generation === before.generation + 1 &&
    delta.runEpoch === before.runEpoch &&
    delta.shard === before.shard &&
    delta.shards === before.shards
  )
}

interface Part {
  header: PartHeader
  body: PartBody
  end: number
}

/** Null when no whole part begins there. */
async function readPart(file: DiskFile, position: number, size: number, checksum: Checksum): Promise<Part | null> {
  const head = new Uint8Array(PART_HEADER_BYTES)
  const headBytes = await file.read(head, position)
  const header = decodePartHeader(head.subarray(0, headBytes), file.path, checksum)
  const start = position + PART_HEADER_BYTES
  if (header === null || !(header.bodyBytes >= 0 && header.bodyBytes <= size - start)) return null
  const bytes = new Uint8Array(header.bodyBytes)
  if ((await file.read(bytes, start)) < bytes.length) return null
  const body = decodeBody(bytes, header, checksum)
  return body === null ? null : { header, body, end: start + bytes.length }
}

function keyOf({ topicId, partition }: PartitionKey): string {
  return `${topicId}:${partition}`
}

/** Numbers of the shards that left a checkpoint or a journal in the directory, whatever the shard count is now. */
export async function shardsOnDisk(disk: Disk, directory: string): Promise<number[]> {
  const shards = new Set<number>()
  for (const name of await disk.list(directory)) {
    const match = /^millrace-shard-(\d+)\.(?:checkpoint|journal)-\d+$/.exec(name)
    if (match !== null) shards.add(Number(match[1]))
  }
  return [...shards].sort((a, b) => a - b)
}
