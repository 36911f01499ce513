// `millrace topic`: what topics there are, and making, changing and deleting them or what is in them.
import { type Command, InvalidArgumentError, Option } from 'commander'
import { createPartitions, createTopics, deleteTopics, metadata } from '../client/apis.ts'
import type { Client } from '../client/client.ts'
import { DURABLE, LATEST, LOG_END } from '../model/offset-marks.ts'
import { ZERO_UUID } from '../model/uuid.ts'
import type { MetadataResponseTopic } from '../wire/generated/03-metadata.ts'
import { Cluster, nameOf, parseOffset, parseTopicChoice, runInCluster, type TopicChoice } from './cluster.ts'
import {
  collectConfig,
  type NamedValue,
  type RemoteOptions,
  type Result,
  refusalOf,
  remote,
  runRemote,
  type Terminal,
} from './remote.ts'
import { table } from './table.ts'
import { deleteRecordsOf } from './topic-records.ts'

const TIMEOUT_MS = 30_000
/** The broker's own defaults: num.partitions and default.replication.factor. */
const BROKER_DEFAULT = -1

interface CreateOptions extends RemoteOptions {
  readonly partitions?: number
  readonly replicationFactor?: number
  readonly config?: readonly NamedValue[]
}

interface DeleteRecordsOptions extends RemoteOptions {
  readonly before?: number
  readonly all?: boolean
}

export function addTopicCommands(parent: Command, terminal: Terminal): void {
  const topic = parent.command('topic').description('Topics of a running broker.')
  remote(topic.command('list').description('Every topic.')).action((options: RemoteOptions) =>
    runRemote(options, terminal, listTopics),
  )
  remote(
    topic
      .command('describe')
      .description("Topics' partitions: who leads them, who is in sync, and how far they are durable and readable."),
  )
    .argument('[topics...]', 'all, if none is named')
    .action((names: string[], options: RemoteOptions) =>
      runRemote(options, terminal, (client) => describeTopics(client, names)),
    )
  remote(topic.command('create').description('Make a topic.'))
    .argument('<topic>')
    .option('-p, --partitions <count>', "the broker's num.partitions, if not set", parseCount)
    .option('-r, --replication-factor <count>', "the broker's default.replication.factor, if not set", parseCount)
    .option('-c, --config <name=value>', 'a config of the topic; may be repeated', collectConfig)
    .action((name: string, options: CreateOptions) =>
      runRemote(options, terminal, (client) => createTopic(client, name, options)),
    )
  remote(topic.command('alter').description('Give a topic more partitions.'))
    .argument('<topic>')
    .requiredOption('-p, --partitions <count>', 'how many it shall have', parseCount)
    .action((name: string, options: RemoteOptions & { partitions: number }) =>
      runRemote(options, terminal, (client) => alterTopic(client, name, options.partitions)),
    )
  const deleting = topic.command('delete-records').description('Delete the oldest records of partitions, for good.')
  remote(deleting)
    .argument('<topic[:partition,...]>', 'all its partitions, or these', parseTopicChoice)
    .addOption(new Option('--before <offset>', 'what is before this offset').argParser(parseOffset).conflicts('all'))
    .option('--all', 'everything that is there by now')
    .action((choice: TopicChoice, options: DeleteRecordsOptions) => {
      const before = options.all ? 'everything' : options.before
      if (before === undefined) return deleting.error("error: one of '--before <offset>' and '--all' must be given")
      return runInCluster(options, terminal, (cluster) => deleteRecordsOf(cluster, choice, before))
    })
  remote(topic.command('delete').description('Delete topics, with all that is in them.'))
    .argument('<topics...>')
    .action((names: string[], options: RemoteOptions) =>
      runRemote(options, terminal, (client) => deleteAll(client, names)),
    )
}

async function listTopics(client: Client): Promise<Result> {
  const topics = (await topicsOf(client, [])).map(({ name, topicId, partitions, isInternal }) => ({
    topic: name ?? '',
    partitions: partitions.length,
    replicationFactor: partitions[0]?.replicaNodes.length ?? 0,
    topicId,
    isInternal,
  }))
  return {
    json: topics,
    text: table(
      ['TOPIC', 'PARTITIONS', 'REPLICAS', 'ID'],
      topics.map(({ topic, partitions, replicationFactor, topicId }) => [
        topic,
        partitions,
        replicationFactor,
        topicId,
      ]),
    ),
  }
}

