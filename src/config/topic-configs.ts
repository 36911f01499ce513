// What a topic may be configured with: Kafka's names, types, defaults and bounds, and for each the server properties
// that give its default (`log.retention.ms` for `retention.ms`). What is ours begins with `millrace.`. Pure data; read
// by the controller (validation), by DescribeConfigs, and by a partition's log through `topicSettings`.
import { atLeast, between, type ConfigType, eachOf, listOf, oneOf, type Rule, refusalOf } from './config-value.ts'

export interface TopicConfig {
  readonly name: string
  readonly type: ConfigType
  readonly default: string
  readonly rule: Rule | null
  /** Server properties that set the default, the first that is set wins. */
  readonly synonyms: readonly Synonym[]
  readonly documentation: string
}

export interface Synonym {
  readonly name: string
  /** What one of the property's unit is in the topic config's own: 3,600,000 for hours. */
  readonly factor: number
}

/** What a string of a metadata record can hold. */
const VALUE_LENGTH_MAX = 32_767
const LONG_MAX = '9223372036854775807'
const minutes = 60_000
const hours = 3_600_000

const throttledReplicas: Rule = (value) =>
  value === '*' || listOf(value).every((item) => /^\d+:\d+$/.test(item))
    ? null
    : "must be the literal '*' or a list of replicas in the form [partitionId]:[brokerId],[partitionId]:[brokerId],..."

const gzipLevel: Rule = (value) =>
  Number(value) === -1 || between(1, 9)(value) === null ? null : 'Value must be between 1 and 9 or equal to -1'

