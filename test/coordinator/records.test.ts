// The log as other versions of Kafka wrote it, and as nobody did.
import { expect, test } from 'vitest'
import { subscribedTopicsOf } from '../../src/coordinator/consumer-protocol.ts'
import { groupTombstone, offsetRecord, readGroupRecord } from '../../src/coordinator/group-records.ts'
import { ZERO_UUID } from '../../src/model/uuid.ts'
import { DecodeError } from '../../src/wire/errors.ts'
import { Bench, bytes, ORDERS, subscription } from './harness.ts'

const VALUE = {
  offset: 5,
  leaderEpoch: 2,
  metadata: 'm',
  commitTimestampMs: 1_000_000,
  expireTimestampMs: -1,
  topicId: ORDERS,
}
const OFFSET = { topic: 'orders', partition: 0, value: VALUE }

test('an offset of before there were topic ids is one of the topic that there is', () => {
  const bench = new Bench()
  bench.log.push(offsetRecord('g', { ...OFFSET, value: { ...VALUE, topicId: ZERO_UUID } }))
  bench.restart()
  expect(bench.committed(0)).toBe(5)
  bench.topicsDeleted(ORDERS)
  expect(bench.committed(0)).toBe(-1)
})

test('a key of before Kafka 0.9 reads like one of today', () => {
  const { key, value } = offsetRecord('g', OFFSET)
  key[1] = 0
  expect(readGroupRecord(key, value)).toEqual({ type: 'offset', group: 'g', ...OFFSET })
})

test('records of other kinds of groups are passed over', () => {
  const bench = new Bench()
  bench.log.push({ key: bytes(0, 3, 0, 1, 103), value: bytes(0, 0, 0, 0, 0, 1) })
  bench.restart()
  expect(bench.ask(16, 5, { statesFilter: [], typesFilter: [] }).groups).toEqual([])
})

test('a value of a version that nobody has is an error', () => {
  const { key } = offsetRecord('g', OFFSET)
  expect(() => readGroupRecord(key, bytes(0, 5, 0))).toThrow(DecodeError)
  expect(() => readGroupRecord(key, bytes(0, 4, 0))).toThrow(DecodeError)
  expect(() => readGroupRecord(bytes(0, 1, 0), null)).toThrow(DecodeError)
})

test('tombstones of what is not there change nothing; one of a group leaves its offsets', () => {
  const bench = new Bench()
  bench.log.push(groupTombstone('g'), offsetRecord('g', { ...OFFSET, value: null }))
  bench.log.push(offsetRecord('g', OFFSET), groupTombstone('g'))
  bench.restart()
  expect(bench.committed(0)).toBe(5)
  expect(bench.describe()).toMatchObject({ groupState: 'Empty', protocolType: '' })
})

test('a subscription is read as far as its topics, and is none if it is not one', () => {
  expect(subscribedTopicsOf(subscription('a', 'bc'))).toEqual(['a', 'bc'])
  for (const not of [
    bytes(),
    bytes(255, 255, 0, 0, 0, 0),
    bytes(0, 0, 127, 255, 255, 255),
    bytes(0, 0, 0, 0, 0, 1, 0, 9),
  ])
    expect(subscribedTopicsOf(not)).toBeNull()
})
