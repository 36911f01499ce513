// What does the broker's work cost, beside the least that such work can cost on this machine in the same minute?
//
//   produce   batches of 128 records of 1 KB: CPU-seconds of the broker per GB, throughput; acks=1 and acks=all.
//             warm: memory of that size was in the page cache just before, and given back. fresh: as the machine gives it
//             (a virtual machine pays for each page that its host has to find).
//   fetch     from the page cache, 1 MB an answer (sendfile); and at the tail, beside the producer that feeds it
//   small     1 record of 100 bytes, 100 connections with one request under way each: CPU-microseconds per request
//   single    the same on one connection: latency, beside a 4 KiB write and fdatasync
//
// CPU is the process's user and system time, all threads. `floor` is bench/load's null broker with store=FILE, a bare C++
// server that receives, checksums, writes to the page cache and answers; `durable floor` is the same with what a durable
// log writes: a journal past the page cache, synced before the answer, and files that grow. They run in turn with the
// broker, and the ratio is the figure to go by: on a shared machine all move together. The load generator (bench/load) is
// a process of its own, here in closed loop.
//
// --small: everything once and briefly, to see that it still runs.   --write: results to bench/results.
// --directory=PATH: where the data goes, the system's temporary directory if not given. In memory (/dev/shm) it shows
// what the CPU does when the disk is no bound.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { probeSync, warmPageCache } from './compare/machine.mjs'
import { median } from './compare/statistics.mjs'
import { cpuOf, kernelThreadsCpu, startBroker } from './load/broker.mjs'
import { runLoad, startNullBroker } from './load/generator.mjs'

const isSmall = process.argv.includes('--small')
const base = process.argv.find((argument) => argument.startsWith('--directory='))?.slice(12) ?? tmpdir()
const root = fileURLToPath(new URL('..', import.meta.url))
const partitions = 4
const repetitions = isSmall ? 1 : 3
const bigRequests = isSmall ? 40 : 4000
const seconds = isSmall ? 0.1 : 1.5
const batchBytes = 129_277
const probes = isSmall ? 8 : 128

const produce = { mode: 'produce', create: 1, partitions }
const big = { ...produce, connections: 4, inflight: 4, records: 128, recordBytes: 1000 }
const bigBounded = { ...big, requestsMax: bigRequests, seconds: 60 }
const small = { ...produce, connections: 100, seconds }
const single = { ...produce, connections: 1, seconds }
const fetch = { mode: 'fetch', partitions, connections: 4, maxBytes: 1 << 20, repeat: 1, seconds }
const follow = { mode: 'fetch', create: 1, partitions, connections: partitions, follow: 1, maxBytes: 1 << 20 }

const rows = []
await main()

async function main() {
  const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).stdout.trim()
  const machine = `${cpus()[0].model}, ${cpus().length} cores, Linux ${release()}, Node ${process.version}, ${commit}, data in ${base}`
  print(`# ${machine}`)
  print(
    '# Floors noted on a quiet 2-core machine (C): receive + CRC + append 0.14-0.18 CPU-s/GB, 5.2 us a small request,',
  )
  print(
    '# sendfile 0.09 CPU-s/GB, prewritten 4 KiB write + sync 87-130 us. Targets: 0.5 CPU-s/GB warm, 20 us a request.',
  )
  print('# Median [least-greatest]; ratio: broker to floor, taken in turn.\n')
  for (const shards of isSmall ? [1] : [1, 2]) await measureBroker(shards)
  if (process.argv.includes('--write')) write(machine)
}

