// One partition of a fetch under way: what is asked of it, what came of it, and the hold on the bytes. Pooled with its
// call; on the owning shard it also is what waits for the partition to grow.

import { Waiter } from '../log/waiters.ts'
import { ErrorCode } from '../model/error-codes.ts'
import type { RecordsSource } from '../wire/writer.ts'
import type { FetchCall } from './01-fetch.ts'
import type { SessionPartition } from './fetch-session.ts'
import type { PartitionRoute } from './routes.ts'

export class FetchPart extends Waiter implements RecordsSource {
  readonly call: FetchCall
  topic = ''
  topicId = ''
  partition = 0
  /** Null when there is no such partition here: then `error` says why. */
  route: PartitionRoute | null = null
  fetchOffset = 0
  bytesMax = 0
  currentLeaderEpoch = -1
  lastFetchedEpoch = -1
  /** Its line in the session; null outside of one. */
  member: SessionPartition | null = null

  error = 0
  highWatermark = -1
  logStartOffset = -1
  divergingEpoch = -1
  divergingEndOffset = -1
  /** A slice table that this part holds while `rows` > 0. */
  tableArena = 0
  tableOffset = 0
  rows = 0
  byteLength = 0

  /** The watch on another shard's partition, as the shard keeps it; null for none. */
  watch: object | null = null

  constructor(call: FetchCall) {
    super()
    this.call = call
  }

  clearAnswer(): void {
    this.error = ErrorCode.None
    this.highWatermark = -1
    this.logStartOffset = -1
    this.divergingEpoch = -1
    this.divergingEndOffset = -1
    this.rows = 0
    this.byteLength = 0
  }

  refuse(error: number): void {
    this.error = error
    this.highWatermark = -1
    this.logStartOffset = -1
  }

  override onGrown(): void {
    this.call.onGrown()
  }
}
