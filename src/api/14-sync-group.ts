// SyncGroup (key 14), versions 0-5: the leader brings the assignment, every member gets its own. Runs on the shard of the
// connection, which asks the group's coordinator; answered when the leader has come.
//
//   v3  static members   v5  protocol type and name
import { defineGroupApi } from './group-calls.ts'
import { syncGroupCodec } from './group-codecs.ts'

export const syncGroup = defineGroupApi(syncGroupCodec, async (request, context) => {
  const { response, error } = await context.groups.ask(syncGroupCodec, request.groupId, request)
  if (response !== null) return response
  return { throttleTimeMs: 0, errorCode: error, protocolType: null, protocolName: null, assignment: new Uint8Array(0) }
})