async function measureBroker(shards) {
  const directory = mkdtempSync(join(base, 'millrace-first-'))
  const floor = await startFloor('floor', { store: join(directory, 'floor.log') })
  const durableFloor = await startFloor('durable floor', { store: join(directory, 'durable.log'), durable: 1 })
  const broker = await startBroker({ directory: join(directory, 'data'), settings: { 'millrace.shards': shards } })
  const stage = { shards, broker, directory }
  const floors = [floor, durableFloor]
  if (!isSmall) for (const server of [broker, ...floors]) await warmUp(server)
  print(`${shards} shard${shards > 1 ? 's' : ''}`)
  for (const acks of [1, -1]) {
    const name = `produce ${acks === 1 ? 'acks=1  ' : 'acks=all'}`
    await row(stage, `${name} fresh`, 'CPU-s/GB', { ...bigBounded, acks }, { floors })
    await row(
      stage,
      `${name} warm`,
      'CPU-s/GB',
      { ...bigBounded, acks },
      {
        floors,
        before: () => warmPageCache(directory, bigRequests * batchBytes),
      },
    )
  }
  await row(stage, 'fetch page cache', 'CPU-s/GB', fetch, {})
  await tailRow(stage)
  for (const acks of [1, -1]) {
    const name = acks === 1 ? 'acks=1  ' : 'acks=all'
    await row(stage, `small ${name}`, 'us/request', { ...small, acks }, { floors: [floor] })
    await row(stage, `single ${name}`, 'us/request', { ...single, acks }, {})
  }
  await broker.stop()
  for (const { stop } of floors) await stop()
  rmSync(directory, { recursive: true })
  print('')
}

async function warmUp(server) {
  for (const load of [small, bigBounded, small]) await run(server, { ...load, acks: -1 })
}

/** Alternates broker and floors; prints and keeps the row. */
async function row({ shards, broker, directory }, name, unit, load, { floors = [], before = () => {} }) {
  const syncUs = probeSync(directory, probes)
  const servers = [broker, ...floors]
  const samples = new Map(servers.map((server) => [server, []]))
  for (let repetition = 0; repetition < repetitions; repetition++) {
    for (const server of repetition % 2 === 1 ? servers.toReversed() : servers) {
      before()
      const sample = await measure(server, load)
      samples.get(server).push({ ...sample, cost: costOf(sample, unit) })
    }
  }
  const least = floors.map((floor) => ({ name: floor.name, samples: samples.get(floor) }))
  report(shards, name, unit, samples.get(broker), least, syncUs)
}

/** What is produced is fetched at once by as many consumers as there are partitions: one GB counts in and out. */
async function tailRow({ shards, broker, directory }) {
  const syncUs = probeSync(directory, probes)
  const own = []
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const topic = `tail${repetition}`
    const before = usage(broker)
    const consumed = run(broker, { ...follow, topic, bytesMax: bigRequests * batchBytes, seconds: 60 })
    const sample = await run(broker, { ...bigBounded, topic, acks: 1 })
    const fetched = await consumed
    if (fetched.bytes !== sample.bytes) throw new Error(`${sample.bytes} bytes produced, ${fetched.bytes} fetched`)
    await sleep(300)
    const result = { ...sample, ...difference(before, usage(broker)) }
    own.push({ ...result, cost: costOf(result, 'CPU-s/GB') })
  }
  report(shards, 'produce + tail fetch', 'CPU-s/GB', own, [], syncUs)
}

async function measure(server, load) {
  const before = usage(server)
  const sample = await run(server, load)
  // What it left to do goes with it: the drain, the last checkpoint.
  await sleep(isSmall ? 20 : 300)
  return { ...sample, ...difference(before, usage(server)) }
}

async function run({ port }, load) {
  const { produced, fetched, cpu, seconds } = await runLoad({ port, ...load })
  const { requests, bytes, latency } = produced ?? fetched
  const cpuSeconds = cpu.userSeconds + cpu.systemSeconds
  return { requests, bytes, seconds, cpuSeconds, p50Us: latency.p50Ns / 1e3, p99Us: latency.p99Ns / 1e3 }
}

function usage({ pid }) {
  return { ...cpuOf(pid), kernel: kernelThreadsCpu() }
}

