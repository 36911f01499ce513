// Which APIs this broker serves: key → handler, and what ApiVersions tells clients.
import { produceApi } from '../wire/generated/00-produce.ts'
import { fetchApi } from '../wire/generated/01-fetch.ts'
import { listOffsets } from './02-list-offsets.ts'
import { metadata } from './03-metadata.ts'
import { offsetCommit } from './08-offset-commit.ts'
import { offsetFetch } from './09-offset-fetch.ts'
import { findCoordinator } from './10-find-coordinator.ts'
import { joinGroup } from './11-join-group.ts'
import { heartbeat } from './12-heartbeat.ts'
import { leaveGroup } from './13-leave-group.ts'
import { syncGroup } from './14-sync-group.ts'
import { describeGroups } from './15-describe-groups.ts'
import { listGroups } from './16-list-groups.ts'
import { apiVersions } from './18-api-versions.ts'
import { createTopics } from './19-create-topics.ts'
import { deleteTopics } from './20-delete-topics.ts'
import { deleteRecords } from './21-delete-records.ts'
import { initProducerId } from './22-init-producer-id.ts'
import { offsetForLeaderEpoch } from './23-offset-for-leader-epoch.ts'
import { describeConfigs } from './32-describe-configs.ts'
import { alterConfigs } from './33-alter-configs.ts'
import { createPartitions } from './37-create-partitions.ts'
import { deleteGroups } from './42-delete-groups.ts'
import { incrementalAlterConfigs } from './44-incremental-alter-configs.ts'
import { offsetDelete } from './47-offset-delete.ts'
import { describeCluster } from './60-describe-cluster.ts'
import type { AdvertisedApi, ApiSchema, ColdApi } from './define-api.ts'

const cold: readonly ColdApi[] = [
  listOffsets,
  offsetForLeaderEpoch,
  metadata,
  apiVersions,
  createTopics,
  deleteTopics,
  deleteRecords,
  initProducerId,
  describeConfigs,
  alterConfigs,
  incrementalAlterConfigs,
  createPartitions,
  describeCluster,
  findCoordinator,
  joinGroup,
  heartbeat,
  leaveGroup,
  syncGroup,
  offsetCommit,
  offsetFetch,
  offsetDelete,
  describeGroups,
  listGroups,
  deleteGroups,
]

/** The shard's loop starts these itself, on pooled calls (00-produce.ts, 01-fetch.ts). */
export const hotApis: readonly ApiSchema[] = [produceApi, fetchApi]

export const coldApis: ReadonlyMap<number, ColdApi> = new Map(cold.map((api) => [api.key, api]))

const served: ReadonlyMap<number, ApiSchema> = new Map([...hotApis, ...cold].map((api) => [api.key, api]))

/** By key. Produce is advertised from 0, and 0-2 are refused: librdkafka takes a higher one for "no compression". */
export const advertisedApis: readonly AdvertisedApi[] = [...served.values()]
  .map(({ key, minVersion, maxVersion }) => ({ key, minVersion: key === produceApi.key ? 0 : minVersion, maxVersion }))
  .sort((a, b) => a.key - b.key)

/**
 * What to do with a request: 'serve' it; answer 'unsupported-api-versions' (18-api-versions.ts); or 'refuse' it, which
 * is to close the connection and say so in the log, with client id and versions.
 */
export function admit(apiKey: number, apiVersion: number): 'serve' | 'unsupported-api-versions' | 'refuse' {
  const api = served.get(apiKey)
  if (api !== undefined && apiVersion >= api.minVersion && apiVersion <= api.maxVersion) return 'serve'
  return apiKey === apiVersions.key ? 'unsupported-api-versions' : 'refuse'
}
