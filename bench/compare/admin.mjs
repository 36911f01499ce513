// What a benchmark asks of a Kafka-protocol broker beside the load: whether it is there, topics made and deleted, a record
// of its own. Through the project's client, which negotiates versions and so speaks with any of them.
import { setTimeout as sleep } from 'node:timers/promises'
import { apis, Client, produceRecords } from '../../dist/client/index.js'

const TOPIC_MS_MAX = 120_000
const POLL_MS = 5
const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA'
const LATEST = -1

/** Runs `work` with a client of the server's first broker, and closes it. */
export async function withClient(server, work, options = {}) {
  const client = await Client.connect({ host: '127.0.0.1', port: server.port }, options)
  try {
    return await work(client)
  } finally {
    client.close()
  }
}

/** Whether each broker of the server answers, and knows of all of them. */
export async function isReady({ servers }) {
  for (const address of servers) {
    try {
      const port = Number(address.split(':')[1])
      const { brokers } = await withClient({ port }, (client) => metadataOf(client, []), { timeoutMs: 5000 })
      if (brokers.length < servers.length) return false
    } catch {
      return false
    }
  }
  return true
}

/** Makes a topic and resolves when all of its partitions have a leader. */
export async function createTopic(server, name, { partitions, replicas = 1, configs = {} }) {
  await withClient(server, (client) => createOn(client, [topicOf(name, partitions, replicas, configs)]))
  await untilLed(server, name, partitions)
}

/** As many topics of as many partitions, `atOnce` in a request; stops at `msMax`. Resolves to how many partitions there are. */
export async function createMany(server, { prefix, topics, partitions, atOnce, msMax }) {
  const deadline = performance.now() + msMax
  let made = 0
  await withClient(
    server,
    async (client) => {
      while (made < topics && performance.now() < deadline) {
        const count = Math.min(atOnce, topics - made)
        await createOn(
          client,
          Array.from({ length: count }, (_, index) => topicOf(`${prefix}${made + index}`, partitions, 1, {})),
        )
        made += count
      }
    },
    { timeoutMs: msMax },
  )
  if (made > 0) await untilLed(server, `${prefix}${made - 1}`, partitions)
  return made * partitions
}

export async function deleteTopic(server, name) {
  await withClient(server, async (client) => {
    const topics = [{ name, topicId: ZERO_UUID }]
    const { responses } = await client.request(apis.deleteTopics, { topics, topicNames: [name], timeoutMs: 30_000 })
    if (responses[0].errorCode !== 0) throw new Error(`topic ${name} was not deleted: error ${responses[0].errorCode}`)
  })
}

/** Tries to produce one record with acks=all until it is answered; resolves to the offset it got. */
export async function untilProduced(server, topic, msMax) {
  const deadline = performance.now() + msMax
  for (;;) {
    try {
      return await withClient(server, (client) => produceRecords(client, topic, 0, [{ value: 'x' }]))
    } catch (error) {
      if (performance.now() > deadline) throw error
      await sleep(POLL_MS)
    }
  }
}

async function createOn(client, topics) {
  const answer = await client.request(apis.createTopics, { topics, timeoutMs: TOPIC_MS_MAX, validateOnly: false })
  for (const { name, errorCode, errorMessage } of answer.topics) {
    if (errorCode !== 0) throw new Error(`topic ${name}: ${errorMessage ?? ''} (error ${errorCode})`)
  }
}

/** Metadata may know of leaders that do not yet know of it themselves: asked is who can say where a partition ends. */
async function untilLed({ servers }, name, partitions) {
  const deadline = performance.now() + TOPIC_MS_MAX
  const led = new Set()
  for (;;) {
    for (const address of servers) {
      for (const index of await ledBy(Number(address.split(':')[1]), name, partitions)) led.add(index)
    }
    if (led.size === partitions) return
    if (performance.now() > deadline)
      throw new Error(`topic ${name}: ${partitions - led.size} partitions have no leader`)
    await sleep(POLL_MS)
  }
}

async function ledBy(port, name, partitions) {
  const all = Array.from({ length: partitions }, (_, partitionIndex) => {
    return { partitionIndex, currentLeaderEpoch: -1, timestamp: LATEST }
  })
  const question = { replicaId: -1, isolationLevel: 0, topics: [{ name, partitions: all }], timeoutMs: 30_000 }
  const { topics } = await withClient({ port }, (client) => client.request(apis.listOffsets, question))
  return topics[0].partitions.filter(({ errorCode }) => errorCode === 0).map(({ partitionIndex }) => partitionIndex)
}

function topicOf(name, numPartitions, replicationFactor, configs) {
  const entries = Object.entries(configs).map(([key, value]) => ({ name: key, value: `${value}` }))
  return { name, numPartitions, replicationFactor, assignments: [], configs: entries }
}

async function metadataOf(client, names) {
  return await client.request(apis.metadata, {
    topics: names.map((name) => ({ name, topicId: ZERO_UUID })),
    allowAutoTopicCreation: false,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  })
}
