// DeleteRecords: a partition's log begins later from now on. Asked of the shard that owns the partition, by promise.
//
// Owner: the shard. In order: what is deleted is drained, so that the journal need not have it; the new start is durable in
// the journal, and in that moment the log begins there; then segments of which nothing is left go. So recovery, which knows
// the start, never misses a segment that it needs. Between shards a question holds no credit: it waits for a disk.
import type { DeletionAnswer } from '../api/define-api.ts'
import type { PartitionRoute, Routes } from '../api/routes.ts'
import { ENTRY_LOG_START } from '../journal/group.ts'
import { fromWords, highWord, lowWord } from '../lib/int64.ts'
import type { ControlRecords } from '../log/control-records.ts'
import type { Drainer } from '../log/drainer.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import { ErrorCode } from '../model/error-codes.ts'
import type { LogManager } from './log-manager.ts'
import { DELETE_RECORDS, DELETE_RECORDS_ANSWER } from './messages.ts'
import type { Peers } from './peers.ts'

/** Stands for an offset in a request. */
const HIGH_WATERMARK = -1

export interface RecordDeletionsOptions {
  own: number
  routes: Routes
  manager: LogManager
  drainer: Drainer
  peers: Peers
  records: ControlRecords
  metadataVersion: () => number
  onFailure: (error: Error) => void
  wake: () => void
}

export class RecordDeletions {
  readonly #options: RecordDeletionsOptions

  constructor(options: RecordDeletionsOptions) {
    this.#options = options
  }

  /** `offset`: -1 for the high watermark. Never rejects. */
  deleteBefore(route: PartitionRoute, offset: number): Promise<DeletionAnswer> {
    const { own, peers, metadataVersion } = this.#options
    // Beyond it no message can carry it, and no log goes.
    if (!Number.isSafeInteger(offset)) return Promise.resolve(refused(ErrorCode.OffsetOutOfRange))
    if (route.shard === own) return this.#deleteHere(route.log, offset)
    return new Promise((resolve) => {
      const { draft } = peers
      draft[0] = DELETE_RECORDS
      draft[1] = peers.issueTicket({
        onAnswer: (words, at) =>
          resolve({
            error: words[at + 2]! as ErrorCode,
            logStartOffset: fromWords(words[at + 3]!, words[at + 4]!),
          }),
      })
      draft[2] = route.handle
      draft[3] = metadataVersion()
      draft[4] = lowWord(offset)
      draft[5] = highWord(offset)
      peers.tell(route.shard)
    })
  }

  onPeerRequest(thread: number, words: Int32Array, at: number): void {
    const { routes, peers, wake } = this.#options
    const ticket = words[at + 1]!
    const log = routes.byHandle(words[at + 2]!)?.log ?? null
    this.#deleteHere(log, fromWords(words[at + 4]!, words[at + 5]!)).then(({ error, logStartOffset }) => {
      const { draft } = peers
      draft[0] = DELETE_RECORDS_ANSWER
      draft[1] = ticket
      draft[2] = error
      draft[3] = lowWord(logStartOffset)
      draft[4] = highWord(logStartOffset)
      peers.tell(thread)
      wake()
    })
  }

  async #deleteHere(log: PartitionLog | null, offset: number): Promise<DeletionAnswer> {
    if (log === null || log.isClosed) return refused(ErrorCode.UnknownTopicOrPartition)
    if (!log.config.cleanupPolicy.delete) return refused(ErrorCode.PolicyViolation)
    const target = offset === HIGH_WATERMARK ? log.highWatermark : offset
    if (target < 0 || target > log.highWatermark) return refused(ErrorCode.OffsetOutOfRange)
    try {
      if (target > log.logStartOffset) await this.#begin(log, target)
    } catch (error) {
      this.#options.onFailure(error as Error)
      return refused(ErrorCode.KafkaStorageError)
    }
    if (log.isClosed) return refused(ErrorCode.UnknownTopicOrPartition)
    return { error: ErrorCode.None, logStartOffset: log.logStartOffset }
  }

  async #begin(log: PartitionLog, offset: number): Promise<void> {
    const { drainer, manager, records } = this.#options
    await drainer.drainTo(log, offset)
    if (log.isClosed) return
    await records.write(log, ENTRY_LOG_START, offset, () => {
      if (!log.isClosed) log.advanceLogStart(offset)
    })
    if (log.isClosed) return
    await manager.removeObsolete(log)
  }
}

function refused(error: ErrorCode): DeletionAnswer {
  return { error, logStartOffset: -1 }
}
