// The directories of one shard's partitions: made when a partition has something to store, renamed and removed when it is
// deleted. A topic made again under the same name waits for the old directory to be out of the way.
//
// Owner: the shard.

import { assert } from '../lib/assert.ts'
import type { Disk } from '../lib/env.ts'
import { readSmallFile, replaceSmallFile } from '../lib/files.ts'
import { dirname } from '../lib/paths.ts'
import type { LogIdentity } from './identity.ts'
import type { PartitionLog } from './partition-log.ts'

const encoder = new TextEncoder()
/** Kafka's form, so that a broker of either kind knows on start that it may go. */
const DOOMED = '-delete'
const METADATA_FILE = 'partition.metadata'

const NAME_BYTES_MAX = 255

/** Removes what an earlier run had renamed to be removed. At start, before any log is opened. */
export async function removeDoomed(disk: Disk, root: string): Promise<void> {
  for (const name of await disk.list(root)) {
    if (/-\d+\.[0-9A-Za-z]+-delete$/.test(name)) await disk.remove(`${root}/${name}`)
  }
}

/** Removes the directory if it is of an earlier topic of that name, whose deletion the last run did not get to. */
export async function clearOtherTopic(disk: Disk, { directory, topicId }: LogIdentity): Promise<void> {
  const written = await topicIdIn(disk, directory)
  if (written !== null && written !== topicId) await removeDirectory(disk, directory, written)
}

/** Of the topic whose directory it is; null if it is not there, or does not say. */
export async function topicIdIn(disk: Disk, directory: string): Promise<string | null> {
  const written = await readSmallFile(disk, `${directory}/${METADATA_FILE}`)
  return (written !== null && /^topic_id: (\S+)$/m.exec(written)?.[1]) || null
}

/** Renamed first: a crash leaves all of it under its name, or none. */
async function removeDirectory(disk: Disk, directory: string, topicId: string, onRenamed = () => {}): Promise<void> {
  const root = dirname(directory)
  const name = directory.slice(root.length + 1)
  const dash = name.lastIndexOf('-')
  const suffix = `${name.slice(dash)}.${topicId.replaceAll(/[-_]/g, '')}${DOOMED}`
  const doomed = `${root}/${name.slice(0, Math.min(dash, NAME_BYTES_MAX - suffix.length))}${suffix}`
  await disk.rename(directory, doomed)
  onRenamed()
  await disk.remove(doomed)
}

/** A partition's time at its path, from `ensure` or `leave` on. */
interface Tenant {
  topicId: string
  /** Resolves when the directory is there, durable. */
  made: Promise<void> | null
  /** Once it is deleted: resolves when the name is free. */
  left: Promise<void> | null
  clear: () => void
  /** Who was there before, and may not have left yet. */
  before: Tenant | null
}

export class LogDirectories {
  readonly #disk: Disk
  readonly #root: string
  /** The latest by path. */
  readonly #tenants = new Map<string, Tenant>()

  constructor(disk: Disk, root: string) {
    this.#disk = disk
    this.#root = root
  }

  pathOf(topic: string, partition: number): string {
    return `${this.#root}/${topic}-${partition}`
  }

  ensure(identity: LogIdentity): Promise<void> {
    const tenant = this.#tenantOf(identity)
    tenant.made ??= this.#make(identity, tenant)
    return tenant.made
  }

  /** Kafka's `leader-epoch-checkpoint`, if there is news and the directory is there. */
  async storeLeaderEpochs({ identity, leaderEpochs }: PartitionLog): Promise<void> {
    const { count } = leaderEpochs
    const tenant = this.#tenants.get(identity.directory)
    if (leaderEpochs.storedCount === count || tenant?.topicId !== identity.topicId) return
    if (tenant.made === null || tenant.left !== null) return
    const storing = replaceSmallFile(this.#disk, `${identity.directory}/leader-epoch-checkpoint`, leaderEpochs.encode())
    // A deletion waits for it.
    tenant.made = storing
    await storing
    leaderEpochs.storedCount = count
  }

  /** The partition is deleted: from now on the next one at this path waits for `remove`. */
  leave(identity: LogIdentity): void {
    const tenant = this.#tenantOf(identity)
    tenant.left = new Promise((resolve) => {
      tenant.clear = resolve
    })
  }

  /** After `leave`, once nothing uses the files any more. */
  async remove(identity: LogIdentity): Promise<void> {
    const { directory, topicId } = identity
    const tenant = this.#find(identity)
    await tenant.made
    await tenant.before?.left
    if (await this.#disk.exists(directory)) await removeDirectory(this.#disk, directory, topicId, tenant.clear)
    tenant.clear()
    if (this.#tenants.get(directory) === tenant) this.#tenants.delete(directory)
  }

  #tenantOf({ directory, topicId }: LogIdentity): Tenant {
    const latest = this.#tenants.get(directory) ?? null
    if (latest?.topicId === topicId) return latest
    const tenant: Tenant = { topicId, made: null, left: null, clear: () => undefined, before: latest }
    this.#tenants.set(directory, tenant)
    return tenant
  }

  #find({ directory, topicId }: LogIdentity): Tenant {
    let tenant = this.#tenants.get(directory) ?? null
    while (tenant !== null && tenant.topicId !== topicId) tenant = tenant.before
    assert(tenant !== null, 'a directory is left before it is removed')
    return tenant
  }

  async #make({ directory, topicId }: LogIdentity, tenant: Tenant): Promise<void> {
    if (tenant.before !== null) {
      await tenant.before.left
      tenant.before = null
      // Else a crash could leave what is written here under the name of the directory that was there.
      await this.#disk.syncDirectory(this.#root)
    }
    await this.#disk.makeDirectory(directory)
    const file = await this.#disk.open(`${directory}/${METADATA_FILE}`, 'write')
    try {
      await file.write(encoder.encode(`version: 0\ntopic_id: ${topicId}`), 0)
      await file.sync()
    } finally {
      await file.close()
    }
    await this.#disk.syncDirectory(directory)
    await this.#disk.syncDirectory(this.#root)
  }
}
