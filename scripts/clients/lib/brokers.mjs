// The broker that a run is against: a millrace of its own, an Apache Kafka of its own, or one that runs already.
import { join } from 'node:path'
import { startBroker } from '../../verify/lib/broker.mjs'
import { startKafka } from './kafka-broker.mjs'

/** `which` is millrace, kafka, or 127.0.0.1:PORT. Resolves to { name, port, address, stop() }. */
export async function openBroker(which, { directory, settings = {} }) {
  if (which === 'kafka') return await startKafka({ directory: join(directory, 'kafka'), settings })
  if (which === 'millrace') {
    const all = { 'group.initial.rebalance.delay.ms': 0, ...settings }
    const broker = await startBroker({ directory: join(directory, 'millrace'), shards: 2, settings: all })
    return { name: 'millrace', port: broker.port, address: `127.0.0.1:${broker.port}`, stop: () => broker.kill() }
  }
  const found = /^127\.0\.0\.1:(\d+)$/.exec(which)
  if (found === null) throw new Error(`--broker is millrace, kafka or 127.0.0.1:PORT, and not ${which}`)
  return { name: which, port: Number(found[1]), address: which, stop: async () => undefined }
}
