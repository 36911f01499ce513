// What does a broker take that nobody speaks with, and how soon is it there?
export default {
  number: 17,
  name: 'idle',
  title: 'Idle process',
  durability: 'none asked: it is empty',
  floor: 'V8',
  target: 'resident memory ≥ 4× (≤ 110 MB), start ≥ 6× (≤ 0.3 s)',
  targets: { residentMb: { ratio: 4, most: 110 }, startSeconds: { ratio: 6, most: 0.3 } },
  measures: {
    startSeconds: { title: 'first start', unit: 's', better: 'less' },
    residentMb: { title: 'resident', unit: 'MB', better: 'less' },
    idleCpu: { title: 'CPU of the process', unit: '% of a core', better: 'less' },
    threads: { title: 'threads', unit: '', better: 'less' },
    descriptors: { title: 'descriptors', unit: '', better: 'less' },
  },
  variants: ['idle'],
  /** What it takes as it comes: a heap that is sized and touched for load would be held against it. */
  settings: 'default',
  async sample(run) {
    const server = await run.start()
    await run.idle(run.size(5, 1))
    const before = server.cpuSeconds()
    const seconds = run.size(20, 2)
    await run.idle(seconds)
    return {
      values: {
        startSeconds: server.startMs / 1000,
        residentMb: server.residentBytes() / 1e6,
        idleCpu: ((server.cpuSeconds() - before) / seconds) * 100,
        threads: server.threads(),
        descriptors: server.descriptors(),
      },
    }
  },
}
