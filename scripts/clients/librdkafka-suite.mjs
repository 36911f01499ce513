// librdkafka's own test suite against a broker: each of its tests that needs one, in turn, in a process of its own with a
// time limit. The source is the one within Confluent's npm package; library and tests are built from it, in a cache.
//
//   node scripts/clients/librdkafka-suite.mjs [--broker=millrace|kafka] [--tests=0001,0012,…] [--seconds=90]
//                                             [--json=FILE] [--baseline=FILE] [--markdown=FILE] [--logs=FOLDER]
//                                             [--thorough]
//
// Needs a C++ compiler, make, and the headers of OpenSSL, zlib, zstd and RapidJSON. `--json` is where the results go, and
// `--baseline` names those of a run against Apache Kafka, for what fails there as well. `--logs` keeps what each test said.
// `--thorough` runs what the suite leaves out when it shall be quick.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openBroker } from './lib/brokers.mjs'
import { kafkaScripts } from './lib/kafka-scripts.mjs'
import { buildLibrdkafka } from './lib/librdkafka.mjs'
import { counts, findings } from './lib/librdkafka-findings.mjs'

/** The suite wants topics that come into being by themselves to have as many. */
const PARTITIONS = 4
/** What the suite shall take the broker for: of 4.0, before there were share groups. */
const KAFKA_VERSION = '4.0.0'
/** A test that passes in less did not speak to the broker. */
const QUICK_SECONDS_MIN = 0.02
/** Run one subtest at a time, for one that fails ends them all. */
const SPLIT = ['0081_admin']

const { values } = parseArgs({
  options: {
    broker: { type: 'string', default: 'millrace' },
    tests: { type: 'string' },
    seconds: { type: 'string', default: '90' },
    json: { type: 'string' },
    baseline: { type: 'string' },
    markdown: { type: 'string' },
    logs: { type: 'string' },
    thorough: { type: 'boolean', default: false },
  },
})

const source = buildLibrdkafka({ tests: true })
const directory = mkdtempSync(join(tmpdir(), 'millrace-librdkafka-'))
const logs = values.logs ?? join(directory, 'logs')
mkdirSync(logs, { recursive: true })
const scripts = kafkaScripts(join(directory, 'kafka-scripts'))
const baseline = values.baseline === undefined ? {} : JSON.parse(readFileSync(values.baseline, 'utf8'))
const wanted = values.tests?.split(',')
const tests = testsOf(source).filter(({ name }) => wanted?.some((prefix) => name.startsWith(prefix)) ?? true)
const results = {}
for (const scenario of ['default', 'noautocreate']) {
  const ofScenario = tests.filter((test) => test.scenario === scenario)
  if (ofScenario.length > 0) await runTests(scenario, ofScenario)
}
console.log(counts(results))
if (values.markdown !== undefined) writeFileSync(values.markdown, findings(results, baseline, values.broker))
if (values.logs === undefined) rmSync(directory, { recursive: true, force: true })
process.exit(0)

