// The broker that does nothing (bench/load/null_broker.cc), in the shape of a peer: what the rows' load comes to when no
// broker is in the way, and a partner for trying the driver where no Kafka is. Rows that start a broker twice are not
// for it.
import { processCounts } from '../compare/server.mjs'
import { startNullBroker } from '../load/generator.mjs'

export const settings = { default: {}, tuned: {} }

export const name = 'null'
export const title = 'null broker'
export const speaksKafka = true
/** All topics are there from the start and are one, which keeps the last 256 MB: nothing can be read back. */
export const forgets = true
export const warmUpSeconds = 1
export const syncedTopic = {}

export function install() {
  return 'the null broker'
}

export async function start({ partitions = 100 } = {}) {
  const startedAt = performance.now()
  const broker = await startNullBroker({ partitions, keep: 1 })
  return {
    name: title,
    servers: [`127.0.0.1:${broker.port}`],
    port: broker.port,
    pids: [broker.pid],
    settings: { partitions },
    startMs: performance.now() - startedAt,
    ...processCounts([broker.pid]),
    stop: broker.stop,
    kill: broker.stop,
  }
}
