// A closed loop of producers for peers that do not speak Kafka's protocol, in a process of its own, so that its CPU is told
// from the driver's: `connections` of them, each with `inflight` records of its own under way, through the peer's own
// client in JavaScript (`producer(port, stream, value)` of its module).
//
// Run as a program it is that process: arguments PEER and the options as JSON; it prints one line of JSON.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { quantile } from './statistics.mjs'

const program = fileURLToPath(import.meta.url)
const SPARE_SECONDS = 60

/** Resolves to what `runLoad` of load.mjs does. */
export async function publish(peer, server, options) {
  const words = [program, peer, JSON.stringify({ port: server.port, ...options })]
  const limit = `${Math.ceil(options.seconds + SPARE_SECONDS)}`
  const child = spawn('timeout', ['-k', '5', limit, process.execPath, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (said) => {
    text += said
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`publishing to ${peer} ended with ${code}`)
  return JSON.parse(text)
}

async function main(peer, { port, topic, connections, inflight, recordBytes, seconds }) {
  const { producer } = await import(`../peers/${peer}.mjs`)
  const value = Buffer.alloc(recordBytes, 'x')
  const producers = await Promise.all(Array.from({ length: connections }, () => producer(port, topic, value)))
  const latencies = []
  const startedAt = performance.now()
  const until = startedAt + seconds * 1000
  const lane = async ({ send }) => {
    for (let sentAt = startedAt; sentAt < until; ) {
      sentAt = performance.now()
      await send()
      latencies.push(performance.now() - sentAt)
    }
  }
  await Promise.all(producers.flatMap((each) => Array.from({ length: inflight }, () => lane(each))))
  const took = (performance.now() - startedAt) / 1000
  const { user, system } = process.cpuUsage()
  const ms = (fraction) => quantile(latencies, fraction)
  const result = {
    seconds: took,
    requests: latencies.length,
    records: latencies.length,
    bytes: latencies.length * recordBytes,
    cpuSeconds: (user + system) / 1e6,
    latencyMs: { p50: ms(0.5), p99: ms(0.99), p999: ms(0.999), max: ms(1) },
  }
  await Promise.all(producers.map(({ close }) => close()))
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0))
}

// Not awaited: the peer's module imports this one, which would then wait for itself.
if (process.argv[1] === program) main(process.argv[2], JSON.parse(process.argv[3]))
