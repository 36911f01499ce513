// Whether one more connection may be: how many there are at a time in all, and from one address.
//
// Pure data. What descriptors allow is less than what the operator allows, as a rule: logs and journals have theirs first.
import { isIP } from 'node:net'
import { LIMITS } from '../config/limits.ts'
import type { Settings } from '../config/settings.ts'

/** Sockets of ours, epoll, journals, indexes, Node's own: what a thread may have open beside segments and connections. */
const THREAD_DESCRIPTORS = 64
const PROCESS_DESCRIPTORS = 128

export interface ConnectionQuota {
  connectionsMax: number
  perAddressMax: number
  /** By numeric address. */
  overrides: ReadonlyMap<string, number>
}

/** `lookUp` finds the numeric address of a host that is a name. */
export async function connectionQuota(
  settings: Settings,
  shards: number,
  descriptors: number,
  lookUp: (host: string) => Promise<string>,
): Promise<ConnectionQuota> {
  const overrides = new Map<string, number>()
  for (const { host, count } of settings['max.connections.per.ip.overrides']) {
    overrides.set(isIP(host) === 0 ? await lookUp(host) : host, count)
  }
  return {
    connectionsMax: Math.min(settings['max.connections'], connectionsWithin(descriptors, shards)),
    perAddressMax: settings['max.connections.per.ip'],
    overrides,
  }
}

/** What is left for connections; with very few descriptors a quarter, since segments are opened when they are needed. */
export function connectionsWithin(descriptors: number, shards: number): number {
  const reserved = PROCESS_DESCRIPTORS + shards * (LIMITS.segmentFilesOpenMax + THREAD_DESCRIPTORS)
  return Math.max(descriptors - reserved, Math.floor(descriptors / 4))
}
