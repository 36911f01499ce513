// The shard's append path: from a produce request's bytes to offsets, journal (or, of a direct log, segment) and answer.
//
// Owner: the shard. Once a tick: everything that came in by socket or ring is validated in one native call, then
// appended in the order it came.

import { isOfRecords, RECORDS_UNTIMELY, RECORDS_WITHOUT_KEY } from '../api/record-errors.ts'
import type { Journal } from '../journal/journal.ts'
import { fromWords } from '../lib/int64.ts'
import { Pool } from '../lib/pool.ts'
import type { Batch } from '../log/batch.ts'
import type { DirectWrites } from '../log/direct-writes.ts'
import type { Drainer } from '../log/drainer.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import { ProducerState, SEQUENCE_DUPLICATE, SEQUENCE_OK } from '../log/producer-state.ts'
import type { ArenaView } from '../memory/arena.ts'
import { ErrorCode } from '../model/error-codes.ts'
import {
  BATCH_ATTRIBUTES,
  BATCH_BASE_SEQUENCE,
  BATCH_CRC,
  BATCH_FLAGS,
  BATCH_HAS_NULL_KEY,
  BATCH_LENGTH,
  BATCH_MAX_TIMESTAMP,
  BATCH_OFFSET,
  BATCH_PRODUCER_EPOCH,
  BATCH_PRODUCER_ID,
  BATCH_RECORD_COUNT,
  BATCH_WORDS,
  type BatchValidator,
  type Native,
  RUN_BAD_CRC,
  RUN_BAD_MAGIC,
  RUN_CORRUPT,
  RUN_INVALID_RECORD,
  RUN_OK,
  RUN_RESULT_WORDS,
  RUN_TOO_MANY,
  RUN_WORDS,
} from '../native/contract.ts'
import { COUNTER, type Counters } from '../observe/counters.ts'
import type { TickClock } from '../observe/histograms.ts'
import {
  BATCH_CRC_FROM,
  COMPRESSION_MASK,
  LOG_APPEND_TIME,
  NO_TIMESTAMP,
  setBatchAttributes,
  setBatchBaseOffset,
  setBatchCrc,
  setBatchLeaderEpoch,
  setBatchMaxTimestamp,
} from '../wire/record-batch.ts'
import { RecordCursor } from '../wire/record-cursor.ts'
import { areRecordsRecent } from '../wire/record-times.ts'
import { Append } from './append.ts'

const RUNS_A_CALL = 4096
const ZSTD = 4

const RUN_ERRORS: Record<number, number> = {
  [RUN_CORRUPT]: ErrorCode.CorruptMessage,
  [RUN_BAD_CRC]: ErrorCode.CorruptMessage,
  [RUN_BAD_MAGIC]: ErrorCode.InvalidRecord,
  [RUN_INVALID_RECORD]: ErrorCode.InvalidRecord,
  [RUN_TOO_MANY]: ErrorCode.InvalidRecord,
}

export interface AppendsOptions {
  native: Native
  arenas: readonly ArenaView[]
  journal: () => Journal
  drainer: Drainer
  directWrites: DirectWrites
  batches: Pool<Batch>
  counters: Counters
  tick: TickClock
  /** Answers another shard's append. */
  answerPeer: (append: Append, error: number) => void
}

export class Appends {
  readonly #options: AppendsOptions
  readonly #validator: BatchValidator
  readonly #pool: Pool<Append> = new Pool(() => new Append(this))
  readonly #runs = new Int32Array(RUNS_A_CALL * RUN_WORDS)
  readonly #results = new Int32Array(RUNS_A_CALL * RUN_RESULT_WORDS)
  readonly #rows = new Int32Array(RUNS_A_CALL * BATCH_WORDS)
  readonly #cursor = new RecordCursor()
  readonly #queued: Append[] = []
  #queuedCount = 0
  /** Of this tick. */
  wallMs = 0

  constructor(options: AppendsOptions) {
    this.#options = options
    this.#validator = options.native.createBatchValidator(options.arenas.map(({ bytes }) => bytes))
  }

  take(): Append {
    return this.#pool.take()
  }

