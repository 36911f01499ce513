// The worlds that every scenario runs in: one shard, several, one without a thread of its own, and the stand-in for the
// add-on.
import { afterAll, beforeAll, describe } from 'vitest'
import { TestBroker } from './broker.ts'

export const WORLDS = [
  { world: 'one shard', shards: 1, native: 'on', where: 'workers' },
  { world: 'three shards', shards: 3, native: 'on', where: 'workers' },
  { world: 'one shard on the calling thread', shards: 1, native: 'on', where: 'here' },
  { world: 'the stand-in', shards: 1, native: 'off', where: 'workers' },
] as const

/** Declares the scenarios once for each world; `broker()` is running while they do. */
export function inEveryWorld(
  options: Record<string, string | number>,
  declare: (broker: () => TestBroker, shards: number) => void,
): void {
  describe.each(WORLDS)('with $world', ({ shards, native, where }) => {
    let broker: TestBroker
    beforeAll(async () => {
      process.env.MILLRACE_NATIVE = native
      broker = await TestBroker.start({ 'millrace.shards': shards, ...options }, where)
    })
    afterAll(async () => {
      await broker.destroy()
      delete process.env.MILLRACE_NATIVE
    })
    declare(() => broker, shards)
  })
}
