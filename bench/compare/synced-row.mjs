// Rows 9 and 10: how long a producer waits until its record is on stable storage, alone or among others.
import { requestValues } from './values.mjs'

/** `own`: number, name, title, floor, target, targets, and of which partitions and producers. */
export function syncedRow({ partitions, connections, mode, ...own }) {
  return {
    ...own,
    durability: 'both answer after the sync: millrace acks=all, Kafka acks=all with flush.messages=1',
    measures: {
      requests: { title: 'batches', unit: '/s', better: 'more' },
      p50: { title: 'p50', unit: 'ms', better: 'less' },
      p99: { title: 'p99', unit: 'ms', better: 'less' },
      cpuPerRequest: { title: 'CPU, write-back included', unit: 'µs a batch', better: 'less' },
      processCpuPerRequest: { title: 'CPU of the process', unit: 'µs a batch', better: 'less' },
    },
    variants: ['closed loop'],
    keepsServer: true,
    pace: 'requests',
    shapes: [{ connections, inflight: 1 }],
    async sample(run) {
      const topic = await run.topic({ partitions, isSynced: true })
      const { load, cpu } = await run.charged(mode, {
        topic,
        partitions,
        ...run.shape,
        acks: -1,
        records: 1,
        recordBytes: 1000,
        seconds: run.size(10, 1),
      })
      return { values: requestValues(load, cpu), load, cpu }
    },
  }
}
