// Apache Kafka's command line tools against a broker: topics, configurations, offsets, the deletion of records, and every
// option of kafka-consumer-groups, each run held against what it must say.
//
//   node scripts/clients/kafka-tools.mjs [--broker=millrace|kafka|127.0.0.1:PORT] [--transcript=FILE]
//
// `--transcript` keeps what every run said, so that those of two brokers can be laid side by side.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { kafkaCommand } from '../verify/lib/kafka.mjs'
import { run } from '../verify/lib/process.mjs'
import apacheKafka from './apache-kafka/client.mjs'
import { openBroker } from './lib/brokers.mjs'
import { Ledger } from './lib/ledger.mjs'
import { Member } from './lib/member.mjs'
import { Changes } from './lib/until.mjs'

const TOOLS = {
  topics: 'org.apache.kafka.tools.TopicCommand',
  configs: 'kafka.admin.ConfigCommand',
  groups: 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand',
  'all-groups': 'org.apache.kafka.tools.GroupsCommand',
  offsets: 'org.apache.kafka.tools.GetOffsetShell',
  'console-producer': 'org.apache.kafka.tools.ConsoleProducer',
  'console-consumer': 'org.apache.kafka.tools.consumer.ConsoleConsumer',
  'verifiable-producer': 'org.apache.kafka.tools.VerifiableProducer',
  'verifiable-consumer': 'org.apache.kafka.tools.VerifiableConsumer',
  'delete-records': 'org.apache.kafka.tools.DeleteRecordsCommand',
  'api-versions': 'org.apache.kafka.tools.BrokerApiVersionsCommand',
}
const JOIN_MS_MAX = 45_000
const PARTITIONS = 3
const LINES = 300

const { values } = parseArgs({
  options: { broker: { type: 'string', default: 'millrace' }, transcript: { type: 'string' } },
})
const directory = mkdtempSync(join(tmpdir(), 'millrace-kafka-tools-'))
const broker = await openBroker(values.broker, { directory, settings: { 'num.partitions': 6 } })
const topic = `tools-${Date.now().toString(36)}`
const other = `${topic}-other`
const group = `${topic}-group`
const otherGroup = `${topic}-other-group`
const bootstrap = ['--bootstrap-server', broker.address]
const transcript = []
let failures = 0
let passed = 0

await topics()
await configs()
await records()
await groups()
await resets()
await recordDeletions()
await deletions()

await broker.stop()
if (values.transcript !== undefined) writeFileSync(values.transcript, transcript.join('\n'))
rmSync(directory, { recursive: true, force: true })
console.log(`\n${passed} passed, ${failures} failed`)
process.exit(failures === 0 ? 0 : 1)

