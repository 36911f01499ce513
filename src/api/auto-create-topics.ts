// Topics that clients asked Metadata for and that do not exist yet: the control thread's part. The shard's part is
// ShardContext.createTopics.
import { ErrorCode } from '../model/error-codes.ts'
import type { ControlContext } from './define-api.ts'

/** With the server's defaults. Returns the errors of those that could not be created; one that is there by now is none. */
export async function autoCreateTopics(
  { submit, newUuid }: Pick<ControlContext, 'submit' | 'newUuid'>,
  names: readonly string[],
): Promise<Map<string, ErrorCode>> {
  const topics = names.map((name) => ({
    name,
    topicId: newUuid(),
    partitionCount: -1,
    replicationFactor: -1,
    assignments: [],
    configs: [],
  }))
  const errors = new Map<string, ErrorCode>()
  for (const { name, refusal } of await submit('create-topics', { topics, validateOnly: false })) {
    if (refusal !== null && refusal.error !== ErrorCode.TopicAlreadyExists) errors.set(name, refusal.error)
  }
  return errors
}
