import { expect, test } from 'vitest'
import { ErrorCode, errorName, isRetriable } from '../../src/model/error-codes.ts'

test('codes have the names that Kafka gives them', () => {
  expect(errorName(0)).toBe('NONE')
  expect(errorName(-1)).toBe('UNKNOWN_SERVER_ERROR')
  expect(errorName(ErrorCode.UnknownTopicOrPartition)).toBe('UNKNOWN_TOPIC_OR_PARTITION')
  expect(errorName(ErrorCode.ThrottlingQuotaExceeded)).toBe('THROTTLING_QUOTA_EXCEEDED')
  expect(errorName(31_000)).toBe('ERROR_31000')
})

test('codes are those of the protocol', () => {
  expect(ErrorCode.UnknownTopicOrPartition).toBe(3)
  expect(ErrorCode.NotLeaderOrFollower).toBe(6)
  expect(ErrorCode.UnsupportedVersion).toBe(35)
  expect(ErrorCode.InvalidRecord).toBe(87)
  expect(new Set(Object.values(ErrorCode)).size).toBe(Object.keys(ErrorCode).length)
})

test('a client may try again where the same request may succeed', () => {
  expect(isRetriable(ErrorCode.NotLeaderOrFollower)).toBe(true)
  expect(isRetriable(ErrorCode.CoordinatorLoadInProgress)).toBe(true)
  expect(isRetriable(ErrorCode.OffsetOutOfRange)).toBe(false)
  expect(isRetriable(ErrorCode.None)).toBe(false)
})
