// Does a broker give back what it was given? A text corpus of 50 MB, a message a line, goes through kcat into a topic of
// six partitions and back: the same lines, as many, in the same order in each partition, with every codec, on one shard
// and on three, before a kill -9 and after it.
//
//   node scripts/verify/corpus.mjs [--small]     needs kcat, and apt's package lists for the corpus
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { startBroker } from './lib/broker.mjs'
import { readCorpus, splitLines } from './lib/corpus.mjs'
import { kcat, produceParts } from './lib/kcat.mjs'
import { megabytes, verify } from './lib/verify.mjs'

const PARTITIONS = 6
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const BYTES_MIN = 50_000_000
const SMALL_BYTES = 2_000_000

await verify('corpus', {}, async ({ small }, { directory, check, say }) => {
  const corpus = readCorpus(small ? SMALL_BYTES : undefined)
  const parts = splitLines(corpus, PARTITIONS)
  const lines = parts.reduce((sum, part) => sum + part.lines, 0)
  const expected = parts.map(({ bytes, lines }) => `${lines} ${createHash('sha256').update(bytes).digest('hex')}`)
  say(`${lines} lines, ${megabytes(corpus.length)}, of apt-cache dumpavail; its empty lines are left out`)
  if (!small) check(corpus.length >= BYTES_MIN, `the corpus has at least ${megabytes(BYTES_MIN)}`)

  for (const shards of [1, 3]) {
    const broker = { directory: join(directory, `shards-${shards}`), shards }
    let process = await startBroker(broker)
    for (const codec of CODECS) {
      const seconds = await timed(() => produceParts(process.port, codec, parts, ['-z', codec]))
      await holdAgainst(process.port, codec, `${shards} shards, ${codec}, produced in ${seconds} s`)
    }
    await process.kill()
    process = await startBroker(broker)
    for (const codec of CODECS) await holdAgainst(process.port, codec, `${shards} shards, ${codec}, after kill -9`)

    // The counters are told at a clean stop, so they are of this run: it takes the corpus in once more.
    await produceParts(process.port, 'counted', parts, ['-z', 'lz4'])
    await holdAgainst(process.port, 'counted', `${shards} shards, lz4, produced after the restart`)
    checkCounters(await process.stop(), shards)
  }

  async function holdAgainst(port, topic, what) {
    let found = []
    const seconds = await timed(async () => {
      found = await consume(port, topic)
    })
    const wrong = expected.filter((each, partition) => found[partition] !== each).length
    check(wrong === 0, `${what}: every partition has its lines in order, read in ${seconds} s`)
  }

  function checkCounters({ shards, control }, count) {
    const appended = shards.reduce((sum, shard) => sum + shard.appendedRecords, 0)
    check(appended === lines, `${count} shards: ${appended} records appended in all`)
    for (const [shard, counters] of shards.entries()) {
      const { receivedBytes, appendedRecords, peerProduces, peerCopiedBytes } = counters
      const figures = `received ${megabytes(receivedBytes)}, appended ${appendedRecords}, asked peers ${peerProduces} times`
      check(receivedBytes > 1000 && appendedRecords > 0, `shard ${shard} of ${count}: ${figures}`)
      check(peerCopiedBytes === 0, `shard ${shard} of ${count}: peerCopiedBytes ${peerCopiedBytes}`)
    }
    const { recordBytesTouched, appendedRecords } = control
    const touched = `recordBytesTouched ${recordBytesTouched}, appendedRecords ${appendedRecords}`
    check(recordBytesTouched === 0 && appendedRecords === 0, `control thread: ${touched}`)
  }
})

/** One consumer of the whole topic; for each partition the count of its lines and a hash of them in the order they came. */
async function consume(port, topic) {
  const partitions = Array.from({ length: PARTITIONS }, () => ({ lines: 0, hash: createHash('sha256') }))
  let rest = Buffer.alloc(0)
  const onOutput = (bytes) => {
    const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
    let start = 0
    for (let end = all.indexOf(10); end >= 0; end = all.indexOf(10, start)) {
      // A digit, then the line: there are less than ten partitions.
      const partition = partitions[all[start] - 48]
      partition.lines++
      partition.hash.update(all.subarray(start + 1, end + 1))
      start = end + 1
    }
    rest = all.subarray(start)
  }
  await kcat(port, ['-C', '-t', topic, '-o', 'beginning', '-e', '-q', '-f', '%p%s\n'], { onOutput })
  return partitions.map(({ lines, hash }) => `${lines} ${hash.digest('hex')}`)
}

async function timed(work) {
  const startedAt = performance.now()
  await work()
  return ((performance.now() - startedAt) / 1000).toFixed(1)
}
