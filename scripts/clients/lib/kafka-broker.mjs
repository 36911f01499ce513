// Apache Kafka's own broker in a process of its own: one node, broker and controller, on free ports of 127.0.0.1. What
// the clients and suites are first run against, so that it is known what they do where all is well.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { kafkaClassPath } from '../../verify/lib/kafka.mjs'

const READY_MS_MAX = 60_000
const STOP_MS_MAX = 30_000
const CLUSTER_ID = 'MkU3OEVBNTcwNTJENDM2Qg'

/** Resolves when clients can connect. `settings` are of server.properties and win over the defaults here. */
export async function startKafka({ directory, settings = {} }) {
  mkdirSync(directory, { recursive: true })
  const [port, controllerPort] = await freePorts(2)
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'log.dirs': join(directory, 'data'),
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 8,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 8,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    // Both brokers wait for nobody before the first assignment: the members of these runs join one after the other.
    'group.initial.rebalance.delay.ms': 0,
    ...settings,
  }
  const file = join(directory, 'server.properties')
  writeFileSync(
    file,
    Object.entries(properties)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  )
  const java = ['-Xmx1g', '-cp', kafkaClassPath()]
  const format = ['kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', file]
  const formatted = spawnSync('timeout', ['60', 'java', ...java, ...format], { encoding: 'utf8' })
  if (formatted.status !== 0) throw new Error(`formatting failed: ${formatted.stdout}${formatted.stderr}`)

  const log = join(directory, 'broker.log')
  const output = openSync(log, 'w')
  const child = spawn('java', [...java, 'kafka.Kafka', file], { stdio: ['ignore', output, output], cwd: directory })
  closeSync(output)
  const ended = once(child, 'exit')
  process.once('exit', () => child.kill('SIGKILL'))
  await untilConnected(port, child, log)
  return {
    name: 'Apache Kafka',
    address: `127.0.0.1:${port}`,
    port,
    async stop() {
      const deadline = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX)
      child.kill('SIGTERM')
      await ended
      clearTimeout(deadline)
    },
  }
}

async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => server.address().port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

async function untilConnected(port, child, log) {
  const deadline = performance.now() + READY_MS_MAX
  while (performance.now() < deadline && child.exitCode === null) {
    const socket = connect(port, '127.0.0.1')
    const [event] = await Promise.race([
      once(socket, 'connect').then(() => ['connect']),
      new Promise((resolve) => socket.on('error', () => resolve(['error']))),
    ])
    socket.destroy()
    if (event === 'connect') return
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  child.kill('SIGKILL')
  throw new Error(`Apache Kafka did not start:\n${readFileSync(log, 'utf8').slice(-4000)}`)
}
