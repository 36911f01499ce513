// The directories of one shard's partitions: made when a partition has something to store, renamed and removed when it is
// deleted. A topic made again under the same name waits for the old directory to be out of the way.
//
// Owner: the shard.
import type { Disk } from '../lib/env.ts'
import { replaceSmallFile } from '../lib/files.ts'
import type { LogIdentity } from './identity.ts'
import type { PartitionLog } from './partition-log.ts'

const encoder = new TextEncoder()
/** Kafka's form, so that a broker of either kind knows on start that it may go. */
const DOOMED = '-delete'

/** Removes what an earlier run had renamed to be removed. At start, before any log is opened. */
export async function removeDoomed(disk: Disk, root: string): Promise<void> {
  for (const name of await disk.list(root)) {
    if (/-\d+\.[0-9A-Za-z]+-delete$/.test(name)) await disk.remove(`${root}/${name}`)
  }
}

export class LogDirectories {
  readonly #disk: Disk
  readonly #root: string
  /** By path: resolves when the directory is there, durable. */
  readonly #made = new Map<string, Promise<void>>()
  readonly #removing = new Map<string, Promise<void>>()

  constructor(disk: Disk, root: string) {
    this.#disk = disk
    this.#root = root
  }

  pathOf(topic: string, partition: number): string {
    return `${this.#root}/${topic}-${partition}`
  }

  ensure(identity: LogIdentity): Promise<void> {
    let made = this.#made.get(identity.directory)
    if (made === undefined) {
      made = this.#make(identity)
      this.#made.set(identity.directory, made)
    }
    return made
  }

  /** Kafka's `leader-epoch-checkpoint`, if there is news and the directory is there. */
  async storeLeaderEpochs({ identity, leaderEpochs }: PartitionLog): Promise<void> {
    const { count } = leaderEpochs
    if (leaderEpochs.storedCount === count || !this.#made.has(identity.directory)) return
    await replaceSmallFile(this.#disk, `${identity.directory}/leader-epoch-checkpoint`, leaderEpochs.encode())
    leaderEpochs.storedCount = count
  }

  /** Resolves when the name is free again; the files go in the background of that. */
  async remove(identity: LogIdentity): Promise<void> {
    const { directory, topicId } = identity
    const removal = this.#remove(directory, topicId)
    this.#removing.set(directory, removal)
    try {
      await removal
    } finally {
      this.#removing.delete(directory)
    }
  }

  async #make({ directory, topicId }: LogIdentity): Promise<void> {
    await this.#removing.get(directory)
    await this.#disk.makeDirectory(directory)
    const file = await this.#disk.open(`${directory}/partition.metadata`, 'write')
    try {
      await file.write(encoder.encode(`version: 0\ntopic_id: ${topicId}`), 0)
      await file.sync()
    } finally {
      await file.close()
    }
    await this.#disk.syncDirectory(directory)
    await this.#disk.syncDirectory(this.#root)
  }

  async #remove(directory: string, topicId: string): Promise<void> {
    await this.#made.get(directory)
    this.#made.delete(directory)
    if (!(await this.#disk.exists(directory))) return
    const doomed = `${directory}.${topicId.replaceAll(/[-_]/g, '')}${DOOMED}`
    await this.#disk.rename(directory, doomed)
    await this.#disk.remove(doomed)
  }
}
