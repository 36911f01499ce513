// What does a deadline cost: a fetch that waits and is answered early, a session that is prolonged, one that comes?
//
//   npm run build:ts && node bench/lib/deadlines.bench.mjs [--small]
import { fromDist, question, row } from '../micro.mjs'

const { Deadlines } = await fromDist('lib/deadlines')

question('A heap of deadlines, by how many wait')
for (const count of [100, 10_000, 100_000]) {
  const heap = new Deadlines()
  // Whoever waits asked at another time and for another while.
  const items = Array.from({ length: count }, (_, i) => ({ deadlineMs: (i * 7919) % count, heapIndex: -1 }))
  for (const item of items) heap.add(item)
  let next = 0
  const one = { deadlineMs: 0, heapIndex: -1 }
  let deadlineMs = count
  await row(`add one that is last and take it out again, ${count} wait`, () => {
    one.deadlineMs = ++deadlineMs
    heap.add(one)
    heap.remove(one)
  })
  await row(`move any of them to the end, ${count} wait`, () => {
    next = (next + 7919) % count
    const item = items[next]
    heap.remove(item)
    item.deadlineMs = ++deadlineMs
    heap.add(item)
  })
  await row(`the first comes, and waits again, ${count} wait`, () => {
    const item = heap.popDue(Number.POSITIVE_INFINITY)
    item.deadlineMs = ++deadlineMs
    heap.add(item)
  })
}
