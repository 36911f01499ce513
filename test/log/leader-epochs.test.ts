import { expect, test } from 'vitest'
import { LeaderEpochs } from '../../src/log/leader-epochs.ts'

const linesOf = (epochs: LeaderEpochs): string[] => epochs.encode().trim().split('\n').slice(2)

test.each([
  [0, ['0 0', '1 50', '4 80']],
  [10, ['0 10', '1 50', '4 80']],
  [50, ['1 50', '4 80']],
  [60, ['1 60', '4 80']],
  [80, ['4 80']],
  [1000, ['4 1000']],
])('epochs that ended at or before offset %i are gone', (offset, left) => {
  const epochs = LeaderEpochs.of([
    [0, 0],
    [1, 50],
    [4, 80],
  ])
  epochs.truncateBefore(offset)
  expect(linesOf(epochs)).toEqual(left)
})
