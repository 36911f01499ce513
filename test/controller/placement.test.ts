import { expect, test } from 'vitest'
import { placePartitions } from '../../src/controller/placement.ts'

const brokers = (...racks: (string | null)[]) => racks.map((rack, index) => ({ id: index + 1, rack }))

test('leaders rotate, and followers shift with each round', () => {
  expect(placePartitions(brokers(null, null, null), 0, 6, 2)).toEqual([
    [1, 2],
    [2, 3],
    [3, 1],
    [1, 3],
    [2, 1],
    [3, 2],
  ])
})

test('a topic begins where the last one stopped', () => {
  expect(placePartitions(brokers(null, null), 1, 2, 1)).toEqual([[2], [1]])
})

test('racks alternate, so that replicas are in different ones', () => {
  const racks = ['a', 'a', 'b', 'b']
  for (const replicas of placePartitions(brokers(...racks), 0, 4, 2)) {
    expect(new Set(replicas.map((id) => racks[id - 1])).size).toBe(2)
  }
})

test('every placement has distinct replicas, and whole rounds load all evenly', () => {
  for (let count = 1; count <= 7; count++) {
    for (let factor = 1; factor <= count; factor++) {
      const load = new Map<number, number>()
      for (const replicas of placePartitions(brokers(...Array<null>(count).fill(null)), 0, count * 6, factor)) {
        expect(new Set(replicas).size).toBe(factor)
        for (const id of replicas) load.set(id, (load.get(id) ?? 0) + 1)
      }
      expect([...load.values()]).toEqual(Array(count).fill(6 * factor))
    }
  }
})
