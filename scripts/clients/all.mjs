// Every common client against a broker: what it produces comes back whole with every codec it knows, and three of its
// consumers share a topic while they come, leave and die.
//
//   node scripts/clients/all.mjs [--broker=millrace|kafka|127.0.0.1:PORT] [--only=kcat,aiokafka,…] [--small]
//                                [--checks=corpus,group] [--json=FILE] [--markdown=FILE]
//
// Installs what each client needs in a cache outside git, in exact versions. Needs kcat, a JDK and Maven, Python, Go, a
// C++ compiler with the headers of OpenSSL, zlib and zstd, and apt's package lists for the corpus.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { forEachLine, numberLines, readCorpus } from '../verify/lib/corpus.mjs'
import { openBroker } from './lib/brokers.mjs'
import { checkCorpus } from './lib/corpus-check.mjs'
import { checkGroup } from './lib/group-check.mjs'
import { isOk, report, table } from './lib/results.mjs'

const CLIENTS = [
  'apache-kafka',
  'kcat',
  'kafkajs',
  'platformatic',
  'confluent-javascript',
  'python-kafka',
  'confluent-python',
  'aiokafka',
  'franz-go',
]
const CORPUS_BYTES = 4_000_000
const SMALL_BYTES = 400_000
const GROUP_LINES = 20_000
const PARTITIONS = 6

const { values } = parseArgs({
  options: {
    broker: { type: 'string', default: 'millrace' },
    only: { type: 'string', default: CLIENTS.join(',') },
    checks: { type: 'string', default: 'corpus,group' },
    small: { type: 'boolean', default: false },
    json: { type: 'string' },
    markdown: { type: 'string' },
  },
})
const only = values.only.split(',')
const unknown = only.find((name) => !CLIENTS.includes(name))
if (unknown !== undefined) throw new Error(`no client ${unknown}: there are ${CLIENTS.join(', ')}`)
const checks = values.checks.split(',')

const lines = []
forEachLine(numberLines(readCorpus(values.small ? SMALL_BYTES : CORPUS_BYTES)), (line) =>
  lines.push(line.subarray(0, -1)),
)
const directory = mkdtempSync(join(tmpdir(), 'millrace-clients-'))
const broker = await openBroker(values.broker, { directory, settings: { 'num.partitions': PARTITIONS } })
/** Names of topics and groups are this run's own: the broker may have seen another. */
const run = Date.now().toString(36)
const results = []
for (const key of only) results.push(await runClient(key))
await broker.stop()

console.log(`\n${table(results)}`)
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`)
if (values.markdown !== undefined) writeFileSync(values.markdown, report(results, broker.name))
const passed = results.filter(isOk).length
console.log(`\n${passed} passed, ${results.length - passed} failed`)
if (passed === results.length) rmSync(directory, { recursive: true, force: true })
else console.log(`kept: ${directory}`)
process.exit(passed === results.length ? 0 : 1)

async function runClient(key) {
  const client = { key, run, ...(await import(`./${key}/client.mjs`)).default }
  const result = { client: client.name, version: '', runtime: '', codecs: {}, groups: {} }
  console.log(client.name)
  try {
    const place = client.installed()
    result.version = place.version
    result.runtime = place.runtime
    if (checks.includes('corpus')) {
      result.codecs = await checkCorpus(client, place, { broker, directory, lines })
      for (const [codec, found] of Object.entries(result.codecs)) say(found === 'ok', `corpus, ${codec}`, found)
    }
    if (checks.includes('group')) {
      for (const [strategy, commit] of variants(client)) {
        const found = await checkGroup(client, place, { broker, lines: lines.slice(0, GROUP_LINES), strategy, commit })
        result.groups[`${strategy} with ${commit} commits`] = found
        const figures = `${found.seconds} s, ${found.duplicates} consumed twice`
        say(found.ok, `group, ${strategy}, ${commit} commits: ${figures}`, found.error)
      }
    }
  } catch (error) {
    result.error = error.message
    say(false, 'run', error.stack)
  }
  return result
}

/** Each strategy and each way to commit at least once. */
function variants({ strategies, commits }) {
  const count = Math.max(strategies.length, commits.length)
  return Array.from({ length: count }, (_, i) => [strategies[i % strategies.length], commits[i % commits.length]])
}

function say(ok, what, why) {
  console.log(`  ${ok ? 'ok  ' : 'FAIL'} ${what}${ok ? '' : `: ${why}`}`)
}
