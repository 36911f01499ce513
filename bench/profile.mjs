// Where does the time go? One sample of a row on millrace, under the kernel's profiler: CPU time by thread and kind of
// code, then the functions that took most of it, kernel and JavaScript alike.
//
//   node bench/profile.mjs --row 1 [--variant warm] [--settings tuned] [--shape '{"connections":4,"inflight":4}']
//                          [--top 25] [--keep] [--directory=PATH] [--small]
//
// Profiled is what the row charges for: its load, without what is made ready before and read back after. A row that
// charges nothing is profiled whole. `--keep` writes it beside the row's results. Needs `perf` (Debian's linux-perf) and
// the right to use it; the profiler and what it asks of V8 cost a tenth or so themselves: shares count, not seconds.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { describeMachine } from './compare/machine.mjs'
import { resultsFolder } from './compare/report.mjs'
import { Run } from './compare/run.mjs'
import { digits } from './compare/statistics.mjs'
import { isKernelThread, processes } from './load/broker.mjs'
import * as millrace from './peers/millrace.mjs'

const SAMPLES_A_SECOND = 997
/** Kinds of code, by where its addresses lie. */
const KINDS = ['kernel', 'JavaScript', 'node', 'add-on', 'libraries']

const { values: given } = parseArgs({
  options: {
    row: { type: 'string' },
    variant: { type: 'string' },
    settings: { type: 'string', default: 'tuned' },
    shape: { type: 'string' },
    top: { type: 'string', default: '25' },
    keep: { type: 'boolean', default: false },
    directory: { type: 'string', default: tmpdir() },
    small: { type: 'boolean', default: false },
  },
})
const row = await rowOf(Number(given.row))
const variant = given.variant ?? row.variants[0]
const shape = given.shape === undefined ? row.shapes?.[0] : JSON.parse(given.shape)
const settings = row.settings ?? given.settings
const directory = mkdtempSync(join(given.directory, 'millrace-profile-'))
const recording = join(directory, 'perf.data')
process.once('exit', () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }))
// For the servers only: the profiler reads the names of compiled functions from a file that V8 writes.
process.env.NODE_OPTIONS = '--perf-basic-prof --interpreted-frames-native-stack'

/** Monotonic seconds, which the profiler's samples carry too: from when to when it counts. */
const window = { begin: 0, end: Number.POSITIVE_INFINITY }

class ProfiledRun extends Run {
  async start() {
    const server = await super.start()
    for (const pid of server.pids) pids.add(pid)
    return server
  }

  charge() {
    window.begin = monotonicSeconds()
    const begun = super.charge()
    return {
      end() {
        const cpu = begun.end()
        window.end = monotonicSeconds()
        return cpu
      },
    }
  }
}

const pids = new Set()
const side = { peer: millrace, settings }
const options = { row, side, variant, shape, directory, isSmall: given.small }
if (row.keepsServer) {
  side.server = await millrace.start({ directory: join(directory, 'kept'), settings })
  for (const pid of side.server.pids) pids.add(pid)
  // Once to warm up: code that is not compiled yet is not what is asked about.
  await new Run(options).sample()
}
const profiler = startProfiler()
while (!existsSync(recording) || statSync(recording).size === 0) await sleep(20)
const { values } = await new ProfiledRun(options).sample()
profiler.kill('SIGINT')
if (profiler.exitCode === null) await once(profiler, 'exit')
const counted = await readSamples()
await side.server?.kill()
const text = report(values, counted)
console.log(text)
if (given.keep) {
  const name = `profile-row-${`${row.number}`.padStart(2, '0')}-${row.name}-${variant.replaceAll(/\W+/g, '-')}-${settings}.md`
  writeFileSync(join(resultsFolder, name), text)
}
process.exit(0)

/** The whole machine, so that write-back and interrupts are seen. */
function startProfiler() {
  const arguments_ = [
    'record',
    '-q',
    '-a',
    '-e',
    'cpu-clock',
    '-k',
    'mono',
    '-F',
    `${SAMPLES_A_SECOND}`,
    '-o',
    recording,
  ]
  const child = spawn('perf', arguments_, { stdio: ['ignore', 'ignore', 'inherit'] })
  child.on('error', (error) => {
    console.error(`perf cannot be run: ${error.message}`)
    process.exit(1)
  })
  return child
}

