import { expect, test } from 'vitest'
import { describeCluster } from '../../src/api/60-describe-cluster.ts'
import { ErrorCode } from '../../src/model/error-codes.ts'
import {
  describeClusterApi,
  readDescribeClusterResponse,
  writeDescribeClusterRequest,
} from '../../src/wire/generated/60-describe-cluster.ts'
import { brokerRecord } from '../metadata/records.ts'
import { client, imageOf, shardContext, versionsOf } from './harness.ts'

const call = client(describeCluster, {
  writeRequest: writeDescribeClusterRequest,
  readResponse: readDescribeClusterResponse,
})
const request = { includeClusterAuthorizedOperations: false, endpointType: 1, includeFencedBrokers: false }
const context = shardContext(imageOf(brokerRecord(1), brokerRecord(2, { fenced: true })))

test.each(versionsOf(describeClusterApi))('v%i: the cluster and its brokers', async (version) => {
  const answer = await call(version, request, context)
  expect(answer).toMatchObject({ errorCode: 0, clusterId: 'the-cluster', controllerId: 1, endpointType: 1 })
  expect(answer.brokers.map(({ brokerId, host, port }) => [brokerId, host, port])).toEqual([[1, 'host1', 9092]])
  expect(answer.clusterAuthorizedOperations).toBe(-2147483648)
})

test('fenced brokers when they are asked for', async () => {
  const answer = await call(2, { ...request, includeFencedBrokers: true }, context)
  expect(answer.brokers.map(({ brokerId, isFenced }) => [brokerId, isFenced])).toEqual([
    [1, false],
    [2, true],
  ])
})

test('controllers are asked for on the controllers; other kinds nowhere', async () => {
  const ofType = async (endpointType: number) => (await call(1, { ...request, endpointType }, context)).errorCode
  expect([await ofType(2), await ofType(9)]).toEqual([
    ErrorCode.MismatchedEndpointType,
    ErrorCode.UnsupportedEndpointType,
  ])
})

test('operations when they are asked for', async () => {
  const answer = await call(0, { ...request, includeClusterAuthorizedOperations: true }, context)
  expect(answer.clusterAuthorizedOperations).toBe(0x1fa0)
})
