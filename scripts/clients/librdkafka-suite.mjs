// librdkafka's own test suite against a broker: each of its tests that needs one, in turn, in a process of its own with a
// time limit. The source is the one within Confluent's npm package; library and tests are built from it, in a cache.
//
//   node scripts/clients/librdkafka-suite.mjs [--broker=millrace|kafka|host:port] [--tests=0001,0012,…] [--seconds=120]
//                                             [--baseline=FILE] [--out=FILE]
//
// Needs a C++ compiler, make, and the headers of OpenSSL, zlib and zstd. `--out` is where the results go, as JSON;
// `--baseline` names the results of a run against Apache Kafka, which tell what fails there as well. Topics that come
// into being by themselves get four partitions, as the suite wants it.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openBroker } from './lib/brokers.mjs'
import { kafkaScripts } from './lib/kafka-scripts.mjs'
import { buildLibrdkafka } from './lib/librdkafka.mjs'

const SECONDS_MAX = 120
const PARTITIONS = 4
/** What the suite shall take the broker for: of 4.0, before there were share groups. */
const KAFKA_VERSION = '4.0.0'

const { values } = parseArgs({
  options: {
    broker: { type: 'string', default: 'millrace' },
    tests: { type: 'string' },
    seconds: { type: 'string', default: `${SECONDS_MAX}` },
    baseline: { type: 'string' },
    out: { type: 'string' },
    logs: { type: 'string' },
  },
})

const source = buildLibrdkafka({ tests: true })
const directory = mkdtempSync(join(tmpdir(), 'millrace-librdkafka-'))
const logs = values.logs ?? join(directory, 'logs')
mkdirSync(logs, { recursive: true })
const broker = await openBroker(values.broker, { directory, settings: { 'num.partitions': PARTITIONS } })
const baseline = values.baseline === undefined ? {} : JSON.parse(readFileSync(values.baseline, 'utf8'))
const only = values.tests?.split(',')
const config = join(directory, 'test.conf')
writeFileSync(config, `metadata.broker.list=${broker.address}\n`)
const scripts = kafkaScripts(join(directory, 'kafka'))
const results = {}
for (const name of testsOf(source)) {
  if (only !== undefined && !only.some((prefix) => name.startsWith(prefix))) continue
  results[name] = runTest(name)
  const { outcome, seconds, why } = results[name]
  const there = baseline[name] === undefined ? '' : `  (Apache Kafka: ${baseline[name].outcome})`
  console.log(`${outcome.padEnd(8)} ${seconds.padStart(6)} s  ${name}${why === '' ? '' : `: ${why}`}${there}`)
  if (values.out !== undefined) writeFileSync(values.out, `${JSON.stringify(results, null, 2)}\n`)
}
await broker.stop()
const outcomes = Object.values(results).map(({ outcome }) => outcome)
const counts = [...new Set(outcomes)].map((each) => `${outcomes.filter((one) => one === each).length} ${each}`)
console.log(counts.join(', '))
if (values.logs === undefined) rmSync(directory, { recursive: true, force: true })
process.exit(0)

/** The tests in order, without those that need no broker or that only a person runs. */
function testsOf(folder) {
  const list = readFileSync(join(folder, 'tests/test.c'), 'utf8').split('struct test tests[] = {')[1].split('\n};')[0]
  const tests = []
  for (const [, name, flags] of list.matchAll(/_TEST\(\s*(\w+),\s*([^,)]+)/g)) {
    if (!/TEST_F_LOCAL|TEST_F_MANUAL/.test(flags)) tests.push(name)
  }
  return tests
}

function runTest(name) {
  const startedAt = performance.now()
  // One at a time, none that are local, the quicker variants, and none that are known to fail anywhere.
  const run = spawnSync('timeout', ['-k', '5', values.seconds, './test-runner', '-p1', '-L', '-Q', '-K'], {
    cwd: join(source, 'tests'),
    encoding: 'latin1',
    maxBuffer: 2 ** 30,
    env: {
      ...process.env,
      TESTS: name,
      TEST_KAFKA_VERSION: KAFKA_VERSION,
      RDKAFKA_TEST_CONF: config,
      KAFKA_PATH: scripts,
      BROKERS: broker.address,
      BROKER_ADDRESS_1: broker.address,
      LD_LIBRARY_PATH: [join(source, 'src'), join(source, 'src-cpp')].join(':'),
    },
  })
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  const text = plain(`${run.stdout}${run.stderr}`)
  writeFileSync(join(logs, `${name}.log`), text)
  const [state, why] = summaryOf(text, name)
  if (run.status === 124 || run.status === 137) return { outcome: 'timeout', seconds, why: lastWords(text) }
  if (state === 'SKIPPED' || state === 'NOT STARTED') return { outcome: 'skipped', seconds, why }
  if (state === 'PASSED' && run.status === 0) return { outcome: 'passed', seconds, why: '' }
  return { outcome: 'failed', seconds, why: why === '' ? lastWords(text) : why }
}

/** What the table at the end of a run says of a test: its state, and why. */
function summaryOf(text, name) {
  const row = new RegExp(`\\| *${name} +\\| +([A-Z ]+?) *\\| +[\\d.]+s +\\|([^]*?)(?=\\n\\||\\n#==)`).exec(text)
  return row === null ? ['', ''] : [row[1], oneLine(row[2])]
}

function lastWords(text) {
  return oneLine(text.trimEnd().split('\n').slice(-2).join(' '))
}

function oneLine(text) {
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, 300)
}

/** Without colours. */
function plain(text) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
  return text.replace(/\x1b\[[\d;]*m/g, '')
}
