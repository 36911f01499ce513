// Producer ids in blocks, so that handing one out seldom costs a write. Pure.
import { assert } from '../lib/assert.ts'
import { brokerEpochRefusal } from './brokers.ts'
import type { AnswerOf, CommandOf } from './commands.ts'
import type { ControllerState, Outcome } from './controller.ts'

export const PRODUCER_ID_BLOCK_SIZE = 1000

export function allocateProducerIds(
  state: ControllerState,
  { brokerId, brokerEpoch }: CommandOf<'allocate-producer-ids'>,
): Outcome<AnswerOf<'allocate-producer-ids'>> {
  const refusal = brokerEpochRefusal(state, brokerId, brokerEpoch)
  if (refusal !== null) return { records: [], answer: { refusal } }
  const first = state.image.nextProducerId
  const nextProducerId = first + PRODUCER_ID_BLOCK_SIZE
  assert(Number.isSafeInteger(nextProducerId), 'producer ids do not run out')
  return {
    records: [{ type: 'ProducerIdsRecord', brokerId, brokerEpoch, nextProducerId }],
    answer: { refusal: null, first, count: PRODUCER_ID_BLOCK_SIZE },
  }
}
