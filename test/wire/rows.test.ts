import { expect, test } from 'vitest'
import { type Row, RowStore, Rows } from '../../src/wire/rows.ts'

class Partition implements Row {
  index = 0
  reset(): void {
    this.index = 0
  }
}

class Topic implements Row {
  readonly partitions: Rows<Partition>
  constructor(partitions: RowStore<Partition>) {
    this.partitions = new Rows(partitions)
  }
  reset(): void {
    this.partitions.clear()
  }
}

function makeTopics() {
  const partitionStore = new RowStore(() => new Partition())
  const topicStore = new RowStore(() => new Topic(partitionStore))
  const topics = new Rows(topicStore)
  return {
    topics,
    clear: () => {
      topicStore.clear()
      partitionStore.clear()
      topics.clear()
    },
  }
}

function fill(topics: Rows<Topic>, counts: number[]): void {
  for (const count of counts) {
    const topic = topics.add()
    for (let i = 0; i < count; i++) topic.partitions.add().index = i
  }
}

const shape = (topics: Rows<Topic>): number[][] =>
  Array.from({ length: topics.count }, (_, t) => {
    const { partitions } = topics.at(t)
    return Array.from({ length: partitions.count }, (_, p) => partitions.at(p).index)
  })

test('rows of a shape after another shape', () => {
  const { topics, clear } = makeTopics()
  for (const counts of [[2, 0, 3], [], [1], [0, 0, 5, 1]]) {
    clear()
    fill(topics, counts)
    expect(shape(topics)).toEqual(counts.map((count) => Array.from({ length: count }, (_, i) => i)))
  }
})

test('the same objects come back, at their defaults', () => {
  const { topics, clear } = makeTopics()
  fill(topics, [2])
  const before = topics.at(0).partitions.at(1)
  expect(before.index).toBe(1)
  clear()
  topics.add().partitions.add()
  expect(topics.at(0).partitions.add()).toBe(before)
  expect(before.index).toBe(0)
})

test('topics first, then the partitions of each in turn', () => {
  const { topics } = makeTopics()
  topics.add()
  topics.add()
  for (let t = 0; t < 2; t++) for (let p = 0; p < 3; p++) topics.at(t).partitions.add().index = t * 10 + p
  expect(shape(topics)).toEqual([
    [0, 1, 2],
    [10, 11, 12],
  ])
})

test('partitions of two topics by turns are refused', () => {
  const { topics } = makeTopics()
  const [one, two] = [topics.add(), topics.add()]
  one.partitions.add()
  two.partitions.add()
  expect(() => one.partitions.add()).toThrow('depth first')
})

test('null has no rows, until one is added', () => {
  const { topics } = makeTopics()
  topics.setNull()
  expect(topics.count).toBe(-1)
  expect(() => topics.at(0)).toThrow('below the count')
  topics.add()
  expect(topics.count).toBe(1)
})

test('a message of a great many rows does not keep them', () => {
  let made = 0
  const store = new RowStore(() => {
    made++
    return new Partition()
  })
  const rows = new Rows(store)
  for (let i = 0; i < 10_000; i++) rows.add()
  store.clear()
  rows.clear()
  expect(made).toBe(10_000)
  for (let i = 0; i < 10_000; i++) rows.add()
  expect(made).toBe(20_000 - 4096)
})
