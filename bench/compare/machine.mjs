// The machine that a benchmark runs on: what it is, what its CPUs did, what its disk does today, and what its page cache
// holds when a run begins.
import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isKernelThread, processes } from '../load/broker.mjs'
import { median } from './statistics.mjs'

const CHUNK_BYTES = 4 << 20
/** What results are of; they themselves are written beside it. */
const MEASURED = ['.', ':!bench/results', ':!bench/RESULTS.md']
const root = fileURLToPath(new URL('../..', import.meta.url))

export function describeMachine(directory) {
  const git = (...words) => spawnSync('git', words, { cwd: root, encoding: 'utf8' }).stdout.trim()
  const disk = spawnSync('findmnt', ['-n', '-o', 'FSTYPE,OPTIONS', '-T', directory], { encoding: 'utf8' }).stdout
  return {
    cpu: `${cpus()[0].model}, ${cpus().length} cores`,
    memoryGb: Math.round(totalmem() / 1e9),
    kernel: `Linux ${release()}`,
    node: process.version,
    fileSystem: disk?.trim().replace(/\s+/, ' ') ?? 'unknown',
    commit:
      git('rev-parse', '--short', 'HEAD') +
      (git('status', '--porcelain', '--', ...MEASURED) === '' ? '' : ' and changes'),
    date: new Date().toISOString().slice(0, 16),
  }
}

/**
 * Charges CPU from now on. `end` is called when the load has ended; it returns when all that was written is on the disk, so
 * that the write-back is in every bill, and gives CPU seconds:
 *   charged  `process` and `kernel`: the figure to go by
 *   process  of the server's processes
 *   kernel   of the kernel's threads: write-back and the file system's journal, whoever caused them
 *   others   of all processes but these, the clients (this process and what it started) and the `bystanders`: it should be
 *            next to nothing, or it spoils the figure
 *
 * All from what the scheduler counts of each process. The machine's totals (/proc/stat) are sampled by ticks: of threads
 * that run for microseconds and sleep again they were seen to tell less than the clients alone had used. What is not in the
 * bill: interrupts that come while nobody runs.
 */
export function charge(server, bystanders, directory) {
  const known = new Set([...server.pids, ...bystanders.flatMap(({ pids }) => pids)])
  const readings = () => ({ process: server.cpuSeconds(), ...kernelAndOthersCpu(known) })
  const before = readings()
  const startedAt = performance.now()
  return {
    end() {
      syncFileSystem(directory)
      const after = readings()
      const used = (key) => after[key] - before[key]
      const seconds = (performance.now() - startedAt) / 1000
      const [ofProcess, kernel, others] = [used('process'), used('kernel'), used('others')]
      return { charged: ofProcess + kernel, process: ofProcess, kernel, others, seconds }
    },
  }
}

/** Median microseconds of a 4 KiB write and fdatasync in a prewritten file. It drifts: it is asked before every run. */
export function probeSync(directory, count) {
  const path = join(directory, 'probe')
  const file = openSync(path, 'w')
  const block = Buffer.alloc(4096, 1)
  for (let index = 0; index < count; index++) writeSync(file, block)
  fdatasyncSync(file)
  const times = []
  for (let index = 0; index < count; index++) {
    const start = performance.now()
    writeSync(file, block, 0, block.length, index * block.length)
    fdatasyncSync(file)
    times.push((performance.now() - start) * 1000)
  }
  closeSync(file)
  rmSync(path)
  return median(times)
}

/**
 * Has the machine find as much memory as the next run's data will take: pages are written to a file, which then goes. On a
 * virtual machine a page that its host has yet to find costs ten times one that was used before.
 */
export function warmPageCache(directory, bytes) {
  const path = join(directory, 'memory')
  const file = openSync(path, 'w')
  const chunk = Buffer.alloc(CHUNK_BYTES, 1)
  for (let written = 0; written < bytes; written += chunk.length) writeSync(file, chunk)
  closeSync(file)
  rmSync(path)
}

export function syncFileSystem(directory) {
  execFileSync('sync', ['-f', directory])
}

/** Seconds so far: of the kernel's threads, and of all processes that are not `known`, nor this one, nor its children. */
function kernelAndOthersCpu(known) {
  let kernel = 0
  let others = 0
  for (const { pid, parent, cpuSeconds, endedChildrenCpuSeconds } of processes()) {
    if (isKernelThread(pid, parent)) kernel += cpuSeconds
    else if (pid !== process.pid && parent !== process.pid && !known.has(pid)) {
      others += cpuSeconds + endedChildrenCpuSeconds
    }
  }
  return { kernel, others }
}
