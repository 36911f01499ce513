// A cluster as a command sees it: a group is asked of its coordinator, a partition of its leader, whichever broker the
// command was pointed at.
//
// A connection to another broker is opened when something is asked of it, and closed with the command.
import { findCoordinator, listOffsets, metadata } from '../client/apis.ts'
import { Client, throwIfRefused } from '../client/client.ts'
import type { Address } from '../client/connection.ts'
import { ErrorCode } from '../model/error-codes.ts'
import { ZERO_UUID } from '../model/uuid.ts'
import { CLIENT, type RemoteOptions, type Result, runRemote, type Terminal } from './remote.ts'

/** Marks that ListOffsets takes for a timestamp. */
export const LATEST = -1
export const EARLIEST = -2

const GROUP = 0
const TIMEOUT_MS = 30_000

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
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
  async offsets(wanted: readonly TopicPartition[], timestamp: number): Promise<FoundOffset[]> {
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
      const { topics } = await client.request(listOffsets, {
        replicaId: -1,
        isolationLevel: 0,
        topics: byTopic(partitions).map(({ topic, partitions }) => ({
          name: topic,
          partitions: partitions.map((partitionIndex) => ({ partitionIndex, currentLeaderEpoch: -1, timestamp })),
        })),
        timeoutMs: TIMEOUT_MS,
      })
      for (const { name: topic, partitions } of topics) {
        for (const { partitionIndex: partition, errorCode, offset } of partitions) {
          found.set(nameOf({ topic, partition }), { topic, partition, errorCode, offset })
        }
      }
    }
    return wanted.map((each) => found.get(nameOf(each))!)
  }

  async close(): Promise<void> {
    for (const connection of await Promise.allSettled(this.#connections.values())) {
      if (connection.status === 'fulfilled') connection.value.close()
    }
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
