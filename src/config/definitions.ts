// What millrace acts on: Kafka's settings by Kafka's names, and its own, which begin with `millrace.`.
//
// Pure data. Kafka's facts (type, bounds, default) come from kafka-keys.ts; a default stands here only where ours differs.
import { KAFKA_KEYS } from './kafka-keys.ts'
import type { KeyFacts, ValueOf } from './values.ts'

const KAFKA_DEFINITIONS = {
  'process.roles': {
    default: 'broker,controller',
    documentation: 'What this node is; both, until clusters are there.',
  },
  'node.id': { default: '1', documentation: 'The number of this node.' },
  'broker.id': { documentation: 'The older name of node.id.' },
  'controller.quorum.voters': { documentation: 'The controllers, as id@host:port; only this node, for now.' },
  'controller.quorum.bootstrap.servers': { documentation: 'Where to find controllers; only this node, for now.' },
  listeners: { default: 'PLAINTEXT://127.0.0.1:9092', documentation: 'Where to listen, as NAME://host:port.' },
  'advertised.listeners': { documentation: 'Where clients shall connect to; the listeners themselves if not set.' },
  'listener.security.protocol.map': { documentation: 'The protocol of each listener name; PLAINTEXT, for now.' },
  'inter.broker.listener.name': { documentation: 'The listener that brokers use among each other.' },
  'security.inter.broker.protocol': { documentation: 'Names that listener if inter.broker.listener.name does not.' },
  'controller.listener.names': { default: '', documentation: 'The listeners that only controllers use.' },
  'log.dir': { default: 'millrace-data', documentation: 'The data directory, if log.dirs is not set.' },
  'log.dirs': { documentation: 'The data directory; one, for now.' },
  'num.partitions': { documentation: 'Partitions of a topic whose creator does not say how many.' },
  'default.replication.factor': { documentation: 'Replicas of a partition whose creator does not say how many.' },
  'min.insync.replicas': { documentation: 'Replicas that must have a batch before an acks=all answer.' },
  'auto.create.topics.enable': { documentation: 'Whether asking for an unknown topic creates it.' },
  'delete.topic.enable': { documentation: 'Whether topics may be deleted.' },
  'message.max.bytes': { documentation: 'The largest record batch that is accepted.' },
  'socket.request.max.bytes': { documentation: 'The largest request; a longer one closes its connection.' },
  'max.connections': {
    default: '65536',
    documentation: 'Connections at a time, at most what descriptors allow; more are closed at once. No limit in Kafka.',
  },
  'max.connections.per.ip': {
    default: '32768',
    documentation: 'Connections at a time from one address; more are closed at once. No limit in Kafka.',
  },
  'max.connections.per.ip.overrides': { documentation: 'The same for single addresses, as a list of host:count.' },
  'max.connection.creation.rate': {
    default: '10000',
    documentation: 'Connections accepted a second; more wait in the backlog. No limit in Kafka.',
  },
  'connections.max.idle.ms': { documentation: 'A connection on which nothing came or left for so long is closed.' },
  'log.segment.bytes': { documentation: 'The size at which a segment is sealed.' },
  'log.index.interval.bytes': { documentation: 'Bytes of log for each entry of its offset index.' },
  'log.index.size.max.bytes': { documentation: 'The largest index of a segment.' },
  'log.roll.ms': { documentation: 'The age at which a segment is sealed.' },
  'log.roll.hours': { documentation: 'log.roll.ms in hours, if that is not set.' },
  'log.message.timestamp.type': { documentation: 'Whether records keep their timestamp or get the time of append.' },
  'log.message.timestamp.before.max.ms': { documentation: 'How far in the past a timestamp may lie.' },
  'log.message.timestamp.after.max.ms': { documentation: 'How far in the future a timestamp may lie.' },
  'log.initial.task.delay.ms': { documentation: 'How long after the start it is first looked for segments to delete.' },
  'log.retention.check.interval.ms': { documentation: 'How often it is looked for segments to delete.' },
  'log.retention.ms': { documentation: 'How long records are kept at least; -1 for ever.' },
  'log.retention.minutes': { documentation: 'log.retention.ms in minutes, if that is not set.' },
  'log.retention.hours': { documentation: 'log.retention.ms in hours, if neither of the others is set.' },
  'log.retention.bytes': { documentation: 'The size beyond which a partition loses its oldest segments; -1 for none.' },
  'compression.type': { documentation: 'How batches are kept; `producer` keeps them as they came.' },
  'fetch.max.bytes': { documentation: 'The most bytes of records in the answer to one fetch.' },
  'max.incremental.fetch.session.cache.slots': { documentation: 'Incremental fetch sessions at a time.' },
  'group.min.session.timeout.ms': { documentation: 'The shortest session timeout that a member may ask for.' },
  'group.max.session.timeout.ms': { documentation: 'The longest session timeout that a member may ask for.' },
  'group.initial.rebalance.delay.ms': {
    documentation: 'How long the first members of an empty group wait for others.',
  },
  'group.max.size': { documentation: 'Members of a group at most.' },
  'offset.metadata.max.bytes': { documentation: 'The longest text that a client may commit with an offset.' },
  'offsets.retention.minutes': { documentation: 'How long the offsets of a group without members are kept.' },
  'offsets.retention.check.interval.ms': {
    documentation: 'How often offsets that are kept for too long are looked for.',
  },
  'offsets.load.buffer.size': {
    documentation: 'Bytes of committed offsets that are read at once when a coordinator starts.',
  },
  'offsets.topic.num.partitions': {
    documentation: 'Partitions of the topic of committed offsets; not to be changed once it is there.',
  },
  'offsets.topic.replication.factor': { default: '1', documentation: 'Replicas of the topic of committed offsets.' },
  'offsets.topic.segment.bytes': { documentation: 'The segment size of the topic of committed offsets.' },
} as const satisfies Readonly<Partial<Record<keyof typeof KAFKA_KEYS, { default?: string; documentation: string }>>>

