// Classic groups under faults: eager and cooperative consumers, static and dynamic, in many versions, join, leave, crash,
// stall and lose answers, while the coordinator loses power and its log refuses appends. In each run: one owner for each
// partition and generation, commits never go back and are found after any restart, and when the faults stop every group
// settles.
//
//   GROUP_SEEDS=10000 npx vitest run test/simulation/groups.test.ts -t faults       as many runs
//   GROUP_SEED=4711 GROUP_SEEDS=1 …                                                 one of them again
import { describe, expect, test } from 'vitest'
import { CANARIES } from './groups/canaries.ts'
import { World } from './groups/world.ts'

const FIRST_SEED = Number(process.env.GROUP_SEED ?? 1)
const SEEDS = Number(process.env.GROUP_SEEDS ?? 100)
const TIMEOUT_MS = 60_000 + SEEDS * 1000

test(
  'groups keep their promises under faults',
  () => {
    const violations: string[] = []
    const seen = { commits: 0, moves: 0, generations: 0 }
    const startedAt = performance.now()
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
      const truth = new World(seed).run()
      for (const violation of truth.violations) violations.push(`seed ${seed}: ${violation}`)
      seen.commits += truth.commits
      seen.moves += truth.moves
      seen.generations = Math.max(seen.generations, truth.generations)
    }
    const perSecond = Math.round((SEEDS * 1000) / (performance.now() - startedAt))
    process.stdout.write(`${SEEDS} seeds from ${FIRST_SEED}, ${perSecond} a second: ${JSON.stringify(seen)}\n`)
    expect(violations.slice(0, 20)).toEqual([])
    expect(seen.commits / SEEDS).toBeGreaterThan(50)
  },
  TIMEOUT_MS,
)

describe('a bug is found', () => {
  test.each(Object.entries(CANARIES))(
    '%s',
    (name, { seeds, canary }) => {
      let found = 0
      for (let seed = 1; seed <= seeds && found === 0; seed++)
        if (new World(seed, canary).run().violations.length > 0) found = seed
      process.stdout.write(`found by seed ${found}: ${name}\n`)
      expect(found, `not found in ${seeds} seeds`).toBeGreaterThan(0)
    },
    TIMEOUT_MS,
  )
})
