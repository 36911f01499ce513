// What recovery may take for granted: for each partition of a shard how far its segments are synced, and from which
// journal sequence on groups must be replayed.
//
// Two slots, written in turn: a torn write leaves the other one. A slot is a line with the CRC-32C of the rest, then
// JSON. It is small next to what it saves, written once a journal file, and read once.
//
// Invariant: a run's checkpoints count only once every shard of that run has one. A start that got no further leaves the
// run before it as it was: its checkpoints in the other slots, its journals untouched.
import type { Disk } from '../lib/env.ts'
import type { ProducerBatch } from '../log/producer-state.ts'
import type { Checksum } from './group.ts'

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
  /** The base offset of the segment that `drainedOffset` falls in, and where in its file. */
  segmentBaseOffset: number
  segmentBytes: number
  segmentFirstTimestamp: number
  segmentLargestTimestamp: number
  segmentLargestTimestampOffset: number
  leaderEpochs: [number, number][]
  producers: { producerId: number; epoch: number; lastTimestamp: number; batches: ProducerBatch[] }[]
}

export interface Checkpoint {
  version: 1
  /** Counts the starts of this data directory. */
  runEpoch: number
  shard: number
  /** How many the run has. */
  shards: number
  /** Grows with every checkpoint of a run. */
  generation: number
  /** Groups before it are in the segments. */
  replayFromSequence: number
  partitions: PartitionCheckpoint[]
}

export function checkpointPath(directory: string, shard: number, slot: number): string {
  return `${directory}/millrace-shard-${shard}.checkpoint-${slot}`
}

export function journalPath(directory: string, shard: number, file: number): string {
  return `${directory}/millrace-shard-${shard}.journal-${file}`
}

const encoder = new TextEncoder()

/** Durable when it resolves. */
export async function writeCheckpoint(
  disk: Disk,
  directory: string,
  checkpoint: Checkpoint,
  checksum: Checksum,
): Promise<void> {
  const body = encoder.encode(JSON.stringify(checkpoint))
  const head = encoder.encode(`${checksum(body, 0, body.length, 0).toString(16).padStart(8, '0')}\n`)
  const bytes = new Uint8Array(head.length + body.length)
  bytes.set(head)
  bytes.set(body, head.length)
  const file = await disk.open(checkpointPath(directory, checkpoint.shard, checkpoint.generation % 2), 'write')
  try {
    await file.write(bytes, 0)
    await file.truncate(bytes.length)
    await file.sync()
  } finally {
    await file.close()
  }
  await disk.syncDirectory(directory)
}

/** What the last run that came as far left, by shard: each shard's latest. Empty when no run has. */
export async function readCheckpoints(disk: Disk, directory: string, checksum: Checksum): Promise<Checkpoint[]> {
  const runs = new Map<number, Map<number, Checkpoint>>()
  for (const shard of await shardsOnDisk(disk, directory)) {
    for (const slot of [0, 1]) {
      const checkpoint = await readSlot(disk, checkpointPath(directory, shard, slot), checksum)
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

async function readSlot(disk: Disk, path: string, checksum: Checksum): Promise<Checkpoint | null> {
  if (!(await disk.exists(path))) return null
  const file = await disk.open(path, 'read')
  try {
    const bytes = new Uint8Array(await file.size())
    await file.read(bytes, 0)
    const headBytes = 9
    if (bytes.length <= headBytes) return null
    const text = new TextDecoder()
    const expected = Number.parseInt(text.decode(bytes.subarray(0, 8)), 16)
    if (checksum(bytes, headBytes, bytes.length - headBytes, 0) !== expected) return null
    const checkpoint = JSON.parse(text.decode(bytes.subarray(headBytes))) as Checkpoint
    return checkpoint.version === 1 ? checkpoint : null
  } finally {
    await file.close()
  }
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
