// @confluentinc/kafka-javascript: librdkafka beneath an interface like kafkajs's. No partitions without a group.
const { Kafka, ErrorCodes, logLevel } = require('@confluentinc/kafka-javascript').KafkaJS

const BATCH_LINES = 2000

import('./protocol.mjs').then(async ({ linesByPartition, parameters, say, sayRecords, untilStopped, verb }) => {
  const { bootstrap, topic, codec, group, strategy, commit, sessionMs } = parameters
  const kafka = new Kafka({ kafkaJS: { brokers: [bootstrap], logLevel: logLevel.NOTHING } })
  await { produce, consume }[verb]()
  process.exit(0)

  async function produce() {
    const producer = kafka.producer({ 'bootstrap.servers': bootstrap, 'compression.codec': codec, acks: -1 })
    await producer.connect()
    let count = 0
    for (const [partition, lines] of linesByPartition(parameters).entries()) {
      for (let at = 0; at < lines.length; at += BATCH_LINES) {
        const messages = lines.slice(at, at + BATCH_LINES).map((value) => ({ partition, value }))
        await producer.send({ topic, messages })
        count += messages.length
      }
    }
    await producer.disconnect()
    say('done', { count })
  }

  async function consume() {
    const consumer = kafka.consumer({
      'group.id': group,
      'session.timeout.ms': sessionMs,
      'heartbeat.interval.ms': 500,
      'auto.offset.reset': 'earliest',
      'enable.auto.commit': commit === 'auto',
      'auto.commit.interval.ms': 500,
      'partition.assignment.strategy': strategy === 'cooperative' ? 'cooperative-sticky' : 'range',
      rebalance_cb: (error, assignment) => {
        const partitions = assignment.map(({ partition }) => partition)
        say(error.code === ErrorCodes.ERR__ASSIGN_PARTITIONS ? 'assigned' : 'revoked', { partitions })
      },
    })
    await consumer.connect()
    await consumer.subscribe({ topics: [topic] })
    await consumer.run({
      eachBatchAutoResolve: false,
      eachBatch: async ({ batch: { partition, messages }, resolveOffset }) => {
        sayRecords(messages.map(({ offset, value }) => ({ partition, offset, value })))
        const last = messages.at(-1).offset
        resolveOffset(last)
        if (commit === 'manual') await consumer.commitOffsets([{ topic, partition, offset: `${Number(last) + 1}` }])
      },
    })
    await untilStopped()
    await consumer.disconnect()
    say('left')
  }
})
