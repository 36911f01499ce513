// What does the validation of a produce batch cost, and how much of it is the checksum?
//
//   node bench/native/batch.bench.mjs [--small]
import { question } from '../micro.mjs'
import { addon, cpuNanoseconds, print } from './measure.mjs'

question('batches of about 128 KB, hot in cache, CPU time, median of 7 rounds')
const { RUN_WORDS, RUN_RESULT_WORDS, BATCH_WORDS, RUN_OK } = addon.constants

for (const { name, valueBytes, headers } of [
  { name: '100-byte records', valueBytes: 91, headers: 0 },
  { name: '100-byte records with a header', valueBytes: 80, headers: 1 },
  { name: '1 KB records', valueBytes: 1013, headers: 0 },
]) {
  const { batch, recordCount } = fill(valueBytes, headers)
  for (const codec of [0, 3]) {
    batch.writeInt16BE(codec, 21)
    batch.writeUInt32BE(addon.crc32c(batch, 21, batch.length - 21, 0), 17)
    const arena = new Uint8Array(new SharedArrayBuffer(1 << 18))
    arena.set(batch, 64)
    const validator = new addon.BatchValidator([arena])
    const runs = Int32Array.of(0, 64, batch.length, 1)
    const results = new Int32Array(RUN_RESULT_WORDS)
    const batches = new Int32Array(BATCH_WORDS)
    const whole = cpuNanoseconds(() => validator.validate(runs, runs.length / RUN_WORDS, results, batches)).median
    if (results[0] !== RUN_OK) throw new Error(`status ${results[0]}`)
    const checksum = cpuNanoseconds(() => addon.crc32c(arena, 64 + 21, batch.length - 21, 0)).median
    print(
      `${name}${codec === 0 ? '' : ', as if compressed'}: ${(whole / 1000).toFixed(1)} us a batch of ${batch.length} bytes ` +
        `(CRC ${(checksum / 1000).toFixed(1)} us), ${(whole / batch.length).toFixed(3)} CPU-s/GB, ` +
        `the rest ${((whole - checksum) / recordCount).toFixed(1)} ns a record`,
    )
  }
}

function fill(valueBytes, headers) {
  const records = []
  let bytes = 0
  for (let index = 0; bytes < 131_072 - 61 - valueBytes - 20; index++) {
    const body = Buffer.concat([
      Buffer.from([0, ...varint(index % 5), ...varint(index), ...varint(-1), ...varint(valueBytes)]),
      Buffer.alloc(valueBytes, 120),
      Buffer.from([...varint(headers), ...(headers === 0 ? [] : [...varint(3), 1, 2, 3, ...varint(5), 1, 2, 3, 4, 5])]),
    ])
    records.push(Buffer.from(varint(body.length)), body)
    bytes += body.length + 2
  }
  const recordCount = records.length / 2
  const batch = Buffer.concat([Buffer.alloc(61), ...records])
  batch.writeInt32BE(batch.length - 12, 8)
  batch[16] = 2
  batch.writeInt32BE(recordCount - 1, 23)
  batch.fill(0xff, 43, 57)
  batch.writeInt32BE(recordCount, 57)
  return { batch, recordCount }
}

function varint(value) {
  const bytes = []
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128)
  bytes.push(rest)
  return bytes
}
