// kafkajs: the oldest client in JavaScript alone. Eager rebalancing only, and no partitions without a group.
import zlib from 'node:zlib'
import kafkajs from 'kafkajs'
import LZ4Codec from 'kafkajs-lz4'
import SnappyCodec from 'kafkajs-snappy'
import { linesByPartition, parameters, say, sayRecords, untilStopped, verb } from './protocol.mjs'

const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = kafkajs
const CODECS = { none: 'None', gzip: 'GZIP', snappy: 'Snappy', lz4: 'LZ4', zstd: 'ZSTD' }
const BATCH_LINES = 2000

CompressionCodecs[CompressionTypes.Snappy] = SnappyCodec
CompressionCodecs[CompressionTypes.LZ4] = new LZ4Codec().codec
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async ({ buffer }) => zlib.zstdCompressSync(buffer),
  decompress: async (buffer) => zlib.zstdDecompressSync(buffer),
})

const { bootstrap, topic, codec, group, commit, sessionMs } = parameters
const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.ERROR, retry: { initialRetryTime: 100 } })
await { produce, consume }[verb]()
process.exit(0)

async function produce() {
  const producer = kafka.producer()
  await producer.connect()
  let count = 0
  for (const [partition, lines] of linesByPartition(parameters).entries()) {
    for (let at = 0; at < lines.length; at += BATCH_LINES) {
      const messages = lines.slice(at, at + BATCH_LINES).map((value) => ({ partition, value }))
      await producer.send({ topic, messages, acks: -1, compression: CompressionTypes[CODECS[codec]] })
      count += messages.length
    }
  }
  await producer.disconnect()
  say('done', { count })
}

async function consume() {
  const consumer = kafka.consumer({
    groupId: group,
    sessionTimeout: sessionMs,
    heartbeatInterval: 500,
    rebalanceTimeout: 10_000,
    maxWaitTimeInMs: 200,
  })
  let owned = []
  const revokeAll = () => {
    if (owned.length > 0) say('revoked', { partitions: owned })
    owned = []
  }
  consumer.on(consumer.events.REBALANCING, revokeAll)
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    revokeAll()
    owned = payload.memberAssignment[topic] ?? []
    say('assigned', { partitions: owned })
  })
  consumer.on(consumer.events.CRASH, ({ payload }) => say('error', { message: `${payload.error}` }))
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  const isManual = commit === 'manual'
  await consumer.run({
    autoCommit: !isManual,
    autoCommitInterval: 500,
    eachBatchAutoResolve: false,
    eachBatch: async ({ batch: { partition, messages }, resolveOffset, heartbeat, commitOffsetsIfNecessary }) => {
      sayRecords(messages.map(({ offset, value }) => ({ partition, offset, value })))
      const last = messages.at(-1).offset
      resolveOffset(last)
      if (isManual) await consumer.commitOffsets([{ topic, partition, offset: `${Number(last) + 1}` }])
      else await commitOffsetsIfNecessary()
      await heartbeat()
    },
  })
  await untilStopped()
  await consumer.disconnect()
  say('left')
}
