// What the journal keeps of a log beside its batches: where it begins since records were deleted, and where it was cut.
//
// Owner: the shard. A record counts from the moment in which its group is known to be durable, and `apply` is called in
// that moment: a checkpoint that no longer needs the record has a row in which it is applied.
import type { Journal } from '../journal/journal.ts'
import type { Pool } from '../lib/pool.ts'
import type { Batch } from './batch.ts'
import type { PartitionLog } from './partition-log.ts'

export interface ControlRecordsOptions {
  journal: () => Journal
  batches: Pool<Batch>
  /** Has the journal look soon. */
  wake: () => void
}

export class ControlRecords {
  readonly #options: ControlRecordsOptions

  constructor(options: ControlRecordsOptions) {
    this.#options = options
  }

  /** `kind`: one of group.ts' ENTRY_ constants. Resolves once it is durable and applied. */
  write(log: PartitionLog, kind: number, offset: number, apply: () => void): Promise<void> {
    const { journal, batches, wake } = this.#options
    return new Promise((resolve) => {
      const record = batches.take()
      record.log = log
      record.kind = kind
      record.baseOffset = offset
      record.nextOffset = offset
      record.length = 0
      record.leaderEpoch = 0
      record.crc = 0
      record.onDurable = () => {
        apply()
        record.clear()
        batches.give(record)
        resolve()
      }
      journal().enqueue(record)
      wake()
    })
  }
}
