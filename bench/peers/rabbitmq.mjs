// RabbitMQ streams, by Debian's rabbitmq-server and Erlang from a cache: a private node with its own port mapper, cookie
// and directories, on loopback only, started without the scripts in between, so that its process is the one we end.
// Published to over AMQP 0.9.1: the stream protocol's client for Node speaks only with newer servers than Debian's 3.10.
//
// Its rows: one record a request (5) and idle (17). A stream is never synced before a confirm, so rows 9 and 10 are not for
// it; and a client in JavaScript says nothing about throughput, only about what the server takes.
import { readdirSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { debianPackages } from '../compare/debian.mjs'
import { importPackage } from '../compare/packages.mjs'
import { publish } from '../compare/publish.mjs'
import { freePorts, Server } from '../compare/server.mjs'

const READY_MS_MAX = 90_000
const ERLANG =
  'base asn1 crypto public-key mnesia runtime-tools ssl eldap ftp tftp inets snmp os-mon parsetools syntax-tools tools xmerl'
const STREAM = { durable: true, arguments: { 'x-queue-type': 'stream' } }

export const settings = { default: {}, tuned: {} }

export const name = 'rabbitmq'
export const title = 'RabbitMQ streams'
export const rows = [5, 17]
export const durability = 'RabbitMQ: confirmed when written and not synced'
export const warmUpSeconds = 10

export function install() {
  return readdirSync(join(folder(), 'usr/lib/rabbitmq/lib'))[0].replace('_server-', ' ')
}

export async function start({ directory }) {
  const [port, distributionPort, mapperPort] = await freePorts(3)
  await mkdir(directory, { recursive: true })
  const root = folder()
  const home = join(root, 'usr/lib/rabbitmq/lib', readdirSync(join(root, 'usr/lib/rabbitmq/lib'))[0])
  const path = (file) => join(directory, file)
  writeFileSync(path('rabbitmq.conf'), `listeners.tcp.1 = 127.0.0.1:${port}\n`)
  writeFileSync(path('plugins'), '[].\n')
  const erlang = join(root, 'usr/lib/erlang')
  const programs = join(
    erlang,
    readdirSync(erlang).find((each) => each.startsWith('erts-')),
    'bin',
  )
  const server = new Server({
    name: title,
    directory,
    servers: [`127.0.0.1:${port}`],
    settings: { version: install(), 'x-queue-type': 'stream' },
    commands: [
      [join(programs, 'epmd'), '-address', '127.0.0.1', '-port', `${mapperPort}`],
      [
        join(programs, 'erlexec'),
        ...['-noinput', '-s', 'rabbit', 'boot', '-boot', 'start_sasl', '+W', 'w', '-start_epmd', 'false'],
        ...['-kernel', 'inet_dist_use_interface', '{127,0,0,1}', '-syslog', 'logger', '[]'],
        ...['-syslog', 'syslog_error_logger', 'false', '-kernel', 'prevent_overlapping_partitions', 'false'],
      ],
    ],
    env: {
      ROOTDIR: erlang,
      BINDIR: programs,
      EMU: 'beam',
      PROGNAME: 'erl',
      PATH: `${join(erlang, 'bin')}:${process.env.PATH}`,
      HOME: directory,
      ERL_LIBS: join(home, 'plugins'),
      ERL_EPMD_ADDRESS: '127.0.0.1',
      ERL_EPMD_PORT: `${mapperPort}`,
      RABBITMQ_HOME: home,
      RABBITMQ_PLUGINS_DIR: join(home, 'plugins'),
      RABBITMQ_NODENAME: 'bench@localhost',
      RABBITMQ_DIST_PORT: `${distributionPort}`,
      RABBITMQ_CONFIG_FILE: path('rabbitmq.conf'),
      RABBITMQ_ADVANCED_CONFIG_FILE: path('advanced.config'),
      RABBITMQ_ENABLED_PLUGINS_FILE: path('plugins'),
      RABBITMQ_MNESIA_BASE: path('data'),
      RABBITMQ_LOG_BASE: path('log'),
      RABBITMQ_GENERATED_CONFIG_DIR: path('config'),
      RABBITMQ_PID_FILE: path('pid'),
    },
  })
  return await server.untilReady(() => opens(port), READY_MS_MAX)
}

export async function createTopic(server, stream) {
  await withChannel(server.port, (channel) => channel.assertQueue(stream, STREAM))
}

export async function deleteTopic(server, stream) {
  await withChannel(server.port, (channel) => channel.deleteQueue(stream))
}

export async function load(server, _mode, options) {
  return await publish('rabbitmq', server, options)
}

/** For the publishing process: a connection of its own, whose `send` resolves when the record is confirmed. */
export async function producer(port, stream, value) {
  const connection = await open(port)
  const channel = await connection.createConfirmChannel()
  const send = () =>
    new Promise((resolve, reject) => {
      channel.sendToQueue(stream, value, {}, (error) => (error ? reject(error) : resolve()))
    })
  return { send, close: () => connection.close() }
}

async function opens(port) {
  try {
    await withChannel(port, async () => undefined)
    return true
  } catch {
    return false
  }
}

async function withChannel(port, work) {
  const connection = await open(port)
  try {
    return await work(await connection.createChannel())
  } finally {
    await connection.close()
  }
}

async function open(port) {
  const { connect } = await importPackage('amqplib')
  const connection = await connect(`amqp://guest:guest@127.0.0.1:${port}`)
  connection.on('error', () => undefined)
  return connection
}

function folder() {
  const erlang = ERLANG.split(' ').map((each) => `erlang-${each}`)
  return debianPackages('rabbitmq-server', ['rabbitmq-server', ...erlang])
}
