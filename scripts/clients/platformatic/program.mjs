// @platformatic/kafka: the newest client in JavaScript alone. No partitions without a group.
import { Consumer, Producer } from '@platformatic/kafka'
import { linesByPartition, parameters, say, sayRecords, untilStopped, verb } from './protocol.mjs'

const BATCH_LINES = 2000
const { bootstrap, topic, codec, group, strategy, commit, sessionMs } = parameters

await { produce, consume }[verb]()
process.exit(0)

async function produce() {
  const producer = new Producer({ clientId: 'producer', bootstrapBrokers: [bootstrap] })
  let count = 0
  for (const [partition, lines] of linesByPartition(parameters).entries()) {
    for (let at = 0; at < lines.length; at += BATCH_LINES) {
      const messages = lines.slice(at, at + BATCH_LINES).map((value) => ({ topic, partition, value }))
      await producer.send({ messages, acks: -1, compression: codec })
      count += messages.length
    }
  }
  await producer.close()
  say('done', { count })
}

async function consume() {
  const consumer = new Consumer({
    clientId: 'consumer',
    groupId: group,
    bootstrapBrokers: [bootstrap],
    sessionTimeout: sessionMs,
    rebalanceTimeout: 10_000,
    heartbeatInterval: 500,
    maxWaitTime: 200,
    autocommit: commit === 'auto' ? 500 : false,
    protocols: [{ name: strategy === 'cooperative' ? 'cooperative-sticky' : 'roundrobin', version: 1 }],
  })
  let owned = []
  consumer.on('consumer:group:join', ({ assignments }) => {
    const now = assignments?.find((each) => each.topic === topic)?.partitions ?? []
    const isKept = strategy === 'cooperative' ? (partition) => now.includes(partition) : () => false
    const revoked = owned.filter((partition) => !isKept(partition))
    const added = now.filter((partition) => !owned.includes(partition) || !isKept(partition))
    owned = [...now]
    if (revoked.length > 0) say('revoked', { partitions: revoked })
    say('assigned', { partitions: added })
  })
  const stream = await consumer.consume({ topics: [topic], mode: 'committed', fallbackMode: 'earliest' })
  stream.on('error', (error) => say('error', { message: error.message }))
  const pending = new Map()
  const drained = (async () => {
    for await (const { partition, offset, value } of stream) {
      sayRecords([{ partition, offset, value }])
      pending.set(partition, offset)
      // Messages come one by one, but a commit for each would be slow: when the stream has no more, for all of them.
      if (commit === 'manual' && stream.readableLength === 0) await commitPending()
    }
  })().catch((error) => say('error', { message: error.message }))

  async function commitPending() {
    const offsets = [...pending].map(([partition, offset]) => ({
      topic,
      partition,
      offset: offset + 1n,
      leaderEpoch: 0,
    }))
    pending.clear()
    await consumer.commit({ offsets }).catch((error) => say('error', { message: error.message }))
  }

  await untilStopped()
  await stream.close().catch((error) => say('error', { message: error.message }))
  await drained
  await consumer.close(true)
  say('left')
}
