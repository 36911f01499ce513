// The bounds of every queue, table and budget that are no setting of the operator's, and how they hang together.
//
// Constant. What a client or a peer can make the broker hold is bounded here or by a setting; the relations are checked
// at start, so that no combination of settings starts a broker that wedges later.
import { assert } from '../lib/assert.ts'
import type { Settings } from './settings.ts'

const KIB = 1024
const MIB = 1024 * KIB

export const LIMITS = {
  /** Bytes of an arena block: what a receive fills; a longer frame gets a run of blocks. */
  arenaBlockBytes: MIB,
  /** What decoding one request may make: a decoder charges count × size before it allocates. */
  requestDecodeBytesMax: 32 * MIB,
  /** The same for the first request of a connection, of which nothing is known: a fetch of 50,000 partitions has room. */
  firstRequestDecodeBytesMax: 8 * MIB,
  /** A first request that is longer must be of an API that is served before it gets memory. */
  firstFrameBytesMax: 64 * KIB,
  /** What a request in flight takes at least. */
  requestBytesMin: KIB,
  /** How long a request that no block can hold waits for memory. */
  longRequestWaitMsMax: 10_000,
  /** While memory is short: how long a client may read nothing of answers that hold some. */
  slowReaderMs: 1000,
  /** Rows of one flush that may be for that. */
  evictionsMax: 256,
  /** How long a fetch waits at most, whatever it asks for: till then it keeps its connection's other requests waiting. */
  fetchWaitMsMax: 60_000,
  /** What the partitions of a shard's fetch sessions take. */
  fetchSessionBytesMax: 128 * MIB,
  /** Calls that a shard keeps for the next requests. */
  callsKeptMax: 4096,
  /** Addresses that have connections at a time. */
  addressesMax: 65536,
  /** Rows of the reactor's tables: what one tick can bring and send. */
  reactorEventRowsMax: 65536,
  reactorSendRowsMax: 16384,
  /** Connections of one shard. */
  shardConnectionsMax: 65536,
  /** Slots of the ring between two threads; a power of two. */
  ringSlots: 4096,
  /** Requests under way from one thread to another: their answers and cancels fit a ring beside the peer's. */
  ringCredits: 1024,
  /** Segment files that a shard keeps open. */
  segmentFilesOpenMax: 1024,
  /** Known topics whose names are recognised without decoding them anew. */
  internedNamesMax: 131072,
  /** Batches in memory that make a partition drain to its segment. */
  drainBytes: MIB,
  /** A shard syncs and checkpoints after so much was written straight to segments, or so long: a start walks no more. */
  directCheckpointBytes: 256 * MIB,
  directCheckpointMs: 60_000,
  /** Partitions of groups that metrics show the lag of: two series each. */
  groupLagsMax: 2048,
  /** Partitions that metrics show the offsets of: three series each. */
  partitionOffsetsMax: 1024,
  /** Files of a shard's journal, and how many of them are kept free for what comes: of the others the oldest is cleared. */
  journalFiles: 4,
  journalFilesFree: 2,
  /** A log with more in memory is drained when a journal file is cleared; one with less may be carried forward. */
  stragglerBytesMax: 64 * KIB,
  /** Carried bytes of one group: what an append waits for beside it. */
  carryGroupBytes: 256 * KIB,
  /** So often a log is carried; then it is drained, so many of them a checkpoint, that nothing is carried for ever. */
  carriesMax: 16,
  agedDrainsMax: 256,
  /** Logs that one checkpoint carries and drains to clear a journal file; what is left is the next one's. */
  checkpointCarriesMax: 8192,
  checkpointDrainsMax: 512,
  /** Segments that are not synced: so many have a checkpoint begin. */
  checkpointSegmentsMax: 1024,
  /** Threads of a shard that sync segments side by side. */
  segmentSyncThreads: 4,
  /** Rows of a checkpoint are encoded and written in pieces of this. */
  checkpointPieceBytes: 64 * KIB,
  /** What a journal group takes beside its batches at most: header and one entry. */
  journalGroupOverheadBytes: 112,
  /** Writes and syncs under way in one disk queue. */
  diskTicketsMax: 64,
} as const

/** Asserts that the constants fit each other; answers with what is wrong with settings that don't fit them. */
export function assertLimits(settings: Settings): string[] {
  assert((LIMITS.ringSlots & (LIMITS.ringSlots - 1)) === 0, 'ring slots are a power of two')
  assert(LIMITS.ringCredits * 4 <= LIMITS.ringSlots, 'requests, answers and cancels of both sides fit a ring')
  assert(LIMITS.firstFrameBytesMax < LIMITS.arenaBlockBytes, 'a first frame fits a block')
  assert(LIMITS.journalFilesFree < LIMITS.journalFiles, 'a journal file is written while others are free')
  assert(
    LIMITS.checkpointDrainsMax <= LIMITS.segmentFilesOpenMax / 2,
    'what a checkpoint drains stays open till synced',
  )

  const problems: string[] = []
  const arenaBytes = settings['millrace.arena.bytes']
  const requestBytesMax = settings['socket.request.max.bytes']
  if (arenaBytes % LIMITS.arenaBlockBytes !== 0) {
    problems.push(`millrace.arena.bytes=${arenaBytes} is not a multiple of ${LIMITS.arenaBlockBytes}`)
  }
  if (requestBytesMax > arenaBytes / 2) {
    problems.push(
      `socket.request.max.bytes=${requestBytesMax} is more than half of millrace.arena.bytes=${arenaBytes}: ` +
        'one request could take the memory of all others',
    )
  }
  const journalBytes = settings['millrace.journal.bytes']
  const batchBytesMax = journalGroupBytesMax(journalBytes) - LIMITS.journalGroupOverheadBytes
  if (settings['message.max.bytes'] > batchBytesMax) {
    problems.push(
      `message.max.bytes=${settings['message.max.bytes']} is more than the ${batchBytesMax} bytes that a journal of ` +
        `millrace.journal.bytes=${journalBytes} takes at once`,
    )
  }
  if (journalFileBytes(journalBytes) % LIMITS.arenaBlockBytes !== 0) {
    problems.push(`millrace.journal.bytes=${journalBytes} is not a multiple of ${LIMITS.journalFiles} MiB`)
  }
  if (journalFileBytes(journalBytes) > arenaBytes / 4) {
    problems.push(
      `millrace.journal.bytes=${journalBytes} is more than millrace.arena.bytes=${arenaBytes}: a journal file could ` +
        'not be replayed',
    )
  }
  return problems
}

export function journalFileBytes(journalBytes: number): number {
  return journalBytes / LIMITS.journalFiles
}

/** Two groups fit a file. */
export function journalGroupBytesMax(journalBytes: number): number {
  return journalFileBytes(journalBytes) / 2
}

/** Deltas of a checkpoint may weigh as much as their base, or this, before a new base is written. */
export function checkpointDeltaBytes(journalBytes: number): number {
  return journalBytes / 256
}

/** What is carried forward into the journal's head so that one of its files can be written again. */
export interface CarryBounds {
  /** For one file: a quarter of it, so that carrying never fills what it frees. */
  bytesMax: number
  /** In one group, and so of one log. */
  groupBytesMax: number
  logBytesMax: number
}

export function carryBounds(journalBytes: number): CarryBounds {
  const bytesMax = journalFileBytes(journalBytes) / 4
  const groupBytesMax = Math.min(LIMITS.carryGroupBytes, bytesMax)
  return { bytesMax, groupBytesMax, logBytesMax: Math.min(LIMITS.stragglerBytesMax, groupBytesMax) }
}
