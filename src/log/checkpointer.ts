// Moves what the journal has into the segments for good, so that journal files can be written again: drain, sync, write
// the checkpoint, release. Runs when a journal file is full, and at a clean stop.
//
// Owner: the shard. One run at a time; asked during a run, it runs once more.
import type { Checkpoint, PartitionCheckpoint } from '../journal/checkpoint.ts'
import type { Drainer } from './drainer.ts'
import type { PartitionLog } from './partition-log.ts'

export interface CheckpointerOptions {
  shard: number
  shards: number
  runEpoch: number
  /** Of the checkpoint that recovery read, so that the next one goes to the other slot; 0 if there was none. */
  lastGeneration: number
  drainer: Drainer
  logs: () => Iterable<PartitionLog>
  /** The journal's first group that is not synced: a checkpoint begun now covers every group before it. */
  unsyncedSequence: () => number
  storeLeaderEpochs: (log: PartitionLog) => Promise<void>
  write: (checkpoint: Checkpoint) => Promise<void>
  /** The log's row is durable. */
  onRow: (log: PartitionLog, row: PartitionCheckpoint) => void
  /** Durable: journal groups before the sequence are not needed any more. */
  onCheckpoint: (replayFromSequence: number) => void
  onFailure: (error: Error) => void
}

export class Checkpointer {
  readonly #options: CheckpointerOptions
  #generation: number
  #running: Promise<void> | null = null
  #isAskedAgain = false

  constructor(options: CheckpointerOptions) {
    this.#options = options
    this.#generation = options.lastGeneration
  }

  /** Starts a run in the background, or has one follow the one that is under way. */
  start(): void {
    if (this.#running !== null) {
      this.#isAskedAgain = true
      return
    }
    this.#running = this.run()
      .catch((error: Error) => this.#options.onFailure(error))
      .finally(() => {
        this.#running = null
        if (this.#isAskedAgain) {
          this.#isAskedAgain = false
          this.start()
        }
      })
  }

  async settle(): Promise<void> {
    while (this.#running !== null) await this.#running
  }

  /** Not while another run is under way. */
  async run(): Promise<void> {
    const { shard, shards, runEpoch, drainer, logs, unsyncedSequence, storeLeaderEpochs, write, onRow, onCheckpoint } =
      this.#options
    const replayFromSequence = unsyncedSequence()
    let covered: PartitionLog[] = []
    let partitions: PartitionCheckpoint[] = []
    await drainer.drainAndSyncAll(() => {
      covered = [...logs()]
      partitions = covered.map(checkpointOf)
    })
    for (const [i, log] of covered.entries()) {
      const { drainedOffset } = partitions[i]!
      if (drainedOffset > log.durableOffset) log.advanceDurable(drainedOffset)
    }
    for (const log of logs()) await storeLeaderEpochs(log)
    this.#generation++
    await write({ version: 1, runEpoch, shard, shards, generation: this.#generation, replayFromSequence, partitions })
    for (const [i, log] of covered.entries()) onRow(log, partitions[i]!)
    onCheckpoint(replayFromSequence)
  }
}

/** The row of a log as it is drained now; it holds once that is synced. */
function checkpointOf(log: PartitionLog): PartitionCheckpoint {
  const { drainedOffset } = log
  const oldest = log.tail !== null && log.tail.count > 0 ? log.tail.at(0) : null
  const segment = oldest?.segment ?? log.active
  return {
    topicId: log.identity.topicId,
    partition: log.identity.partition,
    // Also of a log that is about to become direct: see log/direct-writes.ts.
    ...(log.isDirect || !log.config.durable ? { durability: 'os' } : {}),
    logStartOffset: log.logStartOffset,
    drainedOffset,
    segmentBaseOffset: segment.baseOffset,
    segmentBytes: oldest?.position ?? segment.appendedBytes,
    segmentFirstTimestamp: segment.firstTimestamp,
    segmentLargestTimestamp: segment.largestTimestamp,
    segmentLargestTimestampOffset: segment.largestTimestampOffset,
    // Where everything is deleted, the latest epoch begins with the log.
    leaderEpochs: log.leaderEpochs
      .pairs()
      .filter(([, startOffset]) => startOffset < drainedOffset || startOffset <= log.logStartOffset),
    producers: log.producers === null ? [] : [...log.producers.asOf(drainedOffset)],
  }
}
