import { expect, test } from 'vitest'
import { MetadataImage } from '../../src/metadata/image.ts'
import { ImageWaiter } from '../../src/metadata/image-waiter.ts'

test('waiters wake when the image has reached their offset, the others sleep on', async () => {
  const image = new MetadataImage()
  const waiter = new ImageWaiter(image)
  const woken: number[] = []
  const waits = [3, 5, 4].map((offset) => waiter.reached(offset).then(() => woken.push(offset)))
  image.apply({ offset: 4, epoch: 1, records: [] })
  await Promise.all([waits[0], waits[2]])
  expect(woken).toEqual([3, 4])
  await waiter.reached(2)
  image.apply({ offset: 9, epoch: 1, records: [] })
  await waits[1]
  expect(woken).toEqual([3, 4, 5])
})
