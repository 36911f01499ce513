// Do other people's programs see what ours sees? librdkafka's rdkafka_performance, and Apache Kafka's
// kafka-producer-perf-test, kafka-consumer-perf-test and kafka-e2e-latency, against millrace and Apache Kafka in turn, A B
// B A: each figure beside the other, their ratio, and who is ahead. CPU is charged as in compare.mjs.
//
//   node bench/confirm.mjs [--pairs 3] [--settings tuned] [--tools rdkafka,java] [--only TEXT] [--directory=PATH]
//                          [--output=FOLDER] [--small]
//
// rdkafka_performance needs a C compiler and what scripts/clients needs for librdkafka; `--tools java` goes
// without. `--only` runs those whose program and load have this text in them.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { kafkaClassPath } from '../scripts/clients/lib/kafka.mjs'
import { createTopic, deleteTopic } from './compare/admin.mjs'
import { charge, describeMachine, syncFileSystem } from './compare/machine.mjs'
import { compare, takePairs } from './compare/pairs.mjs'
import { rdkafkaPerformance } from './compare/rdkafka-performance.mjs'
import { spreadText } from './compare/statistics.mjs'
import * as kafka from './peers/kafka.mjs'
import * as millrace from './peers/millrace.mjs'

const SECONDS_MAX = 300
const PARTITIONS = 4

const { values: given } = parseArgs({
  options: {
    pairs: { type: 'string' },
    settings: { type: 'string', default: 'tuned' },
    tools: { type: 'string', default: 'rdkafka,java' },
    only: { type: 'string', default: '' },
    directory: { type: 'string', default: tmpdir() },
    output: { type: 'string' },
    small: { type: 'boolean', default: false },
  },
})
const isSmall = given.small
const pairs = Number(given.pairs ?? (isSmall ? 1 : 3))
const size = (full, small) => (isSmall ? small : full)

const CPU = {
  cpu: { title: 'CPU, write-back included', unit: 's a million', better: 'less' },
  processCpu: { title: 'CPU of the process', unit: 's a million', better: 'less' },
}
const THROUGHPUT = { rate: { title: 'records', unit: '/s', better: 'more' }, ...CPU }
const LATENCY = {
  p50: { title: 'p50', unit: 'ms', better: 'less' },
  p99: { title: 'p99', unit: 'ms', better: 'less' },
}

/** Each says its command for a topic, how many records it sends, and what its last words mean. */
const RUNS = [
  rdkafkaProduce('1 KB records', 1000, size(2_000_000, 30_000)),
  rdkafkaProduce('100 B records', 100, size(10_000_000, 200_000)),
  rdkafkaConsume('1 KB records, from the beginning', 1000, size(2_000_000, 30_000)),
  javaProduce('1 KB records', 1000, size(2_000_000, 30_000), -1),
  javaProduce('100 B records', 100, size(10_000_000, 200_000), -1),
  javaProduce('1 KB records at 10,000 a second', 1000, size(200_000, 20_000), 10_000),
  javaConsume('1 KB records, from the beginning', 1000, size(2_000_000, 30_000)),
  javaEndToEnd('one record after the other', size(10_000, 500)),
].filter(
  ({ tool, program, title }) => given.tools.split(',').includes(tool) && `${program} ${title}`.includes(given.only),
)

const directory = mkdtempSync(join(given.directory, 'millrace-confirm-'))
const sides = {}
const lines = []
try {
  say(
    Object.entries(describeMachine(directory))
      .map(([key, value]) => `# ${key}: ${value}`)
      .join('\n'),
  )
  for (const [which, peer] of [
    ['ours', millrace],
    ['theirs', kafka],
  ]) {
    const folder = join(directory, peer.name)
    sides[which] = await peer.start({
      directory: folder,
      settings: given.settings in peer.settings ? given.settings : 'tuned',
    })
    say(`# ${sides[which].name}: ${JSON.stringify(sides[which].settings)}`)
  }
  await warmUp()
  say('\n| program | load | measure | millrace | Apache Kafka | times better | ahead |\n|---|---|---|---|---|---|---|')
  for (const run of RUNS) await confirm(run)
} finally {
  for (const server of Object.values(sides)) await server.kill()
  rmSync(directory, { recursive: true, force: true })
}
if (given.output !== undefined) {
  mkdirSync(given.output, { recursive: true })
  writeFileSync(join(given.output, 'confirm.md'), `${lines.join('\n')}\n`)
}

/** A minute of Kafka's own producer for both, that neither is cold. */
async function warmUp() {
  const run = javaProduce('warm-up', 1000, size(600_000, 20_000), size(10_000, -1))
  for (const server of Object.values(sides)) await sampleOf(run, server)
}

async function confirm(run) {
  const taken = await takePairs({ pairs, sample: async (which) => ({ values: await sampleOf(run, sides[which]) }) })
  for (const { title, unit, ours, theirs, ratio } of compare(run.measures, {}, taken.pairs)) {
    const ahead = ratio.median >= 1 ? 'millrace' : 'Apache Kafka'
    const cells = [
      run.program,
      run.title,
      `${title}, ${unit}`,
      spreadText(ours),
      spreadText(theirs),
      spreadText(ratio),
      ahead,
    ]
    say(`| ${cells.join(' | ')} |`)
  }
}

