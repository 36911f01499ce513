import { expect, test } from 'vitest'
import { initProducerId } from '../../src/api/22-init-producer-id.ts'
import { ProducerIdPool } from '../../src/controller/producer-id-pool.ts'
import { ErrorCode } from '../../src/model/error-codes.ts'
import {
  initProducerIdApi,
  readInitProducerIdResponse,
  writeInitProducerIdRequest,
} from '../../src/wire/generated/22-init-producer-id.ts'
import { client, controlContext, versionsOf } from './harness.ts'

const call = client(initProducerId, {
  writeRequest: writeInitProducerIdRequest,
  readResponse: readInitProducerIdResponse,
})
const request = {
  transactionalId: null,
  transactionTimeoutMs: 60000,
  producerId: -1,
  producerEpoch: -1,
  enable2Pc: false,
  keepPreparedTxn: false,
}

test('every producer gets an id of its own, whatever the version', async () => {
  const context = await controlContext()
  const ids: number[] = []
  for (const version of versionsOf(initProducerIdApi)) {
    const answer = await call(version, request, context)
    expect([answer.errorCode, answer.producerEpoch]).toEqual([0, 0])
    ids.push(answer.producerId)
  }
  expect(ids).toEqual([0, 1, 2, 3, 4, 5])
  expect((await call(5, { ...request, producerId: 2, producerEpoch: 0 }, context)).producerId).toBe(6)
})

test('a block that is used up is followed by another, asked for once', async () => {
  const context = await controlContext()
  const ids = await Promise.all(Array.from({ length: 2500 }, () => context.producerIds.take()))
  expect(new Set(ids).size).toBe(2500)
  expect(context.image.nextProducerId).toBe(3000)
})

test('a refused allocation is answered, and tried again for the next', async () => {
  const answers = [
    { refusal: { error: ErrorCode.StaleBrokerEpoch, message: 'stale' } },
    { refusal: null, first: 5000, count: 1000 },
  ]
  const context = await controlContext({ producerIds: new ProducerIdPool(async () => answers.shift()!) })
  expect(await call(5, request, context)).toMatchObject({ errorCode: ErrorCode.StaleBrokerEpoch, producerId: -1 })
  expect(await call(5, request, context)).toMatchObject({ errorCode: 0, producerId: 5000 })
})

test('what can not be served says so', async () => {
  const context = await controlContext()
  const error = async (change: object) => (await call(5, { ...request, ...change }, context)).errorCode
  expect(await error({ transactionalId: 't' })).toBe(ErrorCode.ClusterAuthorizationFailed)
  expect(await error({ transactionalId: '' })).toBe(ErrorCode.InvalidRequest)
  expect(await error({ producerId: 4 })).toBe(ErrorCode.InvalidRequest)
  expect(await error({ producerEpoch: 4 })).toBe(ErrorCode.InvalidRequest)
})
