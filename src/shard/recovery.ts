// A shard's start: its partitions' logs as their checkpoints and segments say, then every journal replayed on top.
//
// Every shard reads every checkpoint and journal of the last run, whatever the shard count was then, and keeps what
// belongs to its own partitions. Nothing is written over before all shards have what they need in synced segments and in
// new checkpoints: the control thread holds them at a barrier before the first of these checkpoints, which hide the last
// run's, and at another before the journals.
import { type Checkpoint, type PartitionCheckpoint, readCheckpoints, shardsOnDisk } from '../journal/checkpoint.ts'
import type { GroupEntry } from '../journal/group.ts'
import { lastJournalRun, replayJournal } from '../journal/replay.ts'
import type { Disk } from '../lib/env.ts'
import { forEachLimited } from '../lib/limited.ts'
import type { Pool } from '../lib/pool.ts'
import type { Batch } from '../log/batch.ts'
import type { Drainer } from '../log/drainer.ts'
import { clearOtherTopic } from '../log/log-directories.ts'
import type { LogStart } from '../log/log-start-checkpoint.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import { ProducerState } from '../log/producer-state.ts'
import { recoverLog } from '../log/recovery.ts'
import type { Arena } from '../memory/arena.ts'
import {
  BATCH_CRC,
  BATCH_LENGTH,
  BATCH_RECORD_COUNT,
  BATCH_WORDS,
  type BatchValidator,
  type Native,
  RUN_OK,
  RUN_RESULT_WORDS,
  RUN_TRUSTED,
  RUN_WORDS,
} from '../native/contract.ts'
import {
  BATCH_CRC_FROM,
  BATCH_MAGIC,
  batchBaseOffset,
  batchBaseSequence,
  batchCrc,
  batchMagic,
  batchMaxTimestamp,
  batchProducerEpoch,
  batchProducerId,
} from '../wire/record-batch.ts'
import type { LogManager } from './log-manager.ts'

const LOGS_AT_ONCE = 64

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
  /** Of this shard's own checkpoint that was read; 0 if there was none. */
  lastGeneration: number
}

