// Side by side with its peers: rows of workloads, each run in turn on both, A B B A, on this machine.
//
//   npm run bench:compare -- --rows 1,3,5 [--pairs 5] [--peers kafka] [--settings tuned] [--directory=PATH] [--small]
//
//   --rows       numbers of bench/rows; all, if not given
//   --pairs      that count, at least; a pair in which the peer stays behind its own best by a fifth does not
//   --peers      names of bench/peers
//   --settings   default, tuned: both sides' settings of that name, one comparison each; a side that does not know the name
//                is tuned (kafka knows zgc too, millrace os: page cache beside page cache); some rows insist on default
//   --ours       ours, if they shall have another name than the peer's
//   --variants   of the rows, by name; all, if not given
//   --directory  where the data goes; the system's temporary directory, if not given
//   --output     where results go: bench/results, and for --small nowhere
//   --again      holds the results against those that are kept, instead of keeping them: are they within that spread?
//   --bytes      how much row 13 writes
//   --small      everything once and briefly: to see that it works, not what it measures
//
// A row that fails, or whose peer gives too few pairs, says so and does not end the others; then the exit code is 1.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { durabilityText } from './compare/durability.mjs'
import { describeMachine } from './compare/machine.mjs'
import { compare, latencies, takePairs } from './compare/pairs.mjs'
import { keepRepeat, keepResult, printResult, printSample, resultsFolder } from './compare/report.mjs'
import { Run } from './compare/run.mjs'
import * as kafka from './peers/kafka.mjs'
import * as millrace from './peers/millrace.mjs'

const WARM_UP_BYTES = 1 << 30

const { values: given } = parseArgs({
  options: {
    rows: { type: 'string' },
    pairs: { type: 'string' },
    peers: { type: 'string', default: 'kafka' },
    settings: { type: 'string', default: 'tuned' },
    ours: { type: 'string' },
    variants: { type: 'string' },
    directory: { type: 'string', default: tmpdir() },
    output: { type: 'string' },
    bytes: { type: 'string' },
    again: { type: 'boolean', default: false },
    small: { type: 'boolean', default: false },
  },
})
if (given.again && given.small) throw new Error('--small measures nothing that could be held against a result')
const isSmall = given.small
const pairs = Number(given.pairs ?? (isSmall ? 1 : 5))
const output = given.output ? resolve(given.output) : isSmall ? undefined : resultsFolder
const rows = await rowsOf(given.rows)
const directory = mkdtempSync(join(given.directory, 'millrace-compare-'))
const machine = describeMachine(directory)
let hasFailed = false

console.log(
  Object.entries(machine)
    .map(([key, value]) => `# ${key}: ${value}`)
    .join('\n'),
)
// Also when it is interrupted; servers that are being killed may still write.
process.once('exit', () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }))
for (const peerName of given.peers.split(',')) {
  const peer = await import(`./peers/${peerName}.mjs`)
  console.log(`# ${millrace.install()} beside ${peer.install()}`)
  for (const settings of given.settings.split(',')) await compareWith(peer, settings)
}
process.exit(hasFailed ? 1 : 0)

async function compareWith(peer, settings) {
  const wanted = rows.filter(({ number }) => peer.rows?.includes(number) ?? true)
  for (const { number } of rows.filter((row) => !wanted.includes(row))) {
    console.log(`# row ${number} is not for ${peer.title}: its module says why`)
  }
  const ours = { peer: millrace, settings: given.ours ?? (settings in millrace.settings ? settings : 'tuned') }
  const theirs = { peer, settings: settings in peer.settings ? settings : 'tuned' }
  for (const row of wanted.filter((each) => !each.keepsServer)) {
    const own = row.settings === undefined ? {} : { settings: row.settings }
    await attempt(row, { ours: { ...ours, ...own }, theirs: { ...theirs, ...own } })
  }
  const kept = wanted.filter((each) => each.keepsServer)
  if (kept.length === 0) return
  // Started once for all rows, for a warm-up is long; each is warm when it is first measured.
  const servers = []
  try {
    for (const side of [ours, theirs]) {
      const folder = join(directory, `${side.peer.name}-${side.settings}`)
      const server = await side.peer.start({ directory: folder, settings: side.settings })
      servers.push(server)
      side.server = server
      side.shown = server.settings
      await warmUp(side)
    }
    for (const row of kept) await attempt(row, { ours, theirs })
  } finally {
    for (const server of servers) await server.kill()
  }
}

/** For so long as the peer needs, and one round at least. */
async function warmUp(side) {
  const seconds = isSmall ? 0 : side.peer.warmUpSeconds
  console.log(
    `# ${side.server.name} ready after ${(side.server.startMs / 1000).toFixed(1)} s: ${JSON.stringify(side.shown)}`,
  )
  const row = { number: 0, sample: warmUpSample }
  const startedAt = performance.now()
  do await new Run({ row, side, directory, isSmall }).sample()
  while (performance.now() < startedAt + seconds * 1000)
  const took = (performance.now() - startedAt) / 1000
  console.log(`# ${side.server.name} warmed up for ${took.toFixed(0)} s`)
}

