// Makes journal files free to be written again: what lies in the oldest is drained, or carried forward; what was drained is
// synced; then the checkpoint says so. Runs when a journal file is full, when many segments wait to be synced, and at a
// clean stop.
//
// Owner: the shard. One run at a time; asked during a run, it runs once more. A run is as many checkpoints as it takes,
// each with a bounded number of logs carried and drained.
//
// Invariant: a journal file is free when every batch in it is drained, synced, and a checkpoint says so, or lies durably in
//            a later group too.
import { type CarryBounds, LIMITS } from '../config/limits.ts'
import type { CheckpointWriter } from '../journal/checkpoint-writer.ts'
import { GROUP_ENTRY_BYTES } from '../journal/group.ts'
import { forEachLimited } from '../lib/limited.ts'
import type { Carrier } from './carrier.ts'
import type { Drainer } from './drainer.ts'
import type { LogStartChange } from './log-start-checkpoint.ts'
import type { PartitionLog } from './partition-log.ts'
import type { RowChanges } from './row-changes.ts'

/** A log may take this share of what can still be carried: small ones come in when large ones don't any more. */
const CARRY_SHARE = 8
const FILES_AT_ONCE = 16

export interface CheckpointerOptions {
  drainer: Drainer
  carrier: Carrier
  bounds: CarryBounds
  rows: RowChanges
  writer: CheckpointWriter
  logs: () => Iterable<PartitionLog>
  /** Groups before it must go for the journal to have its free files; 0 when it has them. */
  sequenceToFree: () => number
  /** Every journal group before it is synced. */
  unsyncedSequence: () => number
  storeLeaderEpochs: (log: PartitionLog) => Promise<void>
  /** In Kafka's own checkpoint, which is for its tools: this one and the journal say it first. */
  storeLogStarts: (changes: readonly LogStartChange[]) => Promise<void>
  /** The log's row is durable: `isWalked` if it says that recovery believes its segments. */
  onRow: (log: PartitionLog, isWalked: boolean) => void
  /** Durable: journal groups before the sequence are not needed any more. */
  onCheckpoint: (replayFromSequence: number) => void
  onFailure: (error: Error) => void
}

export class Checkpointer {
  readonly #options: CheckpointerOptions
  #running: Promise<void> | null = null
  #isAskedAgain = false
  #isDue = false
  /** What may still be carried to free the file whose groups end here. */
  #carriedFor = 0
  #carryBytesLeft = 0

  constructor(options: CheckpointerOptions) {
    this.#options = options
  }

  /** Starts a run in the background, or has one follow the one that is under way: it ends when there is nothing to clear. */
  start(): void {
    if (this.#running !== null) this.#isAskedAgain = true
    else this.#begin(this.#run().catch((error: Error) => this.#options.onFailure(error)))
  }

  /** As `start`, and there is one checkpoint at least. */
  startDue(): void {
    this.#isDue = true
    this.start()
  }

  async settle(): Promise<void> {
    while (this.#running !== null) await this.#running
  }

  /** Everything that is durable goes into segments, and the checkpoint says so. */
  async drainAll(): Promise<void> {
    await this.settle()
    await this.#begin(this.#drainAll())
  }

  #begin(work: Promise<void>): Promise<void> {
    this.#running = work.finally(() => {
      this.#running = null
      if (!this.#isAskedAgain) return
      this.#isAskedAgain = false
      this.start()
    })
    return this.#running
  }

  async #drainAll(): Promise<void> {
    await this.#options.drainer.drainAndSyncAll()
    await this.#write()
  }

  async #run(): Promise<void> {
    const { sequenceToFree, drainer } = this.#options
    for (;;) {
      const sequence = sequenceToFree()
      if (sequence === 0 && drainer.unsyncedSegments < LIMITS.checkpointSegmentsMax && !this.#isDue) return
      this.#isDue = false
      if (sequence > 0) await this.#clearBefore(sequence)
      await this.#write()
    }
  }

  /** Carries or drains what lies in journal groups before `sequence`: oldest first, so many and so much. */
  async #clearBefore(sequence: number): Promise<void> {
    const { drainer, carrier, bounds } = this.#options
    if (this.#carriedFor !== sequence) {
      this.#carriedFor = sequence
      this.#carryBytesLeft = bounds.bytesMax
    }
    const carried: PartitionLog[] = []
    const drained: PartitionLog[] = []
    let agedDrains = 0
    for (const log of drainer.dirtyBefore(sequence)) {
      if (carried.length === LIMITS.checkpointCarriesMax || drained.length === LIMITS.checkpointDrainsMax) break
      const { byteLength, count, timesCarried } = log.tail!
      const bytes = byteLength + count * GROUP_ENTRY_BYTES
      const isAged = timesCarried >= LIMITS.carriesMax && agedDrains++ < LIMITS.agedDrainsMax
      const isFew = bytes <= bounds.logBytesMax && bytes * CARRY_SHARE <= this.#carryBytesLeft
      if (isAged || !isFew || drainer.isDraining(log)) drained.push(log)
      else {
        this.#carryBytesLeft -= bytes
        carried.push(log)
      }
    }
    await Promise.all([carrier.carry(carried), drainer.drainEach(drained)])
  }

  async #write(): Promise<void> {
    const { drainer, rows, writer, logs, storeLeaderEpochs, storeLogStarts, onRow, onCheckpoint } = this.#options
    const unsyncedSequence = this.#options.unsyncedSequence()
    // One moment: what is drained now is synced below, and the rows say so.
    const replayFromSequence = drainer.oldestSequence
    const snapshot = rows.begin(writer.isBaseDue ? logs() : null)
    const written = [...snapshot.changed]
      .filter(({ isDirect }) => isDirect)
      .map((log) => [log, log.drainedOffset] as const)
    await drainer.syncAll()
    for (const [log, offset] of written) if (offset > log.durableOffset) log.advanceDurable(offset)
    await forEachLimited(snapshot.changed, FILES_AT_ONCE, storeLeaderEpochs)
    const logStarts = logStartChanges(snapshot.changed)
    if (logStarts.length > 0) await storeLogStarts(logStarts)
    await writer.write(replayFromSequence, unsyncedSequence, snapshot)
    rows.end()
    for (const log of snapshot.taken) onRow(log, snapshot.walked.has(log))
    onCheckpoint(replayFromSequence)
  }
}

/** To be stored at once: a deleted log's start is taken out of the file, and must not come in again after that. */
function logStartChanges(logs: Iterable<PartitionLog>): LogStartChange[] {
  const changes: LogStartChange[] = []
  for (const log of logs) {
    if (log.isClosed || log.logStartOffset <= log.storedLogStart) continue
    log.storedLogStart = log.logStartOffset
    changes.push({ topic: log.identity.topic, partition: log.identity.partition, offset: log.logStartOffset })
  }
  return changes
}
