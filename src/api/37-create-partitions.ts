// CreatePartitions (key 37), versions 0-3. Runs on the control thread; answered when the partitions are committed.
import {
  type CreatePartitionsResponse,
  createPartitionsApi,
  readCreatePartitionsRequest,
  writeCreatePartitionsResponse,
} from '../wire/generated/37-create-partitions.ts'
import { defineControlApi } from './define-api.ts'
import { errorFields } from './refusals.ts'

const codec = { read: readCreatePartitionsRequest, write: writeCreatePartitionsResponse }

export const createPartitions = defineControlApi(
  createPartitionsApi,
  codec,
  async (request, context): Promise<CreatePartitionsResponse> => {
    const topics = request.topics.map(({ name, count, assignments }) => ({
      name,
      count,
      assignments: assignments?.map(({ brokerIds }) => brokerIds) ?? null,
    }))
    const answer = await context.submit('create-partitions', { topics, validateOnly: request.validateOnly })
    return { throttleTimeMs: 0, results: answer.map(({ name, refusal }) => ({ name, ...errorFields(refusal) })) }
  },
)