async function describeTopics(client: Client, names: readonly string[]): Promise<Result> {
  const topics = await topicsOf(client, names)
  const known = topics.filter(({ errorCode }) => errorCode === 0)
  const offsetsOf = await offsetsIn(client, known)
  return {
    json: known.map(({ name, topicId, isInternal, partitions }) => ({
      topic: name,
      topicId,
      isInternal,
      partitions: partitions.map((partition) => ({
        partition: partition.partitionIndex,
        leader: partition.leaderId,
        leaderEpoch: partition.leaderEpoch,
        replicas: partition.replicaNodes,
        inSync: partition.isrNodes,
        offline: partition.offlineReplicas,
        ...offsetsOf(name ?? '', partition.partitionIndex),
      })),
    })),
    text: table(
      [
        ...['TOPIC', 'PARTITION', 'LEADER', 'EPOCH', 'REPLICAS', 'IN SYNC', 'OFFLINE'],
        ...['DURABLE', 'HIGH WATERMARK', 'LOG END'],
      ],
      known.flatMap(({ name, partitions }) =>
        partitions.map((partition) => {
          const offsets = offsetsOf(name ?? '', partition.partitionIndex)
          return [
            name ?? '',
            partition.partitionIndex,
            partition.leaderId,
            partition.leaderEpoch,
            partition.replicaNodes.join(','),
            partition.isrNodes.join(','),
            partition.offlineReplicas.join(','),
            offsets.durableOffset ?? '',
            offsets.highWatermark ?? '',
            offsets.logEndOffset ?? '',
          ]
        }),
      ),
    ),
    refusals: topics.flatMap(({ name, errorCode }) => refusalOf(name ?? '', errorCode, null)),
  }
}

/** Null: its leader could not be asked, or is no millrace broker. */
interface PartitionOffsets {
  readonly durableOffset: number | null
  readonly highWatermark: number | null
  readonly logEndOffset: number | null
}

async function offsetsIn(
  client: Client,
  topics: readonly MetadataResponseTopic[],
): Promise<(topic: string, partition: number) => PartitionOffsets> {
  const wanted = topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex }) => ({ topic: name ?? '', partition: partitionIndex })),
  )
  const cluster = await Cluster.around(client)
  try {
    const found = new Map<number, Map<string, number>>()
    for (const mark of [DURABLE, LATEST, LOG_END]) {
      const offsets = wanted.length === 0 ? [] : await cluster.offsets(wanted, mark)
      found.set(mark, new Map(offsets.map((each) => [nameOf(each), each.offset])))
    }
    return (topic, partition) => {
      const of = (mark: number): number | null => {
        const offset = found.get(mark)!.get(nameOf({ topic, partition })) ?? -1
        return offset < 0 ? null : offset
      }
      return { durableOffset: of(DURABLE), highWatermark: of(LATEST), logEndOffset: of(LOG_END) }
    }
  } finally {
    await cluster.close()
  }
}

/** By name, and by partition within; every topic, if none is named. */
async function topicsOf(client: Client, names: readonly string[]): Promise<MetadataResponseTopic[]> {
  const { topics } = await client.request(metadata, {
    topics: names.length === 0 ? null : names.map((name) => ({ name, topicId: ZERO_UUID })),
    allowAutoTopicCreation: false,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  })
  for (const { partitions } of topics) partitions.sort((a, b) => a.partitionIndex - b.partitionIndex)
  return topics.sort((a, b) => ((a.name ?? '') < (b.name ?? '') ? -1 : 1))
}

async function createTopic(client: Client, name: string, options: CreateOptions): Promise<Result> {
  const { partitions = BROKER_DEFAULT, replicationFactor = BROKER_DEFAULT, config = [] } = options
  const wanted = { name, numPartitions: partitions, replicationFactor, assignments: [], configs: [...config] }
  const { topics } = await client.request(createTopics, {
    topics: [wanted],
    timeoutMs: TIMEOUT_MS,
    validateOnly: false,
  })
  const { topicId, errorCode, errorMessage, numPartitions, replicationFactor: made } = topics[0]!
  if (errorCode !== 0) return refused(refusalOf(name, errorCode, errorMessage))
  return {
    json: { topic: name, topicId, partitions: numPartitions, replicationFactor: made },
    text: `created ${name}: partitions ${numPartitions}, replicas ${made}, id ${topicId}`,
  }
}

async function alterTopic(client: Client, name: string, count: number): Promise<Result> {
  const { results } = await client.request(createPartitions, {
    topics: [{ name, count, assignments: null }],
    timeoutMs: TIMEOUT_MS,
    validateOnly: false,
  })
  const { errorCode, errorMessage } = results[0]!
  if (errorCode !== 0) return refused(refusalOf(name, errorCode, errorMessage))
  return { json: { topic: name, partitions: count }, text: `altered ${name}: partitions ${count}` }
}

async function deleteAll(client: Client, names: readonly string[]): Promise<Result> {
  const { responses } = await client.request(deleteTopics, {
    topics: names.map((name) => ({ name, topicId: ZERO_UUID })),
    topicNames: [...names],
    timeoutMs: TIMEOUT_MS,
  })
  const deleted = responses.filter(({ errorCode }) => errorCode === 0).map(({ name }) => name)
  return {
    json: { deleted },
    text: deleted.map((name) => `deleted ${name}`).join('\n'),
    refusals: responses.flatMap(({ name, errorCode, errorMessage }) => refusalOf(name ?? '', errorCode, errorMessage)),
  }
}

function refused(refusals: readonly string[]): Result {
  return { json: null, text: '', refusals }
}

function parseCount(text: string): number {
  const count = Number(text)
  if (!/^\d+$/.test(text) || count < 1 || count > 2 ** 31 - 1) throw new InvalidArgumentError('It is not a count.')
  return count
}