  /** Queues an append for this tick. The caller holds `block` for it; the hold goes with it. */
  queue(append: Append): void {
    this.#queued[this.#queuedCount++] = append
    if (this.#queuedCount === RUNS_A_CALL) this.run()
  }

  get hasQueued(): boolean {
    return this.#queuedCount > 0
  }

  /** Validates and appends what is queued. */
  run(): void {
    const count = this.#queuedCount
    if (count === 0) return
    this.#queuedCount = 0
    for (let i = 0; i < count; i++) {
      const append = this.#queued[i]!
      const run = i * RUN_WORDS
      this.#runs[run] = append.arena
      this.#runs[run + 1] = append.offset
      this.#runs[run + 2] = append.length
      this.#runs[run + 3] = 1
    }
    this.#validator.validate(this.#runs, count, this.#results, this.#rows)
    for (let i = 0; i < count; i++) {
      const append = this.#queued[i]!
      const status = this.#results[i * RUN_RESULT_WORDS]!
      const error = status === RUN_OK ? this.#append(append, this.#results[i * RUN_RESULT_WORDS + 2]!) : errorOf(status)
      if (error !== ErrorCode.None) this.refuse(append, error)
    }
  }

  answer(append: Append, error: number): void {
    const { call } = append
    if (call === null) this.#options.answerPeer(append, error)
    else call.onAppended(append.row, error, append.baseOffset, append.appendTimeMs, append.log?.logStartOffset ?? -1)
    append.clear()
    this.#pool.give(append)
  }

  /** The hold ends with the answer; or goes back with it, to a peer that is to look into the records once more. */
  refuse(append: Append, error: number): void {
    const { arena, block } = append
    const goesBack = append.call === null && isOfRecords(error)
    this.answer(append, error)
    if (!goesBack) this.#options.arenas[arena]!.release(block)
  }

  /** Appends one validated batch; returns the error that refuses it. Row: its line in the batch table. */
  #append(append: Append, row: number): number {
    const rows = this.#rows
    const at = row * BATCH_WORDS
    const log = append.log!
    if (log.isClosed) return ErrorCode.UnknownTopicOrPartition
    const length = rows[at + BATCH_LENGTH]!
    const journal = this.#options.journal()
    if (length > log.config.maxMessageBytes || length > journal.batchBytesMax) return ErrorCode.MessageTooLarge
    if (length > log.config.segmentBytes) return ErrorCode.RecordListTooLarge
    if (append.acks === -1 && log.config.minInsyncReplicas > 1) return ErrorCode.NotEnoughReplicas
    const attributes = rows[at + BATCH_ATTRIBUTES]!
    if (!append.takesZstd && (attributes & COMPRESSION_MASK) === ZSTD) return ErrorCode.UnsupportedCompressionType
    // Compaction keeps the last record of each key: one without a key could never be dropped, or found.
    const hasNullKey = (rows[at + BATCH_FLAGS]! & BATCH_HAS_NULL_KEY) !== 0
    if (hasNullKey && log.config.cleanupPolicy.compact) return RECORDS_WITHOUT_KEY
    const recordCount = rows[at + BATCH_RECORD_COUNT]!
    const producerId = fromWords(rows[at + BATCH_PRODUCER_ID]!, rows[at + BATCH_PRODUCER_ID + 1]!)
    const producerEpoch = rows[at + BATCH_PRODUCER_EPOCH]!
    const baseSequence = rows[at + BATCH_BASE_SEQUENCE]!
    const verdict = log.checkSequence(producerId, producerEpoch, baseSequence, recordCount)
    if (verdict === SEQUENCE_DUPLICATE) return this.#answerDuplicate(append)
    if (verdict !== SEQUENCE_OK) return verdict
    const { logAppendTime } = log.config
    if (!this.#isTimely(log, append.arena, at)) {
      append.appendTimeMs = this.wallMs
      return RECORDS_UNTIMELY
    }
    const batch = this.#options.batches.take()
    batch.acceptedAt = this.#options.tick.micros
    batch.arena = append.arena
    batch.block = append.block
    batch.offset = rows[at + BATCH_OFFSET]!
    batch.length = length
    // Straight into its field: a timestamp in a variable that is passed on would be a new object for every batch.
    if (logAppendTime) batch.maxTimestamp = this.wallMs
    else batch.maxTimestamp = fromWords(rows[at + BATCH_MAX_TIMESTAMP]!, rows[at + BATCH_MAX_TIMESTAMP + 1]!)
    batch.crc = rows[at + BATCH_CRC]!
    log.append(batch, recordCount, log.leaderEpoch)
    if (producerId >= 0) {
      log.producers ??= new ProducerState()
      log.producers.record(
        producerId,
        producerEpoch,
        baseSequence,
        recordCount,
        batch.baseOffset,
        batch.maxTimestamp,
        this.wallMs,
      )
    }
    if (logAppendTime) {
      this.#stampTimestampType(batch, attributes | LOG_APPEND_TIME)
      append.appendTimeMs = this.wallMs
    } else if ((attributes & LOG_APPEND_TIME) !== 0) this.#stampTimestampType(batch, attributes & ~LOG_APPEND_TIME)
    this.#stampOffset(batch)
    append.baseOffset = batch.baseOffset
    this.#count(append, batch, recordCount)
    this.#wait(append, batch)
    this.#options.drainer.onAppended(batch)
    if (log.isDirect) this.#options.directWrites.onAppended(log)
    else journal.enqueue(batch)
    return ErrorCode.None
  }

