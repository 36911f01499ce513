// What do a million records of 100 bytes cost a broker when they come in batches, and so a trillion of them a day?
import { answered } from '../compare/durability.mjs'
import { MILLION, TRILLION_A_DAY_MILLIONS_A_SECOND } from '../compare/values.mjs'

export default {
  number: 3,
  name: 'produce-100b',
  title: '100 B records, 1,000 a batch, acks=1',
  durability: answered,
  floor: '0.2 core for a trillion a day',
  ceiling: 'produce 1000 x 100 B',
  target: 'CPU per million records ≥ 3×; a trillion a day (11.6 M/s) ≤ 0.5 core',
  targets: { cpuPerMillion: { ratio: 3 }, coresForTrillion: { most: 0.5 } },
  measures: {
    records: { title: 'records', unit: 'M/s', better: 'more' },
    cpuPerMillion: { title: 'CPU, write-back included', unit: 's a million', better: 'less' },
    processCpuPerMillion: { title: 'CPU of the process', unit: 's a million', better: 'less' },
    coresForTrillion: { title: 'cores for a trillion a day', unit: 'cores', better: 'less' },
    p99: { title: 'p99', unit: 'ms', better: 'less' },
  },
  variants: ['warm'],
  keepsServer: true,
  pace: 'records',
  shapes: [
    { connections: 4, inflight: 4 },
    { connections: 2, inflight: 2 },
    { connections: 4, inflight: 1 },
  ],
  async sample(run) {
    const bytes = run.size(1.5e9, 5e7)
    const topic = await run.topic({ partitions: 4 })
    run.warmPageCache(bytes)
    const { load, cpu } = await run.charged('produce', {
      topic,
      partitions: 4,
      ...run.shape,
      acks: 1,
      records: 1000,
      recordBytes: 100,
      bytesMax: bytes,
    })
    const millions = load.records / MILLION
    const cpuPerMillion = cpu.charged / millions
    const values = {
      records: millions / load.seconds,
      cpuPerMillion,
      processCpuPerMillion: cpu.process / millions,
      coresForTrillion: cpuPerMillion * TRILLION_A_DAY_MILLIONS_A_SECOND,
      p99: load.latencyMs.p99,
    }
    return { values, load, cpu }
  },
}
