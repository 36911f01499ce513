// What can the load generator do at most, and what does it cost? Each mode against the null broker, which does next to
// nothing: a figure measured against a real broker is the broker's only where it stays well below this one.
//
// Prints a line a mode: records and requests a second, the generator's own CPU per million records and per GB, and the
// median latency. --small: briefly, to see that it still runs.   --json: one JSON object instead.   --keep: also to
// bench/results, where the comparison finds what stood beside its rows.
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { runLoad, startNullBroker } from './generator.mjs'

const isSmall = process.argv.includes('--small')
const asJson = process.argv.includes('--json')
const isKept = process.argv.includes('--keep')
const time = isSmall ? { seconds: 0.1 } : { seconds: 3, warmup: 0.5 }
const big = { records: 128, recordBytes: 1000 }

const runs = [
  ['produce 128 x 1 KB', { mode: 'produce', connections: 4, inflight: 4, ...big }],
  ['produce 128 x 1 KB verified', { mode: 'produce', connections: 4, inflight: 4, ...big, verify: 1 }],
  [
    'produce 1000 x 100 B',
    { mode: 'produce', connections: 4, inflight: 4, records: 1000, recordBytes: 100, verify: 1 },
  ],
  ['produce acks=0', { mode: 'produce', connections: 4, acks: 0 }],
  ['fetch 1 MB', { mode: 'fetch', connections: 4 }],
  ['end-to-end closed loop', { mode: 'end-to-end', connections: 4, rate: 0 }, { keep: 1 }],
  ['end-to-end 10k/s', { mode: 'end-to-end', connections: 4, rate: 10_000 }, { keep: 1 }],
  ['100 connections', { mode: 'connections' }],
  ['1000 connections 20k/s', { mode: 'connections', connections: 1000, rate: 20_000 }],
  ['one connection', { mode: 'produce', connections: 1, acks: -1, records: 1, recordBytes: 1000, verify: 1 }],
  [
    '100 connections, 100 partitions',
    { mode: 'partitions', connections: 100, acks: -1, records: 1, recordBytes: 1000, verify: 1 },
    { partitions: 100 },
  ],
  ['1000 partitions', { mode: 'partitions', connections: 4 }, { partitions: 1000 }],
  [
    '1000 partitions, 100 a request',
    { mode: 'partitions', connections: 4, batchesPerRequest: 100 },
    { partitions: 1000 },
  ],
]

const rows = []
if (!asJson) print(`# ${cpus()[0].model}, ${cpus().length} cores; generator and null broker on the same machine`)
for (const [name, load, broker = {}] of runs) {
  const nullBroker = await startNullBroker({ partitions: 4, ...big, ...broker })
  const result = await runLoad({ ...load, ...time, port: nullBroker.port })
  await nullBroker.stop()
  rows.push(row(name, result))
  if (!asJson) print(line(rows.at(-1)))
}
const kept = JSON.stringify({ machine: `${cpus()[0].model}, ${cpus().length} cores`, rows })
if (asJson) print(kept)
if (isKept) writeFileSync(new URL('../results/ceiling.json', import.meta.url), `${kept}\n`)

function row(name, { produced, fetched, endToEnd, lateness, cpu }) {
  const half = produced ?? fetched
  const seconds = cpu.userSeconds + cpu.systemSeconds
  return {
    name,
    recordsPerSecond: half.recordsPerSecond,
    requestsPerSecond: half.requestsPerSecond,
    bytesPerSecond: half.bytesPerSecond,
    cpuSecondsPerMillionRecords: seconds / (half.records / 1e6),
    cpuSecondsPerGB: seconds / (half.bytes / 1e9),
    cpuMicrosecondsPerRequest: (seconds * 1e6) / half.requests,
    latency: summary(endToEnd ?? half.latency),
    lateness: lateness && summary(lateness),
  }
}

function summary({ count, p50Ns, p99Ns, p999Ns, maxNs }) {
  return { count, p50Ns, p99Ns, p999Ns, maxNs }
}

function line(each) {
  const { latency, lateness } = each
  const late = lateness === undefined ? '' : `, generator late p50 ${us(lateness.p50Ns)} p99 ${us(lateness.p99Ns)}`
  return (
    `${each.name.padEnd(31)} ${each.recordsPerSecond.toFixed(0).padStart(9)} records/s ` +
    `${each.requestsPerSecond.toFixed(0).padStart(7)} req/s ${(each.bytesPerSecond / 1e6).toFixed(0).padStart(5)} MB/s | ` +
    `own CPU ${each.cpuSecondsPerMillionRecords.toFixed(3)} s/M records, ${each.cpuSecondsPerGB.toFixed(3)} s/GB, ` +
    `${each.cpuMicrosecondsPerRequest.toFixed(1)} us/req | ` +
    `p50 ${us(latency.p50Ns)} p99 ${us(latency.p99Ns)}${late}`
  )
}

function us(ns) {
  return `${(ns / 1e3).toFixed(0)} us`
}

function print(text) {
  process.stdout.write(`${text}\n`)
}
