// ListGroups (key 16), versions 0-5: the groups that this broker coordinates. Runs on the shard of the connection, which
// asks every coordinator.
//
//   v4  by state   v5  by type
import { ErrorCode } from '../model/error-codes.ts'
import { defineGroupApi } from './group-calls.ts'
import { listGroupsCodec } from './group-codecs.ts'

export const listGroups = defineGroupApi(listGroupsCodec, async (request, context) => {
  const answers = await context.groups.askAll(listGroupsCodec, request)
  // What is coordinated elsewhere is for others to list; what can't be told now makes the whole list wrong.
  const error = answers.find((answer) => answer.error !== null && answer.error !== ErrorCode.NotCoordinator)?.error
  if (error) return { throttleTimeMs: 0, errorCode: error, groups: [] }
  const refused = answers.find(({ response }) => response !== null && response.errorCode !== ErrorCode.None)?.response
  if (refused) return refused
  const groups = answers.flatMap(({ response }) => response?.groups ?? [])
  return { throttleTimeMs: 0, errorCode: ErrorCode.None, groups }
})
