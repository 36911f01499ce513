// Does a broker give back what it was given? A text corpus of 50 MB, a message a line, goes into a topic of six partitions
// and comes back through kcat: every line once, byte for byte, in the order of each partition as it was sent, with every
// codec, on one shard and on three, before a kill -9 and after it.
//
//   node scripts/verify/corpus.mjs [--small]     needs kcat, and apt's package lists for the corpus
//
// Each line bears its number, so that whatever comes back can be held against what was sent.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startBroker } from './lib/broker.mjs'
import { Client, CODECS, storedCodecs } from './lib/client.mjs'
import { forEachLine, numberLines, readCorpus, splitLines } from './lib/corpus.mjs'
import { kcat, produceParts } from './lib/kcat.mjs'
import { megabytes, verify } from './lib/verify.mjs'

const PARTITIONS = 6
const BYTES_MIN = 50_000_000
const SMALL_BYTES = 2_000_000
const CONTROL_BYTES_MAX = 4096

await verify('corpus', {}, async ({ small }, { directory, check, say }) => {
  const corpus = numberLines(readCorpus(small ? SMALL_BYTES : undefined))
  const parts = splitLines(corpus, PARTITIONS)
  const lines = []
  forEachLine(corpus, (line) => lines.push(line))
  say(`${lines.length} lines, ${megabytes(corpus.length)}, of apt-cache dumpavail; its empty lines are left out`)
  if (!small) check(corpus.length >= BYTES_MIN, `the corpus has at least ${megabytes(BYTES_MIN)}`)

  for (const shards of [1, 3]) {
    const data = { directory: join(directory, `shards-${shards}`), shards }
    let broker = await startBroker(data)
    for (const codec of CODECS) {
      const seconds = await timed(() => send(broker.port, codec, codec))
      await holdAgainst(broker.port, codec, codec, `${shards} shards, ${codec}, produced in ${seconds} s`)
    }
    await broker.kill()
    broker = await startBroker(data)
    for (const codec of CODECS)
      await holdAgainst(broker.port, codec, codec, `${shards} shards, ${codec}, after kill -9`)

    // The counters are told at a clean stop, so they are of this run: it takes the corpus in once more.
    await send(broker.port, 'counted', 'snappy')
    await holdAgainst(broker.port, 'counted', 'snappy', `${shards} shards, snappy, produced after the restart`)
    const seconds = threadSeconds(broker.pid)
    checkCounters(await broker.stop(), shards, seconds)
  }

  /** A producer for each partition, so that there are connections for every shard. */
  async function send(port, topic, codec) {
    await produceParts(port, topic, parts, ['-z', codec])
  }

  async function holdAgainst(port, topic, codec, what) {
    let damage = null
    const seconds = await timed(async () => {
      damage = await consume(port, topic, lines)
    })
    check(damage === null, `${what}: every line, in order, read in ${seconds} s${damage === null ? '' : `: ${damage}`}`)
    const client = await Client.connect(port)
    const stored = await storedCodecs(client, topic, PARTITIONS)
    client.close()
    if (stored !== codec) check(false, `${what}: stored as ${stored}`)
  }

  function checkCounters({ shards, control }, count, seconds) {
    const appended = shards.reduce((sum, shard) => sum + shard.appendedRecords, 0)
    check(appended === lines.length, `${count} shards: ${appended} records appended in all`)
    for (const [shard, counters] of shards.entries()) {
      const { receivedBytes, appendedRecords, appendedBytes, peerAppendedBytes, peerBorrowedBytes } = counters
      const appends = `appended ${appendedRecords} records, ${megabytes(appendedBytes)}`
      const figures = `received ${megabytes(receivedBytes)}, ${appends}, ${megabytes(peerAppendedBytes)} of it for peers`
      const copied = peerAppendedBytes - peerBorrowedBytes
      const everyoneWorked = receivedBytes > corpus.length / 1000 && appendedRecords > 0
      check(
        everyoneWorked && copied === 0 && peerAppendedBytes > 0 === count > 1,
        `shard ${shard} of ${count}: ${figures}, ${copied} bytes of that not where the peer received them`,
      )
    }
    // All that reaches it of what clients send: less than one batch would take.
    const { controlRequestBytes } = control
    const cpu = `${seconds.control.toFixed(2)} s of the process's ${seconds.all.toFixed(2)} s of CPU`
    const isFree = controlRequestBytes < CONTROL_BYTES_MAX
    check(isFree, `control thread: was given ${controlRequestBytes} bytes of requests, took ${cpu}`)
  }
})

/** One consumer of the whole topic. Resolves to what is wrong with what it got, or null. */
async function consume(port, topic, lines) {
  const seen = new Uint8Array(lines.length)
  const latest = new Array(PARTITIONS).fill(-1)
  let count = 0
  let damage = null
  let rest = Buffer.alloc(0)
  const onOutput = (bytes) => {
    const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
    const whole = all.lastIndexOf(10) + 1
    forEachLine(all.subarray(0, whole), (line) => {
      // A digit for the partition, of which there are less than ten; then the line.
      const partition = line[0] - 48
      const number = Number(line.latin1Slice(1, line.indexOf(32)))
      const sent = lines[number]
      if (sent === undefined || sent.compare(line, 1) !== 0) damage ??= `a line that nobody sent: ${line}`
      else if (seen[number]++ > 0) damage ??= `line ${number} twice`
      else if (number <= latest[partition])
        damage ??= `partition ${partition}: line ${number} after ${latest[partition]}`
      latest[partition] = number
      count++
    })
    rest = all.subarray(whole)
  }
  await kcat(port, ['-C', '-t', topic, '-o', 'beginning', '-e', '-q', '-f', '%p%s\n'], { onOutput })
  if (count !== lines.length) damage ??= `${count} of ${lines.length} lines`
  return damage
}

/** CPU time of the control thread, which is the process's first, and of all threads. */
function threadSeconds(pid) {
  const seconds = (path) => {
    const fields = readFileSync(path, 'latin1').split(') ')[1].split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  }
  return { control: seconds(`/proc/${pid}/task/${pid}/stat`), all: seconds(`/proc/${pid}/stat`) }
}

async function timed(work) {
  const startedAt = performance.now()
  await work()
  return ((performance.now() - startedAt) / 1000).toFixed(1)
}
