// Records through the client: a batch in, batches out; uncompressed ones only.
import { realClock } from '../lib/real-env.ts'
import { crc32c } from '../native/stand-in/crc32c.ts'
import {
  BATCH_HEADER_BYTES,
  batchBaseOffset,
  batchBaseTimestamp,
  batchBytes,
  batchCompression,
  batchIsControl,
} from '../wire/record-batch.ts'
import { RecordBatchBuilder } from '../wire/record-batch-builder.ts'
import { RecordCursor } from '../wire/record-cursor.ts'
import { encodeText } from '../wire/text.ts'
import { fetch, produce } from './apis.ts'
import { type Client, throwIfRefused } from './client.ts'
import { fetchRequest, produceRequest } from './record-requests.ts'

export interface RecordToProduce {
  readonly key?: string | Uint8Array | null
  readonly value: string | Uint8Array | null
  /** Now, if not set. */
  readonly timestampMs?: number
}

export interface FetchedRecord {
  readonly offset: number
  readonly timestampMs: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
}

/** Appends the records as one batch, with acks=all. Resolves to the offset of the first. */
export async function produceRecords(
  client: Client,
  topic: string,
  partition: number,
  records: readonly RecordToProduce[],
): Promise<number> {
  const builder = new RecordBatchBuilder(crc32c).begin()
  for (const { key = null, value, timestampMs = realClock.wallMs() } of records) {
    builder.add({ timestampMs, key: bytesOf(key), value: bytesOf(value) })
  }
  const { responses } = await client.request(produce, produceRequest(topic, [[partition, builder.finish()]]))
  const answer = responses.at(0).partitionResponses.at(0)
  throwIfRefused(answer.errorCode, answer.errorMessage)
  return answer.baseOffset
}

/** The records from `offset` on that one answer brings; none, if none come within `maxWaitMs`. */
export async function fetchRecords(
  client: Client,
  topic: string,
  partition: number,
  offset: number,
  maxWaitMs = 0,
): Promise<FetchedRecord[]> {
  const { bytes, response } = await client.request(fetch, fetchRequest(topic, [[partition, offset]], { maxWaitMs }))
  throwIfRefused(response.errorCode)
  const { errorCode, recordsOffset, recordsLength } = response.responses.at(0).partitions.at(0)
  throwIfRefused(errorCode)
  const records = recordsIn(bytes, recordsOffset, recordsOffset + Math.max(0, recordsLength))
  return records.filter((record) => record.offset >= offset)
}

function recordsIn(bytes: Uint8Array, from: number, end: number): FetchedRecord[] {
  const records: FetchedRecord[] = []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const cursor = new RecordCursor()
  // The last batch may be cut short: it comes whole with the next fetch.
  for (let at = from; at + BATCH_HEADER_BYTES <= end && at + batchBytes(view, at) <= end; at += batchBytes(view, at)) {
    if (batchCompression(view, at) !== 0) throw new Error('a compressed batch: this client does not open it')
    cursor.reset(bytes, view, at, end)
    while (!batchIsControl(view, at) && cursor.next()) {
      records.push({
        offset: batchBaseOffset(view, at) + cursor.offsetDelta,
        timestampMs: batchBaseTimestamp(view, at) + cursor.timestampDelta,
        key: copied(bytes, cursor.keyOffset, cursor.keyLength),
        value: copied(bytes, cursor.valueOffset, cursor.valueLength),
      })
    }
  }
  return records
}

function bytesOf(text: string | Uint8Array | null): Uint8Array | null {
  return typeof text === 'string' ? encodeText(text) : text
}

function copied(bytes: Uint8Array, offset: number, length: number): Uint8Array | null {
  return length < 0 ? null : new Uint8Array(bytes.subarray(offset, offset + length))
}