async function topics() {
  const named = ['--topic', topic]
  await says(
    'topics',
    ['--create', ...named, '--partitions', '2', '--config', 'segment.bytes=1048576'],
    /Created topic/,
  )
  await says('topics', ['--create', '--topic', other, '--partitions', '1'], /Created topic/)
  await says('topics', ['--create', ...named], /already exists/, { code: 1 })
  await says('topics', ['--create', ...named, '--if-not-exists'], /^\s*$/)
  await says('topics', ['--alter', ...named, '--partitions', `${PARTITIONS}`], /^\s*$/)
  await says('topics', ['--list'], new RegExp(`^${topic}\n${other}$`, 'm'))
  const described =
    /PartitionCount: 3\s+ReplicationFactor: 1\s+Configs:.*segment.bytes=1048576[\s\S]*Partition: 2\s+Leader: 1/
  await says('topics', ['--describe', ...named], described)
  await says('topics', ['--describe', '--unavailable-partitions'], /^\s*$/)
  await says('topics', ['--describe', '--under-replicated-partitions'], /^\s*$/)
  const configured = /segment.bytes=1048576 sensitive=false synonyms=\{DYNAMIC_TOPIC_CONFIG:segment.bytes=1048576/
  await says('configs', ['--describe', ...named], configured)
  await says('configs', ['--describe', ...named, '--all'], /retention.ms=604800000 sensitive=false/)
  await says('configs', ['--describe', '--entity-type', 'brokers', '--entity-name', '1', '--all'], /num.partitions=6 /)
  await says('configs', ['--describe', '--entity-type', 'brokers', '--entity-default'], /Default configs for brokers/)
  await says('api-versions', [], /Produce\(0\): [\s\S]*OffsetDelete\(47\)/)
}

async function configs() {
  const named = ['--topic', topic]
  const added = 'retention.ms=3600000,cleanup.policy=[compact,delete],max.message.bytes=100000'
  const completed = new RegExp(`Completed updating config for topic ${topic}`)
  await says('configs', ['--alter', ...named, '--add-config', added], completed)
  const compacted = /cleanup.policy=compact,delete .*synonyms=\{DYNAMIC_TOPIC_CONFIG:cleanup.policy=compact,delete/
  await says('configs', ['--describe', ...named], compacted)
  await says('configs', ['--alter', ...named, '--delete-config', 'cleanup.policy,max.message.bytes'], completed)
  const left = (text) => text.includes('retention.ms=3600000') && !/cleanup.policy|max.message.bytes/.test(text)
  await says('configs', ['--describe', ...named], left)
  await says('configs', ['--describe', ...named, '--all'], /cleanup.policy=delete sensitive=false/)
  await says('configs', ['--alter', ...named, '--add-config', 'segment.bytes=1'], /Invalid value 1 for conf/, {
    code: 1,
  })
  await says('configs', ['--alter', ...named, '--add-config', 'color=red'], /Unknown topic config name: color/, {
    code: 1,
  })
  await says('configs', ['--alter', ...named, '--delete-config', 'color'], completed)
  const missing = ['--alter', '--topic', `${topic}-missing`, '--add-config', 'retention.ms=1']
  await says('configs', missing, /does not exist/, { code: 1 })
  const ofBroker = ['--alter', '--entity-type', 'brokers', '--entity-name', '1', '--add-config', 'log.dirs=/nowhere']
  await says('configs', ofBroker, /Cannot update these configs dynamically/, { code: 1 })
}

async function records() {
  const lines = Array.from({ length: LINES }, (_, i) => `${i} line`).join('\n')
  const acknowledged = new RegExp(`"sent":${LINES},"acked":${LINES}`)
  await says('verifiable-producer', ['--topic', topic, '--max-messages', `${LINES}`, '--acks', '-1'], acknowledged)
  await says('console-producer', ['--topic', other], /^[>\s]*$/, { input: `${lines}\n` })
  const all = ['--from-beginning', '--max-messages', `${LINES}`, '--timeout-ms', '20000']
  await says('console-consumer', ['--topic', topic, ...all], (text) => linesOf(text) === LINES)
  const some = ['--partition', '0', '--offset', '290', '--timeout-ms', '5000']
  await says('console-consumer', ['--topic', other, ...some], /^290 line\n[\s\S]*299 line\n/, { code: 'any' })
  await says('offsets', ['--topic', other], new RegExp(`^${other}:0:${LINES}$`, 'm'))
  await says(
    'offsets',
    ['--topic', topic],
    (text) => offsetsOf(text).length === PARTITIONS && sum(offsetsOf(text)) === LINES,
  )
  await says('offsets', ['--topic', other, '--time', 'earliest'], new RegExp(`^${other}:0:0$`, 'm'))
  await says('offsets', ['--topic', other, '--time', 'max-timestamp'], new RegExp(`^${other}:0:\\d+$`, 'm'))
  await says('offsets', ['--topic', other, '--time', '1'], new RegExp(`^${other}:0:0$`, 'm'))
  await says('offsets', ['--topic-partitions', `${topic}:0-2`], (text) => offsetsOf(text).length === 2)
}

async function groups() {
  const reading = ['--topic', other, '--group', otherGroup, '--from-beginning', '--max-messages', '100']
  await says('console-consumer', [...reading, '--timeout-ms', '20000'], (text) => linesOf(text) === 100)
  const member = await liveMember()
  const named = ['--describe', '--group', group]
  await says('groups', ['--list'], new RegExp(`^${group}$`, 'm'))
  await says('groups', ['--list', '--state'], new RegExp(`^${group}\\s+Stable`, 'm'))
  await says(
    'groups',
    ['--list', '--state', 'empty'],
    (text) => text.includes(otherGroup) && !text.includes(`${group} `),
  )
  await says('groups', ['--list', '--type'], new RegExp(`^${group}\\s+Classic`, 'm'))
  await says('groups', ['--list', '--type', 'classic', '--state', 'stable'], new RegExp(`^${group}\\s`, 'm'))
  await says('all-groups', ['--list'], new RegExp(`^${group}\\s+Classic\\s+consumer`, 'm'))
  await says(
    'groups',
    named,
    new RegExp(`^${group}\\s+${topic}\\s+\\d\\s+\\d+\\s+\\d+\\s+0\\s+consumer-\\S+\\s+/127.0.0.1`, 'm'),
  )
  await says('groups', [...named, '--offsets', '--verbose'], new RegExp(`^${group}\\s+${topic}\\s+0\\s`, 'm'))
  await says(
    'groups',
    [...named, '--members'],
    new RegExp(`^${group}\\s+consumer-\\S+\\s+/127.0.0.1\\s+\\S+\\s+3`, 'm'),
  )
  await says('groups', [...named, '--members', '--verbose'], new RegExp(`${topic}[(:]0,\\s?1,\\s?2`))
  await says(
    'groups',
    [...named, '--state'],
    new RegExp(`^${group}\\s+127.0.0.1:\\d+\\s+\\(1\\)\\s+range\\s+Stable\\s+1`, 'm'),
  )
  await says('groups', [...named, '--state', '--verbose'], /Stable/)
  await says(
    'groups',
    ['--describe', '--all-groups', '--state'],
    (text) => text.includes('Stable') && text.includes('Empty'),
  )
  await says('groups', ['--describe', '--group', 'nobody'], /Group nobody not found/, {
    code: 'any',
  })
  const active = ['--reset-offsets', '--group', group, '--topic', topic, '--to-earliest', '--execute']
  await says('groups', active, /current state is Stable/, { code: 'any' })
  await says('groups', ['--delete', '--group', group], /not empty|GroupNotEmptyException/i, { code: 'any' })
  const offsets = ['--delete-offsets', '--group', group, '--topic', topic]
  await says('groups', offsets, /GroupSubscribedToTopic|actively subscribed/i, { code: 'any' })
  await member.leave()
  await says('groups', [...named, '--state'], /Empty\s+0/)
  await says('groups', named, (text) => text.includes('no active members') && lagsOf(text).every((lag) => lag === 0))
}

/** Every way to say where to, as a dry run; then some that count. */
async function resets() {
  const reset = ['--reset-offsets', '--group', otherGroup, '--topic', other]
  const row = (offset) => new RegExp(`^${otherGroup}\\s+${other}\\s+0\\s+${offset}\\s*$`, 'm')
  await says('groups', [...reset, '--to-earliest', '--dry-run'], row(0))
  await says('groups', [...reset, '--to-latest', '--dry-run'], row(LINES))
  await says('groups', [...reset, '--to-current', '--dry-run'], row(100))
  await says('groups', [...reset, '--to-offset', '42', '--dry-run'], row(42))
  await says('groups', [...reset, '--to-offset', '9999', '--dry-run'], row(LINES))
  await says('groups', [...reset, '--shift-by', '-30', '--dry-run'], row(70))
  await says('groups', [...reset, '--by-duration', 'PT1H', '--dry-run'], row(0))
  await says('groups', [...reset, '--to-datetime', '2020-01-01T00:00:00.000', '--dry-run'], row(0))
  await says('groups', [...reset, '--to-datetime', '2099-01-01T00:00:00.000', '--dry-run'], row(LINES))
  await says('groups', [...reset, '--to-offset', '42', '--export', '--dry-run'], /"?0,42/)
  await says('groups', [...reset, '--to-offset', '42', '--execute'], row(42))
  const described = new RegExp(`^${otherGroup}\\s+${other}\\s+0\\s+42\\s+${LINES}\\s+${LINES - 42}\\s`, 'm')
  await says('groups', ['--describe', '--group', otherGroup], described)
  const plan = join(directory, 'plan.csv')
  writeFileSync(plan, `${other},0,7\n`)
  await says('groups', ['--reset-offsets', '--group', otherGroup, '--from-file', plan, '--execute'], row(7))
  await says(
    'groups',
    ['--reset-offsets', '--group', otherGroup, '--all-topics', '--to-latest', '--execute'],
    row(LINES),
  )
  const partition = ['--reset-offsets', '--group', group, '--topic', `${topic}:0,2`, '--to-earliest', '--execute']
  await says('groups', partition, (text) => linesOf(text, topic) === 2)
  const both = ['--reset-offsets', '--all-groups', '--topic', other, '--to-earliest', '--execute']
  await says('groups', both, row(0))
  // A group comes into being by a reset.
  const fresh = ['--reset-offsets', '--group', `${group}-fresh`, '--topic', other, '--to-offset', '5', '--execute']
  await says('groups', fresh, /fresh\s+\S+\s+0\s+5/)
}

async function recordDeletions() {
  const deleted = async (partitions, expected) => {
    const file = join(directory, 'delete.json')
    writeFileSync(file, JSON.stringify({ version: 1, partitions }))
    await says('delete-records', ['--offset-json-file', file], expected)
  }
  const earliest = (offset) =>
    says('offsets', ['--topic', other, '--time', 'earliest'], new RegExp(`^${other}:0:${offset}$`, 'm'))
  await deleted([{ topic: other, partition: 0, offset: 42 }], /partition: \S+-0\s+low_watermark: 42/)
  await earliest(42)
  const rest = ['--from-beginning', '--max-messages', `${LINES - 42}`, '--timeout-ms', '20000']
  await says('console-consumer', ['--topic', other, ...rest], /^42 line\n[\s\S]*299 line\n/)
  await deleted([{ topic: other, partition: 0, offset: 7 }], /partition: \S+-0\s+low_watermark: 42/)
  await deleted([{ topic: other, partition: 0, offset: LINES + 1 }], /partition: \S+-0\s+error: .*OffsetOutOfRange/)
  await deleted(
    [{ topic: other, partition: 0, offset: -1 }],
    new RegExp(`partition: \\S+-0\\s+low_watermark: ${LINES}`),
  )
  await earliest(LINES)
}

async function deletions() {
  const offsets = ['--delete-offsets', '--group', otherGroup, '--topic', other]
  await says('groups', offsets, /Successful/)
  await says('groups', ['--describe', '--group', otherGroup], (text) => !text.includes(`${other} `), { code: 'any' })
  await says('groups', ['--delete', '--group', group], /was successful/)
  await says('groups', ['--delete', '--group', group], /GroupIdNotFound|not exist|not be found/i, { code: 'any' })
  await says('groups', ['--list'], (text) => !text.split('\n').includes(group))
  await says(
    'groups',
    ['--delete', '--group', otherGroup, '--group', `${group}-fresh`],
    /successful|GroupIdNotFound/i,
    { code: 'any' },
  )
  await says('topics', ['--delete', '--topic', topic], /^\s*$/)
  await says('topics', ['--delete', '--topic', topic], /does not exist/, { code: 1 })
  await says('topics', ['--list'], (text) => !text.split('\n').includes(topic))
}

/** One consumer of Kafka's own in the group, that has consumed and committed everything. */
async function liveMember() {
  const parameters = { bootstrap: broker.address, topic, group, strategy: 'eager', commit: 'manual', sessionMs: 10_000 }
  const changes = new Changes()
  // The numbers that the verifiable producer sends are no lines of a ledger: only the assignment is looked at.
  const consumer = apacheKafka.consume(undefined, parameters)
  const eventsOnly = (line, stream) => {
    const said = consumer.translate(line, stream)
    return Buffer.isBuffer(said) ? null : said
  }
  const member = new Member('consumer', { ...consumer, translate: eventsOnly }, new Ledger([]), changes.changed)
  const story = () => member.story
  await changes.until(
    () => member.owned.size === PARTITIONS,
    JOIN_MS_MAX,
    () => 'no partitions',
    story,
  )
  return {
    async leave() {
      member.stop()
      await changes.until(
        () => member.ended !== null,
        JOIN_MS_MAX,
        () => 'did not leave',
        story,
      )
    },
  }
}

/** Runs a tool and holds its words against `expected`, a pattern or a function, and its exit code against `code`. */
async function says(tool, parameters, expected, { code = 0, input } = {}) {
  const { stdout, stderr, code: exit } = await run(kafkaCommand(TOOLS[tool], [...bootstrap, ...parameters]), { input })
  const text = `${stdout}${withoutLog(stderr)}`
  const holds = typeof expected === 'function' ? expected(text) : expected.test(text)
  const isCode = code === 'any' || exit === code
  const shown = `${tool} ${parameters.join(' ')}`
  transcript.push(`$ ${shown}`, `exit ${exit}`, text.replaceAll(topic, 'TOPIC'), '')
  console.log(`  ${holds && isCode ? 'ok  ' : 'FAIL'} ${shown}`)
  if (holds && isCode) passed++
  else {
    failures++
    console.log(`exit ${exit}\n${text.slice(0, 2000)}`)
  }
}

/** Of Kafka's programs, log lines on stderr say nothing of the broker. */
function withoutLog(text) {
  return text.replaceAll(/^(\[|SLF4J|WARNING|\d{2}:|ERROR StatusLogger|The consumer rebalance protocol).*\n/gm, '')
}

function linesOf(text, containing = '') {
  return text.split('\n').filter((line) => line !== '' && line.includes(containing) && !line.startsWith('Processed'))
    .length
}

function offsetsOf(text) {
  return [...text.matchAll(/^\S+:\d+:(\d+)$/gm)].map(([, offset]) => Number(offset))
}

function lagsOf(text) {
  return [...text.matchAll(/^\S+\s+\S+\s+\d+\s+\d+\s+\d+\s+(\d+)/gm)].map(([, lag]) => Number(lag))
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0)
}
