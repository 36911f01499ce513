// `millrace group describe`: for each partition how far the group has read and how far it could, and whose it is; for
// each member what it was given.
import { describeGroups, offsetFetch } from '../client/apis.ts'
import type { Client } from '../client/client.ts'
import { type AssignedTopic, assignedTopicsOf } from '../client/consumer-assignment.ts'
import { ErrorCode } from '../model/error-codes.ts'
import { LATEST } from '../model/offset-marks.ts'
import type { DescribedGroup, DescribedGroupMember } from '../wire/generated/15-describe-groups.ts'
import { type Cluster, inOrder, nameOf, type TopicPartition } from './cluster.ts'
import { forEachGroup, throwIfGroupRefused } from './group-refusals.ts'
import type { Result } from './remote.ts'
import { table } from './table.ts'

const CONSUMER = 'consumer'
/** What a group that is not there is said to be, by brokers that have no error for it. */
const DEAD = 'Dead'
const NONE = '-'

interface Member {
  readonly memberId: string
  readonly instanceId: string | null
  readonly host: string
  readonly clientId: string
  /** Null: it can't be known. */
  readonly assignment: readonly AssignedTopic[] | null
}

interface Position extends TopicPartition {
  /** Null: nothing is committed. */
  readonly currentOffset: number | null
  /** Null: the partition can't be asked. */
  readonly logEndOffset: number | null
  readonly lag: number | null
  readonly member: Member | null
}

interface Described {
  readonly group: string
  readonly state: string
  readonly protocolType: string
  readonly protocol: string
  readonly members: readonly Member[]
  readonly offsets: readonly Position[]
}

export async function describeGroupsOf(
  cluster: Cluster,
  groups: readonly string[],
  { members = false, offsets = !members }: { readonly members?: boolean; readonly offsets?: boolean },
): Promise<Result> {
  const { answers, refusals } = await forEachGroup(groups, (group) => describe(cluster, group))
  const tables = [...(offsets ? [offsetsTable(answers)] : []), ...(members ? [membersTable(answers)] : [])]
  return {
    json: answers.map(({ offsets, ...group }) => ({
      ...group,
      offsets: offsets.map(({ member, ...position }) => ({ ...position, memberId: member?.memberId ?? null })),
    })),
    text: tables.join('\n\n'),
    refusals,
  }
}

/** Throws a `RefusedError`, also if the group is not there. */
async function describe(cluster: Cluster, groupId: string): Promise<Described> {
  const coordinator = await cluster.coordinatorOf(groupId)
  const group = await describedBy(coordinator, groupId)
  throwIfGroupRefused(group.groupState === DEAD ? ErrorCode.GroupIdNotFound : group.errorCode)
  const members = group.members.map((member) => memberOf(group, member))
  const owners = new Map(
    members.flatMap((member) =>
      (member.assignment ?? []).flatMap(({ topic, partitions }) =>
        partitions.map((partition) => [nameOf({ topic, partition }), { topic, partition, member }] as const),
      ),
    ),
  )
  const committed = await committedBy(coordinator, groupId)
  const partitions = new Map<string, TopicPartition>(owners)
  for (const each of committed) partitions.set(nameOf(each), each)
  const current = new Map(committed.map((each) => [nameOf(each), each.offset]))
  const ends = await cluster.offsets([...partitions.values()].sort(inOrder), LATEST)
  return {
    group: groupId,
    state: group.groupState,
    protocolType: group.protocolType,
    protocol: group.protocolData,
    members,
    offsets: ends.map(({ topic, partition, errorCode, offset }) => {
      const name = nameOf({ topic, partition })
      const currentOffset = current.get(name) ?? null
      const logEndOffset = errorCode === ErrorCode.None ? offset : null
      const lag = currentOffset === null || logEndOffset === null ? null : logEndOffset - currentOffset
      return { topic, partition, currentOffset, logEndOffset, lag, member: owners.get(name)?.member ?? null }
    }),
  }
}

export async function describedBy(coordinator: Client, groupId: string): Promise<DescribedGroup> {
  const { groups } = await coordinator.request(describeGroups, {
    groups: [groupId],
    includeAuthorizedOperations: false,
  })
  return groups[0]!
}

/** What the group has committed, of every topic. Throws a `RefusedError`. */
export async function committedBy(
  coordinator: Client,
  groupId: string,
): Promise<(TopicPartition & { readonly offset: number })[]> {
  const { groups } = await coordinator.request(offsetFetch, {
    groupId: '',
    topics: null,
    groups: [{ groupId, memberId: null, memberEpoch: -1, topics: null }],
    requireStable: false,
  })
  const { errorCode, topics } = groups[0]!
  throwIfGroupRefused(errorCode)
  return topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex, committedOffset, errorCode }) => {
      throwIfGroupRefused(errorCode)
      return { topic: name, partition: partitionIndex, offset: committedOffset }
    }),
  )
}

function memberOf({ protocolType }: DescribedGroup, member: DescribedGroupMember): Member {
  const { memberId, groupInstanceId, clientHost, clientId, memberAssignment } = member
  const assignment = protocolType === CONSUMER ? assignedTopicsOf(memberAssignment) : null
  return { memberId, instanceId: groupInstanceId, host: clientHost, clientId, assignment }
}

function offsetsTable(groups: readonly Described[]): string {
  return table(
    ['GROUP', 'TOPIC', 'PARTITION', 'CURRENT OFFSET', 'LOG END OFFSET', 'LAG', 'MEMBER', 'HOST', 'CLIENT'],
    groups.flatMap(({ group, offsets }) =>
      offsets.map(({ topic, partition, currentOffset, logEndOffset, lag, member }) => [
        group,
        topic,
        partition,
        currentOffset ?? NONE,
        logEndOffset ?? NONE,
        lag ?? NONE,
        member?.memberId ?? NONE,
        member?.host ?? NONE,
        member?.clientId ?? NONE,
      ]),
    ),
  )
}

function membersTable(groups: readonly Described[]): string {
  return table(
    ['GROUP', 'STATE', 'MEMBER', 'INSTANCE', 'HOST', 'CLIENT', 'ASSIGNMENT'],
    groups.flatMap(({ group, state, members }) =>
      members.map(({ memberId, instanceId, host, clientId, assignment }) => [
        group,
        state,
        memberId,
        instanceId ?? NONE,
        host,
        clientId,
        assignment?.map(({ topic, partitions }) => `${topic}:${partitions.join(',')}`).join(' ') || NONE,
      ]),
    ),
  )
}
