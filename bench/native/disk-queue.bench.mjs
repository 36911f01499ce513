// How long does a small journal group take to be durable through the queue, beside a bare loop of pwrite and fdatasync;
// and what CPU does a GB cost in groups of 1 MiB?
//
// Latency is from submit until the owner knows: one that sleeps until the doorbell rings (a FIFO here, an eventfd in the
// reactor), and one whose event loop turns all the time, as a busy shard's does.
//
//   node bench/native/disk-queue.bench.mjs [--small] [--folder path]
import { execFileSync } from 'node:child_process'
import {
  closeSync,
  constants,
  fdatasyncSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { isSmall, question } from '../micro.mjs'
import { addon, print, quantile } from './measure.mjs'

const { DISK_ALIGNED, DISK_SYNC, PROGRESS_DONE, PROGRESS_FAILED, PROGRESS_ERRNO, PROGRESS_WORDS } = addon.constants
const folderFlag = process.argv.indexOf('--folder')
const folder = mkdtempSync(join(resolve(folderFlag === -1 ? '.' : process.argv[folderFlag + 1]), 'millrace-bench-'))
const fileBytes = isSmall ? 8 << 20 : 256 << 20
const groups = isSmall ? 20 : 2000
const groupBytes = 4096

question(`4 KiB write + sync and 1 MiB groups on a prewritten O_DIRECT file of ${fileBytes >> 20} MiB`)
try {
  const path = join(folder, 'journal')
  prewrite(path)
  const direct = openSync(path, constants.O_RDWR | constants.O_DIRECT)
  // A WebAssembly memory lies on a page boundary, which O_DIRECT asks of the bare loop too.
  const page = new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer, 0, groupBytes).fill(1)
  execFileSync('mkfifo', [join(folder, 'doorbell')])
  const doorbell = openSync(join(folder, 'doorbell'), constants.O_RDWR)
  // In turn, so that the disk's drift meets both.
  const rounds = isSmall ? 1 : 5
  const latencies = {
    'bare pwrite + fdatasync': [],
    'queue, woken by the doorbell': [],
    'queue, seen on a turning loop': [],
  }
  for (let round = 0; round < rounds; round++) {
    latencies['bare pwrite + fdatasync'].push(...bareLoop(direct, page))
    latencies['queue, woken by the doorbell'].push(...sleepingLoop(direct, doorbell))
    latencies['queue, seen on a turning loop'].push(...(await turningLoop(direct)))
  }
  for (const [name, values] of Object.entries(latencies)) {
    const [p50, p99, p999] = [0.5, 0.99, 0.999].map((share) => (quantile(values, share) / 1000).toFixed(0))
    print(`4 KiB, ${name}: p50 ${p50} us, p99 ${p99} us, p99.9 ${p999} us (${values.length} groups)`)
  }
  for (const [name, flags] of [
    ['aligned', DISK_ALIGNED],
    ['aligned, each synced', DISK_ALIGNED | DISK_SYNC],
  ]) {
    print(`1 MiB groups, ${name}: ${await throughput(direct, flags)}`)
  }
  closeSync(doorbell)
  closeSync(direct)
  const buffered = openSync(path, constants.O_RDWR)
  print(`1 MiB groups, plain into the page cache, overwriting: ${await throughput(buffered, 0)}`)
  closeSync(buffered)
} finally {
  rmSync(folder, { recursive: true })
}

function prewrite(path) {
  const descriptor = openSync(path, 'w')
  const chunk = Buffer.alloc(1 << 20, 1)
  for (let at = 0; at < fileBytes; at += chunk.length) writeSync(descriptor, chunk, 0, chunk.length, at)
  fsyncSync(descriptor)
  closeSync(descriptor)
}

function bareLoop(descriptor, page) {
  const latencies = []
  for (let group = 0; group < groups; group++) {
    const begin = process.hrtime.bigint()
    writeSync(descriptor, page, 0, groupBytes, (group * groupBytes) % fileBytes)
    fdatasyncSync(descriptor)
    latencies.push(Number(process.hrtime.bigint() - begin))
  }
  return latencies
}

function newQueue(alignedBytesMax, doorbell = -1) {
  const arena = new Uint8Array(new SharedArrayBuffer(8 << 20)).fill(1)
  const progress = new Int32Array(new SharedArrayBuffer(PROGRESS_WORDS * 4))
  return { progress, queue: new addon.DiskQueue([arena], progress, doorbell, alignedBytesMax) }
}

function isDone(progress, ticket) {
  if (Atomics.load(progress, PROGRESS_FAILED) !== 0) throw new Error(`errno ${progress[PROGRESS_ERRNO]}`)
  return Atomics.load(progress, PROGRESS_DONE) >= ticket
}

function submitSmallGroup(queue, descriptor, group) {
  const slices = Int32Array.of(0, 100, 3000, 0, 50_000, 1000)
  return queue.submit(descriptor, (group * groupBytes) % fileBytes, slices, 2, DISK_ALIGNED | DISK_SYNC)
}

function sleepingLoop(descriptor, doorbell) {
  const { progress, queue } = newQueue(groupBytes, doorbell)
  const rung = Buffer.alloc(8)
  const latencies = []
  for (let group = 0; group < groups; group++) {
    const begin = process.hrtime.bigint()
    const ticket = submitSmallGroup(queue, descriptor, group)
    readSync(doorbell, rung)
    if (!isDone(progress, ticket)) throw new Error('rung before it was done')
    latencies.push(Number(process.hrtime.bigint() - begin))
  }
  queue.close()
  return latencies
}

async function turningLoop(descriptor) {
  const { progress, queue } = newQueue(groupBytes)
  const latencies = []
  for (let group = 0; group < groups; group++) {
    const begin = process.hrtime.bigint()
    const ticket = submitSmallGroup(queue, descriptor, group)
    while (!isDone(progress, ticket)) await new Promise(setImmediate)
    latencies.push(Number(process.hrtime.bigint() - begin))
  }
  queue.close()
  return latencies
}

/** 1 MiB at a time from eight batches of 128 KiB; the owner sleeps in between, so CPU is the disk thread's and the kernel's. */
async function throughput(descriptor, flags) {
  const { progress, queue } = newQueue(1 << 20)
  const slices = Int32Array.from(Array.from({ length: 8 }, (_, index) => [0, index << 17, 1 << 17]).flat())
  const count = fileBytes >> 20
  const nobody = new Int32Array(new SharedArrayBuffer(4))
  const passes = isSmall ? 1 : 4
  const before = process.cpuUsage()
  const begin = process.hrtime.bigint()
  for (let pass = 0; pass < passes; pass++) {
    for (let group = 0; group < count; group++) {
      while (queue.submit(descriptor, group << 20, slices, 8, flags) === 0) Atomics.wait(nobody, 0, 0, 1)
    }
  }
  queue.close()
  const seconds = Number(process.hrtime.bigint() - begin) / 1e9
  const { user, system } = process.cpuUsage(before)
  const gigabytes = (passes * count * (1 << 20)) / 1e9
  isDone(progress, 0)
  return `${((user + system) / 1e6 / gigabytes).toFixed(3)} CPU-s/GB, ${(gigabytes / seconds).toFixed(2)} GB/s`
}