const definitions: readonly TopicConfig[] = [
  define(
    'cleanup.policy',
    'LIST',
    'delete',
    eachOf('compact', 'delete'),
    'log.cleanup.policy',
  )('What happens to old segments: delete removes them by age and size, compact keeps the latest record of each key.'),
  define(
    'compression.gzip.level',
    'INT',
    '-1',
    gzipLevel,
    'compression.gzip.level',
  )('The gzip level when the broker compresses itself; -1 is the library default.'),
  define(
    'compression.lz4.level',
    'INT',
    '9',
    between(1, 17),
    'compression.lz4.level',
  )('The lz4 level when the broker compresses itself.'),
  define(
    'compression.type',
    'STRING',
    'producer',
    oneOf('uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'),
    'compression.type',
  )('The codec batches are stored with; producer keeps whatever the producer chose.'),
  define(
    'compression.zstd.level',
    'INT',
    '3',
    between(-131072, 22),
    'compression.zstd.level',
  )('The zstd level when the broker compresses itself.'),
  define(
    'delete.retention.ms',
    'LONG',
    '86400000',
    atLeast(0),
    'log.cleaner.delete.retention.ms',
  )('How long a compacted topic keeps tombstones, so that a reader in progress can see them.'),
  define(
    'file.delete.delay.ms',
    'LONG',
    '60000',
    atLeast(0),
    'log.segment.delete.delay.ms',
  )(
    'Without effect: the files of a deleted segment go as soon as that is durable, and who reads them still holds them.',
  ),
  define(
    'flush.messages',
    'LONG',
    LONG_MAX,
    atLeast(1),
    'log.flush.interval.messages',
  )('Sync after this many records. A durable topic is synced before it is answered, whatever stands here.'),
  define(
    'flush.ms',
    'LONG',
    LONG_MAX,
    atLeast(0),
    'log.flush.interval.ms',
    'log.flush.scheduler.interval.ms',
  )('Sync after this much time. A durable topic is synced before it is answered, whatever stands here.'),
  define(
    'follower.replication.throttled.replicas',
    'LIST',
    '',
    throttledReplicas,
  )('Followers whose replication is throttled: partition:broker pairs, or *.'),
  define(
    'index.interval.bytes',
    'INT',
    '4096',
    atLeast(0),
    'log.index.interval.bytes',
  )('About how many bytes of log lie between two entries of the offset index.'),
  define(
    'leader.replication.throttled.replicas',
    'LIST',
    '',
    throttledReplicas,
  )('Leaders whose replication is throttled: partition:broker pairs, or *.'),
  define(
    'local.retention.bytes',
    'LONG',
    '-2',
    atLeast(-2),
    'log.local.retention.bytes',
  )('With tiered storage, how many bytes stay on local disk; -2 means as retention.bytes.'),
  define(
    'local.retention.ms',
    'LONG',
    '-2',
    atLeast(-2),
    'log.local.retention.ms',
  )('With tiered storage, how long segments stay on local disk; -2 means as retention.ms.'),
  define(
    'max.compaction.lag.ms',
    'LONG',
    LONG_MAX,
    atLeast(1),
    'log.cleaner.max.compaction.lag.ms',
  )('The longest a record of a compacted topic may go without being considered for compaction.'),
  define(
    'max.message.bytes',
    'INT',
    '1048588',
    atLeast(0),
    'message.max.bytes',
  )('The largest record batch accepted, after compression.'),
  define(
    'message.timestamp.after.max.ms',
    'LONG',
    '3600000',
    atLeast(0),
    'log.message.timestamp.after.max.ms',
  )('How far a record may be dated ahead of the clock of the broker.'),
  define(
    'message.timestamp.before.max.ms',
    'LONG',
    LONG_MAX,
    atLeast(0),
    'log.message.timestamp.before.max.ms',
  )('How far a record may be dated behind the clock of the broker.'),
  define(
    'message.timestamp.type',
    'STRING',
    'CreateTime',
    oneOf('CreateTime', 'LogAppendTime'),
    'log.message.timestamp.type',
  )('Whether a record keeps the time of its producer or takes the time of its append.'),
  define(
    'millrace.durability',
    'STRING',
    'durable',
    oneOf('durable', 'os'),
    'millrace.durability',
  )('What acks=all promises: durable that records survive a power cut, os that they survive the process, as in Kafka.'),
  define(
    'min.cleanable.dirty.ratio',
    'DOUBLE',
    '0.5',
    between(0, 1),
    'log.cleaner.min.cleanable.ratio',
  )('How large the uncompacted share of a log must be before it is compacted.'),
  define(
    'min.compaction.lag.ms',
    'LONG',
    '0',
    atLeast(0),
    'log.cleaner.min.compaction.lag.ms',
  )('How long a record of a compacted topic stays before it may be compacted away.'),
  define(
    'min.insync.replicas',
    'INT',
    '1',
    atLeast(1),
    'min.insync.replicas',
  )('How many replicas must hold a record before acks=all is answered; with fewer in sync, such appends are refused.'),
  define(
    'preallocate',
    'BOOLEAN',
    'false',
    null,
    'log.preallocate',
  )('Whether a new segment is given its full size at once.'),
  define('remote.log.copy.disable', 'BOOLEAN', 'false', null)('With tiered storage: stop copying to the remote tier.'),
  define(
    'remote.log.delete.on.disable',
    'BOOLEAN',
    'false',
    null,
  )('Whether switching tiered storage off deletes what the remote tier holds.'),
  define('remote.storage.enable', 'BOOLEAN', 'false', null)('Whether the topic uses tiered storage.'),
  define(
    'retention.bytes',
    'LONG',
    '-1',
    null,
    'log.retention.bytes',
  )('How large a partition may grow before its oldest segments are deleted; -1 is no limit.'),
  define(
    'retention.ms',
    'LONG',
    '604800000',
    atLeast(-1),
    'log.retention.ms',
    ['log.retention.minutes', minutes],
    ['log.retention.hours', hours],
  )('How old the latest record of a segment may grow before the segment is deleted; -1 is no limit.'),
  define(
    'segment.bytes',
    'INT',
    '1073741824',
    atLeast(1048576),
    'log.segment.bytes',
  )('The size at which a new segment file is begun.'),
  define(
    'segment.index.bytes',
    'INT',
    '10485760',
    atLeast(4),
    'log.index.size.max.bytes',
  )('The largest an offset or time index of a segment may be.'),
  define('segment.jitter.ms', 'LONG', '0', atLeast(0), 'log.roll.jitter.ms', ['log.roll.jitter.hours', hours])(
    'Up to how much earlier than segment.ms a segment is rolled, chosen at random, so that not all roll at once.',
  ),
  define('segment.ms', 'LONG', '604800000', atLeast(1), 'log.roll.ms', ['log.roll.hours', hours])(
    'The age at which a new segment file is begun even if the old is not full.',
  ),
  define(
    'unclean.leader.election.enable',
    'BOOLEAN',
    'false',
    null,
    'unclean.leader.election.enable',
  )('Whether a replica that may lack acknowledged records can be elected when no other is left.'),
]

export const topicConfigs: ReadonlyMap<string, TopicConfig> = new Map(definitions.map((each) => [each.name, each]))

type SynonymNotation = string | readonly [name: string, factor: number]

function define(name: string, type: ConfigType, value: string, rule: Rule | null, ...synonyms: SynonymNotation[]) {
  return (documentation: string): TopicConfig => ({
    name,
    type,
    default: value,
    rule,
    synonyms: synonyms.map((each) =>
      typeof each === 'string' ? { name: each, factor: 1 } : { name: each[0], factor: each[1] },
    ),
    documentation,
  })
}

