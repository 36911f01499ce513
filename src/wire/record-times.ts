// Whether records are as recent as a topic wants them. Hot only for topics that take no old records.
import {
  batchAttributes,
  batchBaseTimestamp,
  batchBytes,
  batchMaxTimestamp,
  COMPRESSION_MASK,
  NO_TIMESTAMP,
} from './record-batch.ts'
import type { RecordCursor } from './record-cursor.ts'

/**
 * Whether no record of the validated batch at `at` is older than `oldest`. A record without a timestamp is not old. A
 * compressed batch is not opened: its first record and its latest stand for all.
 */
export function areRecordsRecent(
  cursor: RecordCursor,
  bytes: Uint8Array,
  view: DataView,
  at: number,
  oldest: number,
): boolean {
  const baseTimestamp = batchBaseTimestamp(view, at)
  if ((batchAttributes(view, at) & COMPRESSION_MASK) !== 0) {
    const isFirstRecent = baseTimestamp === NO_TIMESTAMP || baseTimestamp >= oldest
    return isFirstRecent && batchMaxTimestamp(view, at) >= oldest
  }
  cursor.reset(bytes, view, at, at + batchBytes(view, at))
  while (cursor.next()) {
    const timestamp = baseTimestamp + cursor.timestampDelta
    if (timestamp < oldest && timestamp !== NO_TIMESTAMP) return false
  }
  return true
}
