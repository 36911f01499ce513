// A cluster as a command sees it: a group is asked of its coordinator, a partition of its leader, whichever broker the
// command was pointed at.
//
// A connection to another broker is opened when something is asked of it, and closed with the command.
import { InvalidArgumentError } from 'commander'
import { deleteRecords, findCoordinator, listOffsets, metadata } from '../client/apis.ts'
import { Client, throwIfRefused } from '../client/client.ts'
import type { Address } from '../client/connection.ts'
import { ErrorCode } from '../model/error-codes.ts'
import { DURABLE, LOG_END } from '../model/offset-marks.ts'
import { ZERO_UUID } from '../model/uuid.ts'
import { CLIENT, type RemoteOptions, type Result, runRemote, type Terminal } from './remote.ts'

/** Stands for an offset in DeleteRecords. */
const HIGH_WATERMARK = -1
const GROUP = 0
const TIMEOUT_MS = 30_000

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

export interface TopicChoice {
  readonly topic: string
  /** Null: all. */
  readonly partitions: readonly number[] | null
}

export interface FoundOffset extends TopicPartition {
  readonly errorCode: number
  /** -1: there is none. */
  readonly offset: number
}

export function runInCluster(
  options: RemoteOptions,
  terminal: Terminal,
  action: (cluster: Cluster) => Promise<Result>,
): Promise<void> {
  return runRemote(options, terminal, async (client) => {
    const cluster = await Cluster.around(client)
    try {
      return await action(cluster)
    } finally {
      await cluster.close()
    }
  })
}

export class Cluster {
  readonly #client: Client
  /** By node id. */
  readonly #addresses: ReadonlyMap<number, Address>
  /** To other brokers than the first; also those on which one has to wait. */
  readonly #connections = new Map<number, Promise<Client>>()