const MILLRACE_DEFINITIONS = {
  'millrace.shards': {
    type: 'INT',
    default: null,
    min: 1,
    max: 1024,
    documentation: 'Threads that serve connections and partitions; one per core if not set.',
  },
  'millrace.pin.threads': {
    type: 'BOOLEAN',
    default: 'false',
    documentation: 'Whether each shard is pinned to one core.',
  },
  'millrace.arena.bytes': {
    type: 'LONG',
    default: '268435456',
    min: 16_777_216,
    // Offsets into an arena are signed 32-bit words.
    max: 2_146_435_072,
    documentation: 'Memory of a shard for requests, answers and recent batches; taken from the system as it is used.',
  },
  'millrace.journal.bytes': {
    type: 'LONG',
    default: '67108864',
    min: 1_048_576,
    documentation: 'Size of the journal of a shard.',
  },
  'millrace.durability': {
    type: 'STRING',
    default: 'durable',
    values: ['durable', 'os'],
    documentation:
      'What acks=all promises: `durable` that records survive a power cut, `os` that they survive the process, as in Kafka.',
  },
  'millrace.retention.clock.jump.max.ms': {
    type: 'LONG',
    default: '3600000',
    min: 1,
    documentation:
      'A clock that jumps by more makes no record old until it has gone on evenly for as long as it jumped, a day at most.',
  },
  'millrace.http.listener': {
    type: 'STRING',
    default: null,
    documentation: 'Where /metrics and /healthz are, as host:port; nowhere if not set.',
  },
  'millrace.first.request.timeout.ms': {
    type: 'INT',
    default: '30000',
    min: 1,
    documentation: 'A connection that sends no valid request for so long is closed.',
  },
  'millrace.request.progress.timeout.ms': {
    type: 'INT',
    default: '10000',
    min: 1,
    documentation: 'Of a request that has begun 4 KiB and a 64th of it, or its end, must come within each such time.',
  },
  'millrace.connection.requests.max': {
    type: 'INT',
    default: '64',
    min: 1,
    max: 4096,
    documentation: 'Requests of a connection that are read and not answered yet; then it is not read.',
  },
  'millrace.connection.request.bytes.max': {
    type: 'LONG',
    default: '33554432',
    min: 65_536,
    documentation: 'The same in bytes of memory; a single request may be longer.',
  },
  'millrace.connection.output.bytes.max': {
    type: 'INT',
    default: '67108864',
    min: 1_048_576,
    documentation: 'Bytes of answers that wait for a connection to read them; with more it is closed.',
  },
  'millrace.shard.request.bytes.max': {
    type: 'LONG',
    default: '536870912',
    min: 1_048_576,
    documentation:
      'Memory of all requests of a shard that are not answered yet; with more their connections are closed.',
  },
  'millrace.shard.group.bytes.max': {
    type: 'LONG',
    default: '268435456',
    min: 1_048_576,
    documentation:
      'Memory of the groups of a shard, members and committed offsets; the last eighth is kept from what would be new.',
  },
  'millrace.log.level': {
    type: 'STRING',
    default: 'info',
    values: ['trace', 'debug', 'info', 'warn', 'error', 'fatal'],
    documentation: 'The least important log lines that are written.',
  },
  'millrace.log.client.lines.max': {
    type: 'INT',
    default: '10',
    min: 1,
    documentation: 'Lines a second that a thread writes of what clients do; of more it writes how many they were.',
  },
} as const satisfies Readonly<Record<string, KeyFacts & { documentation: string }>>

type KafkaName = keyof typeof KAFKA_DEFINITIONS
type MillraceName = keyof typeof MILLRACE_DEFINITIONS
export type SettingName = KafkaName | MillraceName

export interface Definition extends KeyFacts {
  readonly name: SettingName
  readonly documentation: string
}

type Merged<Theirs, Ours> = Omit<Theirs, keyof Ours> & Ours

type FactsOf<Name extends SettingName> = Name extends KafkaName
  ? Merged<(typeof KAFKA_KEYS)[Name], (typeof KAFKA_DEFINITIONS)[Name]>
  : Name extends MillraceName
    ? (typeof MILLRACE_DEFINITIONS)[Name]
    : never

/** Every setting as it was written, before those that depend on each other are resolved; null if it has no default. */
export type Values = {
  readonly [Name in SettingName]: ValueOf<FactsOf<Name>> | Extract<FactsOf<Name>['default'], null>
}

export const DEFINITIONS: ReadonlyMap<string, Definition> = new Map<string, Definition>([
  ...Object.entries(KAFKA_DEFINITIONS).map(([name, ours]): [string, Definition] => {
    const facts: KeyFacts = KAFKA_KEYS[name as KafkaName]
    return [name, { name: name as KafkaName, ...facts, ...ours }]
  }),
  ...Object.entries(MILLRACE_DEFINITIONS).map(([name, facts]): [string, Definition] => {
    return [name, { name: name as MillraceName, ...facts }]
  }),
])
