// Batches that are refused for some of their records, and which ones those are (KIP-467).
//
// Between shards, never on the wire, these stand in place of Kafka's codes: the records are still held then, so that the
// answer can name them.
import type { TopicSettings } from '../config/topic-configs.ts'
import { ErrorCode } from '../model/error-codes.ts'
import type { PartitionProduceResponse } from '../wire/generated/00-produce.ts'
import {
  batchAttributes,
  batchBaseTimestamp,
  COMPRESSION_MASK,
  LOG_APPEND_TIME,
  NO_TIMESTAMP,
} from '../wire/record-batch.ts'
import { RecordCursor } from '../wire/record-cursor.ts'

/** INVALID_RECORD: the topic is compacted. */
export const RECORDS_WITHOUT_KEY = -100
/** INVALID_TIMESTAMP. */
export const RECORDS_UNTIMELY = -101

export function isOfRecords(error: number): boolean {
  return error === RECORDS_WITHOUT_KEY || error === RECORDS_UNTIMELY
}

/** What the client is told. */
export function errorOfRecords(error: number): number {
  if (error === RECORDS_WITHOUT_KEY) return ErrorCode.InvalidRecord
  return error === RECORDS_UNTIMELY ? ErrorCode.InvalidTimestamp : error
}

/** Where a batch lies. */
export interface BatchPlace {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly at: number
  readonly end: number
}

/** What its records were held against. */
export interface Judgement {
  readonly settings: TopicSettings
  readonly judgedAtMs: number
}

/** Says in `answer` what is wrong with the batch, and with which records: not more than `countMax`. */
export function nameRecords(
  answer: PartitionProduceResponse,
  error: number,
  batch: BatchPlace,
  judgement: Judgement,
  countMax: number,
): void {
  const isKeyless = error === RECORDS_WITHOUT_KEY
  answer.errorMessage = isKeyless
    ? 'The topic is compacted, and records of the batch have no key.'
    : 'Timestamps of records of the batch are not such as the topic takes.'
  const { bytes, view, at, end } = batch
  if ((batchAttributes(view, at) & COMPRESSION_MASK) !== 0) return
  const isStamped = !isKeyless && (batchAttributes(view, at) & LOG_APPEND_TIME) !== 0
  const baseTimestamp = batchBaseTimestamp(view, at)
  const cursor = new RecordCursor()
  cursor.reset(bytes, view, at, end)
  for (let index = 0; answer.recordErrors.count < countMax && cursor.next(); index++) {
    const fault = isKeyless
      ? faultOfKey(cursor)
      : faultOfTime(baseTimestamp + cursor.timestampDelta, isStamped, judgement)
    if (fault === null) continue
    const recordError = answer.recordErrors.add()
    recordError.batchIndex = index
    recordError.batchIndexErrorMessage = fault
  }
}

function faultOfKey({ keyLength }: RecordCursor): string | null {
  return keyLength < 0 ? 'The topic is compacted, and the record has no key.' : null
}

function faultOfTime(timestamp: number, isStamped: boolean, { settings, judgedAtMs }: Judgement): string | null {
  const { logAppendTime, messageTimestampBeforeMaxMs, messageTimestampAfterMaxMs } = settings
  if (isStamped && (logAppendTime || timestamp === NO_TIMESTAMP)) {
    return 'The time of append is not for the producer to set.'
  }
  const earliest = judgedAtMs - messageTimestampBeforeMaxMs
  const latest = judgedAtMs + messageTimestampAfterMaxMs
  if (timestamp > latest)
    return `The timestamp ${timestamp} is later than ${latest}, the latest that the topic takes now.`
  if (timestamp >= earliest || timestamp === NO_TIMESTAMP) return null
  return `The timestamp ${timestamp} is earlier than ${earliest}, the earliest that the topic takes now.`
}
