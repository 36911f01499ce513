// JoinGroup (key 11), versions 0-9: become a member of a group. Runs on the shard of the connection, which asks the group's
// coordinator; answered when the next generation has its members.
//
//   v1  rebalance timeout   v4  MEMBER_ID_REQUIRED   v5  static members   v7  protocol type   v9  the leader may skip

import { defineGroupApi } from './group-calls.ts'
import { joinGroupCodec } from './group-codecs.ts'

/** Before this version a response had no null for the protocol. */
const NULL_PROTOCOL_VERSION = 7
const NO_GENERATION = -1

export const joinGroup = defineGroupApi(joinGroupCodec, async (request, context) => {
  const { response, error } = await context.groups.ask(joinGroupCodec, request.groupId, request)
  if (response !== null) return response
  return {
    throttleTimeMs: 0,
    errorCode: error,
    generationId: NO_GENERATION,
    protocolType: null,
    protocolName: context.apiVersion < NULL_PROTOCOL_VERSION ? '' : null,
    leader: '',
    skipAssignment: false,
    memberId: request.memberId,
    members: [],
  }
})
