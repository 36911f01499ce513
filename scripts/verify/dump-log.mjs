// Does Apache Kafka read our files? Its dump tool goes through every segment, index and time index that a broker left,
// each record decompressed, and through our metadata log. It must find nothing wrong and count what was produced.
//
//   node scripts/verify/dump-log.mjs [--small]     needs kcat, Java, Maven once, and apt's package lists for the corpus
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { startBroker } from './lib/broker.mjs'
import { Client, CODECS, createTopic } from './lib/client.mjs'
import { readCorpus, splitLines } from './lib/corpus.mjs'
import { kafkaCommand } from './lib/kafka.mjs'
import { produceParts } from './lib/kcat.mjs'
import { runToEnd } from './lib/process.mjs'
import { megabytes, verify } from './lib/verify.mjs'

const PARTITIONS = 3
const SEGMENT_BYTES = 1 << 20
const DUMP_LOG = 'org.apache.kafka.tools.DumpLogSegments'
const DUMP_SECONDS_MAX = 180
/** What the tool says when something is wrong; it exits with 0 all the same. */
const COMPLAINT = /mismatch|out of order|non-?consecutive|non-secutive|isvalid: false|corrupt|invalid|exception|error/i

await verify('dump-log', {}, async ({ small }, { directory, check, say }) => {
  const data = join(directory, 'data')
  const broker = await startBroker({ directory: data, shards: 2 })
  const client = await Client.connect(broker.port)
  const corpus = readCorpus(small ? 1_000_000 : 8_000_000)
  const parts = splitLines(corpus, PARTITIONS)
  const lines = parts.reduce((sum, part) => sum + part.lines, 0)
  say(`${lines} lines, ${megabytes(corpus.length)}, with each codec; segments of ${megabytes(SEGMENT_BYTES)}`)
  for (const codec of CODECS) {
    await createTopic(client, codec, PARTITIONS, { 'segment.bytes': SEGMENT_BYTES })
    await produceParts(broker.port, codec, parts, ['-z', codec, '-X', 'enable.idempotence=true'])
  }
  await broker.stop()

  for (const codec of CODECS) {
    const logs = filesOf(codec, '.log')
    const dump = await dumpOf(['--deep-iteration', '--files', logs.join(',')])
    const batches = [...dump.matchAll(/^baseOffset: .* count: (\d+) .* compresscodec: (\w+) .* isvalid: (\w+)$/gm)]
    const counted = batches.reduce((sum, [, count]) => sum + Number(count), 0)
    const deep = dump.match(/^\| offset: /gm)?.length ?? 0
    // A producer sends a batch as it is that would not shrink: one of a single short line, when it has nothing more.
    const isOfCodec = ([, count, name]) => name === codec || (name === 'none' && count === '1')
    const isRight =
      counted === lines &&
      deep === lines &&
      batches.every((batch) => isOfCodec(batch) && batch[3] === 'true') &&
      batches.some(([, , name]) => name === codec)
    const what = `${logs.length} segments, ${batches.length} batches, ${deep} records`
    check(isRight && !COMPLAINT.test(dump.replaceAll('isvalid: true', '')), `${codec}: ${what}${firstComplaint(dump)}`)
  }

  const indexes = CODECS.flatMap((codec) => filesOf(codec, '.index'))
  const timeIndexes = CODECS.flatMap((codec) => filesOf(codec, '.timeindex'))
  const snapshots = CODECS.flatMap((codec) => filesOf(codec, '.snapshot'))
  const segments = CODECS.flatMap((codec) => filesOf(codec, '.log'))
  const rolled = segments.length - CODECS.length * PARTITIONS
  check(indexes.length >= rolled && indexes.length > 0, `${indexes.length} indexes, ${timeIndexes.length} time indexes`)
  for (const flag of ['--index-sanity-check', '--verify-index-only']) {
    const dump = await dumpOf([flag, '--files', [...indexes, ...timeIndexes].join(',')])
    // Of a segment without an entry yet the tool says that its index is empty.
    const passed = dump.match(/passed sanity check|\.(?:time)?index is empty/g)?.length ?? 0
    const isRight =
      !COMPLAINT.test(dump) && (flag === '--verify-index-only' || passed === indexes.length + timeIndexes.length)
    check(isRight, `${flag}${passed > 0 ? `: ${passed} passed` : ''}${firstComplaint(dump)}`)
  }
  const entries = await dumpOf(['--files', [...indexes, ...timeIndexes].join(',')])
  const offsets = entries.match(/^offset: \d+ position: \d+/gm)?.length ?? 0
  const times = entries.match(/^timestamp: \d+ offset: \d+/gm)?.length ?? 0
  check(!COMPLAINT.test(entries) && offsets > 0 && times > 0, `${offsets} index entries, ${times} time index entries`)
  if (snapshots.length > 0) {
    const dump = await dumpOf(['--files', snapshots.join(',')])
    const producers = dump.match(/^producerId: /gm)?.length ?? 0
    check(
      !COMPLAINT.test(dump),
      `${snapshots.length} producer snapshots, ${producers} producers${firstComplaint(dump)}`,
    )
  }

  const metadata = filesOf('__cluster_metadata', '.log')
  const dump = await dumpOf(['--cluster-metadata-decoder', '--files', metadata.join(',')])
  const kinds = {}
  for (const [, type] of dump.matchAll(/payload: \{"type":"(\w+)"/g)) kinds[type] = (kinds[type] ?? 0) + 1
  const isRight = kinds.TOPIC_RECORD === CODECS.length && kinds.PARTITION_RECORD === CODECS.length * PARTITIONS
  const what = Object.entries(kinds).map(([type, count]) => `${count} ${type}`)
  check(
    isRight && !COMPLAINT.test(dump.replaceAll('isvalid: true', '')),
    `metadata: ${what.join(', ')}${firstComplaint(dump)}`,
  )

  function filesOf(topic, extension) {
    return readdirSync(data)
      .filter((name) => name.replace(/-\d+$/, '') === topic)
      .flatMap((name) => readdirSync(join(data, name)).map((file) => join(data, name, file)))
      .filter((file) => file.endsWith(extension))
  }
})

function dumpOf(parameters) {
  return runToEnd(kafkaCommand(DUMP_LOG, parameters), { secondsMax: DUMP_SECONDS_MAX })
}

function firstComplaint(dump) {
  const line = dump.split('\n').find((each) => COMPLAINT.test(each.replaceAll('isvalid: true', '')))
  return line === undefined ? '' : `; it says: ${line}`
}