async function runTests(scenario, all) {
  const settings = {
    'num.partitions': PARTITIONS,
    'auto.create.topics.enable': scenario === 'default',
    // Some tests want two members that come together to be in the first generation together.
    'group.initial.rebalance.delay.ms': 1000,
  }
  const folder = join(directory, scenario)
  mkdirSync(folder)
  const broker = await openBroker(values.broker, { directory: folder, settings })
  for (const test of all) {
    const result = runTest(broker, test)
    results[test.title] = result
    const there = baseline[test.title] === undefined ? '' : `  (Apache Kafka: ${baseline[test.title].outcome})`
    console.log(`${result.outcome.padEnd(8)} ${result.seconds.padStart(6)} s  ${test.title}${there}  ${result.why}`)
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`)
  }
  await broker.stop()
}

/** The tests in order, without those that need no broker or that only a person runs. */
function testsOf(folder) {
  const list = readFileSync(join(folder, 'tests/test.c'), 'utf8').split('struct test tests[] = {')[1].split('\n};')[0]
  const found = []
  for (const [, name, rest] of list.matchAll(/_TEST\(\s*(\w+),([^;]*?)(?=\n\s*_TEST\(|\n\s*\{NULL\})/g)) {
    if (/TEST_F_LOCAL|TEST_F_MANUAL/.test(rest)) continue
    const scenario = rest.includes('"noautocreate"') ? 'noautocreate' : 'default'
    if (!SPLIT.includes(name)) found.push({ name, title: name, scenario })
    else
      for (const subtest of subtestsOf(folder, name))
        found.push({ name, subtest, title: `${name} ${subtest}`, scenario })
  }
  return found
}

function subtestsOf(folder, name) {
  const text = readFileSync(join(folder, 'tests', `${name.replace('_', '-')}.c`), 'utf8')
  const names = new Set([...text.matchAll(/\b(do_test_\w+)\(/g)].map(([, subtest]) => subtest))
  names.delete('do_test_apis')
  return [...names]
}

function runTest(broker, { name, subtest, title, scenario }, isQuick = !values.thorough) {
  const startedAt = performance.now()
  // One at a time, none that are local, and none that are known to fail anywhere.
  const options = ['-p1', '-L', '-K', '-s', scenario, ...(isQuick ? ['-Q'] : [])]
  const run = spawnSync('timeout', ['-k', '5', values.seconds, './test-runner', ...options], {
    cwd: join(source, 'tests'),
    encoding: 'latin1',
    maxBuffer: 2 ** 30,
    env: {
      ...process.env,
      TESTS: name,
      ...(subtest === undefined ? {} : { SUBTESTS: `${subtest}:` }),
      TEST_KAFKA_VERSION: KAFKA_VERSION,
      RDKAFKA_TEST_CONF: configFor(broker),
      KAFKA_PATH: scripts,
      BROKERS: broker.address,
      LD_LIBRARY_PATH: [join(source, 'src'), join(source, 'src-cpp')].join(':'),
    },
  })
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  const text = plain(`${run.stdout}${run.stderr}`)
  writeFileSync(join(logs, `${title.replaceAll(' ', '-')}.log`), text)
  const [state, why, testSeconds] = summaryOf(text, name)
  if (run.status === 124 || run.status === 137) return { outcome: 'timeout', seconds, why: lastWords(text) }
  const hasRun = subtest === undefined || text.includes(`(${subtest}:`) || text.includes(`[ ${subtest}:`)
  if (state === 'SKIPPED' || state === 'NOT STARTED' || !hasRun) return { outcome: 'skipped', seconds, why }
  if (state === 'PASSED' && run.status === 0) {
    // Some have nothing that is quick, and pass without a word.
    if (isQuick && testSeconds < QUICK_SECONDS_MIN) return runTest(broker, { name, subtest, title, scenario }, false)
    return { outcome: 'passed', seconds, why: '' }
  }
  return { outcome: 'failed', seconds, why: firstFailure(text) ?? (why === '' ? lastWords(text) : why) }
}

function configFor(broker) {
  const file = join(directory, 'test.conf')
  writeFileSync(file, `metadata.broker.list=${broker.address}\n`)
  return file
}

/** What the table at the end of a run says of a test: its state, why, and its seconds. */
function summaryOf(text, name) {
  const row = new RegExp(`\\| *${name} +\\| +([A-Z ]+?) *\\| +([\\d.]+)s +\\|([^]*?)(?=\\n\\||\\n#==)`).exec(text)
  return row === null ? ['', '', 0] : [row[1], oneLine(row[3]), Number(row[2])]
}

function firstFailure(text) {
  const found = /### Test "[^"]*" failed at (\S+?):\w*\(\)[^\n]*\n([^\n]*)/.exec(text)
  return found === null ? null : oneLine(`${found[1]}: ${found[2]}`)
}

function lastWords(text) {
  return oneLine(text.trimEnd().split('\n').slice(-2).join(' '))
}

function oneLine(text) {
  return text.replaceAll(`${directory}/`, '').replaceAll(/\s+/g, ' ').trim().slice(0, 300)
}

/** Without colours. */
function plain(text) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
  return text.replace(/\x1b\[[\d;]*m/g, '')
}
