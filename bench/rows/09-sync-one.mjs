// How long does a producer wait until its one record is on stable storage?
import { requestValues } from '../lib/values.mjs'

export default {
  number: 9,
  name: 'sync-one',
  title: 'Sync per batch, one partition, one record of 1 KB at a time',
  durability: 'both answer after the sync: millrace acks=all, Kafka acks=all with flush.messages=1',
  floor: '87–130 µs: 4 KiB write and fdatasync in a prewritten file',
  target: 'p50 ≥ 2.5×, p99 ≥ 5×',
  targets: { p50: { ratio: 2.5 }, p99: { ratio: 5 } },
  measures: {
    p50: { title: 'p50', unit: 'ms', better: 'less' },
    p99: { title: 'p99', unit: 'ms', better: 'less' },
    requests: { title: 'batches', unit: '/s', better: 'more' },
    cpuPerRequest: { title: 'CPU of the machine less clients', unit: 'µs a batch', better: 'less' },
    processCpuPerRequest: { title: 'CPU of the process', unit: 'µs a batch', better: 'less' },
  },
  variants: ['closed loop'],
  keepsServer: true,
  pace: 'requests',
  shapes: [{ connections: 1, inflight: 1 }],
  async sample(run) {
    const topic = await run.topic({ partitions: 1, isSynced: true })
    const { load, cpu } = await run.charged('produce', {
      topic,
      partitions: 1,
      ...run.shape,
      acks: -1,
      records: 1,
      recordBytes: 1000,
      seconds: run.size(10, 1),
    })
    return { values: requestValues(load, cpu), load, cpu }
  },
}
