import { expect, test } from 'vitest'
import { ProducerState, SEQUENCE_DUPLICATE, SEQUENCE_OK, sequenceAfter } from '../../src/log/producer-state.ts'
import { ErrorCode } from '../../src/model/error-codes.ts'

const GAP = ErrorCode.OutOfOrderSequenceNumber

/** A log with one producer's batches of three records. */
function play(start = 0) {
  const state = new ProducerState()
  let offset = 0
  return {
    state,
    check: (sequence: number, epoch = 4, count = 3) => state.check(1, epoch, sequenceAfter(start, sequence), count),
    append(sequence: number, epoch = 4, count = 3) {
      state.record(1, epoch, sequenceAfter(start, sequence), count, offset, 100 + offset, 1000)
      offset += count
    },
  }
}

test.each([0, 2 ** 31 - 7])('a batch comes after the one before it, sequences beginning at %i', (start) => {
  const { check, append, state } = play(start)
  expect(check(50)).toBe(SEQUENCE_OK)
  for (let i = 0; i < 7; i++) {
    if (i > 0) expect(check(i * 3)).toBe(SEQUENCE_OK)
    append(i * 3)
    expect([check(i * 3 + 4), check(i * 3 + 1)]).toEqual([GAP, GAP])
  }
  // The last five are remembered, each as a whole.
  expect([0, 3, 6, 9, 12, 15, 18, 21].map((sequence) => check(sequence))).toEqual([
    ...[GAP, GAP],
    ...[0, 0, 0, 0, 0].map(() => SEQUENCE_DUPLICATE),
    SEQUENCE_OK,
  ])
  expect([check(6), state.duplicateOffset, state.duplicateTimestamp]).toEqual([SEQUENCE_DUPLICATE, 6, 106])
  expect(check(6, 4, 2)).toBe(GAP)
})

test('an older epoch is fenced, a newer one begins at 0', () => {
  const { check, append } = play()
  append(0)
  expect([check(3, 3), check(3, 5), check(0, 5)]).toEqual([ErrorCode.InvalidProducerEpoch, GAP, SEQUENCE_OK])
  append(0, 5)
  expect([check(0, 5), check(0, 4), check(3, 5)]).toEqual([
    SEQUENCE_DUPLICATE,
    ErrorCode.InvalidProducerEpoch,
    SEQUENCE_OK,
  ])
})

test('producers do not know of each other, and those that rest are forgotten', () => {
  const state = new ProducerState()
  state.record(1, 0, 0, 1, 0, 0, 1000)
  state.record(2, 0, 9, 1, 1, 0, 2000)
  expect([state.check(1, 0, 1, 1), state.check(2, 0, 10, 1), state.check(3, 0, 7, 1)]).toEqual([0, 0, 0])
  state.expire(1500)
  expect(state.size).toBe(1)
  expect([state.check(1, 0, 55, 1), state.check(2, 0, 55, 1)]).toEqual([SEQUENCE_OK, GAP])
})

test('the state as of an offset leaves out what came later', () => {
  const { append, state } = play()
  for (let i = 0; i < 7; i++) append(i * 3)
  state.record(9, 0, 0, 1, 21, 0, 1000)
  const [one, ...rest] = [...state.asOf(15)]
  expect(rest).toEqual([])
  expect(
    one!.batches.map(({ baseOffset, baseSequence, lastSequence }) => [baseOffset, baseSequence, lastSequence]),
  ).toEqual([
    [6, 6, 8],
    [9, 9, 11],
    [12, 12, 14],
  ])
})

test('a log that is cut takes batches with it, and producers that then have none', () => {
  const state = new ProducerState()
  state.record(1, 0, 0, 1, 10, -1, 0)
  state.record(1, 0, 1, 1, 20, -1, 0)
  state.record(2, 0, 0, 1, 15, -1, 0)
  state.truncateFrom(20)
  expect([state.check(1, 0, 0, 1), state.check(1, 0, 1, 1), state.size]).toEqual([SEQUENCE_DUPLICATE, SEQUENCE_OK, 2])
  state.truncateFrom(15)
  expect([state.size, state.check(2, 0, 7, 1)]).toEqual([1, SEQUENCE_OK])
})
