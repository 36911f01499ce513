// The lag of a shard's groups, from coordinators and partitions that only seem to be there.
import { expect, test } from 'vitest'
import type { PartitionRoute, TopicRoute } from '../../src/api/routes.ts'
import { ErrorCode } from '../../src/model/error-codes.ts'
import { groupLags } from '../../src/shard/group-lags.ts'

type Committed = readonly [group: string, topic: string, partition: number, offset: number]

/** Of `orders`, by partition; null: it can't be asked. */
function stage(committed: readonly Committed[], ends: readonly (number | null)[]) {
  const asked: number[] = []
  const partitions = ends.map((_, partition) => ({ handle: partition, partition }) as PartitionRoute)
  const options = {
    coordinators: {
      forEachCommitted: (visit: (...each: Committed) => void) => {
        for (const each of committed) visit(...each)
      },
    },
    routes: {
      topicByName: (name: string) => (name === 'orders' ? ({ partitions } as TopicRoute) : undefined),
    },
    queries: {
      offsetFor: async ({ partition }: PartitionRoute) => {
        asked.push(partition)
        const end = ends[partition] ?? null
        const error = end === null ? ErrorCode.UnknownTopicOrPartition : ErrorCode.None
        return { error, offset: end ?? -1, timestamp: -1, leaderEpoch: 0 }
      },
    },
  }
  return { asked, lags: (countMax: number) => groupLags(options, countMax) }
}

const shown = ({
  group,
  partition,
  committedOffset,
  endOffset,
}: Awaited<ReturnType<typeof groupLags>>['lags'][number]) => `${group} ${partition}: ${committedOffset} of ${endOffset}`

test('every committed offset has the end of its partition, which is asked once', async () => {
  const committed: Committed[] = [
    ['a', 'orders', 0, 5],
    ['a', 'orders', 1, 7],
    ['b', 'orders', 0, 9],
  ]
  const { asked, lags } = stage(committed, [10, 7])
  const found = await lags(10)
  expect(found.lags.map(shown)).toEqual(['a 0: 5 of 10', 'a 1: 7 of 7', 'b 0: 9 of 10'])
  expect(found.leftOut).toBe(0)
  expect(asked).toEqual([0, 1])
})

test('no more than asked for, nothing is asked for the rest, and they are counted', async () => {
  const committed = Array.from({ length: 6 }, (_, partition): Committed => ['a', 'orders', partition, 1])
  const { asked, lags } = stage(committed, [1, 2, 3, 4, 5, 6])
  const found = await lags(2)
  expect(found.lags.map(shown)).toEqual(['a 0: 1 of 1', 'a 1: 1 of 2'])
  expect(found.leftOut).toBe(4)
  expect(asked).toEqual([0, 1])
})

test('an id that is too long for a label is left out', async () => {
  const { lags } = stage(
    [
      ['x'.repeat(256), 'orders', 0, 1],
      ['y'.repeat(255), 'orders', 0, 1],
    ],
    [3],
  )
  const found = await lags(10)
  expect(found.lags.map(({ group }) => group)).toEqual(['y'.repeat(255)])
  expect(found.leftOut).toBe(1)
})

test('a partition that is gone has no lag', async () => {
  const committed: Committed[] = [
    ['a', 'lost', 0, 1],
    ['a', 'orders', 0, 1],
    ['a', 'orders', 7, 1],
    ['a', 'orders', 1, 1],
  ]
  const { lags } = stage(committed, [null, 4])
  expect((await lags(10)).lags.map(shown)).toEqual(['a 1: 1 of 4'])
})
