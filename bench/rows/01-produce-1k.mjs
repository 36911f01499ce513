// What does a GB of 1 KB records in batches of 128 KB cost a broker, and how fast does it go in, acks=1?
import { answered } from '../compare/durability.mjs'
import { GB, produceValues } from '../compare/values.mjs'

export default {
  number: 1,
  name: 'produce-1k',
  title: '1 KB records, 128 KB batches, acks=1',
  durability: answered,
  floor: '0.14–0.18 CPU-s/GB: a C epoll server that receives, checks the CRC and appends',
  ceiling: 'produce 128 x 1 KB verified',
  target: 'throughput ≥ 1.3×, CPU-s/GB ≥ 2.5× and ≤ 0.35 with warm page cache',
  targets: { throughput: { ratio: 1.3 }, cpuPerGb: { ratio: 2.5, most: 0.35 } },
  measures: {
    throughput: { title: 'throughput', unit: 'MB/s', better: 'more' },
    cpuPerGb: { title: 'CPU, write-back included', unit: 's/GB', better: 'less' },
    processCpuPerGb: { title: 'CPU of the process', unit: 's/GB', better: 'less' },
    p99: { title: 'p99', unit: 'ms', better: 'less' },
  },
  variants: ['warm', 'fresh'],
  keepsServer: true,
  pace: 'throughput',
  shapes: [
    { connections: 4, inflight: 4 },
    { connections: 2, inflight: 2 },
    { connections: 4, inflight: 1 },
  ],
  async sample(run) {
    const bytes = run.size(2 * GB, GB / 16)
    const topic = await run.topic({ partitions: 4 })
    if (run.variant === 'warm') run.warmPageCache(bytes)
    const { load, cpu } = await run.charged('produce', {
      topic,
      partitions: 4,
      ...run.shape,
      acks: 1,
      records: 128,
      recordBytes: 1000,
      bytesMax: bytes,
    })
    return { values: produceValues(load, cpu), load, cpu }
  },
}
