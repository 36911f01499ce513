// A shard's start: its partitions' logs as their checkpoints and segments say, then every journal replayed on top.
//
// Every shard reads every checkpoint and journal of the last run, whatever the shard count was then, and keeps what
// belongs to its own partitions. Nothing is written over before all shards have what they need in synced segments and in
// new checkpoints: the control thread holds them at a barrier before the first of these checkpoints, which hide the last
// run's, and at another before the journals.
import { type Checkpoint, type PartitionCheckpoint, readCheckpoints, shardsOnDisk } from '../journal/checkpoint.ts'
import { lastJournalRun } from '../journal/replay.ts'
import type { Disk } from '../lib/env.ts'
import { forEachLimited } from '../lib/limited.ts'
import type { Pool } from '../lib/pool.ts'
import type { Batch } from '../log/batch.ts'
import type { Drainer } from '../log/drainer.ts'
import { clearOtherTopic } from '../log/log-directories.ts'
import type { LogStart } from '../log/log-start-checkpoint.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import { recoverLog } from '../log/recovery.ts'
import type { Arena } from '../memory/arena.ts'
import { uuidToWords } from '../model/uuid.ts'
import type { Native } from '../native/contract.ts'
import { BATCH_CRC_FROM, BATCH_MAGIC, batchCrc, batchMagic } from '../wire/record-batch.ts'
import type { LogManager } from './log-manager.ts'
import { type ControlsByPartition, type JournalControls, partitionKey, Replay } from './replay.ts'

const LOGS_AT_ONCE = 64
const NO_CONTROLS: JournalControls = { logStartOffset: 0, truncations: [] }

export interface ShardRecoveryOptions {
  own: number
  disk: Disk
  directory: string
  arena: Arena
  native: Native
  manager: LogManager
  drainer: Drainer
  batches: Pool<Batch>
  /** Where partitions begin, of this shard or others. */
  logStarts: readonly LogStart[]
  nowMs: number
}

export interface RecoveryReport {
  partitions: number
  replayedBatches: number
  replayedBytes: number
  /** Came in the journal before others of their log that were carried forward. */
  batchesAhead: number
  /** Of this shard's own checkpoint that was read; 0 if there was none. */
  lastGeneration: number
  /** The slot it lies in; -1 if there was none. */
  lastSlot: number
}

export async function recoverShard(options: ShardRecoveryOptions): Promise<RecoveryReport> {
  const { disk, directory, native, manager } = options
  const checkpoints = await trustedCheckpoints(disk, directory, native)
  const starts = new Map(options.logStarts.map(({ topic, partition, offset }) => [`${topic} ${partition}`, offset]))
  const replay = new Replay(options)
  const controls = await replay.controls(checkpoints)
  const rows = rowsOf(checkpoints)
  const logs = await openLogs(options, rows, starts, controls)
  manager.endRecovery()
  await replay.run(checkpoints, logs)
  await options.drainer.drainAndSyncAll()
  for (const [key, log] of logs) beginAgain(log, starts, controls.get(key)?.logStartOffset ?? 0, rows)
  const own = checkpoints.find(({ shard }) => shard === options.own)
  return {
    partitions: logs.size,
    replayedBatches: replay.batches,
    replayedBytes: replay.bytes,
    batchesAhead: replay.batchesAhead,
    lastGeneration: own?.generation ?? 0,
    lastSlot: own?.slot ?? -1,
  }
}

/** The checkpoints of the last run; refused when a later one has a journal, because then those are not its last word. */
async function trustedCheckpoints(disk: Disk, directory: string, native: Native): Promise<Checkpoint[]> {
  const checkpoints = await readCheckpoints(disk, directory, native.crc32c)
  const runEpoch = checkpoints[0]?.runEpoch ?? 0
  for (const shard of await shardsOnDisk(disk, directory)) {
    const last = await lastJournalRun(disk, directory, shard)
    if (last > runEpoch) {
      throw new Error(`${directory}: shard ${shard} has a journal of run ${last}, whose checkpoints cannot all be read`)
    }
  }
  return checkpoints
}

/**
 * What was deleted is deleted again: the journal has brought it back, or files were about to go. They go after the first
 * checkpoint, for till then they may be all that says where the log ends.
 */
function beginAgain(
  log: PartitionLog,
  starts: ReadonlyMap<string, number>,
  journalStart: number,
  rows: ReadonlyMap<string, PartitionCheckpoint>,
): void {
  const { topic, topicId, partition } = log.identity
  const storedStart = starts.get(`${topic} ${partition}`) ?? 0
  const start = Math.max(storedStart, journalStart)
  if (start > log.endOffset) {
    const row = rows.get(`${topicId}:${partition}`)
    if (row !== undefined && row.durability !== 'os') {
      throw new Error(`${topic}-${partition}: it was told to begin at offset ${start}, but ends at ${log.endOffset}`)
    }
    log.skipTo(start)
  }
  log.storedLogStart = storedStart
  log.advanceLogStart(start)
}

/** By topic id and partition. */
function rowsOf(checkpoints: Checkpoint[]): Map<string, PartitionCheckpoint> {
  const rows = new Map<string, PartitionCheckpoint>()
  for (const checkpoint of checkpoints) {
    for (const row of checkpoint.partitions) rows.set(`${row.topicId}:${row.partition}`, row)
  }
  return rows
}

async function openLogs(
  options: ShardRecoveryOptions,
  rows: Map<string, PartitionCheckpoint>,
  starts: ReadonlyMap<string, number>,
  controls: ControlsByPartition,
): Promise<Map<string, PartitionLog>> {
  const { disk, manager, native, nowMs } = options
  const logs = new Map<string, PartitionLog>()
  await forEachLimited(manager.ownRoutes(), LOGS_AT_ONCE, async (route) => {
    const identity = manager.identityOf(route)
    const row = rows.get(`${identity.topicId}:${identity.partition}`)
    const key = partitionKey(uuidToWords(identity.topicId), identity.partition)
    const { logStartOffset, truncations } = controls.get(key) ?? NO_CONTROLS
    // Where something was drained the directory is this topic's for sure.
    if (row === undefined || row.drainedOffset === 0) await clearOtherTopic(disk, identity)
    const state = await recoverLog({
      disk,
      identity,
      config: manager.configOf(identity.topic),
      leaderEpoch: 0,
      row,
      logStartOffset: Math.max(logStartOffset, starts.get(`${identity.topic} ${identity.partition}`) ?? 0),
      cutOffset: Math.min(...truncations),
      isBatchIntact: (bytes) => isCrcRight(native, bytes),
      nowMs,
    })
    const log = manager.open(route, state)
    logs.set(key, log)
  })
  return logs
}

function isCrcRight(native: Native, bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (batchMagic(view, 0) !== BATCH_MAGIC) return false
  return native.crc32c(bytes, BATCH_CRC_FROM, bytes.length - BATCH_CRC_FROM, 0) === batchCrc(view, 0)
}
