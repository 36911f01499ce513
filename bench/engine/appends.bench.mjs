// How fast does a program append to the engine in its own process, what does a call cost it, and does memory stay bounded?
// Rows 18 and 19: 100-byte records from one thread, not durable (what flush waits for is the kernel's copy), and durable
// with 64 awaiting at a time.
//
//   npm run build:ts && node bench/engine/appends.bench.mjs [--small] [--seconds 30] [--directory PATH] [--shards 1]
//
// A single call takes about as long as reading the clock. So every 64th is timed by itself and the time of an empty pair of
// readings, the median of as many, is taken off; p99 sees the sealing of a batch only if it is that frequent.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fromDist, isSmall, question, row } from '../micro.mjs'

const { Engine } = await fromDist('index')
const { values: given } = parseArgs({
  options: {
    small: { type: 'boolean' },
    seconds: { type: 'string', default: isSmall ? '0.3' : '30' },
    directory: { type: 'string', default: tmpdir() },
    shards: { type: 'string', default: '1' },
  },
})
const RECORD_BYTES = 100
const PARTITIONS = 4
const AWAITERS = 64
const TIMED_EVERY = 64
const TURN = 4096
const SAMPLES_MAX = 4 << 20

const directory = mkdtempSync(join(given.directory, 'millrace-bench-'))
const engine = await Engine.open({ dir: directory, shards: Number(given.shards) })
const value = Buffer.alloc(RECORD_BYTES, 'x')
const view = new DataView(value.buffer, value.byteOffset)

question('A record of 100 bytes, appended by the program that links the engine')
try {
  const log = await engine.topic('rows', { partitions: PARTITIONS, durability: 'os' })
  await row('append, os, with all that follows from it', () => appendTurn(log), TURN, { mayWait: true })
  await log.flush()
  const durable = await engine.topic('durable', { partitions: PARTITIONS })
  const awaited = () =>
    Promise.all(Array.from({ length: AWAITERS }, (_, i) => durable.appendDurable(i % PARTITIONS, { value })))
  await row(`appendDurable, ${AWAITERS} awaited at a time`, awaited, AWAITERS)
  await sustained()
} finally {
  await engine.close()
  rmSync(directory, { recursive: true })
}

function appendTurn(log) {
  for (let i = 0; i < TURN; i++) if (!log.append(i % PARTITIONS, { value })) return finishTurn(log, i)
}

async function finishTurn(log, from) {
  for (let i = from; i < TURN; i++) while (!log.append(i % PARTITIONS, { value })) await engine.ready()
}

/** A long run, its calls timed, then read back. Numbers in the values say whether all came, once and in order. */
async function sustained() {
  const log = await engine.topic('sustained', { partitions: PARTITIONS, durability: 'os' })
  const samples = new Float64Array(SAMPLES_MAX)
  const seconds = Number(given.seconds)
  let sampleCount = 0
  let appended = 0
  let refused = 0
  let rssMax = 0
  const rssBefore = process.memoryUsage.rss()
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  const until = startedAt + seconds * 1000
  for (let now = startedAt; now < until; now = performance.now()) {
    for (let i = 0; i < TURN; i++) {
      view.setUint32(0, (appended / PARTITIONS) >>> 0)
      const partition = appended % PARTITIONS
      if (appended % TIMED_EVERY === 0) {
        const before = performance.now()
        const isTaken = log.append(partition, { value })
        const after = performance.now()
        if (isTaken) samples[sampleCount++ % SAMPLES_MAX] = after - before
        else i = await refuse(i)
        appended += isTaken ? 1 : 0
      } else if (log.append(partition, { value })) appended++
      else i = await refuse(i)
    }
    // As a service does: timers and answers have their turn.
    await new Promise((resolve) => setImmediate(resolve))
    rssMax = Math.max(rssMax, process.memoryUsage.rss())
  }
  async function refuse(i) {
    refused++
    await engine.ready()
    return i - 1
  }
  await log.flush()
  const elapsed = (performance.now() - startedAt) / 1000
  const { user, system } = process.cpuUsage(cpuBefore)
  const sorted = samples.subarray(0, Math.min(sampleCount, SAMPLES_MAX)).sort()
  const clock = clockCost()
  const nanoseconds = (part) => Math.max(0, (sorted[Math.floor(sorted.length * part)] - clock) * 1e6).toFixed(0)
  const mebibytes = (bytes) => (bytes / (1 << 20)).toFixed(0)
  console.log(
    `# sustained for ${elapsed.toFixed(1)} s, flush and all: ${(appended / elapsed / 1e6).toFixed(2)} M appends/s`,
  )
  console.log(`# a call: p50 ${nanoseconds(0.5)} ns, p99 ${nanoseconds(0.99)} ns, p99.9 ${nanoseconds(0.999)} ns`)
  console.log(
    `# resident: ${mebibytes(rssBefore)} MiB before, ${mebibytes(rssMax)} MiB at most; ${refused} calls found no room`,
  )
  console.log(`# CPU: ${(((user + system) / appended) * 1000).toFixed(0)} ns a record, all threads`)
  await readBack(log, appended)
}

async function readBack(log, appended) {
  const startedAt = performance.now()
  let read = 0
  for (let partition = 0; partition < PARTITIONS; partition++) {
    let next = 0
    for await (const batch of log.read(partition)) {
      for (const record of batch) {
        if (record.value.length !== RECORD_BYTES || record.value.readUInt32BE(0) !== next++ >>> 0) {
          throw new Error(`partition ${partition}: offset ${record.offset} is not what was appended`)
        }
      }
    }
    read += next
  }
  if (read !== appended) throw new Error(`${read} records are there of ${appended}`)
  const rate = read / ((performance.now() - startedAt) / 1000)
  console.log(`# read back: all ${read} records, in order, checksums right; ${(rate / 1e6).toFixed(2)} M records/s`)
}

function clockCost() {
  const pairs = new Float64Array(100_000)
  for (let i = 0; i < pairs.length; i++) {
    const before = performance.now()
    pairs[i] = performance.now() - before
  }
  return pairs.sort()[pairs.length >> 1]
}