export async function recoverShard(options: ShardRecoveryOptions): Promise<RecoveryReport> {
  const { disk, directory, native, manager } = options
  const checkpoints = await trustedCheckpoints(disk, directory, native)
  const starts = new Map(options.logStarts.map(({ topic, partition, offset }) => [`${topic} ${partition}`, offset]))
  const rows = rowsOf(checkpoints)
  const logs = await openLogs(options, rows, starts)
  manager.endRecovery()
  const replay = new Replay(options, logs)
  for (const checkpoint of checkpoints) await replay.run(checkpoint)
  await options.drainer.drainAndSyncAll()
  for (const log of logs.values()) beginAgain(log, starts, rows)
  return {
    partitions: logs.size,
    replayedBatches: replay.batches,
    replayedBytes: replay.bytes,
    lastGeneration: checkpoints.find(({ shard }) => shard === options.own)?.generation ?? 0,
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
  rows: ReadonlyMap<string, PartitionCheckpoint>,
): void {
  const { topic, topicId, partition } = log.identity
  const start = starts.get(`${topic} ${partition}`)
  if (start === undefined) return
  if (start > log.endOffset) {
    const row = rows.get(`${topicId}:${partition}`)
    if (row !== undefined && row.durability !== 'os') {
      throw new Error(`${topic}-${partition}: it was told to begin at offset ${start}, but ends at ${log.endOffset}`)
    }
    log.skipTo(start)
  }
  log.hasStoredStart = true
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
): Promise<Map<string, PartitionLog>> {
  const { disk, manager, native, nowMs } = options
  const logs = new Map<string, PartitionLog>()
  await forEachLimited(manager.ownRoutes(), LOGS_AT_ONCE, async (route) => {
    const identity = manager.identityOf(route)
    const row = rows.get(`${identity.topicId}:${identity.partition}`)
    // Where something was drained the directory is this topic's for sure.
    if (row === undefined || row.drainedOffset === 0) await clearOtherTopic(disk, identity)
    const state = await recoverLog({
      disk,
      identity,
      config: manager.configOf(identity.topic),
      leaderEpoch: 0,
      row,
      logStartOffset: starts.get(`${identity.topic} ${identity.partition}`) ?? 0,
      isBatchIntact: (bytes) => isCrcRight(native, bytes),
      nowMs,
    })
    const log = manager.open(route, state)
    logs.set(keyOf(log.topicIdWords, identity.partition), log)
  })
  return logs
}

function isCrcRight(native: Native, bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (batchMagic(view, 0) !== BATCH_MAGIC) return false
  return native.crc32c(bytes, BATCH_CRC_FROM, bytes.length - BATCH_CRC_FROM, 0) === batchCrc(view, 0)
}

function keyOf(topicIdWords: Int32Array, partition: number): string {
  return `${topicIdWords.join(',')}:${partition}`
}

class Replay {
  readonly #options: ShardRecoveryOptions
  readonly #logs: Map<string, PartitionLog>
  readonly #validator: BatchValidator
  readonly #run = new Int32Array(RUN_WORDS)
  readonly #result = new Int32Array(RUN_RESULT_WORDS)
  readonly #row = new Int32Array(BATCH_WORDS)
  batches = 0
  bytes = 0

  constructor(options: ShardRecoveryOptions, logs: Map<string, PartitionLog>) {
    this.#options = options
    this.#logs = logs
    this.#validator = options.native.createBatchValidator([options.arena.bytes])
  }

  async run(checkpoint: Checkpoint): Promise<void> {
    const { disk, directory, arena, native, drainer } = this.#options
    await replayJournal({
      disk,
      directory,
      shard: checkpoint.shard,
      runEpoch: checkpoint.runEpoch,
      fromSequence: checkpoint.replayFromSequence,
      arena,
      checksum: native.crc32c,
      isBatchIntact: (offset, entry) => this.#isIntact(offset, entry),
      onEntry: (entry, offset, block) => this.#append(entry, offset, block),
      onFileEnd: () => drainer.drainAndSyncAll(),
    })
  }

  #isIntact(offset: number, entry: GroupEntry): boolean {
    this.#run[0] = 0
    this.#run[1] = offset
    this.#run[2] = entry.length
    this.#run[3] = 1 | RUN_TRUSTED
    this.#validator.validate(this.#run, 1, this.#result, this.#row)
    const { view } = this.#options.arena
    return (
      this.#result[0] === RUN_OK &&
      this.#row[BATCH_LENGTH] === entry.length &&
      this.#row[BATCH_CRC] === entry.crc &&
      this.#row[BATCH_RECORD_COUNT] === entry.recordCount &&
      batchBaseOffset(view, offset) === entry.baseOffset
    )
  }

  #append(entry: GroupEntry, offset: number, block: number): void {
    const log = this.#logs.get(keyOf(entry.topicIdWords, entry.partition))
    // Another shard's, a deleted topic's, or in the segments already.
    if (log === undefined || entry.baseOffset < log.endOffset) return
    if (entry.baseOffset > log.endOffset) {
      const { topic, partition } = log.identity
      throw new Error(`${topic}-${partition}: offsets ${log.endOffset} to ${entry.baseOffset} are missing`)
    }
    const { own, arena, batches, drainer, nowMs } = this.#options
    const { view } = arena
    const batch = batches.take()
    arena.hold(block)
    batch.arena = own
    batch.block = block
    batch.offset = offset
    batch.length = entry.length
    batch.crc = entry.crc
    batch.maxTimestamp = batchMaxTimestamp(view, offset)
    log.append(batch, entry.recordCount, entry.leaderEpoch)
    log.advanceDurable(batch.nextOffset)
    log.advanceHighWatermark(batch.nextOffset)
    const producerId = batchProducerId(view, offset)
    if (producerId >= 0) {
      log.producers ??= new ProducerState()
      log.producers.record(
        producerId,
        batchProducerEpoch(view, offset),
        batchBaseSequence(view, offset),
        entry.recordCount,
        batch.baseOffset,
        batch.maxTimestamp,
        nowMs,
      )
    }
    drainer.onAppended(batch)
    this.batches++
    this.bytes += entry.length
  }
}
