// NATS JetStream with file storage, by Debian's nats-server from a cache; published to by its client for Node, for the
// package has no `nats bench`.
//
// Its rows: one record a request (5) and idle (17). It has no sync before an answer in this version (2.9; `sync_interval`
// is a time), so rows 9 and 10 are not for it; and a client in JavaScript says nothing about throughput, only about what
// the server takes.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { debianPackages } from '../compare/debian.mjs'
import { importPackage } from '../compare/packages.mjs'
import { publish } from '../compare/publish.mjs'
import { freePorts, Server } from '../compare/server.mjs'

const READY_MS_MAX = 30_000

/** Nothing that it could be told makes a single stream of file storage faster. */
export const settings = { default: {}, tuned: {} }

export const name = 'nats'
export const title = 'NATS JetStream'
export const rows = [5, 17]
export const durability = 'NATS: file storage, written and not synced before the answer'
export const warmUpSeconds = 3

export function install() {
  return spawnSync(program(), ['--version'], { encoding: 'utf8' }).stdout.trim()
}

export async function start({ directory }) {
  const [port] = await freePorts(1)
  const file = `${directory}.conf`
  writeFileSync(file, `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${directory}/data" }\n`)
  const server = new Server({
    name: title,
    directory,
    servers: [`127.0.0.1:${port}`],
    settings: { version: install(), storage: 'file' },
    commands: [[program(), '-c', file]],
  })
  return await server.untilReady(() => greets(port), READY_MS_MAX)
}

export async function createTopic(server, stream) {
  await withManager(server, (manager) => manager.streams.add({ name: stream, subjects: [stream], storage: 'file' }))
}

export async function deleteTopic(server, stream) {
  await withManager(server, (manager) => manager.streams.delete(stream))
}

export async function load(server, _mode, options) {
  return await publish('nats', server, options)
}

/** For the publishing process: a connection of its own, whose `send` resolves when the record is acknowledged. */
export async function producer(port, stream, value) {
  const { connect: open } = await importPackage('nats')
  const connection = await open({ servers: `127.0.0.1:${port}` })
  const jetstream = connection.jetstream()
  return { send: () => jetstream.publish(stream, value, { timeout: 30_000 }), close: () => connection.close() }
}

async function withManager({ port }, work) {
  const { connect: open } = await importPackage('nats')
  const connection = await open({ servers: `127.0.0.1:${port}` })
  try {
    return await work(await connection.jetstreamManager())
  } finally {
    await connection.close()
  }
}

/** A server that is there says INFO first. */
async function greets(port) {
  const socket = connect(port, '127.0.0.1')
  try {
    return await new Promise((resolve) => {
      socket.once('data', (bytes) => resolve(bytes.toString('latin1').includes('"jetstream":true')))
      socket.once('error', () => resolve(false))
      socket.once('close', () => resolve(false))
    })
  } finally {
    socket.destroy()
  }
}

function program() {
  return join(debianPackages('nats-server', ['nats-server']), 'usr', 'sbin', 'nats-server')
}
