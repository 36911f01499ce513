// DescribeGroups (key 15), versions 0-6: classic groups with their members. Runs on the shard of the connection, which asks
// the coordinator of each group. A group asked for again is answered once, or a small request could ask for an endless answer.
//
//   v3  authorized operations   v4  instance ids   v6  GROUP_ID_NOT_FOUND and a message
import type { DescribedGroup } from '../wire/generated/15-describe-groups.ts'
import { OPERATIONS_NOT_ASKED } from './authorized-operations.ts'
import type { ShardContext } from './define-api.ts'
import { askForEach, defineGroupApi } from './group-calls.ts'
import { describeGroupsCodec } from './group-codecs.ts'

export const describeGroups = defineGroupApi(describeGroupsCodec, async (request, context) => {
  const { includeAuthorizedOperations } = request
  const ids = [...new Set(request.groups)]
  const groups = await askForEach(ids, (groupId) => describe(groupId, includeAuthorizedOperations, context))
  return { throttleTimeMs: 0, groups }
})

async function describe(
  groupId: string,
  includeAuthorizedOperations: boolean,
  context: ShardContext,
): Promise<DescribedGroup> {
  const asked = { groups: [groupId], includeAuthorizedOperations }
  const { response, error } = await context.groups.ask(describeGroupsCodec, groupId, asked)
  if (response !== null) return response.groups[0]!
  return {
    errorCode: error,
    errorMessage: null,
    groupId,
    groupState: '',
    protocolType: '',
    protocolData: '',
    members: [],
    authorizedOperations: OPERATIONS_NOT_ASKED,
  }
}
