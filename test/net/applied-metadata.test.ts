import { expect, test } from 'vitest'
import { AppliedMetadata } from '../../src/net/applied-metadata.ts'

test('waits for the slowest shard, and for nobody when all are there', async () => {
  const applied = new AppliedMetadata(3)
  const reached: number[] = []
  const wait = (offset: number) => applied.reached(offset).then(() => reached.push(offset))
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  for (const shard of [0, 1, 2]) applied.advance(shard, 4)
  await applied.reached(4)

  const waits = [wait(7), wait(5)]
  applied.advance(0, 7)
  applied.advance(2, 7)
  await settled()
  expect(reached).toEqual([])
  applied.advance(1, 5)
  await settled()
  expect(reached).toEqual([5])
  applied.advance(1, 9)
  await Promise.all(waits)
  expect(reached).toEqual([5, 7])
})
