import { expect, test } from 'vitest'
import { OffsetIndex } from '../../src/log/offset-index.ts'

/** Batches of ten records and 5,000 bytes, each with an entry. */
function indexOf(batches: number): OffsetIndex {
  const index = new OffsetIndex()
  for (let i = 0; i < batches; i++) index.append(i * 10, i * 10 + 9, i * 5000)
  return index
}

test('a batch that was counted in is found by its base offset, and by no other of its offsets', () => {
  const index = indexOf(100)
  expect(index.positionOfBatch(0)).toBe(0)
  expect(index.positionOfBatch(420)).toBe(42 * 5000)
  expect(index.positionOfBatch(990)).toBe(99 * 5000)
  expect(index.positionOfBatch(421)).toBe(-1)
  expect(index.positionOfBatch(429)).toBe(-1)
  expect(index.positionOfBatch(1000)).toBe(-1)
})

test('a batch between two entries is not taken for the one after it', () => {
  const index = new OffsetIndex()
  index.append(0, 9, 0)
  // 10 to 19 were too few bytes for an entry.
  index.append(20, 29, 7000)
  expect(index.positionOfBatch(10)).toBe(-1)
  expect(index.positionOfBatch(20)).toBe(7000)
})

test('what was read from a file does not say where its batches start, what is appended then does', () => {
  const index = OffsetIndex.decode(indexOf(3).encode(0))
  expect(index.positionOfBatch(10)).toBe(-1)
  index.append(30, 39, 15_000)
  expect(index.positionOfBatch(30)).toBe(15_000)
  expect(index.floorPosition(15)).toBe(0)
  expect(index.floorPosition(19)).toBe(5000)
})

test('an index that was cut forgets the batches beyond', () => {
  const index = indexOf(10)
  index.truncateTo(25_000)
  expect(index.positionOfBatch(50)).toBe(-1)
  index.append(50, 54, 25_000)
  expect(index.positionOfBatch(50)).toBe(25_000)
  expect(index.encode(0).length).toBe(6 * 8)
})