  /** acks=0: nobody waits. acks=1: for the journal's write. acks=all, or a direct log: for the high watermark. */
  #wait(append: Append, batch: Batch): void {
    if (append.acks === 0) this.answer(append, ErrorCode.None)
    else if (append.acks === 1 && !batch.log.isDirect) batch.waiter = append
    else {
      append.requiredOffset = batch.nextOffset
      append.log!.awaitingCommit.add(append)
    }
  }

  /** A retry of a batch that was appended before: the same answer, once that batch is as durable as was asked. */
  #answerDuplicate(append: Append): number {
    const log = append.log!
    this.#options.arenas[append.arena]!.release(append.block)
    append.baseOffset = log.producers!.duplicateOffset
    if (log.config.logAppendTime) append.appendTimeMs = log.producers!.duplicateTimestamp
    if (append.acks === 0 || append.baseOffset < log.highWatermark) this.answer(append, ErrorCode.None)
    else {
      // It joins at the end of the line: what was appended since covers it.
      append.requiredOffset = log.endOffset
      log.awaitingCommit.add(append)
    }
    return ErrorCode.None
  }

  #count({ call, fromShard }: Append, { arena, length }: Batch, records: number): void {
    const { counters } = this.#options
    counters.add(COUNTER.appendedBatches, 1)
    counters.add(COUNTER.appendedRecords, records)
    counters.add(COUNTER.appendedBytes, length)
    if (call !== null) return
    counters.add(COUNTER.peerAppendedBytes, length)
    if (arena === fromShard) counters.add(COUNTER.peerBorrowedBytes, length)
  }

  /**
   * Takes the batch's place in the table and not its timestamp: a number beyond 2^31 is an object when it is passed. That
   * a topic gives records the time of their append is not for producers to say.
   */
  #isTimely(log: PartitionLog, arena: number, at: number): boolean {
    const timestamp = fromWords(this.#rows[at + BATCH_MAX_TIMESTAMP]!, this.#rows[at + BATCH_MAX_TIMESTAMP + 1]!)
    const { logAppendTime, messageTimestampBeforeMaxMs, messageTimestampAfterMaxMs } = log.config
    const isStamped = (this.#rows[at + BATCH_ATTRIBUTES]! & LOG_APPEND_TIME) !== 0
    if (logAppendTime || timestamp === NO_TIMESTAMP) return !isStamped
    if (timestamp - this.wallMs > messageTimestampAfterMaxMs) return false
    if (messageTimestampBeforeMaxMs === Number.POSITIVE_INFINITY) return true
    const { bytes, view } = this.#options.arenas[arena]!
    const oldest = this.wallMs - messageTimestampBeforeMaxMs
    return areRecordsRecent(this.#cursor, bytes, view, this.#rows[at + BATCH_OFFSET]!, oldest)
  }

  /** Base offset and leader epoch lie outside the batch's CRC. */
  #stampOffset(batch: Batch): void {
    const { view } = this.#options.arenas[batch.arena]!
    setBatchBaseOffset(view, batch.offset, batch.baseOffset)
    setBatchLeaderEpoch(view, batch.offset, batch.leaderEpoch)
  }

  /** Whose the timestamps are is the one thing that changes bytes under the CRC. */
  #stampTimestampType(batch: Batch, attributes: number): void {
    const { view, bytes } = this.#options.arenas[batch.arena]!
    setBatchAttributes(view, batch.offset, attributes)
    setBatchMaxTimestamp(view, batch.offset, batch.maxTimestamp)
    const crc = this.#options.native.crc32c(bytes, batch.offset + BATCH_CRC_FROM, batch.length - BATCH_CRC_FROM, 0)
    setBatchCrc(view, batch.offset, crc)
    batch.crc = crc | 0
  }
}

function errorOf(status: number): number {
  return RUN_ERRORS[status] ?? ErrorCode.CorruptMessage
}
