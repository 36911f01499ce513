// How long is a thread busy with the metadata of 10,000 partitions: applying it, finding a partition in it, and telling a
// client all of it?
//
//   npm run build:ts && node bench/metadata/image.bench.mjs [--small]
import { fromDist, isSmall, question, row } from '../micro.mjs'
import { topicRecords } from '../topic-records.mjs'

const { metadata } = await fromDist('api/03-metadata')
const { Routes } = await fromDist('api/routes')
const { MetadataImage } = await fromDist('metadata/image')
const { Writer } = await fromDist('wire/writer')

const PARTITIONS = isSmall ? 100 : 10_000
const VERSION = 12

const uuid = (number) =>
  Buffer.concat([Buffer.alloc(12, 7), Buffer.from(Uint32Array.of(number).buffer)]).toString('base64url')

const broker = {
  type: 'RegisterBrokerRecord',
  brokerId: 1,
  isMigratingZkBroker: false,
  incarnationId: uuid(1),
  brokerEpoch: 1,
  endPoints: [{ name: 'PLAINTEXT', host: 'broker-1.example', port: 9092, securityProtocol: 0 }],
  features: [],
  rack: null,
  fenced: false,
  inControlledShutdown: false,
  logDirs: [uuid(2)],
  cordonedLogDirs: null,
}

function records(topics) {
  const ofTopic = (topic) => topicRecords(`orders-of-customer-${topic}`, uuid(1000 + topic), PARTITIONS / topics)
  return [broker, ...Array.from({ length: topics }, (_, topic) => ofTopic(topic)).flat()]
}

function apply(list) {
  const image = new MetadataImage()
  const routes = new Routes(4)
  image.listen({
    topicCreated: (topic) => routes.addTopic(topic),
    partitionAdded: (topic, partition) => routes.addPartition(topic, partition),
    topicDeleted: () => undefined,
    partitionChanged: () => undefined,
    configsChanged: () => undefined,
    batchApplied: () => undefined,
  })
  image.apply({ offset: list.length - 1, epoch: 1, records: list })
  return { image, routes }
}

question(`${PARTITIONS} partitions; figures are for each partition`)
for (const topics of [10, PARTITIONS]) {
  const list = records(topics)
  await row(`apply records, with routes, ${topics} topics`, () => apply(list), PARTITIONS)
  const { image, routes } = apply(list)
  const context = {
    apiVersion: VERSION,
    listenerName: 'PLAINTEXT',
    image,
    nodeId: 1,
    clusterId: 'c',
    createTopics: null,
  }
  const request = {
    topics: null,
    allowAutoTopicCreation: false,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  }
  await row(
    `answer Metadata for all, ${topics} topics, as objects`,
    () => metadata.handle(request, context),
    PARTITIONS,
  )
  const answer = await metadata.handle(request, context)
  const writer = new Writer(new Uint8Array(4 << 20))
  await row(
    `encode that answer, ${topics} topics`,
    () => {
      writer.rewind()
      metadata.write(writer, VERSION, answer)
    },
    PARTITIONS,
  )
  const names = Array.from({ length: topics }, (_, topic) => `orders-of-customer-${topic}`)
  let next = 0
  await row(`find a topic's routes by name, ${topics} topics`, () => {
    next = (next + 7919) % topics
    return routes.topicByName(names[next])
  })
}
