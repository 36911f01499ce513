// LeaveGroup (key 13), versions 0-5: members leave a group. Runs on the shard of the connection, which asks the group's
// coordinator.
//
//   v3  several members, static ones by their instance id   v5  reason
import { defineGroupApi } from './group-calls.ts'
import { leaveGroupCodec } from './group-codecs.ts'

export const leaveGroup = defineGroupApi(leaveGroupCodec, async (request, context) => {
  const { response, error } = await context.groups.ask(leaveGroupCodec, request.groupId, request)
  return response ?? { throttleTimeMs: 0, errorCode: error, members: [] }
})
