// What journals say on top of what segments have: batches that continue their logs, and control records.
//
// Owner: the shard, at its start. Two passes. The first one looks for control records only, which say what not to take from
// files and journals: logs are opened with them. The second one appends.
//
// A batch may come more than once, and behind later ones of its log (log/carrier.ts): it is taken where the log ends with
// it, and passed over else. So a batch beyond the end is no damage by itself; it is when the log still ends before it after
// everything was read. So it is when the journal ends before a group that the checkpoint knew as synced. A batch that was truncated is not taken at all: where a later record of its log cuts is known.
import type { Checkpoint } from '../journal/checkpoint.ts'
import { ENTRY_APPEND, ENTRY_LOG_START, ENTRY_TRUNCATE, type GroupEntry } from '../journal/group.ts'
import { DamagedJournalError, replayJournal } from '../journal/replay.ts'
import type { Disk } from '../lib/env.ts'
import type { Pool } from '../lib/pool.ts'
import type { Batch } from '../log/batch.ts'
import type { Drainer } from '../log/drainer.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import { ProducerState } from '../log/producer-state.ts'
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
  batchBaseOffset,
  batchBaseSequence,
  batchMaxTimestamp,
  batchProducerEpoch,
  batchProducerId,
} from '../wire/record-batch.ts'

export interface ReplayOptions {
  own: number
  disk: Disk
  directory: string
  arena: Arena
  native: Native
  drainer: Drainer
  batches: Pool<Batch>
  nowMs: number
}

/** What control records say of one partition. */
export interface JournalControls {
  /** Where the log begins; 0 if nothing was deleted. */
  logStartOffset: number
  /** Where it was cut, in order. */
  truncations: number[]
}

/** By `partitionKey`. */
export type ControlsByPartition = ReadonlyMap<string, JournalControls>

export function partitionKey(topicIdWords: Int32Array, partition: number): string {
  return `${topicIdWords.join(',')}:${partition}`
}

export class Replay {
  readonly #options: ReplayOptions
  readonly #validator: BatchValidator
  readonly #run = new Int32Array(RUN_WORDS)
  readonly #result = new Int32Array(RUN_RESULT_WORDS)
  readonly #row = new Int32Array(BATCH_WORDS)
  readonly #controls = new Map<string, JournalControls>()
  /** Where logs must end at least, of which a batch beyond their end was passed over. */
  readonly #seen = new Map<PartitionLog, number>()
  batches = 0
  bytes = 0
  /** Passed over, because what they follow was to come. */
  batchesAhead = 0

  constructor(options: ReplayOptions) {
    this.#options = options
    this.#validator = options.native.createBatchValidator([options.arena.bytes])
  }

  /** The first pass. Batches are only looked at where there is a control record to be believed. */
  async controls(checkpoints: readonly Checkpoint[]): Promise<ControlsByPartition> {
    for (const checkpoint of checkpoints) {
      let hasControls = false
      const look = (entry: GroupEntry) => {
        if (entry.kind !== ENTRY_APPEND) hasControls = true
      }
      await this.#read(
        checkpoint,
        () => true,
        look,
        async () => undefined,
      )
      if (!hasControls) continue
      await this.#read(
        checkpoint,
        (offset, entry) => this.#isIntact(offset, entry),
        (entry) => this.#note(entry),
        async () => undefined,
      )
    }
    return this.#controls
  }

  /** The second pass, for all of the checkpoints; `logs` are those of this shard, opened with what `controls` said. */
  async run(checkpoints: readonly Checkpoint[], logs: ReadonlyMap<string, PartitionLog>): Promise<void> {
    const { drainer } = this.#options
    const cuts = new Map<string, Cuts>()
    for (const [key, { truncations }] of this.#controls) cuts.set(key, new Cuts(truncations))
    for (const checkpoint of checkpoints) {
      const next = await this.#read(
        checkpoint,
        (offset, entry) => this.#isIntact(offset, entry),
        (entry, offset, block) => {
          const key = partitionKey(entry.topicIdWords, entry.partition)
          const log = logs.get(key)
          if (entry.kind === ENTRY_TRUNCATE) cuts.get(key)!.pass()
          // Another shard's, a deleted topic's, or truncated later.
          if (entry.kind !== ENTRY_APPEND || log === undefined || cuts.get(key)?.isCut(entry.baseOffset)) return
          this.#take(log, entry, offset, block)
        },
        () => drainer.drainAndSyncAll(),
      )
      const { shard, unsyncedSequence } = checkpoint
      if (next < unsyncedSequence) {
        throw new DamagedJournalError(`journal of shard ${shard}: group ${next} was synced, and is not there`)
      }
    }
    for (const [log, end] of this.#seen) {
      if (log.endOffset >= end) continue
      const { topic, partition } = log.identity
      throw new DamagedJournalError(
        `${topic}-${partition}: ends at offset ${log.endOffset}, but the journal has batches up to ${end}`,
      )
    }
  }

  #read(
    { shard, runEpoch, replayFromSequence }: Checkpoint,
    isBatchIntact: (offset: number, entry: GroupEntry) => boolean,
    onEntry: (entry: GroupEntry, offset: number, block: number) => void,
    onFileEnd: () => Promise<void>,
  ): Promise<number> {
    const { disk, directory, arena, native } = this.#options
    const checksum = native.crc32c
    const fromSequence = replayFromSequence
    return replayJournal({
      disk,
      directory,
      shard,
      runEpoch,
      fromSequence,
      arena,
      checksum,
      isBatchIntact,
      onEntry,
      onFileEnd,
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

  #note({ kind, topicIdWords, partition, baseOffset }: GroupEntry): void {
    if (kind === ENTRY_APPEND) return
    const key = partitionKey(topicIdWords, partition)
    let controls = this.#controls.get(key)
    if (controls === undefined) {
      controls = { logStartOffset: 0, truncations: [] }
      this.#controls.set(key, controls)
    }
    if (kind === ENTRY_LOG_START) controls.logStartOffset = Math.max(controls.logStartOffset, baseOffset)
    else controls.truncations.push(baseOffset)
  }

  #take(log: PartitionLog, entry: GroupEntry, offset: number, block: number): void {
    // In the segments, or taken before.
    if (entry.baseOffset < log.endOffset) return
    if (entry.baseOffset > log.endOffset) {
      const end = entry.baseOffset + entry.recordCount
      this.#seen.set(log, Math.max(this.#seen.get(log) ?? 0, end))
      this.batchesAhead++
      return
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

/** Where a log's records cut it that are still to come. */
class Cuts {
  /** Of the cuts from each one on, the lowest. */
  readonly #lowest: number[]
  #passed = 0

  constructor(truncations: readonly number[]) {
    this.#lowest = [...truncations]
    for (let i = this.#lowest.length - 2; i >= 0; i--) {
      this.#lowest[i] = Math.min(this.#lowest[i]!, this.#lowest[i + 1]!)
    }
  }

  pass(): void {
    this.#passed++
  }

  isCut(baseOffset: number): boolean {
    return this.#passed < this.#lowest.length && baseOffset >= this.#lowest[this.#passed]!
  }
}