function difference(before, after) {
  return { cpu: after.all - before.all, diskCpu: after.disk - before.disk, kernelCpu: after.kernel - before.kernel }
}

function costOf({ cpu, bytes, requests }, unit) {
  return unit === 'CPU-s/GB' ? cpu / (bytes / 1e9) : (cpu * 1e6) / requests
}

function report(shards, name, unit, own, least, syncUs) {
  const cost = spread(own.map((sample) => sample.cost))
  const floors = least.map(({ name: floorName, samples }) => ({
    name: floorName,
    cost: spread(samples.map((sample) => sample.cost)),
    ratio: spread(own.map((sample, index) => sample.cost / samples[index].cost)),
  }))
  const per = (key) =>
    median(
      own.map((sample) =>
        unit === 'CPU-s/GB' ? sample[key] / (sample.bytes / 1e9) : (sample[key] * 1e6) / sample.requests,
      ),
    )
  const rate = median(own.map(({ bytes, requests, seconds: s }) => (unit === 'CPU-s/GB' ? bytes / 1e6 : requests) / s))
  const p50Us = median(own.map((sample) => sample.p50Us))
  const p99Us = median(own.map((sample) => sample.p99Us))
  const result = { shards, name, unit, cost, floors, rate, p50Us, p99Us, syncUs }
  result.diskThreads = per('diskCpu')
  result.writeBack = per('kernelCpu')
  result.client = per('cpuSeconds')
  rows.push(result)
  const digits = unit === 'CPU-s/GB' ? 3 : 1
  const beside = floors.map((floor) => ` | ${floor.name} ${format(floor.cost, digits)} ratio ${format(floor.ratio, 2)}`)
  print(
    `  ${name.padEnd(21)} ${format(cost, digits)} ${unit} (disk threads ${result.diskThreads.toFixed(digits)}, ` +
      `kernel threads ${result.writeBack.toFixed(digits)}, client ${result.client.toFixed(digits)})${beside.join('')}` +
      ` | ${rate.toFixed(0)} ${unit === 'CPU-s/GB' ? 'MB/s' : 'req/s'}, p50 ${p50Us.toFixed(1)} us, p99 ${p99Us.toFixed(1)} us` +
      ` | 4 KiB sync ${syncUs.toFixed(0)} us`,
  )
}

async function startFloor(name, options) {
  return { name, ...(await startNullBroker({ partitions, ...options })) }
}

function spread(values) {
  return { median: median(values), least: Math.min(...values), greatest: Math.max(...values) }
}

function format({ median: middle, least, greatest }, digits) {
  return `${middle.toFixed(digits)} [${least.toFixed(digits)}-${greatest.toFixed(digits)}]`
}

function write(machine) {
  const folder = join(root, 'bench', 'results')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'first-figures.json'), `${JSON.stringify({ machine, rows }, null, 2)}\n`)
  const lines = rows.map(({ shards, name, unit, cost, floors, rate, p50Us, p99Us, syncUs }) => {
    const beside = [0, 1].flatMap((index) =>
      floors[index] === undefined ? ['', ''] : [format(floors[index].cost, 2), format(floors[index].ratio, 2)],
    )
    return `| ${[shards, name.trim(), `${format(cost, 2)} ${unit}`, ...beside, rate.toFixed(0), p50Us.toFixed(1), p99Us.toFixed(1), syncUs.toFixed(0)].join(' | ')} |`
  })
  const head = [
    `# First figures\n\n${machine}\n`,
    '| shards | load | broker CPU | floor CPU | ratio | durable floor CPU | ratio | MB/s or req/s | p50 us | p99 us | 4 KiB sync us |',
    '|---|---|---|---|---|---|---|---|---|---|---|',
  ]
  writeFileSync(join(folder, 'first-figures.md'), `${[...head, ...lines].join('\n')}\n`)
}

function print(line) {
  process.stdout.write(`${line}\n`)
}
