// A member that joins a cooperative group takes what must move and nothing else; all others go on.
import { expect, test } from 'vitest'
import { COOPERATIVE } from './groups/assignors.ts'
import { World } from './groups/world.ts'

test('a fourth member of a group with 60 partitions takes 15, and none moves between the others', () => {
  const world = new World(1)
  const partitions = Array.from({ length: 60 }, (_, i) => `busy-${i}`)
  const options = {
    name: '',
    group: 'cooperative',
    instanceId: null,
    protocols: [COOPERATIVE],
    topics: ['busy'],
    partitions,
  }
  const first = [world.add(options), world.add(options), world.add(options)]
  world.runCalmly(30_000)
  const before = first.map(({ owned }) => new Set(owned))
  expect(before.map(({ size }) => size)).toEqual([20, 20, 20])
  const movesBefore = world.truth.moves
  const fourth = world.add(options)
  world.runCalmly(30_000)
  expect(fourth.owned.size).toBe(15)
  expect(world.truth.moves - movesBefore).toBe(15)
  for (const [i, { owned }] of first.entries()) {
    expect(owned.size).toBe(15)
    for (const partition of owned) expect(before[i]!.has(partition)).toBe(true)
  }
  expect(world.truth.violations).toEqual([])
})
