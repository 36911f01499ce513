// `millrace group reset-offsets` and `delete-offsets`: where a group reads on, changed while nobody reads.
import { offsetCommit, offsetDelete } from '../client/apis.ts'
import { RefusedError } from '../client/client.ts'
import { ErrorCode } from '../model/error-codes.ts'
import { EARLIEST, LATEST } from '../model/offset-marks.ts'
import { ZERO_UUID } from '../model/uuid.ts'
import { byTopic, type Cluster, inOrder, nameOf, type TopicChoice, type TopicPartition } from './cluster.ts'
import { committedBy, describedBy } from './group-describe.ts'
import { groupRefusalOf, throwIfGroupRefused } from './group-refusals.ts'
import type { Result } from './remote.ts'
import { table } from './table.ts'

/** `timestamp`: or one of ListOffsets' marks. */
export type NewOffset = { readonly timestamp: number } | { readonly offset: number } | { readonly shift: number }

interface Move extends TopicPartition {
  /** Null: nothing is committed. */
  readonly currentOffset: number | null
  readonly newOffset: number
}

export async function resetOffsets(
  cluster: Cluster,
  groupId: string,
  choices: readonly TopicChoice[],
  to: NewOffset,
  isDryRun: boolean,
): Promise<Result> {
  const coordinator = await cluster.coordinatorOf(groupId)
  const { groupState: state, errorCode } = await describedBy(coordinator, groupId)
  // One that is not there is made by its first commit.
  if (errorCode !== ErrorCode.GroupIdNotFound) throwIfGroupRefused(errorCode)
  if (state !== 'Empty' && state !== 'Dead') {
    const words = `${groupId}: the group is ${state}: its offsets can be reset when all of its members have left`
    throw new RefusedError(ErrorCode.NonEmptyGroup, words)
  }
  const { partitions, refusals } = await chosenOf(cluster, choices)
  const committed = new Map((await committedBy(coordinator, groupId)).map((each) => [nameOf(each), each.offset]))
  const current = partitions.map((each) => ({ ...each, currentOffset: committed.get(nameOf(each)) ?? null }))
  const planned = await planOf(cluster, current, to)
  refusals.push(...planned.refusals)
  let { moves } = planned
  if (!isDryRun && moves.length > 0) {
    const newOffsets = new Map(moves.map((move) => [nameOf(move), move.newOffset]))
    const { topics } = await coordinator.request(offsetCommit, {
      groupId,
      generationIdOrMemberEpoch: -1,
      memberId: '',
      groupInstanceId: null,
      retentionTimeMs: -1,
      topics: byTopic(moves).map(({ topic, partitions }) => ({
        name: topic,
        topicId: ZERO_UUID,
        partitions: partitions.map((partition) => ({
          partitionIndex: partition,
          committedOffset: newOffsets.get(nameOf({ topic, partition }))!,
          committedLeaderEpoch: -1,
          committedMetadata: '',
        })),
      })),
    })
    const refused = refusedOf(topics)
    refusals.push(...refused.lines)
    moves = moves.filter((move) => !refused.names.has(nameOf(move)))
  }
  return {
    json: { group: groupId, isDryRun, partitions: moves },
    text: table(
      ['TOPIC', 'PARTITION', 'CURRENT OFFSET', 'NEW OFFSET'],
      moves.map(({ topic, partition, currentOffset, newOffset }) => [
        topic,
        partition,
        currentOffset ?? '-',
        newOffset,
      ]),
    ),
    refusals,
  }
}

