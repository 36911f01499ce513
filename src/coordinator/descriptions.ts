// DescribeGroups and ListGroups: groups as operators see them.

import { ErrorCode } from '../model/error-codes.ts'
import type { DescribedGroup, DescribeGroupsRequest } from '../wire/generated/15-describe-groups.ts'
import type { ListGroupsRequest } from '../wire/generated/16-list-groups.ts'
import type { Group } from './group.ts'
import type { GroupRequestEvent } from './group-border.ts'
import type { Groups } from './groups.ts'
import { NO_ASSIGNMENT } from './member.ts'
import type { Turn } from './turn.ts'

const GROUP_ID_NOT_FOUND_FROM = 6
const NO_AUTHORIZED_OPERATIONS = -2147483648
const GROUP_TYPE = 'classic'

export class Descriptions {
  readonly #turn: Turn
  readonly #groups: Groups

  constructor(turn: Turn, groups: Groups) {
    this.#turn = turn
    this.#groups = groups
  }

  onDescribe({ token, apiVersion, request }: GroupRequestEvent): void {
    const groups = (request as DescribeGroupsRequest).groups.map((id) => {
      const group = this.#groups.find(id)
      return group ? described(group) : notFound(id, apiVersion)
    })
    this.#turn.answer(token, { throttleTimeMs: 0, groups })
  }

  onList({ token, request }: GroupRequestEvent): void {
    const { statesFilter, typesFilter } = request as ListGroupsRequest
    const states = new Set(statesFilter.map((state) => state.trim().toLowerCase()))
    const isAsked = typesFilter.length === 0 || typesFilter.some((type) => type.trim().toLowerCase() === GROUP_TYPE)
    const groups = []
    for (const { id, protocolType, state } of isAsked ? this.#groups.all() : [])
      if (states.size === 0 || states.has(state.toLowerCase()))
        groups.push({ groupId: id, protocolType: protocolType ?? '', groupState: state, groupType: GROUP_TYPE })
    this.#turn.answer(token, { throttleTimeMs: 0, errorCode: ErrorCode.None, groups })
  }
}

/** What members subscribe to is told once there is a protocol that says which of their metadata counts. */
function described(group: Group): DescribedGroup {
  const isStable = group.state === 'Stable'
  return {
    ...notFound(group.id, 0),
    groupState: group.state,
    protocolType: group.protocolType ?? '',
    protocolData: isStable ? (group.protocolName ?? '') : '',
    members: Array.from(group.members.values(), (member) => ({
      memberId: member.id,
      groupInstanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: isStable ? member.metadataFor(group.protocolName) : NO_ASSIGNMENT,
      memberAssignment: member.assignment,
    })),
  }
}

function notFound(groupId: string, apiVersion: number): DescribedGroup {
  const isError = apiVersion >= GROUP_ID_NOT_FOUND_FROM
  return {
    errorCode: isError ? ErrorCode.GroupIdNotFound : ErrorCode.None,
    errorMessage: isError ? `Group ${groupId} not found.` : null,
    groupId,
    groupState: 'Dead',
    protocolType: '',
    protocolData: '',
    members: [],
    authorizedOperations: NO_AUTHORIZED_OPERATIONS,
  }
}
