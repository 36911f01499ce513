// The machine that a benchmark runs on: what it is, what its CPUs did, what its disk does today, and what its page cache
// holds when a run begins.
import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, fdatasyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { kernelThreadsCpu } from '../load/broker.mjs'
import { median } from './statistics.mjs'

const TICKS_A_SECOND = 100
const CHUNK_BYTES = 4 << 20
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
    commit: git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') === '' ? '' : ' and changes'),
    date: new Date().toISOString().slice(0, 16),
  }
}

/**
 * Charges CPU from now on. `end` is called when the load has ended; it returns when all that was written is on the disk, so
 * that the write-back is in every bill, and gives CPU seconds:
 *   process  of the server's processes
 *   machine  of the whole machine, kernel threads and interrupts too, less the clients (this process and those that it
 *            started and that have ended meanwhile) and the `bystanders`
 *   kernel   of the kernel's threads: write-back and the file system's journal, whoever caused them
 *   foreign  of `machine`, what neither the server nor a kernel thread accounts for: other work, which spoils the figure
 */
export function charge(server, bystanders, directory) {
  const readings = () => ({
    process: server.cpuSeconds(),
    machine: machineCpu(),
    kernel: kernelThreadsCpu(),
    bystanders: bystanders.reduce((total, other) => total + other.cpuSeconds(), 0),
  })
  const clientsBefore = clientsCpu()
  const before = readings()
  const startedAt = performance.now()
  return {
    end() {
      const clients = clientsCpu() - clientsBefore
      syncFileSystem(directory)
      const after = readings()
      const used = (key) => after[key] - before[key]
      const machine = used('machine') - clients - used('bystanders')
      const foreign = Math.max(0, machine - used('process') - used('kernel'))
      const seconds = (performance.now() - startedAt) / 1000
      return { process: used('process'), machine, kernel: used('kernel'), foreign, seconds }
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

/** Seconds that all CPUs were busy since the machine began; time that the host took is not in it. */
function machineCpu() {
  const [user, nice, system, , , interrupts, soft] = readFileSync('/proc/stat', 'latin1')
    .split('\n')[0]
    .replace(/^cpu\s+/, '')
    .split(' ')
    .map(Number)
  return (user + nice + system + interrupts + soft) / TICKS_A_SECOND
}

/** Of this process and of its children that have ended. */
function clientsCpu() {
  const stat = readFileSync('/proc/self/stat', 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields.slice(11, 15).reduce((ticks, field) => ticks + Number(field), 0) / TICKS_A_SECOND
}
