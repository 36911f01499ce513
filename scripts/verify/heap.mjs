// Does the broker allocate for each record or each frame? Under steady loads V8 tells, at every collection of a thread's
// heap, how many bytes were allocated since the last one.
//
//   node scripts/verify/heap.mjs [--small] [--sites]
//
// The new space is kept to 1 MB, so that a collection comes after every megabyte at most and what the last one leaves
// out is at most that: the bounds below count it in. Node's smallest object takes 16 bytes on the heap (a number that is
// no small integer), so less than 16 bytes a record or a frame means that not even one such object is made for each.
//
// What is counted in and is not for a frame: a tick (numbers that go to the add-on and come back, a deadline), of which a
// fetch that waits has one or two to itself on each shard; and a drain (a few promises for each megabyte), which is what
// shows where a frame has 100 kB. So small produce requests, many to a tick, bear the claim about frames, and large ones
// that about records; fetches that wait are held to a bound above what was measured.
//
// --sites names the places that allocate most, by V8's sampling profiler, instead of counting.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startBroker } from './lib/broker.mjs'
import { Client, createTopic } from './lib/client.mjs'
import { equalRecords, produceLoad, tailLoad } from './lib/load.mjs'
import { verify } from './lib/verify.mjs'

const TOPIC = 'heap'
const TOPIC_PARTITIONS = 24
const PARTITIONS = 6
const NEW_SPACE_MB = 1
const SMALLEST_OBJECT_BYTES = 16
const WAITING_FETCH_BYTES_MAX = 256
const LARGE_RECORDS = 1000
const CONNECTIONS = 24
const WARM_UP_PART = 0.5
const SAMPLER_START_MS = 500
const SITES_SHOWN = 12

/** Frames that reach the broker, and records in them, at full size. */
const LOADS = [
  {
    name: 'produce, small',
    frames: 1_000_000,
    records: 1,
    recordBytes: 100,
    frameBytesMax: SMALLEST_OBJECT_BYTES,
    run: runProduce,
  },
  { name: 'produce, large', frames: 10_000, records: LARGE_RECORDS, recordBytes: 100, run: runProduce },
  {
    name: 'tail fetch, small',
    frames: 400_000,
    records: 1,
    recordBytes: 1000,
    frameBytesMax: WAITING_FETCH_BYTES_MAX,
    run: runTail,
  },
  { name: 'tail fetch, large', frames: 10_000, records: LARGE_RECORDS, recordBytes: 100, run: runTail },
]

await verify(
  'heap',
  { sites: { type: 'boolean', default: false } },
  async ({ small, sites }, { directory, check, say }) => {
    const part = small ? 0.25 : sites ? 0.2 : 1
    const newSpace = [`--min-semi-space-size=${NEW_SPACE_MB}`, `--max-semi-space-size=${NEW_SPACE_MB}`]
    for (const shards of small ? [1] : [1, 3]) {
      for (const load of LOADS) {
        const frames = load.frames * part
        if (sites) await showSites(shards, load, frames)
        else await count(shards, load, frames)
      }
    }

    async function count(shards, load, frames) {
      const data = join(directory, `count-${shards}-${LOADS.indexOf(load)}`)
      const broker = await startBroker({ directory: data, shards, nodeArguments: ['--trace-gc-nvp', ...newSpace] })
      const state = await begin(broker.port)
      await load.run(broker.port, frames * WARM_UP_PART, load, state)
      const before = broker.output.length
      const startedAt = performance.now()
      await load.run(broker.port, frames, load, state)
      const seconds = (performance.now() - startedAt) / 1000
      const heaps = allocatedBytes(broker.output.slice(before))
      await broker.stop()
      let bytes = 0
      for (const allocated of heaps.values()) bytes += allocated
      const most = bytes + shards * NEW_SPACE_MB * 2 ** 20
      const figures = `${frames} frames in ${seconds.toFixed(1)} s, ${(bytes / 1e6).toFixed(1)} MB allocated`
      const each = `at most ${(most / frames).toFixed(1)} bytes a frame, ${(most / frames / load.records).toFixed(3)} a record`
      const frameBytesMax = load.frameBytesMax ?? load.records * SMALLEST_OBJECT_BYTES
      check(most / frames < frameBytesMax, `${shards} shards, ${load.name}: ${figures}: ${each}`)
    }

    async function showSites(shards, load, frames) {
      const data = join(directory, `sites-${shards}-${LOADS.indexOf(load)}`)
      const profiles = `${data}.profiles`
      mkdirSync(profiles)
      process.env.MILLRACE_HEAP_PROFILES = profiles
      const sampler = fileURLToPath(new URL('./lib/heap-sampler.cjs', import.meta.url))
      const broker = await startBroker({ directory: data, shards, nodeArguments: ['--require', sampler] })
      const state = await begin(broker.port)
      await load.run(broker.port, frames * WARM_UP_PART, load, state)
      broker.signal('SIGUSR2')
      await sleep(SAMPLER_START_MS)
      await load.run(broker.port, frames, load, state)
      await broker.stop()
      say(`${shards} shards, ${load.name}: bytes a frame, by place`)
      for (const [site, bytes] of sitesOf(profiles).slice(0, SITES_SHOWN))
        say(`  ${(bytes / frames).toFixed(2)}  ${site}`)
    }
  },
)

async function begin(port) {
  const client = await Client.connect(port)
  await createTopic(client, TOPIC, TOPIC_PARTITIONS)
  client.close()
  return { ends: new Array(TOPIC_PARTITIONS).fill(0) }
}

async function runProduce(port, frames, { records, recordBytes }) {
  const connections = CONNECTIONS
  const window = records > 1 ? 2 : 48
  const count = Math.round(frames / connections)
  await produceLoad(port, TOPIC, {
    partitions: PARTITIONS,
    connections,
    window,
    count,
    batch: equalRecords(records, recordBytes),
  })
}

/** A round is two frames: a fetch and a produce. */
async function runTail(port, frames, { records, recordBytes }, { ends }) {
  const rounds = Math.round(frames / 2 / TOPIC_PARTITIONS)
  await tailLoad(port, TOPIC, {
    partitions: TOPIC_PARTITIONS,
    rounds,
    records,
    ends,
    batch: equalRecords(records, recordBytes),
  })
}

/** By heap, as the lines of --trace-gc-nvp tell it: an unsigned number that is below 0 where sweeping gave back more. */
function allocatedBytes(output) {
  const heaps = new Map()
  for (const [, heap, allocated] of output.matchAll(/^\[\d+:(0x[0-9a-f]+)\].* allocated=(\d+)/gm)) {
    heaps.set(heap, (heaps.get(heap) ?? 0) + Number(BigInt.asIntN(64, BigInt(allocated))))
  }
  return heaps
}

/** [place, bytes] of all threads' profiles, most first. */
function sitesOf(profiles) {
  const sites = new Map()
  const visit = ({ callFrame: { functionName, url, lineNumber }, selfSize, children }, caller) => {
    const own = `${functionName || '(anonymous)'} ${url.replace(/^.*\/dist\//, '')}:${lineNumber + 1}`
    // A function of the engine says nothing without its caller.
    const site = url === '' ? `${functionName} < ${caller}` : own
    if (selfSize > 0) sites.set(site, (sites.get(site) ?? 0) + selfSize)
    for (const child of children) visit(child, site)
  }
  for (const name of readdirSync(profiles)) visit(JSON.parse(readFileSync(join(profiles, name), 'utf8')).head, '')
  return [...sites].sort(([, a], [, b]) => b - a)
}
