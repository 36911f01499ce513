import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { DEFINITIONS } from '../../src/config/definitions.ts'
import { describeSettings } from '../../src/config/describe.ts'
import { KAFKA_KEYS } from '../../src/config/kafka-keys.ts'
import { brokerListeners, loadSettings, SettingsError } from '../../src/config/settings.ts'
import { topicConfigs, topicSettings } from '../../src/config/topic-configs.ts'

const machine = { hostName: 'mill', coreCount: 6 }

function load(...overrides: string[]) {
  return loadSettings({ overrides }, machine)
}

function loadFile(text: string, ...overrides: string[]) {
  const file = join(mkdtempSync(join(tmpdir(), 'millrace-settings-')), 'server.properties')
  writeFileSync(file, text)
  return { file, load: () => loadSettings({ file, overrides }, machine) }
}

/** What is wrong with these overrides; fails if nothing is. */
function problems(...overrides: string[]): readonly string[] {
  try {
    load(...overrides)
  } catch (error) {
    if (error instanceof SettingsError) return error.problems
    throw error
  }
  throw new Error('these settings are accepted')
}

test('with nothing written: one node, both roles, loopback, and no warning', () => {
  const { settings, warnings } = load()
  expect(warnings).toEqual([])
  expect(settings['node.id']).toBe(1)
  expect(settings['process.roles']).toEqual(['broker', 'controller'])
  expect(settings.listeners).toEqual([{ name: 'PLAINTEXT', host: '127.0.0.1', port: 9092, protocol: 'PLAINTEXT' }])
  expect(settings['advertised.listeners']).toEqual(settings.listeners)
  expect(settings['log.dirs']).toEqual([resolve('millrace-data')])
  expect(settings['millrace.shards']).toBe(6)
  expect(settings.given).toEqual({})
})

test('settings are frozen to the last listener, and survive being posted to a thread', () => {
  const { settings } = load()
  expect(Object.isFrozen(settings) && Object.isFrozen(settings.listeners[0])).toBe(true)
  expect(structuredClone(settings)).toEqual(settings)
})

test('the server.properties that Kafka 4 ships starts, with a line for each key that we don’t act on', () => {
  const file = new URL('files/kafka-4-server.properties', import.meta.url).pathname
  const { settings, warnings } = loadSettings({ file, overrides: [] }, machine)
  expect(brokerListeners(settings)).toEqual([{ name: 'PLAINTEXT', host: '', port: 9092, protocol: 'PLAINTEXT' }])
  expect(settings['advertised.listeners'][0]).toMatchObject({ host: 'localhost', port: 9092 })
  expect(settings['log.dirs']).toEqual(['/tmp/kraft-combined-logs'])
  expect(warnings.map((line) => line.replace(`${file}:`, 'line '))).toEqual([
    'num.network.threads=3 (line 12) is known to Kafka, but millrace does not act on it',
    'num.io.threads=8 (line 13) is known to Kafka, but millrace does not act on it',
    'socket.send.buffer.bytes=102400 (line 14) is known to Kafka, but millrace does not act on it',
    'socket.receive.buffer.bytes=102400 (line 15) is known to Kafka, but millrace does not act on it',
    'num.recovery.threads.per.data.dir=1 (line 20) is known to Kafka, but millrace does not act on it',
    'share.coordinator.state.topic.replication.factor=1 (line 23) is known to Kafka, but millrace does not act on it',
    'share.coordinator.state.topic.min.isr=1 (line 24) is known to Kafka, but millrace does not act on it',
    'transaction.state.log.replication.factor=1 (line 25) is known to Kafka, but millrace does not act on it',
    'transaction.state.log.min.isr=1 (line 26) is known to Kafka, but millrace does not act on it',
    'PLAINTEXT://:9092 is open beyond this machine, without encryption or authentication',
    'CONTROLLER://:9093 is not opened: the controller of a single node has no one to talk to',
  ])
})

test('an override wins over the file, the last of several wins, and a key repeated in the file is pointed out', () => {
  const { file, load } = loadFile(
    'num.partitions=2\nnum.partitions=3\nmessage.max.bytes=2000\n',
    'num.partitions=4',
    'num.partitions=5',
  )
  const { settings, warnings } = load()
  expect(settings['num.partitions']).toBe(5)
  expect(settings['message.max.bytes']).toBe(2000)
  expect(warnings).toEqual([`num.partitions=2 (${file}:1) is overruled at ${file}:2`])
})

