// What a handler asks of group coordinators, wherever they are.
//
// A group belongs to the partition of __consumer_offsets that its name hashes to, and is coordinated by the shard that
// owns that partition.
import { forEachLimited } from '../lib/limited.ts'
import type { ErrorCode } from '../model/error-codes.ts'
import type { ApiSchema, ShardApi, ShardContext } from './define-api.ts'
import { defineShardApi } from './define-api.ts'
import type { GroupCodec } from './group-codecs.ts'

const GROUPS_AT_ONCE = 64

/** The coordinator's response, or why there is none. */
export type GroupAnswer<Response> =
  | { readonly response: Response; readonly error: null }
  | { readonly response: null; readonly error: ErrorCode }

export interface GroupCalls {
  /** Asks the coordinator of `groupId`. Never rejects; does not resolve if the connection goes while others are waited for. */
  ask<Request, Response>(
    codec: GroupCodec<Request, Response>,
    groupId: string,
    request: Request,
  ): Promise<GroupAnswer<Response>>
  /** Asks every coordinator: none while there is no __consumer_offsets. */
  askAll<Request, Response>(
    codec: GroupCodec<Request, Response>,
    request: Request,
  ): Promise<readonly GroupAnswer<Response>[]>
}

export function defineGroupApi<Request, Response>(
  codec: GroupCodec<Request, Response>,
  handle: (request: Request, context: ShardContext) => Promise<Response>,
): ShardApi<Request, Response> {
  const { key, name, minVersion, maxVersion, flexibleFrom } = codec
  const schema: ApiSchema = { key, name, minVersion, maxVersion, flexibleFrom }
  return defineShardApi(schema, { read: codec.readRequest, write: codec.writeResponse }, handle)
}

/** Asks about each of many, a few at a time: a request may name more groups than messages should be under way. */
export async function askForEach<Item, Answer>(
  items: readonly Item[],
  ask: (item: Item) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = new Array(items.length)
  await forEachLimited(items.entries(), GROUPS_AT_ONCE, async ([index, item]) => {
    answers[index] = await ask(item)
  })
  return answers
}

/**
 * The partition of a group, as every Kafka broker counts it: Java's hash of the text, whose least value becomes 0, and any
 * other its absolute.
 */
export function groupPartition(groupId: string, partitionCount: number): number {
  let hash = 0
  for (let i = 0; i < groupId.length; i++) hash = (Math.imul(hash, 31) + groupId.charCodeAt(i)) | 0
  return (hash === -(2 ** 31) ? 0 : Math.abs(hash)) % partitionCount
}
