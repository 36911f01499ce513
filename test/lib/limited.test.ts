import { expect, test } from 'vitest'
import { forEachLimited } from '../../src/lib/limited.ts'

test('so many are under way at a time, and every one is done once', async () => {
  let underWay = 0
  let most = 0
  const done: number[] = []
  await forEachLimited([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    most = Math.max(most, ++underWay)
    await new Promise((resolve) => setImmediate(resolve))
    underWay--
    done.push(item)
  })
  expect(most).toBe(3)
  expect(done.sort()).toEqual([1, 2, 3, 4, 5, 6, 7])
})

test('after a failure nothing new is begun', async () => {
  const begun: number[] = []
  const failing = forEachLimited([1, 2, 3, 4, 5], 2, async (item) => {
    begun.push(item)
    await new Promise((resolve) => setImmediate(resolve))
    if (item === 2) throw new Error('two')
  })
  await expect(failing).rejects.toThrow('two')
  await new Promise((resolve) => setImmediate(resolve))
  expect(begun).toEqual([1, 2, 3])
})
