// What does a request with one small record cost a broker, when a hundred producers send one at a time?
import { answered } from '../compare/durability.mjs'
import { requestValues } from '../compare/values.mjs'

export default {
  number: 5,
  name: 'small-requests',
  title: '100 producers, linger 0, one record of 100 B a request, acks=1',
  durability: answered,
  floor: '5.2 µs a request: a C epoll server that receives, checks the CRC and appends',
  ceiling: '100 connections',
  target: 'requests ≥ 2×, CPU a request ≥ 3× and ≤ 10 µs',
  targets: { requests: { ratio: 2 }, cpuPerRequest: { ratio: 3, most: 10 } },
  measures: {
    requests: { title: 'requests', unit: '/s', better: 'more' },
    cpuPerRequest: { title: 'CPU, write-back included', unit: 'µs a request', better: 'less' },
    processCpuPerRequest: { title: 'CPU of the process', unit: 'µs a request', better: 'less' },
    p50: { title: 'p50', unit: 'ms', better: 'less' },
    p99: { title: 'p99', unit: 'ms', better: 'less' },
  },
  variants: ['closed loop'],
  keepsServer: true,
  pace: 'requests',
  shapes: [{ connections: 100, inflight: 1 }],
  async sample(run) {
    const topic = await run.topic({ partitions: 4 })
    const { load, cpu } = await run.charged('connections', {
      topic,
      partitions: 4,
      ...run.shape,
      acks: 1,
      records: 1,
      recordBytes: 100,
      seconds: run.size(10, 1),
    })
    return { values: requestValues(load, cpu), load, cpu }
  },
}