async function sampleOf(run, server) {
  const topic = `confirm-${performance.now().toFixed(0)}`
  await createTopic(server, topic, { partitions: run.partitions ?? PARTITIONS })
  await run.before?.(server, topic)
  syncFileSystem(directory)
  const others = Object.values(sides).filter((each) => each !== server)
  const command = run.command(server, topic)
  const begun = charge(server, others, directory)
  const found = run.read(await execute(command))
  const cpu = begun.end()
  await deleteTopic(server, topic)
  const millions = run.records / 1e6
  return { ...found, cpu: cpu.charged / millions, processCpu: cpu.process / millions }
}

function rdkafkaProduce(title, bytes, records) {
  const options = ['-s', `${bytes}`, '-c', `${records}`, '-a', '1', '-q']
  const batches = ['-X', 'queue.buffering.max.messages=500000', '-X', 'linger.ms=5', '-X', 'batch.size=131072']
  return {
    tool: 'rdkafka',
    program: 'rdkafka_performance -P',
    title,
    records,
    measures: THROUGHPUT,
    command: (server, topic) => [
      rdkafkaPerformance(),
      '-P',
      '-t',
      topic,
      '-b',
      server.servers[0],
      ...options,
      ...batches,
    ],
    read: (text) => ({ rate: lastOf(text, /delivered[^:]*: ([\d.]+) msgs\/s/g) }),
  }
}

/** Of one partition, for that is what this mode reads to an end. */
function rdkafkaConsume(title, bytes, records) {
  const produce = rdkafkaProduce(title, bytes, records)
  const options = ['-p', '0', '-o', 'beginning', '-c', `${records}`, '-q']
  return {
    ...produce,
    program: 'rdkafka_performance -C',
    partitions: 1,
    before: (server, topic) => execute(produce.command(server, topic)),
    command: (server, topic) => [rdkafkaPerformance(), '-C', '-t', topic, '-b', server.servers[0], ...options],
    read: (text) => ({ rate: lastOf(text, /consumed in [^:]*: ([\d.]+) msgs\/s/g) }),
  }
}

function javaProduce(title, bytes, records, throughput) {
  const options = ['--num-records', `${records}`, '--record-size', `${bytes}`, '--throughput', `${throughput}`]
  // A quarter of them before it counts, for its own virtual machine starts cold each time.
  const warm = ['--warmup-records', `${Math.round(records / 4)}`]
  const properties = [
    ...warm,
    '--command-property',
    'acks=1',
    'batch.size=131072',
    `linger.ms=${throughput === -1 ? 5 : 0}`,
  ]
  return {
    tool: 'java',
    program: 'kafka-producer-perf-test',
    title,
    records,
    measures: throughput === -1 ? THROUGHPUT : { ...LATENCY, ...CPU },
    command: (server, topic) => {
      const where = ['--bootstrap-server', server.servers[0], '--topic', topic]
      return java('org.apache.kafka.tools.ProducerPerformance', [...where, ...options, ...properties])
    },
    read: (text) => ({
      rate: lastOf(text, /, ([\d.]+) records\/sec/g),
      p50: lastOf(text, /([\d.]+) ms 50th/g),
      p99: lastOf(text, /([\d.]+) ms 99th/g),
    }),
  }
}

function javaConsume(title, bytes, records) {
  const produce = javaProduce(title, bytes, records, -1)
  const options = ['--num-records', `${records}`, '--timeout', '30000', '--hide-header']
  return {
    ...produce,
    program: 'kafka-consumer-perf-test',
    measures: THROUGHPUT,
    before: (server, topic) => execute(produce.command(server, topic)),
    command: (server, topic) => {
      const where = ['--bootstrap-server', server.servers[0], '--topic', topic]
      return java('org.apache.kafka.tools.ConsumerPerformance', [...where, ...options])
    },
    // start, end, MB, MB/s, records, records/s, ms of rebalance, ms of fetching, MB/s and records/s of fetching
    read: (text) => ({ rate: Number(text.trim().split('\n').at(-1).split(', ').at(-1)) }),
  }
}

function javaEndToEnd(title, records) {
  return {
    tool: 'java',
    program: 'kafka-e2e-latency',
    title,
    records,
    partitions: 1,
    measures: LATENCY,
    command: (server, topic) =>
      java('org.apache.kafka.tools.EndToEndLatency', [server.servers[0], topic, `${records}`, '1', '100']),
    read: (text) => {
      const [, p50, p99] = /50th = ([\d.]+), 99th = ([\d.]+)/.exec(text)
      return { p50: Number(p50), p99: Number(p99) }
    },
  }
}

function java(mainClass, parameters) {
  return ['java', '-Xmx1g', '-cp', kafkaClassPath(), mainClass, ...parameters]
}

async function execute(command) {
  const child = spawn('timeout', ['-k', '5', `${SECONDS_MAX}`, ...command], { stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (said) => {
      text += said
    })
  }
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${command.slice(0, 6).join(' ')} … ended with ${code}:\n${text.slice(-2000)}`)
  return text
}

function lastOf(text, pattern) {
  const found = [...text.matchAll(pattern)].at(-1)
  if (found === undefined) throw new Error(`no ${pattern} in:\n${text.slice(-2000)}`)
  return Number(found[1])
}

function say(line) {
  lines.push(line)
  console.log(line)
}