/** Counts samples of the server's threads and of the kernel's; all other work in one number. */
async function readSamples() {
  const script = spawn('perf', ['script', '-i', recording, '-F', 'comm,pid,tid,time,ip,sym,dso'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const kernelThreads = new Set()
  for (const { pid, parent } of processes()) if (isKernelThread(pid, parent)) kernelThreads.add(pid)
  const threads = new Map()
  const functions = new Map()
  let others = 0
  for await (const line of createInterface({ input: script.stdout })) {
    const sample = /^\s*(.+?)\s+(-?\d+)\/(-?\d+)\s+([\d.]+):\s+[0-9a-f]+\s+(.*) \((.*)\)$/.exec(line)
    if (sample === null) continue
    const [, comm, pid, tid, time, symbol, object] = sample
    if (Number(time) < window.begin || Number(time) > window.end) continue
    const isServer = pids.has(Number(pid))
    if (comm === 'swapper') continue
    if (!isServer && !kernelThreads.has(Number(pid))) {
      others++
      continue
    }
    const thread = isServer ? threadName(comm, pid, tid) : 'kernel threads'
    const kind = isServer ? kindOf(object) : 'kernel'
    if (!threads.has(thread)) threads.set(thread, Object.fromEntries(KINDS.map((each) => [each, 0])))
    threads.get(thread)[kind]++
    const key = `${kind}\t${functionName(symbol)}`
    functions.set(key, (functions.get(key) ?? 0) + 1)
  }
  return { threads, functions, others }
}

function monotonicSeconds() {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds + nanoseconds / 1e9
}

function threadName(comm, pid, tid) {
  if (pid === tid) return 'control'
  return comm === 'node' ? `thread +${tid - pid}` : comm
}

function kindOf(object) {
  if (object.startsWith('[kernel') || object.includes('vmlinux') || object.endsWith('.ko')) return 'kernel'
  if (/perf-\d+\.map|\[JIT\]|^\/\/anon|\[unknown\]/.test(object)) return 'JavaScript'
  if (object.endsWith('millrace.node')) return 'add-on'
  return /\/node$/.test(object) ? 'node' : 'libraries'
}

/** Without what V8 says of how it was compiled, and without paths. */
function functionName(symbol) {
  return symbol
    .replace(/\+0x[0-9a-f]+$/, '')
    .replace(/^(?:LazyCompile|Function|Eval|Script|JS):[~*^+]?/, '')
    .replace(/file:\/\/\S*\/(dist|node_modules)\//, '$1/')
}

function report(measured, { threads, functions, others }) {
  const machine = describeMachine(directory)
  const all = [...functions.values()].reduce((total, count) => total + count, 0)
  const share = (count) => `${((100 * count) / all).toFixed(1)} %`
  const lines = [
    `# Profile of row ${row.number}: ${row.title} (${variant}, ${settings})`,
    '',
    Object.entries(row.measures)
      .map(([key, { title, unit }]) => `${title} ${digits(measured[key])} ${unit}`.trim())
      .join(', '),
    '',
    `${digits(all / SAMPLES_A_SECOND)} CPU-s of millrace and the kernel's threads, ${digits(others / SAMPLES_A_SECOND)} of the load and others.`,
    '',
    `| thread | share | ${KINDS.join(' | ')} |`,
    `|---|---|${KINDS.map(() => '---|').join('')}`,
  ]
  const sum = (counts) => KINDS.reduce((total, kind) => total + counts[kind], 0)
  for (const [name, counts] of [...threads].sort(([, a], [, b]) => sum(b) - sum(a))) {
    if (sum(counts) * 200 < all) continue
    lines.push(`| ${name} | ${share(sum(counts))} | ${KINDS.map((kind) => share(counts[kind])).join(' | ')} |`)
  }
  lines.push('', '| share | kind | function |', '|---|---|---|')
  for (const [key, count] of [...functions].sort(([, a], [, b]) => b - a).slice(0, Number(given.top))) {
    const [kind, name] = key.split('\t')
    lines.push(`| ${share(count)} | ${kind} | ${name} |`)
  }
  lines.push('', ...Object.entries(machine).map(([key, value]) => `- ${key}: ${value}`), '')
  return lines.join('\n')
}

async function rowOf(number) {
  for (const file of readdirSync(new URL('./rows', import.meta.url))) {
    const each = (await import(`./rows/${file}`)).default
    if (each.number === number) return each
  }
  console.error('which row? --row N, of bench/rows')
  process.exit(1)
}
