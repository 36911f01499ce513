import { expect, test } from 'vitest'
import { Deadlines } from '../../src/lib/deadlines.ts'
import { seededRandom } from '../raft/fake-disk.ts'

interface Item {
  deadlineMs: number
  heapIndex: number
}

test('items come out as a sorted list gives them, whoever leaves early', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed)
    const heap = new Deadlines<Item>()
    const model = new Set<Item>()
    for (let step = 0; step < 300; step++) {
      const roll = random() % 4
      if (roll < 2) {
        const item = { deadlineMs: random() % 100, heapIndex: -1 }
        heap.add(item)
        model.add(item)
      } else if (roll === 2 && model.size > 0) {
        const item = [...model][random() % model.size]!
        heap.remove(item)
        model.delete(item)
        expect(item.heapIndex).toBe(-1)
        heap.remove(item)
      } else {
        const nowMs = random() % 100
        const due = [...model].filter(({ deadlineMs }) => deadlineMs <= nowMs).map(({ deadlineMs }) => deadlineMs)
        const popped: number[] = []
        for (let item = heap.popDue(nowMs); item !== undefined; item = heap.popDue(nowMs)) {
          popped.push(item.deadlineMs)
          model.delete(item)
        }
        expect(popped, `seed ${seed}`).toEqual(due.sort((a, b) => a - b))
      }
      expect(heap.size).toBe(model.size)
      expect(heap.nextMs(), `seed ${seed}`).toBe(Math.min(...[...model].map(({ deadlineMs }) => deadlineMs)))
    }
  }
})
