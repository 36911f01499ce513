// Group requests over the verify client's connection.
import {
  heartbeatCodec,
  joinGroupCodec,
  offsetCommitCodec,
  offsetFetchCodec,
  syncGroupCodec,
} from '../../../dist/api/group-codecs.js'
import {
  findCoordinatorApi,
  readFindCoordinatorResponse,
  writeFindCoordinatorRequest,
} from '../../../dist/wire/generated/10-find-coordinator.js'

const COORDINATOR_LOAD_IN_PROGRESS = 14
/** The last version with topics by name. */
const BY_NAME = 9

async function ask(client, codec, request, version = codec.maxVersion) {
  const reader = await client.request(codec.key, version, (writer) => codec.writeRequest(writer, version, request))
  return codec.readResponse(reader, version)
}

export async function findCoordinator(client, groupId) {
  const { key, maxVersion: version } = findCoordinatorApi
  const reader = await client.request(key, version, (writer) =>
    writeFindCoordinatorRequest(writer, version, { key: '', keyType: 0, coordinatorKeys: [groupId] }),
  )
  const { errorCode } = readFindCoordinatorResponse(reader, version).coordinators[0]
  if (errorCode !== 0) throw new Error(`FindCoordinator of ${groupId}: error ${errorCode}`)
}

/** Becomes the one member of a group. */
export async function joinAlone(client, groupId) {
  const request = {
    groupId,
    sessionTimeoutMs: 300_000,
    rebalanceTimeoutMs: 300_000,
    memberId: '',
    groupInstanceId: null,
    protocolType: 'verify',
    protocols: [{ name: 'any', metadata: new Uint8Array(0) }],
    reason: null,
  }
  const { memberId } = await ask(client, joinGroupCodec, request)
  const { errorCode, generationId } = await ask(client, joinGroupCodec, { ...request, memberId })
  if (errorCode !== 0) throw new Error(`JoinGroup of ${groupId}: error ${errorCode}`)
  const synced = await ask(client, syncGroupCodec, {
    groupId,
    generationId,
    memberId,
    groupInstanceId: null,
    protocolType: 'verify',
    protocolName: 'any',
    assignments: [{ memberId, assignment: new Uint8Array(1) }],
  })
  if (synced.errorCode !== 0) throw new Error(`SyncGroup of ${groupId}: error ${synced.errorCode}`)
  return { generationId, memberId }
}

export async function heartbeat(client, groupId, member) {
  return (await ask(client, heartbeatCodec, { groupId, ...member, groupInstanceId: null })).errorCode
}

/** The same offset for partitions 0 to `partitions` - 1. Resolves to the error of each. */
export async function commit(client, groupId, topic, partitions, offset, member) {
  const { topics } = await ask(
    client,
    offsetCommitCodec,
    {
      groupId,
      generationIdOrMemberEpoch: member?.generationId ?? -1,
      memberId: member?.memberId ?? '',
      groupInstanceId: null,
      retentionTimeMs: -1,
      topics: [
        {
          name: topic,
          partitions: Array.from({ length: partitions }, (_, partitionIndex) => ({
            partitionIndex,
            committedOffset: offset,
            committedLeaderEpoch: -1,
            committedMetadata: `${groupId} at ${offset}`,
          })),
        },
      ],
    },
    BY_NAME,
  )
  return topics[0].partitions.map(({ errorCode }) => errorCode)
}

/** All partitions of the group's one topic, once its coordinator is loaded. */
export async function committed(client, groupId) {
  for (;;) {
    const groups = [{ groupId, memberId: null, memberEpoch: -1, topics: null }]
    const answer = await ask(client, offsetFetchCodec, { groups, requireStable: true }, BY_NAME)
    const { errorCode, topics } = answer.groups[0]
    if (errorCode === COORDINATOR_LOAD_IN_PROGRESS) continue
    if (errorCode !== 0) throw new Error(`OffsetFetch of ${groupId}: error ${errorCode}`)
    return topics[0]?.partitions ?? []
  }
}
