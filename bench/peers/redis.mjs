// Redis streams: XADD to an append-only file, by Debian's redis-server and its own native redis-benchmark, from a cache.
//
// Its rows: one record a request (5), a sync before each answer (9, 10: appendfsync always), idle (17). The others would
// need batches of records, or reading that redis-benchmark has no equal of; and all of a stream is kept in memory.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { debianPackages } from '../compare/debian.mjs'
import { freePorts, Server } from '../compare/server.mjs'

const READY_MS_MAX = 30_000
/** How many requests a connection tries, to see how many a second there will be; and how many there are at least. */
const TRIED = 50
const TRIED_MIN = 500
const SECONDS_MAX = 300

/** There is nothing to tune for a single stream on one core: io-threads are for more cores than two. */
export const settings = { default: {}, tuned: {} }

export const name = 'redis'
export const title = 'Redis streams'
export const rows = [5, 9, 10, 17]
export const durability = 'Redis: append-only file, written before the answer; rows 9 and 10 with appendfsync always'
export const warmUpSeconds = 3

export function install() {
  return run('redis-server', ['--version']).split(' malloc')[0]
}

export async function start({ directory, settings: chosen = 'default' }) {
  const [port] = await freePorts(1)
  const all = { appendonly: 'yes', appendfsync: 'everysec', save: '', ...settings[chosen] }
  const given = { port, bind: '127.0.0.1', dir: directory, daemonize: 'no', ...all }
  const server = new Server({
    name: title,
    directory,
    servers: [`127.0.0.1:${port}`],
    settings: { version: install(), ...all },
    commands: [[program('redis-server'), ...Object.entries(given).flatMap(([key, value]) => [`--${key}`, `${value}`])]],
    env: environment(),
  })
  return await server.untilReady(() => ask(server, 'PING') === 'PONG', READY_MS_MAX)
}

/** A stream comes into being with its first record; that answers wait for the sync is a setting of the server. */
export async function createTopic(server, _stream, { isSynced }) {
  ask(server, 'CONFIG', 'SET', 'appendfsync', isSynced ? 'always' : 'everysec')
}

export async function deleteTopic(server) {
  ask(server, 'FLUSHALL')
}

/** Requests of one record, `inflight` of them in a pipeline on each connection. */
export async function load(server, _mode, { topic, partitions, connections, inflight, recordBytes, seconds }) {
  const benchmark = async (requests) => {
    const shape = ['-c', `${connections}`, '-P', `${inflight}`, '-n', `${requests}`, '-r', `${partitions}`]
    const command = ['XADD', `${topic}:__rand_int__`, '*', 'f', 'x'.repeat(recordBytes)]
    const address = ['-h', '127.0.0.1', '-p', `${server.port}`]
    const words = [
      `${SECONDS_MAX}`,
      program('redis-benchmark'),
      ...address,
      ...shape,
      '--csv',
      '--precision',
      '3',
      ...command,
    ]
    const child = spawn('timeout', words, { env: { ...process.env, ...environment() } })
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (said) => {
      text += said
    })
    const [code] = await once(child, 'close')
    if (code !== 0) throw new Error(`redis-benchmark ended with ${code}: ${text}`)
    // "XADD …","rate","average","least","p50","p95","p99","greatest"
    const [rate, , , p50, , p99, max] = text
      .trim()
      .split('\n')
      .at(-1)
      .match(/"([^"]*)"/g)
      .slice(1)
      .map((each) => Number(each.slice(1, -1)))
    return { requests, seconds: requests / rate, latencyMs: { p50, p99, p999: Number.NaN, max } }
  }
  const tried = await benchmark(Math.max(TRIED_MIN, TRIED * connections))
  const measured = await benchmark(Math.ceil((tried.requests / tried.seconds) * seconds))
  const requests = tried.requests + measured.requests
  return {
    ...measured,
    seconds: tried.seconds + measured.seconds,
    requests,
    records: requests,
    bytes: requests * recordBytes,
  }
}

function ask({ port }, ...words) {
  return run('redis-cli', ['-h', '127.0.0.1', '-p', `${port}`, ...words]).trim()
}

function run(tool, words) {
  const env = { ...process.env, ...environment() }
  return spawnSync(program(tool), words, { encoding: 'utf8', env, timeout: 60_000 }).stdout
}

function program(tool) {
  return join(folder(), 'usr', 'bin', tool)
}

function environment() {
  return { LD_LIBRARY_PATH: join(folder(), 'usr', 'lib', 'x86_64-linux-gnu') }
}

function folder() {
  return debianPackages('redis-server', ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1'])
}
