// How far the groups of a shard's coordinators are behind the ends of the partitions they read, for metrics.
//
// Owner: the shard. Nothing is kept: committed offsets are read where they are, and the end of each partition is asked
// once of the shard that owns it.
import type { Routes } from '../api/routes.ts'
import { ErrorCode } from '../model/error-codes.ts'
import { LATEST } from '../model/offset-marks.ts'
import type { Coordinators } from './coordinators.ts'
import type { Queries } from './queries.ts'

const ANY_EPOCH = -1
/** A longer id is no label: clients make them up. */
const GROUP_ID_LENGTH_MAX = 255

export interface GroupLag {
  readonly group: string
  readonly topic: string
  readonly partition: number
  readonly committedOffset: number
  readonly endOffset: number
}

export interface GroupLags {
  readonly lags: readonly GroupLag[]
  /** How many there are beside these. */
  readonly leftOut: number
}

export interface GroupLagsOptions {
  readonly coordinators: Pick<Coordinators, 'forEachCommitted'>
  readonly routes: Pick<Routes, 'topicByName'>
  readonly queries: Pick<Queries, 'offsetFor'>
}

/** Not more than `countMax`. A partition that can't be asked, since it is being deleted, has none. */
export async function groupLags(
  { coordinators, routes, queries }: GroupLagsOptions,
  countMax: number,
): Promise<GroupLags> {
  const committed: Omit<GroupLag, 'endOffset'>[] = []
  let leftOut = 0
  coordinators.forEachCommitted((group, topic, partition, committedOffset) => {
    if (committed.length === countMax || group.length > GROUP_ID_LENGTH_MAX) leftOut++
    else committed.push({ group, topic, partition, committedOffset })
  })
  const ends = new Map<number, Promise<number | null>>()
  const endOf = (topic: string, partition: number): Promise<number | null> => {
    const route = routes.topicByName(topic)?.partitions[partition]
    if (route === undefined) return Promise.resolve(null)
    let end = ends.get(route.handle)
    if (end === undefined) {
      end = queries
        .offsetFor(route, LATEST, ANY_EPOCH)
        .then(({ error, offset }) => (error === ErrorCode.None ? offset : null))
      ends.set(route.handle, end)
    }
    return end
  }
  const lags = await Promise.all(
    committed.map(async (each): Promise<GroupLag | null> => {
      const endOffset = await endOf(each.topic, each.partition)
      return endOffset === null ? null : { ...each, endOffset }
    }),
  )
  return { lags: lags.filter((lag) => lag !== null), leftOut }
}
