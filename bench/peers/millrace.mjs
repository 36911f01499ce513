// millrace, in the shape of its peers.
//
//   default   nothing set
//   tuned     one shard, since a load generator takes the other core, and a journal that fills a quarter as often
//   os        the same with Apache Kafka's promise: written to the page cache once, not synced before the answer
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isReady } from '../compare/admin.mjs'
import { freePorts, Server } from '../compare/server.mjs'

const READY_MS_MAX = 120_000
const program = fileURLToPath(new URL('../../dist/cli/millrace.js', import.meta.url))
const packageFile = new URL('../../package.json', import.meta.url)

const tuned = { 'millrace.shards': 1, 'millrace.journal.bytes': 268_435_456 }

export const settings = {
  default: {},
  tuned,
  os: { ...tuned, 'millrace.durability': 'os' },
}

export const name = 'millrace'
export const title = 'millrace'
export const speaksKafka = true
export const warmUpSeconds = 3

export function install() {
  return `millrace ${JSON.parse(readFileSync(packageFile, 'utf8')).version} on Node ${process.version}`
}

export async function start({ directory, settings: chosen = 'default', nodes = 1, extra = {} }) {
  if (nodes !== 1) throw new Error('millrace is one node, for now')
  const [port] = await freePorts(1)
  const all = { ...settings[chosen], ...extra }
  const given = { listeners: `PLAINTEXT://127.0.0.1:${port}`, 'log.dirs': `${directory}/data`, ...all }
  const options = Object.entries(given).flatMap(([key, value]) => ['-o', `${key}=${value}`])
  const server = new Server({
    name: `${title} (${chosen})`,
    directory,
    servers: [`127.0.0.1:${port}`],
    settings: { version: install(), nodes, ...all },
    commands: [[process.execPath, program, 'start', ...options]],
  })
  return await server.untilReady(() => isReady(server), READY_MS_MAX)
}

/** acks=all is answered after the sync, whatever the broker's default. */
export const syncedTopic = { 'millrace.durability': 'durable' }