/** Big batches in and out, then many small requests. */
async function warmUpSample(run) {
  const topic = await run.topic({ partitions: 4 })
  const small = { connections: 100, inflight: 1, acks: 1, records: 1, recordBytes: 100, seconds: run.size(5, 0.5) }
  if (!run.side.peer.speaksKafka) {
    await run.load('connections', { topic, partitions: 4, ...small })
    return { values: {} }
  }
  const bytesMax = run.size(WARM_UP_BYTES, WARM_UP_BYTES / 16)
  const shared = { topic, partitions: 4, connections: 4 }
  await run.load('produce', { ...shared, inflight: 4, acks: 1, records: 128, recordBytes: 1000, bytesMax })
  await run.load('fetch', { ...shared, maxBytes: 1 << 20, bytesMax })
  await run.load('connections', { ...shared, ...small })
  return { values: {} }
}

async function attempt(row, sides) {
  console.log(
    `\n## ${row.number}: ${row.title} — ${sides.theirs.peer.title}, ${sides.theirs.settings}${besideText(sides)}`,
  )
  try {
    const result = await measure(row, sides)
    printResult(result)
    if (given.again) console.log(keepRepeat(output ?? resultsFolder, result).join('\n'))
    else if (output !== undefined) await keepResult(output, result)
    if (result.variants.some(({ isComplete }) => !isComplete)) hasFailed = true
  } catch (error) {
    hasFailed = true
    console.error(`row ${row.number} failed: ${error.stack}`)
  }
}

function besideText({ ours, theirs }) {
  return ours.settings === theirs.settings ? '' : `, beside ${ours.settings}`
}

async function measure(row, sides) {
  const variants = []
  const wanted = given.variants?.split(',')
  const shapes = {}
  for (const variant of row.variants) {
    if (wanted !== undefined && !wanted.includes(variant)) continue
    let best
    for (const which of ['ours', 'theirs']) {
      const found = await calibrate(row, variant, shapes[which] ? [shapes[which]] : row.shapes, sides, which)
      shapes[which] = found.shape
      if (which === 'theirs') best = found.best
    }
    const taken = await takePairs({
      pairs,
      pace: row.pace,
      best,
      sample: (which) => sampleOf(row, variant, shapes[which], sides, which),
      onSample: (which, sample) => printSample(row, which === 'ours' ? sides.ours : sides.theirs, variant, sample),
    })
    const isComplete = taken.pairs.filter((pair) => !pair.isVoid).length >= pairs
    // Ratios are set against Kafka; beside others they say nothing.
    const targets = sides.theirs.peer === kafka ? (row.variantTargets?.[variant] ?? row.targets) : {}
    const measures = compare(row.measures, targets, taken.pairs)
    variants.push({ variant, shapes: { ...shapes }, ...taken, isComplete, measures, latency: latencies(taken.pairs) })
  }
  const { number, name, title, durability, floor, target, ceiling } = row
  const side = ({ peer, settings, shown }) => ({
    name: peer.name,
    title: peer.title,
    chosen: settings,
    settings: shown,
  })
  return {
    row: { number, name, title, durability: durabilityText(durability, sides), floor, target, ceiling },
    machine,
    isSmall,
    ours: side(sides.ours),
    theirs: side(sides.theirs),
    variants,
  }
}

/** Which of these shapes of load suits a side best, and how fast it goes then; after it the side is warm for this load. */
async function calibrate(row, variant, shapes, sides, which) {
  if (!row.keepsServer || isSmall) return { shape: shapes?.[0] }
  let found
  for (const shape of shapes) {
    const { values } = await sampleOf(row, variant, shape, sides, which)
    const pace = values[row.pace]
    if (found === undefined || pace > found.best) found = { shape, best: pace }
  }
  return found
}

async function sampleOf(row, variant, shape, sides, which) {
  const side = sides[which]
  const others = [sides.ours, sides.theirs].flatMap((each) => (each === side || !each.server ? [] : [each.server]))
  const bytes = given.bytes === undefined ? undefined : Number(given.bytes)
  return await new Run({ row, side, variant, shape, directory, isSmall, others, bytes }).sample()
}

async function rowsOf(numbers) {
  const files = readdirSync(new URL('./rows', import.meta.url)).sort()
  const all = await Promise.all(files.map(async (file) => (await import(`./rows/${file}`)).default))
  if (numbers === undefined) return all
  return numbers.split(',').map((number) => {
    const row = all.find((each) => each.number === Number(number))
    if (row === undefined) throw new Error(`there is no row ${number}; there are ${all.map((each) => each.number)}`)
    return row
  })
}
