// What does a consumer cost a broker: at the tail, beside the producer that feeds it, and catching up from the page cache?
import { seen } from '../compare/durability.mjs'
import { GB } from '../compare/values.mjs'

const PARTITIONS = 4
const produced = { partitions: PARTITIONS, acks: 1, records: 128, recordBytes: 1000 }
const fetched = { partitions: PARTITIONS, connections: PARTITIONS, maxBytes: 1 << 20 }

export default {
  number: 6,
  name: 'consume',
  title: 'Consuming 1 KB records: at the tail, and from the page cache',
  durability: seen,
  floor: '0.09 CPU-s/GB: C, sendfile',
  ceiling: 'fetch 1 MB',
  target: 'throughput ≥ 1.1×, CPU ≥ 2×',
  targets: { throughput: { ratio: 1.1 }, cpuPerGb: { ratio: 2 } },
  measures: {
    throughput: { title: 'consumed', unit: 'MB/s', better: 'more' },
    cpuPerGb: { title: 'CPU, write-back included', unit: 's/GB', better: 'less' },
    processCpuPerGb: { title: 'CPU of the process', unit: 's/GB', better: 'less' },
  },
  /** At the tail a GB costs what it costs to take it in and to give it out. */
  variants: ['tail', 'catch-up'],
  keepsServer: true,
  pace: 'throughput',
  shapes: [
    { connections: 4, inflight: 2 },
    { connections: 2, inflight: 1 },
  ],
  async sample(run) {
    const bytes = run.size(2 * GB, GB / 16)
    const topic = await run.topic({ partitions: PARTITIONS })
    run.warmPageCache(bytes)
    const { load, cpu } = run.variant === 'tail' ? await tail(run, topic, bytes) : await catchUp(run, topic, bytes)
    const gigabytes = load.bytes / GB
    const values = {
      throughput: load.bytes / 1e6 / load.seconds,
      cpuPerGb: cpu.charged / gigabytes,
      processCpuPerGb: cpu.process / gigabytes,
    }
    return { values, load, cpu }
  },
}

/** Producer and consumers at once; the consumers end when they have what was produced. */
async function tail(run, topic, bytes) {
  const charge = run.charge()
  const consuming = run.load('fetch', { topic, ...fetched, follow: 1, bytesMax: bytes })
  const [consumed, made] = await Promise.all([
    consuming,
    run.load('produce', { topic, ...produced, ...run.shape, verify: 1, bytesMax: bytes }),
  ])
  const cpu = charge.end()
  await run.readBack({ topic, ...produced }, made)
  return { load: consumed, cpu }
}

async function catchUp(run, topic, bytes) {
  const made = await run.load('produce', { topic, ...produced, ...run.shape, verify: 1, bytesMax: bytes })
  run.settle()
  const charged = await run.charged('fetch', { topic, ...fetched, bytesMax: bytes })
  await run.readBack({ topic, ...produced }, made)
  return charged
}
