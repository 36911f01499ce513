// Produce and Fetch requests for partitions of one topic; what a caller wants otherwise it sets in what it gets.
import { ProduceRequest } from '../wire/generated/00-produce.ts'
import { FetchRequest } from '../wire/generated/01-fetch.ts'

const ACKS_ALL = -1
const ACKS_TIMEOUT_MS = 30_000
const FETCH_BYTES_MAX = 16 << 20

/** `batches`: [partition, bytes] pairs. */
export function produceRequest(
  topic: string,
  batches: readonly (readonly [number, Uint8Array])[],
  acks = ACKS_ALL,
): ProduceRequest {
  const request = new ProduceRequest()
  request.acks = acks
  request.timeoutMs = ACKS_TIMEOUT_MS
  addBatches(request, topic, batches)
  return request
}

/** Another topic of the same request. */
export function addBatches(
  request: ProduceRequest,
  topic: string,
  batches: readonly (readonly [number, Uint8Array])[],
): void {
  const data = request.topicData.add()
  data.name = topic
  for (const [partition, batch] of batches) {
    const row = data.partitionData.add()
    row.index = partition
    row.records = batch
  }
}

export interface FetchBounds {
  readonly maxWaitMs?: number | undefined
  readonly minBytes?: number | undefined
  readonly maxBytes?: number | undefined
  readonly partitionMaxBytes?: number | undefined
}

/** Outside of any session; `offsets`: [partition, offset] pairs. */
export function fetchRequest(
  topic: string,
  offsets: readonly (readonly [number, number])[],
  { maxWaitMs = 0, minBytes = 1, maxBytes = FETCH_BYTES_MAX, partitionMaxBytes = maxBytes }: FetchBounds = {},
): FetchRequest {
  const request = new FetchRequest()
  request.maxWaitMs = maxWaitMs
  request.minBytes = minBytes
  request.maxBytes = maxBytes
  if (offsets.length === 0) return request
  const asked = request.topics.add()
  asked.topic = topic
  for (const [partition, offset] of offsets) {
    const row = asked.partitions.add()
    row.partition = partition
    row.fetchOffset = offset
    row.partitionMaxBytes = partitionMaxBytes
  }
  return request
}
