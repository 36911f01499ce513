import { expect, test } from 'vitest'
import {
  effectiveTopicConfig,
  topicConfigs,
  topicConfigsRefusal,
  topicSettings,
} from '../../src/config/topic-configs.ts'

// What Apache Kafka 4.3.1's own validation says to the same pairs.
test.each([
  ['retention.ms', 'abc', 'Invalid value abc for configuration retention.ms: Not a number of type LONG'],
  ['retention.ms', '-2', 'Invalid value -2 for configuration retention.ms: Value must be at least -1'],
  ['segment.bytes', '100', 'Invalid value 100 for configuration segment.bytes: Value must be at least 1048576'],
  [
    'cleanup.policy',
    'foo',
    'Invalid value foo for configuration cleanup.policy: String must be one of: compact, delete',
  ],
  ['cleanup.policy', '', null],
  ['cleanup.policy', 'compact,delete', null],
  ['cleanup.policy', 'delete,', "Configuration 'cleanup.policy' values must not be empty."],
  [
    'compression.type',
    'lzma',
    'Invalid value lzma for configuration compression.type: String must be one of: uncompressed, zstd, lz4, snappy, gzip, producer',
  ],
  [
    'min.cleanable.dirty.ratio',
    '1.5',
    'Invalid value 1.5 for configuration min.cleanable.dirty.ratio: Value must be no more than 1',
  ],
  ['preallocate', 'x', 'Invalid value x for configuration preallocate: Expected value to be either true or false'],
  ['preallocate', 'TRUE', null],
  [
    'max.message.bytes',
    '99999999999',
    'Invalid value 99999999999 for configuration max.message.bytes: Not a number of type INT',
  ],
  ['max.message.bytes', ' 100 ', null],
  ['min.insync.replicas', '0', 'Invalid value 0 for configuration min.insync.replicas: Value must be at least 1'],
  [
    'compression.gzip.level',
    '0',
    'Invalid value 0 for configuration compression.gzip.level: Value must be between 1 and 9 or equal to -1',
  ],
  ['compression.gzip.level', '-1', null],
  [
    'compression.zstd.level',
    '23',
    'Invalid value 23 for configuration compression.zstd.level: Value must be no more than 22',
  ],
  ['leader.replication.throttled.replicas', '*', null],
  ['leader.replication.throttled.replicas', '1:2,3:4', null],
  ['flush.ms', '9223372036854775807', null],
  [
    'flush.ms',
    '9223372036854775808',
    'Invalid value 9223372036854775808 for configuration flush.ms: Not a number of type LONG',
  ],
  ['retention.bytes', '-100', null],
  ['foo', 'bar', 'Unknown topic config name: foo'],
  ['millrace.durability', 'os', null],
])('%s=%s', (name, value, refusal) => {
  expect(topicConfigsRefusal(new Map([[name, value]]))).toBe(refusal)
})

test('lags that contradict each other are refused', () => {
  const configs = new Map([
    ['min.compaction.lag.ms', '100'],
    ['max.compaction.lag.ms', '10'],
  ])
  expect(topicConfigsRefusal(configs)).toBe(
    'conflict topic config setting min.compaction.lag.ms (100) > max.compaction.lag.ms (10)',
  )
})

test('every default is valid', () => {
  const defaults = new Map([...topicConfigs.values()].map((each) => [each.name, each.default]))
  expect(topicConfigsRefusal(defaults)).toBeNull()
})

test("a topic's own value goes before the server's, and that before the default", () => {
  const retention = topicConfigs.get('retention.ms')!
  const server = new Map([
    ['log.retention.hours', '2'],
    ['log.retention.minutes', '3'],
  ])
  expect(effectiveTopicConfig(retention, new Map([['retention.ms', '5']]), (name) => server.get(name))).toEqual({
    value: '5',
    source: 'topic',
  })
  expect(effectiveTopicConfig(retention, undefined, (name) => server.get(name))).toEqual({
    value: '180000',
    source: 'server',
  })
  expect(effectiveTopicConfig(retention, undefined, () => undefined)).toEqual({ value: '604800000', source: 'default' })
  const unlimited = effectiveTopicConfig(retention, undefined, (name) =>
    name === 'log.retention.hours' ? '-1' : undefined,
  )
  expect(unlimited.value).toBe('-1')
})

test('a log gets its settings parsed', () => {
  const own = new Map([
    ['cleanup.policy', 'compact, delete'],
    ['retention.bytes', '-1'],
    ['segment.bytes', ' 2000000 '],
    ['max.compaction.lag.ms', '1000'],
    ['message.timestamp.type', 'LogAppendTime'],
    ['millrace.durability', 'os'],
  ])
  expect(topicSettings(own, () => undefined)).toMatchObject({
    cleanupPolicy: { compact: true, delete: true },
    durable: false,
    logAppendTime: true,
    retentionBytes: Number.POSITIVE_INFINITY,
    retentionMs: 604800000,
    messageTimestampBeforeMaxMs: Number.POSITIVE_INFINITY,
    segmentBytes: 2_000_000,
    // The active segment is not compacted.
    segmentMs: 1000,
  })
  own.set('cleanup.policy', 'delete')
  expect(topicSettings(own, () => undefined).segmentMs).toBe(604800000)
})
