// Logs that begin later from now on: of DeleteRecords, and of retention.
//
// Owner: the shard. In order: what goes is drained, so that the journal need not have it; the new start is durable in the
// journal, and in that moment the log begins there; then segments of which nothing is left go. So recovery, which knows the
// starts, never misses a segment that it needs, and brings nothing back.
import { ENTRY_LOG_START } from '../journal/group.ts'
import { forEachLimited } from '../lib/limited.ts'
import type { ControlRecords } from '../log/control-records.ts'
import type { Drainer } from '../log/drainer.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import type { LogManager } from './log-manager.ts'

/** Logs that are drained, or whose files are removed, at a time. */
const AT_ONCE = 8

export interface NewLogStart {
  readonly log: PartitionLog
  /** Consumers may read what is before it. */
  readonly offset: number
}

export interface LogStartsOptions {
  manager: LogManager
  drainer: Drainer
  records: ControlRecords
}

export class LogStarts {
  readonly #options: LogStartsOptions

  constructor(options: LogStartsOptions) {
    this.#options = options
  }

  /** Resolves when nothing of before is left, but for who reads it. A log that is closed meanwhile is passed over. */
  async advance(starts: readonly NewLogStart[]): Promise<void> {
    const { drainer, manager, records } = this.#options
    await forEachLimited(starts, AT_ONCE, ({ log, offset }) => drainer.drainTo(log, offset))
    const later = starts.filter(({ log, offset }) => !log.isClosed && offset > log.logStartOffset)
    // All of them in one group of the journal, or a few.
    await Promise.all(
      later.map(({ log, offset }) =>
        records.write(log, ENTRY_LOG_START, offset, () => {
          if (!log.isClosed) log.advanceLogStart(offset)
        }),
      ),
    )
    await forEachLimited(starts, AT_ONCE, async ({ log }) => {
      if (!log.isClosed) await manager.removeObsolete(log)
    })
  }
}
