// What do 10,000 partitions cost: to make, to hold, and to start with again?
import { createMany, untilProduced } from '../compare/admin.mjs'

const PARTITIONS_A_TOPIC = 100
const CREATE_MS_MAX = 600_000

export default {
  number: 11,
  name: 'many-partitions',
  title: '10,000 partitions on one node',
  durability: 'none asked: the partitions are empty',
  floor: 'the metadata log',
  target: 'create ≥ 10×, restart ≥ 5×, resident memory ≥ 4×, ≤ 200 descriptors',
  targets: {
    createSeconds: { ratio: 10 },
    restartSeconds: { ratio: 5 },
    residentMb: { ratio: 4 },
    descriptors: { most: 200 },
  },
  measures: {
    partitions: { title: 'partitions made', unit: '', better: 'more' },
    createSeconds: { title: 'made in', unit: 's', better: 'less' },
    residentMb: { title: 'resident', unit: 'MB', better: 'less' },
    descriptors: { title: 'descriptors', unit: '', better: 'less' },
    memoryMaps: { title: 'memory maps', unit: '', better: 'less' },
    stopSeconds: { title: 'stopped in', unit: 's', better: 'less' },
    restartSeconds: { title: 'started again until a record was answered', unit: 's', better: 'less' },
  },
  variants: ['idle'],
  /** What it takes as it comes: a heap that is sized and touched for load would be held against it. */
  settings: 'default',
  async sample(run) {
    const topics = run.size(100, 3)
    const first = await run.start()
    const startedAt = performance.now()
    // In requests that Kafka survives; where the time ends, `partitions` says how far it came.
    const made = await createMany(first, {
      prefix: 'many-',
      topics,
      partitions: PARTITIONS_A_TOPIC,
      atOnce: 10,
      msMax: run.size(CREATE_MS_MAX, 30_000),
    })
    const createSeconds = (performance.now() - startedAt) / 1000
    await run.idle(run.size(5, 1))
    const held = {
      residentMb: first.residentBytes() / 1e6,
      descriptors: first.descriptors(),
      memoryMaps: first.memoryMaps(),
    }
    const stopSeconds = (await first.stop()) / 1000
    const again = performance.now()
    const second = await run.start()
    await untilProduced(second, `many-${made / PARTITIONS_A_TOPIC - 1}`, run.size(CREATE_MS_MAX, 60_000))
    const restartSeconds = (performance.now() - again) / 1000
    return { values: { partitions: made, createSeconds, ...held, stopSeconds, restartSeconds } }
  },
}