test('a file that is missing or malformed is an error that names it', () => {
  const missing = () => loadSettings({ file: 'no-such.properties', overrides: [] }, machine)
  expect(missing).toThrow(/^no-such\.properties cannot be read: ENOENT/)
  const { file, load } = loadFile('node.id=1\nlog.dirs=\\u12')
  expect(load).toThrow(`${file}:2: \\u needs four hexadecimal digits`)
})

test('everything that is wrong is said at once, each with key, value and source', () => {
  const { file, load } = loadFile(
    'num.partitions=many\nlog.index.size.max.bytes=3\n',
    'delete.topic.enable=yes',
    'novalue',
  )
  expect(load).toThrow(
    [
      '-o novalue is not key=value',
      `num.partitions=many (${file}:1) is not a whole number (INT)`,
      `log.index.size.max.bytes=3 (${file}:2) is below 4, the least it may be`,
      'delete.topic.enable=yes (-o) is neither true nor false',
    ].join('\n'),
  )
})

test.each([
  ['num.partions=4', 'num.partitions'],
  ['log_segment_bytes=1048576', 'log.segment.bytes'],
  ['Listeners=PLAINTEXT://:9092', 'listeners'],
  ['retention.ms=1', 'log.retention.ms'],
  ['num.netwrok.threads=1', 'num.network.threads'],
  ['millrace.shard=2', 'millrace.shards'],
])('%s is an error that names %s', (override, meant) => {
  expect(problems(override)).toEqual([`${override} (-o) is unknown; did you mean ${meant}?`])
})

test('an unknown key of ours is an error even if none is near', () => {
  expect(problems('millrace.wheel.paddles=12')).toEqual(['millrace.wheel.paddles=12 (-o) is unknown'])
})

test.each([
  'zookeeper.connect=localhost:2181',
  'inter.broker.protocol.version=3.9',
  'log.message.format.version=3.0',
  'control.plane.listener.name=CONTROL',
  'broker.id.generation.enable=true',
  'my.plugin.endpoint=x',
])('%s is somebody else’s: a warning', (override) => {
  expect(load(override).warnings).toEqual([`${override} (-o) is unknown and ignored`])
})

test('a key that only Kafka acts on is checked all the same', () => {
  expect(problems('num.io.threads=0')).toEqual(['num.io.threads=0 (-o) is below 1, the least it may be'])
  expect(problems('log.cleaner.min.cleanable.ratio=1.5')[0]).toContain('is above 1')
  expect(problems('ssl.client.auth=maybe')[0]).toContain('is none of required, requested, none')
  expect(load('listener.name.plaintext.max.connections=10').warnings).toHaveLength(1)
})

test('secrets are not shown, and control characters do not break a line', () => {
  const { settings, warnings } = load('ssl.key.password=hush', 'my.plugin.secret=hush', 'my.plugin.text=two\nlines')
  expect(warnings.join() + JSON.stringify(settings)).not.toContain('hush')
  expect(warnings).toContain('my.plugin.text=two\\nlines (-o) is unknown and ignored')
})

test('every default of Kafka’s passes its own check', () => {
  for (const [name, { default: byDefault }] of Object.entries(KAFKA_KEYS)) {
    const isOwn = ['broker.id', 'listener.security.protocol.map', 'security.inter.broker.protocol'].includes(name)
    if (byDefault === null || isOwn) continue
    expect(() => load(`${name}=${byDefault}`), name).not.toThrow()
  }
})

test('whole numbers: signs and blanks as in Java, exact at the ends of their range', () => {
  expect(load('num.partitions= +007 ').settings['num.partitions']).toBe(7)
  expect(load('max.connections=2147483647').settings['max.connections']).toBe(2 ** 31 - 1)
  expect(problems('max.connections=2147483648')[0]).toContain('is beyond the range of INT')
  expect(problems('log.retention.bytes=9223372036854775808')[0]).toContain('is beyond the range of LONG')
  expect(problems('num.partitions=0x10')[0]).toContain('is not a whole number')
  expect(problems('num.partitions=1_000')[0]).toContain('is not a whole number')
  const unbounded = load('log.retention.bytes=9223372036854775807').settings
  expect(unbounded['log.retention.bytes']).toBe(Number.MAX_SAFE_INTEGER)
})

