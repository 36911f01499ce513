// How many batches a second reach stable storage when a hundred producers write to a hundred partitions?
import { requestValues } from '../lib/values.mjs'

export default {
  number: 10,
  name: 'sync-many',
  title: 'Sync per batch, 100 partitions, 100 producers, one record of 1 KB at a time',
  durability: 'both answer after the sync: millrace acks=all, Kafka acks=all with flush.messages=1',
  floor: '219 µs: one sync for 100 partitions',
  target: 'answered batches/s ≥ 15×',
  targets: { requests: { ratio: 15 } },
  measures: {
    requests: { title: 'batches', unit: '/s', better: 'more' },
    p50: { title: 'p50', unit: 'ms', better: 'less' },
    p99: { title: 'p99', unit: 'ms', better: 'less' },
    cpuPerRequest: { title: 'CPU of the machine less clients', unit: 'µs a batch', better: 'less' },
    processCpuPerRequest: { title: 'CPU of the process', unit: 'µs a batch', better: 'less' },
  },
  variants: ['closed loop'],
  keepsServer: true,
  pace: 'requests',
  shapes: [{ connections: 100, inflight: 1 }],
  async sample(run) {
    const topic = await run.topic({ partitions: 100, isSynced: true })
    const { load, cpu } = await run.charged('partitions', {
      topic,
      partitions: 100,
      ...run.shape,
      acks: -1,
      records: 1,
      recordBytes: 1000,
      seconds: run.size(10, 1),
    })
    return { values: requestValues(load, cpu), load, cpu }
  },
}
