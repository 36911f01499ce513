// Opens a compressed batch: for the few logs that the broker itself reads, such as a directory of Apache Kafka's holds.
// What Node can decompress: gzip, and zstd from Node 22.15 on.
import * as zlib from 'node:zlib'
import {
  BATCH_HEADER_BYTES,
  BATCH_OVERHEAD_BYTES,
  batchAttributes,
  batchCompression,
  COMPRESSION_MASK,
  setBatchAttributes,
} from '../wire/record-batch.ts'

const GZIP = 1
const ZSTD = 4
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const LENGTH_AT = 8

type Decompress = (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array

const decompressors = new Map<number, Decompress | undefined>([
  [GZIP, zlib.gunzipSync],
  [ZSTD, (zlib as { zstdDecompressSync?: Decompress }).zstdDecompressSync],
])

/**
 * The batch with its records uncompressed, in an array of its own; its CRC is void. Throws when the codec is not there or
 * the records take more than `bytesMax`.
 */
export function decompressedBatch(batch: Uint8Array, bytesMax: number): Uint8Array<ArrayBuffer> {
  const codec = batchCompression(new DataView(batch.buffer, batch.byteOffset, batch.byteLength), 0)
  const decompress = decompressors.get(codec)
  if (decompress === undefined) throw new Error(`this Node cannot decompress ${CODECS[codec] ?? `codec ${codec}`}`)
  const records = decompress(batch.subarray(BATCH_HEADER_BYTES), { maxOutputLength: bytesMax })
  const opened = new Uint8Array(BATCH_HEADER_BYTES + records.length)
  opened.set(batch.subarray(0, BATCH_HEADER_BYTES))
  opened.set(records, BATCH_HEADER_BYTES)
  const view = new DataView(opened.buffer)
  setBatchAttributes(view, 0, batchAttributes(view, 0) & ~COMPRESSION_MASK)
  view.setInt32(LENGTH_AT, opened.length - BATCH_OVERHEAD_BYTES)
  return opened
}
