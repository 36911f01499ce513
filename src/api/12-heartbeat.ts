// Heartbeat (key 12), versions 0-4: a member is alive. Runs on the shard of the connection, which asks the group's
// coordinator.
import { ErrorCode } from '../model/error-codes.ts'
import { defineGroupApi } from './group-calls.ts'
import { heartbeatCodec } from './group-codecs.ts'

export const heartbeat = defineGroupApi(heartbeatCodec, async (request, context) => {
  const { response, error } = await context.groups.ask(heartbeatCodec, request.groupId, request)
  if (response !== null) return response
  // While the group is loaded no session of its members ends: as in Kafka, a member need not know.
  const isLoading = error === ErrorCode.CoordinatorLoadInProgress
  return { throttleTimeMs: 0, errorCode: isLoading ? ErrorCode.None : error }
})
