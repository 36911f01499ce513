// InitProducerId (key 22), versions 0-5: a producer id for idempotent writes. Runs on the control thread, which has the
// pool of ids.
//
// With a transactional id it is the transaction coordinator's to answer. There is none, so such a request is refused as
// FindCoordinator refuses it.
//
//   v3  a producer may name the id and epoch it has; without a transactional id it gets a new id all the same
import { ErrorCode } from '../model/error-codes.ts'
import {
  type InitProducerIdRequest,
  type InitProducerIdResponse,
  initProducerIdApi,
  readInitProducerIdRequest,
  writeInitProducerIdResponse,
} from '../wire/generated/22-init-producer-id.ts'
import { defineControlApi } from './define-api.ts'
import { noTransactions } from './refusals.ts'

const NONE = -1

const codec = { read: readInitProducerIdRequest, write: writeInitProducerIdResponse }

export const initProducerId = defineControlApi(
  initProducerIdApi,
  codec,
  async (request, context): Promise<InitProducerIdResponse> => {
    const error = refusalOf(request)
    if (error !== null) return answer(error, NONE, NONE)
    const id = await context.producerIds.take()
    return typeof id === 'number' ? answer(ErrorCode.None, id, 0) : answer(id.error, NONE, NONE)
  },
)

function refusalOf({ transactionalId, producerId, producerEpoch }: InitProducerIdRequest): ErrorCode | null {
  if ((producerId === NONE) !== (producerEpoch === NONE)) return ErrorCode.InvalidRequest
  if (transactionalId === null) return null
  return transactionalId === '' ? ErrorCode.InvalidRequest : noTransactions.error
}

function answer(errorCode: ErrorCode, producerId: number, producerEpoch: number): InitProducerIdResponse {
  return {
    throttleTimeMs: 0,
    errorCode,
    producerId,
    producerEpoch,
    ongoingTxnProducerId: NONE,
    ongoingTxnProducerEpoch: NONE,
  }
}
