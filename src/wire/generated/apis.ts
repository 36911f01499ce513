// Generated from all of schema/*.schema by scripts/generate-codecs.mjs: change those.
//
// Which APIs there are, and which header stands before them.

import { produceApi } from './00-produce.ts'
import { fetchApi } from './01-fetch.ts'
import { listOffsetsApi } from './02-list-offsets.ts'
import { metadataApi } from './03-metadata.ts'
import { offsetCommitApi } from './08-offset-commit.ts'
import { offsetFetchApi } from './09-offset-fetch.ts'
import { findCoordinatorApi } from './10-find-coordinator.ts'
import { joinGroupApi } from './11-join-group.ts'
import { heartbeatApi } from './12-heartbeat.ts'
import { leaveGroupApi } from './13-leave-group.ts'
import { syncGroupApi } from './14-sync-group.ts'
import { describeGroupsApi } from './15-describe-groups.ts'
import { listGroupsApi } from './16-list-groups.ts'
import { apiVersionsApi } from './18-api-versions.ts'
import { createTopicsApi } from './19-create-topics.ts'
import { deleteTopicsApi } from './20-delete-topics.ts'
import { deleteRecordsApi } from './21-delete-records.ts'
import { initProducerIdApi } from './22-init-producer-id.ts'
import { offsetForLeaderEpochApi } from './23-offset-for-leader-epoch.ts'
import { describeConfigsApi } from './32-describe-configs.ts'
import { alterConfigsApi } from './33-alter-configs.ts'
import { createPartitionsApi } from './37-create-partitions.ts'
import { deleteGroupsApi } from './42-delete-groups.ts'
import { incrementalAlterConfigsApi } from './44-incremental-alter-configs.ts'
import { offsetDeleteApi } from './47-offset-delete.ts'
import { describeClusterApi } from './60-describe-cluster.ts'

export interface Api {
  readonly key: number
  readonly name: string
  readonly minVersion: number
  /** The highest released version. */
  readonly maxVersion: number
  readonly flexibleFrom: number
}

export const apis: readonly Api[] = [
  produceApi,
  fetchApi,
  listOffsetsApi,
  metadataApi,
  offsetCommitApi,
  offsetFetchApi,
  findCoordinatorApi,
  joinGroupApi,
  heartbeatApi,
  leaveGroupApi,
  syncGroupApi,
  describeGroupsApi,
  listGroupsApi,
  apiVersionsApi,
  createTopicsApi,
  deleteTopicsApi,
  deleteRecordsApi,
  initProducerIdApi,
  offsetForLeaderEpochApi,
  describeConfigsApi,
  alterConfigsApi,
  createPartitionsApi,
  deleteGroupsApi,
  incrementalAlterConfigsApi,
  offsetDeleteApi,
  describeClusterApi,
]

/** By key: the first version with flexible fields and headers; undefined for a key we don't know. */
const flexibleFrom: readonly (number | undefined)[] = (() => {
  const table: (number | undefined)[] = new Array(61).fill(undefined)
  for (const api of apis) table[api.key] = api.flexibleFrom
  return table
})()

/** 2 with tagged fields, 1 without; -1 for a key we don't know. */
export function requestHeaderVersion(apiKey: number, apiVersion: number): number {
  const from = flexibleFrom[apiKey]
  if (from === undefined) return -1
  return apiVersion >= from ? 2 : 1
}

/** 1 with tagged fields, 0 without; -1 for a key we don't know. */
export function responseHeaderVersion(apiKey: number, apiVersion: number): number {
  if (apiKey === 18) return 0
  const from = flexibleFrom[apiKey]
  if (from === undefined) return -1
  return apiVersion >= from ? 1 : 0
}
