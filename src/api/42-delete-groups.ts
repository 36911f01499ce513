// DeleteGroups (key 42), versions 0-2: groups without members, with their offsets. Runs on the shard of the connection,
// which asks the coordinator of each group.
import { askForEach, defineGroupApi } from './group-calls.ts'
import { deleteGroupsCodec } from './group-codecs.ts'

export const deleteGroups = defineGroupApi(deleteGroupsCodec, async (request, context) => {
  const results = await askForEach([...new Set(request.groupsNames)], async (groupId) => {
    const { response, error } = await context.groups.ask(deleteGroupsCodec, groupId, { groupsNames: [groupId] })
    return response?.results[0] ?? { groupId, errorCode: error! }
  })
  return { throttleTimeMs: 0, results }
})
