// How long from the moment a record was to be sent until its consumer has it, at 10,000 records a second, one a request?
//
// Open loop: a broker that can't keep up shows it in its latencies, and in how many records came through. So no pair is
// void; a tenth of the rate tells what latency is where both keep up.
import { seen } from '../compare/durability.mjs'

const RATES = { '10,000 a second': 10_000, '1,000 a second': 1000 }

export default {
  number: 8,
  name: 'end-to-end',
  title: 'End to end at 10,000 records/s, linger 0, acks=1',
  durability: seen,
  floor: 'wake-ups of four threads',
  ceiling: 'end-to-end 10k/s',
  target: 'p50 ≥ 2×, p99 ≥ 2.5×, p99.9 ≥ 1.5×',
  targets: { p50: { ratio: 2 }, p99: { ratio: 2.5 }, p999: { ratio: 1.5 } },
  measures: {
    p50: { title: 'p50', unit: 'ms', better: 'less' },
    p99: { title: 'p99', unit: 'ms', better: 'less' },
    p999: { title: 'p99.9', unit: 'ms', better: 'less' },
    cores: { title: 'CPU, write-back included', unit: 'cores', better: 'less' },
    rate: { title: 'records', unit: '/s', better: 'more' },
  },
  variants: Object.keys(RATES),
  keepsServer: true,
  shapes: [{ connections: 4, inflight: 16 }],
  async sample(run) {
    const topic = await run.topic({ partitions: 4 })
    const { load, cpu } = await run.charged('end-to-end', {
      topic,
      partitions: 4,
      ...run.shape,
      acks: 1,
      records: 1,
      recordBytes: 100,
      rate: RATES[run.variant],
      warmup: run.size(2, 0.3),
      seconds: run.size(15, 1.5),
    })
    const { p50, p99, p999 } = load.latencyMs
    return {
      values: { p50, p99, p999, cores: cpu.charged / cpu.seconds, rate: load.records / load.seconds },
      load,
      cpu,
    }
  },
}
