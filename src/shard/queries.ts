// Questions about a partition that are asked now and then, not per request: offsets by time, ends of leader epochs.
// Asked of the shard that owns the partition, by promise.
//
// Owner: the shard.
import type { EpochEndAnswer, OffsetAnswer, PartitionQueries } from '../api/define-api.ts'
import type { PartitionRoute, Routes } from '../api/routes.ts'
import { fromWords, highWord, lowWord } from '../lib/int64.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import type { TimedOffset, TimeLookup } from '../log/time-lookup.ts'
import { ErrorCode } from '../model/error-codes.ts'
import {
  DURABLE,
  EARLIEST,
  EARLIEST_LOCAL,
  EARLIEST_PENDING_UPLOAD,
  LATEST,
  LATEST_TIERED,
  LOG_END,
  MAX_TIMESTAMP,
} from '../model/offset-marks.ts'
import { EPOCH_END, EPOCH_END_ANSWER, LIST_OFFSETS, LIST_OFFSETS_ANSWER } from './messages.ts'
import type { Peers } from './peers.ts'

export interface QueriesOptions {
  own: number
  routes: Routes
  lookup: TimeLookup
  peers: Peers
  metadataVersion: () => number
  onReadFailure: (error: Error) => void
  wake: () => void
}

export class Queries implements PartitionQueries {
  readonly #options: QueriesOptions

  constructor(options: QueriesOptions) {
    this.#options = options
  }

  /** `timestamp`: or one of the marks below zero. */
  offsetFor(route: PartitionRoute, timestamp: number, currentLeaderEpoch: number): Promise<OffsetAnswer> {
    const { own, peers, metadataVersion } = this.#options
    if (route.shard === own) return this.#offsetHere(route.log, timestamp, currentLeaderEpoch)
    return new Promise((resolve) => {
      const { draft } = peers
      draft[0] = LIST_OFFSETS
      draft[1] = peers.issueTicket({
        onAnswer: (words, at) =>
          resolve({
            error: words[at + 2]! as ErrorCode,
            offset: fromWords(words[at + 3]!, words[at + 4]!),
            timestamp: fromWords(words[at + 5]!, words[at + 6]!),
            leaderEpoch: words[at + 7]!,
          }),
      })
      draft[2] = route.handle
      draft[3] = metadataVersion()
      draft[4] = lowWord(timestamp)
      draft[5] = highWord(timestamp)
      draft[6] = currentLeaderEpoch
      peers.ask(route.shard)
    })
  }

  epochEnd(route: PartitionRoute, leaderEpoch: number, currentLeaderEpoch: number): Promise<EpochEndAnswer> {
    const { own, peers, metadataVersion } = this.#options
    if (route.shard === own) return Promise.resolve(epochEndHere(route.log, leaderEpoch, currentLeaderEpoch))
    return new Promise((resolve) => {
      const { draft } = peers
      draft[0] = EPOCH_END
      draft[1] = peers.issueTicket({
        onAnswer: (words, at) =>
          resolve({
            error: words[at + 2]! as ErrorCode,
            leaderEpoch: words[at + 3]!,
            endOffset: fromWords(words[at + 4]!, words[at + 5]!),
          }),
      })
      draft[2] = route.handle
      draft[3] = metadataVersion()
      draft[4] = leaderEpoch
      draft[5] = currentLeaderEpoch
      peers.ask(route.shard)
    })
  }

  onPeerListOffsets(thread: number, words: Int32Array, at: number): void {
    const { routes, peers, wake } = this.#options
    const ticket = words[at + 1]!
    const log = routes.byHandle(words[at + 2]!)?.log ?? null
    const timestamp = fromWords(words[at + 4]!, words[at + 5]!)
    this.#offsetHere(log, timestamp, words[at + 6]!).then((answer) => {
      const slot = peers.claim(thread)
      const out = peers.wordsTo(thread)
      out[slot] = LIST_OFFSETS_ANSWER
      out[slot + 1] = ticket
      out[slot + 2] = answer.error
      out[slot + 3] = lowWord(answer.offset)
      out[slot + 4] = highWord(answer.offset)
      out[slot + 5] = lowWord(answer.timestamp)
      out[slot + 6] = highWord(answer.timestamp)
      out[slot + 7] = answer.leaderEpoch
      wake()
    })
  }

  onPeerEpochEnd(thread: number, words: Int32Array, at: number): void {
    const { routes, peers } = this.#options
    const log = routes.byHandle(words[at + 2]!)?.log ?? null
    const answer = epochEndHere(log, words[at + 4]!, words[at + 5]!)
    const slot = peers.claim(thread)
    const out = peers.wordsTo(thread)
    out[slot] = EPOCH_END_ANSWER
    out[slot + 1] = words[at + 1]!
    out[slot + 2] = answer.error
    out[slot + 3] = answer.leaderEpoch
    out[slot + 4] = lowWord(answer.endOffset)
    out[slot + 5] = highWord(answer.endOffset)
  }

  async #offsetHere(log: PartitionLog | null, timestamp: number, currentLeaderEpoch: number): Promise<OffsetAnswer> {
    const error = checkEpoch(log, currentLeaderEpoch)
    if (log === null || error !== ErrorCode.None) return { error, offset: -1, timestamp: -1, leaderEpoch: -1 }
    try {
      const found = await this.#lookUp(log, timestamp)
      const { offset, timestamp: foundTimestamp } = found ?? { offset: -1, timestamp: -1 }
      const leaderEpoch = offset < 0 ? -1 : log.leaderEpochs.at(offset)
      return { error: ErrorCode.None, offset, timestamp: foundTimestamp, leaderEpoch }
    } catch (failure) {
      this.#options.onReadFailure(failure as Error)
      return { error: ErrorCode.KafkaStorageError, offset: -1, timestamp: -1, leaderEpoch: -1 }
    }
  }

  #lookUp(log: PartitionLog, timestamp: number): Promise<TimedOffset | null> | TimedOffset | null {
    switch (timestamp) {
      case LATEST:
        return { offset: log.highWatermark, timestamp: -1 }
      case EARLIEST:
      case EARLIEST_LOCAL:
        return { offset: log.logStartOffset, timestamp: -1 }
      case MAX_TIMESTAMP:
        return this.#options.lookup.findLargest(log)
      case DURABLE:
        return { offset: log.durableOffset, timestamp: DURABLE }
      case LOG_END:
        return { offset: log.endOffset, timestamp: LOG_END }
      case LATEST_TIERED:
      case EARLIEST_PENDING_UPLOAD:
        // Nothing is tiered.
        return null
      default:
        return this.#options.lookup.find(log, timestamp)
    }
  }
}

function checkEpoch(log: PartitionLog | null, currentLeaderEpoch: number): ErrorCode {
  return log === null ? ErrorCode.UnknownTopicOrPartition : log.checkLeaderEpoch(currentLeaderEpoch)
}

function epochEndHere(log: PartitionLog | null, leaderEpoch: number, currentLeaderEpoch: number): EpochEndAnswer {
  const error = checkEpoch(log, currentLeaderEpoch)
  if (log === null || error !== ErrorCode.None) return { error, leaderEpoch: -1, endOffset: -1 }
  // The epoch of now has begun, even if nothing was written in it.
  if (leaderEpoch === log.leaderEpoch) return { error, leaderEpoch, endOffset: log.highWatermark }
  const end = log.leaderEpochs.endOf(leaderEpoch, log.highWatermark)
  return { error, leaderEpoch: end?.epoch ?? -1, endOffset: end?.endOffset ?? -1 }
}
