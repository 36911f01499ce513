// Which logs a checkpoint must have a new row of, and the rows as they were at one moment, taken bit by bit while the logs
// go on.
//
// Owner: the shard. Whoever is about to change what a log's row says calls `changing` first: then the row that a checkpoint
// under way still wants is taken as it was. Between two changes a row may be taken at any time: what is appended meanwhile
// is beyond what is drained, and is left out of it.
import type { PartitionCheckpoint } from '../journal/checkpoint.ts'
import type { CheckpointRows } from '../journal/checkpoint-writer.ts'
import type { PartitionLog } from './partition-log.ts'

export class RowChanges {
  /** Since the last checkpoint was begun. */
  #changed = new Set<PartitionLog>()
  #snapshot: RowSnapshot | null = null
  #snapshots = 0

  get count(): number {
    return this.#changed.size
  }

  changing(log: PartitionLog): void {
    this.#snapshot?.keep(log)
    this.#changed.add(log)
  }

  /** The rows of this moment: of what has changed since the last time, or of `all`. One at a time. */
  begin(all: Iterable<PartitionLog> | null): RowSnapshot {
    const changed = this.#changed
    this.#changed = new Set()
    this.#snapshot = new RowSnapshot(++this.#snapshots, changed, all)
    return this.#snapshot
  }

  /** The checkpoint is written. */
  end(): void {
    this.#snapshot = null
  }
}

export class RowSnapshot implements CheckpointRows {
  /** Logs that have changed, closed ones too. */
  readonly changed: ReadonlySet<PartitionLog>
  readonly removed: PartitionLog['identity'][] = []
  /** Logs whose rows were taken. */
  readonly taken: PartitionLog[] = []
  /** Of these, whose rows say that recovery believes their segments. */
  readonly walked = new Set<PartitionLog>()
  readonly #number: number
  readonly #isWhole: boolean
  readonly #logs: Iterator<PartitionLog>
  /** Taken early, because their logs have gone on. */
  readonly #kept: PartitionCheckpoint[] = []

  constructor(number: number, changed: ReadonlySet<PartitionLog>, all: Iterable<PartitionLog> | null) {
    this.#number = number
    this.changed = changed
    this.#isWhole = all !== null
    this.#logs = (all ?? changed)[Symbol.iterator]()
    for (const log of changed) if (log.isClosed && all === null) this.removed.push(log.identity)
  }

  next(): PartitionCheckpoint | null {
    for (let next = this.#logs.next(); next.done !== true; next = this.#logs.next()) {
      if (this.#mark(next.value)) return rowOf(next.value)
    }
    return this.#kept.pop() ?? null
  }

  /** Takes the log's row now if it was not taken yet. */
  keep(log: PartitionLog): void {
    if ((this.#isWhole || this.changed.has(log)) && this.#mark(log)) this.#kept.push(rowOf(log))
  }

  /** False if the log's row was taken before, or nobody wants it any more. */
  #mark(log: PartitionLog): boolean {
    if (log.isClosed || log.snapshot === this.#number) return false
    log.snapshot = this.#number
    this.taken.push(log)
    if (isWalked(log)) this.walked.add(log)
    return true
  }
}

/** Also of a log that is about to become direct: see log/direct-writes.ts. */
function isWalked(log: PartitionLog): boolean {
  return log.isDirect || !log.config.durable
}

/** The row of a log as it is drained now; it holds once that is synced. */
function rowOf(log: PartitionLog): PartitionCheckpoint {
  const { drainedOffset, logStartOffset } = log
  const oldest = log.tail !== null && log.tail.count > 0 ? log.tail.at(0) : null
  const segment = oldest?.segment ?? log.active
  return {
    topicId: log.identity.topicId,
    partition: log.identity.partition,
    ...(isWalked(log) ? { durability: 'os' } : {}),
    logStartOffset,
    drainedOffset,
    highWatermark: log.highWatermark,
    segmentBaseOffset: segment.baseOffset,
    segmentBytes: oldest?.position ?? segment.appendedBytes,
    segmentFirstTimestamp: segment.firstTimestamp,
    segmentLargestTimestamp: segment.largestTimestamp,
    segmentLargestTimestampOffset: segment.largestTimestampOffset,
    // Where everything is deleted, the latest epoch begins with the log.
    leaderEpochs: log.leaderEpochs
      .pairs()
      .filter(([, startOffset]) => startOffset < drainedOffset || startOffset <= logStartOffset),
    producers: log.producers === null ? [] : [...log.producers.asOf(drainedOffset)],
  }
}
