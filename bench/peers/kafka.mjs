// Apache Kafka's real broker from its published Maven artifacts: KRaft, one node or three on one machine, each of them
// broker and controller.
//
//   default   what the archive's kafka-server-start.sh and config/server.properties give
//   tuned     for two cores and a machine that has memory to spare: 4 GiB of touched heap (of three nodes 2 GiB each), as
//             many network threads as cores, four I/O threads (they block in a sync), 1 MiB socket buffers
//   zgc       the same with the collector whose pauses are shortest and whose CPU is not
//
// The log4j configuration of the archive writes every log line at INFO; here nothing below ERROR is written, for Kafka's
// good.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isReady } from '../compare/admin.mjs'
import { freePorts, Server } from '../compare/server.mjs'

const READY_MS_MAX = 120_000
const CLUSTER_ID = 'MkU3OEVBNTcwNTJENDM2Qg'
const FORMAT_HEAP = ['-Xmx256m', '-XX:TieredStopAtLevel=1']

const G1 = ['-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20', '-XX:InitiatingHeapOccupancyPercent=35']
const ALWAYS = ['-server', '-XX:+ExplicitGCInvokesConcurrent', '-Djava.awt.headless=true']

const AS_SHIPPED = {
  'num.network.threads': 3,
  'num.io.threads': 8,
  'socket.send.buffer.bytes': 102_400,
  'socket.receive.buffer.bytes': 102_400,
  'socket.request.max.bytes': 104_857_600,
  'num.recovery.threads.per.data.dir': 2,
}
const FOR_TWO_CORES = {
  ...AS_SHIPPED,
  'num.network.threads': 2,
  'num.io.threads': 4,
  'socket.send.buffer.bytes': 1_048_576,
  'socket.receive.buffer.bytes': 1_048_576,
  'queued.max.requests': 1000,
  'num.replica.fetchers': 2,
  'replica.fetch.max.bytes': 4_194_304,
}

export const settings = {
  default: { heap: () => ['-Xms1g', '-Xmx1g'], collector: G1, properties: AS_SHIPPED },
  tuned: { heap: touched, collector: G1, properties: FOR_TWO_CORES },
  zgc: { heap: touched, collector: ['-XX:+UseZGC'], properties: FOR_TWO_CORES },
}

function touched(nodes) {
  const size = nodes > 1 ? '2g' : '4g'
  return [`-Xms${size}`, `-Xmx${size}`, '-XX:+AlwaysPreTouch']
}

export const name = 'kafka'
export const title = 'Apache Kafka'
export const speaksKafka = true
/** Compiles itself while it runs: not to be measured before that. */
export const warmUpSeconds = 60

let classPath

/** Fetches the jars if they are not there; resolves to what was found. */
export function install() {
  const script = fileURLToPath(new URL('../../scripts/kafka-jars.mjs', import.meta.url))
  const { stdout, status } = spawnSync(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
  if (status !== 0) throw new Error('Apache Kafka is not there')
  classPath = `${stdout}`.trim()
  const java = spawnSync('java', ['-version'], { encoding: 'utf8' }).stderr?.split('\n')[0]
  return `Apache Kafka ${/kafka-([\d.]+)\/\*$/.exec(classPath)[1]} on ${java}`
}

/** On what is in `directory`, if a node was there before. `extra` are properties that win over the named settings. */
export async function start({ directory, settings: chosen = 'default', nodes = 1, extra = {} }) {
  const version = install()
  const { heap, collector, properties } = settings[chosen]
  const java = [...heap(nodes), ...collector, ...ALWAYS]
  const ports = await freePorts(nodes * 2)
  const [brokers, controllers] = [ports.slice(0, nodes), ports.slice(nodes)]
  const voters = controllers.map((port, index) => `${index + 1}@127.0.0.1:${port}`).join(',')
  const replicas = Math.min(3, nodes)
  const common = {
    'process.roles': 'broker,controller',
    'controller.quorum.voters': voters,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': Math.min(2, replicas),
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': Math.min(2, replicas),
    'auto.create.topics.enable': false,
    // Deleted topics of one run shall not be removed during the next.
    'log.segment.delete.delay.ms': 1000,
    ...properties,
    ...extra,
  }
  const files = brokers.map((port, index) => {
    const folder = join(directory, `node-${index + 1}`)
    mkdirSync(folder, { recursive: true })
    const file = join(folder, 'server.properties')
    const own = {
      'node.id': index + 1,
      listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllers[index]}`,
      'log.dirs': join(folder, 'data'),
    }
    writeFileSync(file, propertiesText({ ...common, ...own }))
    if (!existsSync(join(folder, 'data', 'meta.properties'))) format(file)
    return file
  })
  const server = new Server({
    name: `${title} (${chosen})`,
    directory,
    servers: brokers.map((port) => `127.0.0.1:${port}`),
    settings: { version, java: java.join(' '), nodes, ...properties, ...extra },
    commands: files.map((file) => ['java', ...java, '-cp', classPath, 'kafka.Kafka', file]),
  })
  return await server.untilReady(() => isReady(server), READY_MS_MAX)
}

/** What makes a topic durable before it is answered. */
export const syncedTopic = { 'flush.messages': 1 }

function format(file) {
  const command = [...FORMAT_HEAP, '-cp', classPath, 'kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', file]
  const { status, stdout, stderr } = spawnSync('timeout', ['60', 'java', ...command], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`formatting failed: ${stdout}${stderr}`)
}

function propertiesText(properties) {
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')
}