  /** The client stays the caller's. */
  static async around(client: Client): Promise<Cluster> {
    const { brokers } = await client.request(metadata, metadataRequest([]))
    return new Cluster(client, new Map(brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }])))
  }

  private constructor(client: Client, addresses: ReadonlyMap<number, Address>) {
    this.#client = client
    this.#addresses = addresses
  }

  /** Every broker that is there. */
  brokers(): Promise<Client[]> {
    return Promise.all(Array.from(this.#addresses, ([nodeId, address]) => this.#connect(nodeId, address)))
  }

  async coordinatorOf(groupId: string): Promise<Client> {
    const asked = { key: groupId, keyType: GROUP, coordinatorKeys: [groupId] }
    const { coordinators } = await this.#client.request(findCoordinator, asked)
    const { nodeId, host, port, errorCode, errorMessage } = coordinators[0]!
    throwIfRefused(errorCode, errorMessage)
    return this.#connect(nodeId, { host, port })
  }

  /** The partitions of topics, by name: those that exist. */
  async partitionsOf(topics: Iterable<string>): Promise<ReadonlyMap<string, readonly number[]>> {
    const leaders = await this.#leadersOf(topics)
    return new Map(Array.from(leaders, ([topic, partitions]) => [topic, [...partitions.keys()].sort((a, b) => a - b)]))
  }

  /** In the order of `wanted`. `timestamp`: or one of the marks. */
  offsets(wanted: readonly TopicPartition[], timestamp: number): Promise<FoundOffset[]> {
    return this.#askLeaders(wanted, async (leader, partitions) => {
      const { topics } = await leader.request(listOffsets, {
        replicaId: -1,
        isolationLevel: 0,
        topics: byTopic(partitions).map(({ topic, partitions }) => ({
          name: topic,
          partitions: partitions.map((partitionIndex) => ({ partitionIndex, currentLeaderEpoch: -1, timestamp })),
        })),
        timeoutMs: TIMEOUT_MS,
      })
      return topics.flatMap(({ name: topic, partitions }) =>
        partitions.map(({ partitionIndex: partition, errorCode, offset, timestamp: said }) => {
          const isUnknown = (timestamp === DURABLE || timestamp === LOG_END) && said !== timestamp
          return { topic, partition, errorCode, offset: isUnknown ? -1 : offset }
        }),
      )
    })
  }

  /** Deletes what is before `offset`, or everything; finds where each partition begins then, in the order of `wanted`. */
  deleteRecords(wanted: readonly TopicPartition[], offset: number | 'everything'): Promise<FoundOffset[]> {
    const before = offset === 'everything' ? HIGH_WATERMARK : offset
    return this.#askLeaders(wanted, async (leader, partitions) => {
      const { topics } = await leader.request(deleteRecords, {
        topics: byTopic(partitions).map(({ topic, partitions }) => ({
          name: topic,
          partitions: partitions.map((partitionIndex) => ({ partitionIndex, offset: before })),
        })),
        timeoutMs: TIMEOUT_MS,
      })
      return topics.flatMap(({ name: topic, partitions }) =>
        partitions.map(({ partitionIndex: partition, errorCode, lowWatermark }) => {
          return { topic, partition, errorCode, offset: lowWatermark }
        }),
      )
    })
  }

  async close(): Promise<void> {
    for (const connection of await Promise.allSettled(this.#connections.values())) {
      if (connection.status === 'fulfilled') connection.value.close()
    }
  }

  /** Each partition of its leader, once; those that cannot be asked are an error of their own. */
  async #askLeaders(
    wanted: readonly TopicPartition[],
    ask: (leader: Client, partitions: readonly TopicPartition[]) => Promise<FoundOffset[]>,
  ): Promise<FoundOffset[]> {
    const leaders = await this.#leadersOf(new Set(wanted.map(({ topic }) => topic)))
    const byLeader = new Map<number, TopicPartition[]>()
    const found = new Map<string, FoundOffset>()
    for (const each of wanted) {
      const leader = leaders.get(each.topic)?.get(each.partition)
      const address = this.#addresses.get(leader ?? -1)
      if (leader === undefined || address === undefined) {
        const errorCode = leader === undefined ? ErrorCode.UnknownTopicOrPartition : ErrorCode.LeaderNotAvailable
        found.set(nameOf(each), { ...each, errorCode, offset: -1 })
      } else if (!found.has(nameOf(each))) {
        found.set(nameOf(each), { ...each, errorCode: ErrorCode.LeaderNotAvailable, offset: -1 })
        byLeader.set(leader, [...(byLeader.get(leader) ?? []), each])
      }
    }
    for (const [leader, partitions] of byLeader) {
      const client = await this.#connect(leader, this.#addresses.get(leader)!)
      for (const answer of await ask(client, partitions)) found.set(nameOf(answer), answer)
    }
    return wanted.map((each) => found.get(nameOf(each))!)
  }

  /** By topic and partition; a topic that does not exist is left out. */
  async #leadersOf(names: Iterable<string>): Promise<Map<string, Map<number, number>>> {
    const { topics } = await this.#client.request(metadata, metadataRequest([...names]))
    return new Map(
      topics
        .filter(({ errorCode }) => errorCode === ErrorCode.None)
        .map(({ name, partitions }) => [
          name ?? '',
          new Map(partitions.map(({ partitionIndex, leaderId }) => [partitionIndex, leaderId])),
        ]),
    )
  }

  /** One broker that is alone is the one we speak to, whatever name it goes by. */
  #connect(nodeId: number, address: Address): Promise<Client> {
    if (this.#addresses.size === 1 && this.#addresses.has(nodeId)) return Promise.resolve(this.#client)
    let connection = this.#connections.get(nodeId)
    if (connection === undefined) {
      connection = Client.connect(address, CLIENT)
      this.#connections.set(nodeId, connection)
    }
    return connection
  }
}

/** Of `topic` or `topic:partition,...`. */
export function parseTopicChoice(text: string): TopicChoice {
  const [, topic, partitions] = /^([^:]+)(?::(\d{1,9}(?:,\d{1,9})*))?$/.exec(text) ?? []
  if (topic === undefined) throw new InvalidArgumentError('It is not topic or topic:partition,...')
  return { topic, partitions: partitions?.split(',').map(Number) ?? null }
}

export function parseOffset(text: string): number {
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(Number(text))) throw new InvalidArgumentError('It is not an offset.')
  return Number(text)
}

/** As it is said to people, and unique. */
export function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}

export function inOrder(a: TopicPartition, b: TopicPartition): number {
  if (a.topic !== b.topic) return a.topic < b.topic ? -1 : 1
  return a.partition - b.partition
}

export function byTopic(partitions: readonly TopicPartition[]): { topic: string; partitions: number[] }[] {
  const topics = new Map<string, number[]>()
  for (const { topic, partition } of partitions) {
    const known = topics.get(topic)
    if (known === undefined) topics.set(topic, [partition])
    else known.push(partition)
  }
  return Array.from(topics, ([topic, partitions]) => ({ topic, partitions }))
}

function metadataRequest(names: readonly string[]) {
  return {
    topics: names.map((name) => ({ name, topicId: ZERO_UUID })),
    allowAutoTopicCreation: false,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  }
}