test('milliseconds win over minutes, minutes over hours', () => {
  expect(load('log.retention.hours=2').settings['log.retention.ms']).toBe(7_200_000)
  expect(load('log.retention.hours=2', 'log.retention.minutes=3').settings['log.retention.ms']).toBe(180_000)
  expect(load('log.retention.minutes=3', 'log.retention.ms=-1').settings['log.retention.ms']).toBe(-1)
  expect(load('log.roll.hours=1').settings['log.roll.ms']).toBe(3_600_000)
  expect(load('log.roll.hours=1', 'log.roll.ms=5').settings['log.roll.ms']).toBe(5)
  expect(problems('log.retention.minutes=0')[0]).toContain('is neither -1 (for ever) nor at least 1')
  expect(problems('log.roll.ms=0')[0]).toContain('is below 1')
})

test('broker.id is node.id, and must not contradict it', () => {
  expect(load('broker.id=7').settings['node.id']).toBe(7)
  expect(load('broker.id=7', 'node.id=7').settings['node.id']).toBe(7)
  expect(load('broker.id=-1').settings['node.id']).toBe(1)
  expect(problems('broker.id=7', 'node.id=8')[0]).toContain('differs from node.id=8')
})

test('a node that belongs to a cluster does not start as one of its own', () => {
  const controller = [
    'listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://10.0.0.1:9093',
    'controller.listener.names=CONTROLLER',
  ]
  expect(problems('process.roles=broker')[0]).toContain('for now a node is both')
  expect(problems('controller.quorum.voters=1@a:9093,2@b:9093')[0]).toContain('names another node than node.id=1')
  expect(problems('controller.quorum.voters=a:9093')[0]).toContain('is not a list of id@host:port')
  expect(problems('controller.quorum.bootstrap.servers=other:9093')[0]).toContain(
    'names no controller listener of this node',
  )
  expect(problems(...controller, 'controller.quorum.bootstrap.servers=localhost:9093,other:9094')).toHaveLength(1)
  expect(load(...controller, 'controller.quorum.bootstrap.servers=mill:9093').settings['node.id']).toBe(1)
  expect(load('node.id=3', 'controller.quorum.voters=3@localhost:9093').settings['node.id']).toBe(3)
})

test('one data directory: log.dirs before log.dir, and several are refused', () => {
  expect(load('log.dir=/a').settings['log.dirs']).toEqual(['/a'])
  expect(load('log.dir=/a', 'log.dirs= /b ').settings['log.dirs']).toEqual(['/b'])
  expect(problems('log.dirs=/a,/b')[0]).toContain('names several directories')
  expect(problems('log.dirs=')[0]).toContain('names no directory')
})

test('settings whose bounds do not fit each other are refused', () => {
  expect(problems('socket.request.max.bytes=200000000')[0]).toContain(
    'more than half of millrace.arena.bytes=268435456',
  )
  expect(problems('millrace.arena.bytes=268435457')[0]).toContain('is not a multiple of')
  expect(problems('millrace.journal.bytes=4194304')[0]).toContain(
    'message.max.bytes=1048588 is more than the 524176 bytes that a journal of millrace.journal.bytes=4194304',
  )
  expect(problems('millrace.journal.bytes=67108868')[0]).toContain('is not a multiple of 4 MiB')
  expect(problems('millrace.journal.bytes=335544320')[0]).toContain('could not be replayed')
})

test('defaults of topics are kept for them, without a warning', () => {
  const { settings, warnings } = load('log.cleanup.policy= compact ', 'log.roll.jitter.ms=5')
  expect(warnings).toEqual([])
  expect(topicSettings(undefined, (name) => settings.given[name])).toMatchObject({
    cleanupPolicy: { compact: true, delete: false },
    segmentJitterMs: 5,
  })
})

test('every default of topics is a setting that Kafka or we know', () => {
  const names = [...topicConfigs.values()].flatMap(({ synonyms }) => synonyms.map(({ name }) => name))
  expect(names.filter((name) => !(name in KAFKA_KEYS) && !DEFINITIONS.has(name))).toEqual([])
})

test('described: the value as it was written, whether it is a default, and one line on what it is', () => {
  const described = describeSettings(load('num.partitions= 3', 'broker.id=5').settings)
  const byName = Object.fromEntries(described.map((setting) => [setting.name, setting]))
  expect(byName['num.partitions']).toMatchObject({
    value: '3',
    type: 'INT',
    isDefault: false,
    isReadOnly: true,
    isSensitive: false,
  })
  expect(byName['log.message.timestamp.before.max.ms']).toMatchObject({ value: '9223372036854775807', isDefault: true })
  expect(byName['log.roll.ms']).toMatchObject({ value: null, isDefault: true })
  expect(byName['node.id']).toMatchObject({ value: '5' })
  for (const { name, documentation } of described) expect(documentation, name).toMatch(/^[A-Za-z].{15,}\.$/)
})
