// Topics that clients asked Metadata for and that do not exist yet: the control thread's part. The shard's part is
// ShardContext.createTopics.
import { ErrorCode } from '../model/error-codes.ts'
import type { ControlContext, InternalTopic } from './define-api.ts'

const defaults: InternalTopic = { partitionCount: -1, replicationFactor: -1, configs: [] }

/** With the server's defaults, or as a topic of the cluster's own is made. Returns the errors of those that could not be created; one that is there by now is none. */
export async function autoCreateTopics(
  { submit, newUuid, internalTopics }: Pick<ControlContext, 'submit' | 'newUuid' | 'internalTopics'>,
  names: readonly string[],
): Promise<Map<string, ErrorCode>> {
  const topics = names.map((name) => ({
    name,
    topicId: newUuid(),
    assignments: [],
    ...(internalTopics.get(name) ?? defaults),
  }))
  const errors = new Map<string, ErrorCode>()
  for (const { name, refusal } of await submit('create-topics', { topics, validateOnly: false })) {
    if (refusal !== null && refusal.error !== ErrorCode.TopicAlreadyExists) errors.set(name, refusal.error)
  }
  return errors
}
