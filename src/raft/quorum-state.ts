// Kafka's `quorum-state`: the epoch this node has seen and its vote in it, as JSON. On disk before the vote counts.
//
// Control thread. Both of Kafka's versions are read; version 1 is written.

import type { Disk } from '../lib/env.ts'
import { readSmallFile, replaceSmallFile } from '../lib/files.ts'
import { isUuid, ZERO_UUID } from '../model/uuid.ts'
import type { ElectionState } from './quorum.ts'

const DATA_VERSION = 1

/** Null on a new node. */
export async function readQuorumState(disk: Disk, path: string): Promise<ElectionState | null> {
  const text = await readSmallFile(disk, path)
  return text === null ? null : parseQuorumState(path, text)
}

export async function writeQuorumState(disk: Disk, path: string, state: ElectionState): Promise<void> {
  const { leaderId, leaderEpoch, votedId, votedDirectoryId } = state
  const data = { leaderId, leaderEpoch, votedId, votedDirectoryId, data_version: DATA_VERSION }
  await replaceSmallFile(disk, path, JSON.stringify(data))
}

/** An unreadable vote is never taken for no vote: a second one in the same epoch would elect two leaders. */
export function parseQuorumState(path: string, text: string): ElectionState {
  const data = parseObject(path, text)
  const integer = (name: string): number => {
    const value = data[name]
    if (!Number.isInteger(value)) throw new Error(`${path}: ${name} is not an integer`)
    return value as number
  }
  const version = integer('data_version')
  if (version !== 0 && version !== DATA_VERSION) throw new Error(`${path}: data_version ${version} is not known`)
  const votedDirectoryId = data.votedDirectoryId ?? ZERO_UUID
  if (typeof votedDirectoryId !== 'string' || !isUuid(votedDirectoryId)) {
    throw new Error(`${path}: votedDirectoryId is no id`)
  }
  const leaderEpoch = integer('leaderEpoch')
  if (leaderEpoch < 0 || leaderEpoch > 0x7fffffff) throw new Error(`${path}: leaderEpoch ${leaderEpoch} is no epoch`)
  return { leaderEpoch, leaderId: integer('leaderId'), votedId: integer('votedId'), votedDirectoryId }
}

function parseObject(path: string, text: string): Record<string, unknown> {
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch {
    throw new Error(`${path} is not JSON`)
  }
  if (typeof data !== 'object' || data === null) throw new Error(`${path} is not a JSON object`)
  return data as Record<string, unknown>
}