export async function deleteOffsets(
  cluster: Cluster,
  groupId: string,
  choices: readonly TopicChoice[],
): Promise<Result> {
  const coordinator = await cluster.coordinatorOf(groupId)
  const { partitions, refusals } = await chosenOf(cluster, choices)
  const { errorCode, topics } = await coordinator.request(offsetDelete, {
    groupId,
    topics: byTopic(partitions).map(({ topic, partitions }) => ({
      name: topic,
      partitions: partitions.map((partitionIndex) => ({ partitionIndex })),
    })),
  })
  if (errorCode !== ErrorCode.None) {
    return { json: null, text: '', refusals: groupRefusalOf(groupId, errorCode) }
  }
  const refused = refusedOf(topics)
  const deleted = partitions.filter((each) => !refused.names.has(nameOf(each)))
  return {
    json: { group: groupId, deleted },
    text: deleted.map((each) => `deleted the offset of ${nameOf(each)}`).join('\n'),
    refusals: [...refusals, ...refused.lines],
  }
}

/** Each partition once, those that exist. */
async function chosenOf(
  cluster: Cluster,
  choices: readonly TopicChoice[],
): Promise<{ partitions: TopicPartition[]; refusals: string[] }> {
  const existing = await cluster.partitionsOf(new Set(choices.map(({ topic }) => topic)))
  const partitions = new Map<string, TopicPartition>()
  const refusals = new Set<string>()
  for (const { topic, partitions: chosen } of choices) {
    const known = existing.get(topic)
    for (const partition of chosen ?? known ?? []) {
      if (known?.includes(partition)) partitions.set(nameOf({ topic, partition }), { topic, partition })
      else refusals.add(groupRefusalOf(nameOf({ topic, partition }), ErrorCode.UnknownTopicOrPartition)[0]!)
    }
    if (chosen === null && known === undefined) {
      refusals.add(groupRefusalOf(topic, ErrorCode.UnknownTopicOrPartition)[0]!)
    }
  }
  return { partitions: [...partitions.values()].sort(inOrder), refusals: [...refusals] }
}

/** Never before the oldest record nor after the newest. */
async function planOf(
  cluster: Cluster,
  partitions: readonly Omit<Move, 'newOffset'>[],
  to: NewOffset,
): Promise<{ moves: Move[]; refusals: string[] }> {
  const [earliest, latest, timed] = await Promise.all([
    cluster.offsets(partitions, EARLIEST),
    cluster.offsets(partitions, LATEST),
    'timestamp' in to ? cluster.offsets(partitions, to.timestamp) : [],
  ])
  const moves: Move[] = []
  const refusals: string[] = []
  for (const [row, each] of partitions.entries()) {
    const errorCode = earliest[row]!.errorCode || latest[row]!.errorCode || timed[row]?.errorCode || ErrorCode.None
    const end = latest[row]!.offset
    const wanted = wantedOf(to, each.currentOffset, timed[row]?.offset ?? -1, end)
    if (errorCode !== ErrorCode.None) refusals.push(...groupRefusalOf(nameOf(each), errorCode))
    else if (wanted === null) refusals.push(`${nameOf(each)}: nothing is committed that could be shifted`)
    else moves.push({ ...each, newOffset: Math.max(earliest[row]!.offset, Math.min(wanted, end)) })
  }
  return { moves, refusals }
}

/** Null: there is nothing to go from. When no record is that late, the next that comes will be. */
function wantedOf(to: NewOffset, current: number | null, timed: number, end: number): number | null {
  if ('offset' in to) return to.offset
  if ('shift' in to) return current === null ? null : current + to.shift
  return timed < 0 ? end : timed
}

interface AnsweredTopic {
  readonly name: string
  readonly partitions: readonly { readonly partitionIndex: number; readonly errorCode: number }[]
}

function refusedOf(topics: readonly AnsweredTopic[]): { names: ReadonlySet<string>; lines: string[] } {
  const names = new Set<string>()
  const lines: string[] = []
  for (const { name: topic, partitions } of topics) {
    for (const { partitionIndex: partition, errorCode } of partitions) {
      if (errorCode === ErrorCode.None) continue
      names.add(nameOf({ topic, partition }))
      lines.push(...groupRefusalOf(nameOf({ topic, partition }), errorCode))
    }
  }
  return { names, lines }
}
