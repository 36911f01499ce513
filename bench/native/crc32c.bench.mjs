// How fast is CRC-32C by size, what does the call across the border cost, and what do the instructions bring?
//
//   node bench/native/crc32c.bench.mjs [--small]
import { isSmall, question } from '../micro.mjs'
import { addon, cpuNanoseconds, print } from './measure.mjs'

question('CRC-32C: GB/s by size, hot in cache, CPU time, median of 7 rounds (least..greatest)')
const bytes = new Uint8Array(new SharedArrayBuffer(1 << 24)).map((_, index) => index * 31)
for (const length of [0, 64, 256, 1024, 4096, 65_536, 1 << 20, ...(isSmall ? [] : [1 << 24])]) {
  const row = [
    ['crc32c', 'instructions'],
    ['crc32cSoftware', 'tables'],
  ].map(([name, label]) => {
    const { median, least, greatest } = cpuNanoseconds(() => addon[name](bytes, 0, length, 0))
    if (length === 0) return `${label} ${median.toFixed(0)} ns a call`
    return `${label} ${(length / median).toFixed(2)} GB/s (${(length / greatest).toFixed(2)}..${(length / least).toFixed(2)})`
  })
  print(`${String(length).padStart(9)} bytes  ${row.join('   ')}`)
}
