// Makes uncompressed record batches: for the metadata log, coordinators, transaction markers, tests. Owned by one thread;
// its memory is used again for the next batch.

import { assert } from '../lib/assert.ts'
import {
  BATCH_CRC_FROM,
  BATCH_HEADER_BYTES,
  type BatchHeader,
  CONTROL,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NO_SEQUENCE,
  NO_TIMESTAMP,
  setBatchCrc,
  setBatchHeader,
} from './record-batch.ts'
import { encodeText } from './text.ts'
import { Writer } from './writer.ts'

/** CRC-32C of `bytes[offset, offset + length)`, going on from `seed`. */
export type Crc32c = (bytes: Uint8Array, offset: number, length: number, seed: number) => number

export interface RecordToAppend {
  timestampMs: number
  key?: Uint8Array | null
  value?: Uint8Array | null
  headers?: readonly { key: string; value: Uint8Array | null }[]
}

export type BatchOptions = Partial<
  Pick<BatchHeader, 'baseOffset' | 'leaderEpoch' | 'attributes' | 'producerId' | 'producerEpoch' | 'baseSequence'>
>

const CONTROL_KEY_VERSION = 0

export class RecordBatchBuilder {
  private readonly crc32c: Crc32c
  private readonly batch = new Writer()
  private readonly record = new Writer()
  private readonly header: BatchHeader = emptyHeader()

  constructor(crc32c: Crc32c) {
    this.crc32c = crc32c
  }

  get recordCount(): number {
    return this.header.recordCount
  }

  /** What the batch takes so far. */
  get bytes(): number {
    return this.batch.mark
  }

  begin(options: BatchOptions = {}): this {
    Object.assign(this.header, emptyHeader(), options)
    this.batch.rewind()
    this.batch.reserve(BATCH_HEADER_BYTES)
    return this
  }

  add(record: RecordToAppend): this {
    const { header, record: body } = this
    if (header.recordCount === 0) header.baseTimestamp = record.timestampMs
    header.maxTimestamp = Math.max(header.maxTimestamp, record.timestampMs)
    header.lastOffsetDelta = header.recordCount
    body.rewind()
    body.writeInt8(0)
    body.writeVarlong(record.timestampMs - header.baseTimestamp)
    body.writeVarint(header.recordCount++)
    writeBytes(body, record.key ?? null)
    writeBytes(body, record.value ?? null)
    const headers = record.headers ?? []
    body.writeVarint(headers.length)
    for (const { key, value } of headers) {
      writeBytes(body, encodeText(key))
      writeBytes(body, value)
    }
    writeBytes(this.batch, body.written())
    return this
  }

  /** A control record; it makes the batch a control batch. */
  addControl(type: number, timestampMs: number, value: Uint8Array): this {
    this.header.attributes |= CONTROL
    const key = Uint8Array.of(0, CONTROL_KEY_VERSION, type >> 8, type)
    return this.add({ timestampMs, key, value })
  }

  /** The finished batch; its bytes are the builder's until the next `begin`. */
  finish(): Uint8Array {
    const { batch, header } = this
    assert(header.recordCount > 0, 'a batch has a record')
    const { bytes, view, start } = batch
    setBatchHeader(view, start, batch.mark, 0, header)
    setBatchCrc(view, start, this.crc32c(bytes, start + BATCH_CRC_FROM, batch.mark - BATCH_CRC_FROM, 0))
    return batch.written()
  }
}

function emptyHeader(): BatchHeader {
  return {
    baseOffset: 0,
    leaderEpoch: 0,
    attributes: 0,
    lastOffsetDelta: 0,
    baseTimestamp: NO_TIMESTAMP,
    maxTimestamp: NO_TIMESTAMP,
    producerId: NO_PRODUCER_ID,
    producerEpoch: NO_PRODUCER_EPOCH,
    baseSequence: NO_SEQUENCE,
    recordCount: 0,
  }
}

/** As records hold them: a varint of the length, -1 for null. */
function writeBytes(writer: Writer, bytes: Uint8Array | null): void {
  writer.writeVarint(bytes === null ? -1 : bytes.length)
  if (bytes !== null) writer.writeRaw(bytes)
}