/** Why this set of topic configs can't be: an unknown name, a value of the wrong kind, or two that contradict. Or null. */
export function topicConfigsRefusal(configs: ReadonlyMap<string, string | null>): string | null {
  for (const [name, value] of configs) {
    const definition = topicConfigs.get(name)
    if (definition === undefined) return `Unknown topic config name: ${name}`
    if (value === null) return `Null value not supported for topic configs: ${name}`
    if (value.length > VALUE_LENGTH_MAX) {
      return `The configuration value cannot be added because it exceeds the maximum value size of ${VALUE_LENGTH_MAX} bytes.`
    }
    const refusal = refusalOf(name, definition.type, definition.rule, value)
    if (refusal !== null) return refusal
  }
  const minLag = configs.get('min.compaction.lag.ms') ?? topicConfigs.get('min.compaction.lag.ms')!.default
  const maxLag = configs.get('max.compaction.lag.ms') ?? topicConfigs.get('max.compaction.lag.ms')!.default
  if (Number(minLag) > Number(maxLag)) {
    return `conflict topic config setting min.compaction.lag.ms (${minLag}) > max.compaction.lag.ms (${maxLag})`
  }
  return null
}

export type ConfigSource = 'topic' | 'server' | 'default'

/** The value of a server property that was set (not defaulted), or undefined. */
export type ServerProperty = (name: string) => string | undefined

/** The value in force for a topic: its own, else the server's, else the default. */
export function effectiveTopicConfig(
  definition: TopicConfig,
  own: ReadonlyMap<string, string> | undefined,
  server: ServerProperty,
): { value: string; source: ConfigSource } {
  const value = own?.get(definition.name)
  if (value !== undefined) return { value, source: 'topic' }
  for (const synonym of definition.synonyms) {
    const set = server(synonym.name)
    if (set !== undefined) return { value: inTopicUnit(set, synonym), source: 'server' }
  }
  return { value: definition.default, source: 'default' }
}

function inTopicUnit(value: string, synonym: Synonym): string {
  if (synonym.factor === 1) return value
  // Hours of -1 are "no limit", as -1 milliseconds are.
  return Number(value) < 0 ? '-1' : String(Number(value) * synonym.factor)
}

/** What a partition's log needs to know, parsed. Times and sizes beyond 2^53 mean "never" and come as Infinity. */
export interface TopicSettings {
  readonly cleanupPolicy: { readonly compact: boolean; readonly delete: boolean }
  readonly compressionType: string
  readonly durable: boolean
  /** Of a topic that is not durable: synced after so many records, before the last of them is answered. */
  readonly flushMessages: number
  /** Likewise: synced so long after a write at the latest. */
  readonly flushMs: number
  readonly indexIntervalBytes: number
  readonly maxMessageBytes: number
  readonly messageTimestampAfterMaxMs: number
  readonly messageTimestampBeforeMaxMs: number
  readonly logAppendTime: boolean
  readonly minInsyncReplicas: number
  readonly retentionBytes: number
  readonly retentionMs: number
  readonly segmentBytes: number
  readonly segmentIndexBytes: number
  readonly segmentJitterMs: number
  /** For a compacted topic max.compaction.lag.ms, if that is less: the active segment is not compacted. */
  readonly segmentMs: number
}

export function topicSettings(own: ReadonlyMap<string, string> | undefined, server: ServerProperty): TopicSettings {
  const text = (name: string): string => effectiveTopicConfig(topicConfigs.get(name)!, own, server).value.trim()
  const number = (name: string): number => {
    const value = Number(text(name))
    return value > Number.MAX_SAFE_INTEGER ? Number.POSITIVE_INFINITY : value
  }
  const limit = (name: string): number => (number(name) < 0 ? Number.POSITIVE_INFINITY : number(name))
  const policies = listOf(text('cleanup.policy'))
  const compact = policies.includes('compact')
  return {
    cleanupPolicy: { compact, delete: policies.includes('delete') },
    compressionType: text('compression.type'),
    durable: text('millrace.durability') === 'durable',
    flushMessages: number('flush.messages'),
    flushMs: number('flush.ms'),
    indexIntervalBytes: number('index.interval.bytes'),
    maxMessageBytes: number('max.message.bytes'),
    messageTimestampAfterMaxMs: number('message.timestamp.after.max.ms'),
    messageTimestampBeforeMaxMs: number('message.timestamp.before.max.ms'),
    logAppendTime: text('message.timestamp.type') === 'LogAppendTime',
    minInsyncReplicas: number('min.insync.replicas'),
    retentionBytes: limit('retention.bytes'),
    retentionMs: limit('retention.ms'),
    segmentBytes: number('segment.bytes'),
    segmentIndexBytes: number('segment.index.bytes'),
    segmentJitterMs: number('segment.jitter.ms'),
    segmentMs: Math.min(number('segment.ms'), compact ? number('max.compaction.lag.ms') : Number.POSITIVE_INFINITY),
  }
}
