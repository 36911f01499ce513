// Group requests over a test client's connection.
import type { GroupCodec } from '../../src/api/group-codecs.ts'
import {
  deleteGroupsCodec,
  describeGroupsCodec,
  heartbeatCodec,
  joinGroupCodec,
  leaveGroupCodec,
  listGroupsCodec,
  offsetCommitCodec,
  offsetFetchCodec,
  syncGroupCodec,
} from '../../src/api/group-codecs.ts'
import { ErrorCode } from '../../src/model/error-codes.ts'
import { ZERO_UUID } from '../../src/model/uuid.ts'
import {
  findCoordinatorApi,
  readFindCoordinatorResponse,
  writeFindCoordinatorRequest,
} from '../../src/wire/generated/10-find-coordinator.ts'
import type { Client } from './client.ts'

/** The last ones with topics by name. */
const COMMIT_BY_NAME = 9
const FETCH_BY_NAME = 9
const FETCH_ONE_GROUP = 7
const text = new TextEncoder()

async function ask<Request, Response>(
  client: Client,
  codec: GroupCodec<Request, Response>,
  request: Request,
  version: number = codec.maxVersion,
): Promise<Response> {
  const reader = await client.request(codec.key, version, (writer) => codec.writeRequest(writer, version, request))
  return codec.readResponse(reader, version)
}

export async function findCoordinators(
  client: Client,
  keys: string[],
  keyType = 0,
  version: number = findCoordinatorApi.maxVersion,
) {
  const reader = await client.request(findCoordinatorApi.key, version, (writer) =>
    writeFindCoordinatorRequest(writer, version, { key: keys[0]!, keyType, coordinatorKeys: keys }),
  )
  return readFindCoordinatorResponse(reader, version)
}

/** Joins with a member id of the coordinator's choice, or with its own. */
export async function join(
  client: Client,
  groupId: string,
  memberId = '',
  sessionTimeoutMs = 30_000,
  protocolType = 'test',
) {
  const request = {
    groupId,
    sessionTimeoutMs,
    rebalanceTimeoutMs: 30_000,
    memberId,
    groupInstanceId: null,
    protocolType,
    protocols: [{ name: 'any', metadata: text.encode(`of ${groupId}`) }],
    reason: null,
  }
  const answer = await ask(client, joinGroupCodec, request)
  if (answer.errorCode !== ErrorCode.MemberIdRequired) return answer
  return ask(client, joinGroupCodec, { ...request, memberId: answer.memberId })
}

export type Joined = Awaited<ReturnType<typeof join>>

/** The leader brings `assignments`, by member id. */
export async function sync(
  client: Client,
  groupId: string,
  { generationId, memberId, protocolType }: Joined,
  assignments: Record<string, string | Uint8Array> = {},
) {
  const { errorCode, assignment } = await ask(client, syncGroupCodec, {
    groupId,
    generationId,
    memberId,
    groupInstanceId: null,
    protocolType,
    protocolName: 'any',
    assignments: Object.entries(assignments).map(([id, value]) => ({ memberId: id, assignment: Buffer.from(value) })),
  })
  return { errorCode, assignment: Buffer.from(assignment).toString() }
}

export async function heartbeat(client: Client, groupId: string, { generationId, memberId }: Joined): Promise<number> {
  const request = { groupId, generationId, memberId, groupInstanceId: null }
  return (await ask(client, heartbeatCodec, request)).errorCode
}

export async function leave(client: Client, groupId: string, memberId: string): Promise<number> {
  const members = [{ memberId, groupInstanceId: null, reason: null }]
  const answer = await ask(client, leaveGroupCodec, { groupId, memberId, members })
  return answer.errorCode || answer.members[0]!.errorCode
}

/** Offsets by partition of one topic; by a member, or by nobody in particular. Resolves to the error of each. */
export async function commit(
  client: Client,
  groupId: string,
  topic: string,
  offsets: Record<number, number>,
  member: Pick<Joined, 'generationId' | 'memberId'> = { generationId: -1, memberId: '' },
): Promise<number[]> {
  const partitions = Object.entries(offsets).map(([partition, offset]) => ({
    partitionIndex: Number(partition),
    committedOffset: offset,
    committedLeaderEpoch: -1,
    committedMetadata: `at ${offset}`,
  }))
  const { topics } = await ask(
    client,
    offsetCommitCodec,
    {
      groupId,
      generationIdOrMemberEpoch: member.generationId,
      memberId: member.memberId,
      groupInstanceId: null,
      retentionTimeMs: -1,
      topics: [{ name: topic, topicId: ZERO_UUID, partitions }],
    },
    COMMIT_BY_NAME,
  )
  return topics[0]!.partitions.map(({ errorCode }) => errorCode)
}

/** One group's offsets, `partition: offset`, of a topic or of all: in a request for one group. */
export async function committed(client: Client, groupId: string, topic: string, partitions: number[] | null) {
  const topics = partitions === null ? null : [{ name: topic, partitionIndexes: partitions }]
  const request = { groupId, topics, groups: [], requireStable: true }
  const answer = await ask(client, offsetFetchCodec, request, FETCH_ONE_GROUP)
  const found = answer.topics.find(({ name }) => name === topic)?.partitions ?? []
  const offsets = Object.fromEntries(
    found.map(({ partitionIndex, committedOffset }) => [partitionIndex, committedOffset]),
  )
  return { errorCode: answer.errorCode, offsets, metadata: found.map(({ metadata }) => metadata) }
}

/** Several groups' offsets in one request, all topics of each. */
export async function committedOf(client: Client, groupIds: string[]) {
  const groups = groupIds.map((groupId) => ({ groupId, memberId: null, memberEpoch: -1, topics: null }))
  const request = { groupId: '', topics: null, groups, requireStable: true }
  const answer = await ask(client, offsetFetchCodec, request, FETCH_BY_NAME)
  return answer.groups.map(({ groupId, errorCode, topics }) => ({
    groupId,
    errorCode,
    offsets: topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, committedOffset }) => [name, partitionIndex, committedOffset] as const),
    ),
  }))
}

export async function listGroups(client: Client) {
  return ask(client, listGroupsCodec, { statesFilter: [], typesFilter: [] })
}

export async function describeGroups(client: Client, groups: string[]) {
  return (await ask(client, describeGroupsCodec, { groups, includeAuthorizedOperations: false })).groups
}

export async function deleteGroups(client: Client, groupsNames: string[]) {
  return (await ask(client, deleteGroupsCodec, { groupsNames })).results
}
