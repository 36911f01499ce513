// The committed offsets of one group: what is durable, which is what is answered, and what is being written.
//
// Invariants: what is durable changes only when an append settles, in the order of the log. `latest` is what the log will
//             say when all appends have settled; a decision to delete goes by it.

import type { Uuid } from '../model/uuid.ts'

export interface CommittedOffset {
  readonly offset: number
  readonly leaderEpoch: number
  readonly metadata: string
  readonly commitTimestampMs: number
  /** Asked for by the client (OffsetCommit 2 to 4); -1: by the broker's retention. */
  readonly expireTimestampMs: number
  /** The topic it belongs to: one created later under the same name does not inherit it. */
  readonly topicId: Uuid
}

interface Entry {
  durable: CommittedOffset | null
  latest: CommittedOffset | null
  unsettled: number
}

export interface OffsetWrite {
  readonly topic: string
  readonly partition: number
  /** Null: deleted. */
  readonly value: CommittedOffset | null
}

export class GroupOffsets {
  readonly #topics = new Map<string, Map<number, Entry>>()

  get isEmpty(): boolean {
    return this.#topics.size === 0
  }

  durable(topic: string, partition: number): CommittedOffset | null {
    return this.#topics.get(topic)?.get(partition)?.durable ?? null
  }

  latest(topic: string, partition: number): CommittedOffset | null {
    return this.#topics.get(topic)?.get(partition)?.latest ?? null
  }

  /** It is on its way to the log; `settle` follows. */
  begin({ topic, partition, value }: OffsetWrite): void {
    const entry = this.#entry(topic, partition)
    entry.latest = value
    entry.unsettled++
  }

  settle({ topic, partition, value }: OffsetWrite, error: number): void {
    const entry = this.#entry(topic, partition)
    entry.unsettled--
    if (error === 0) entry.durable = value
    if (entry.unsettled === 0) entry.latest = entry.durable
    this.#dropIfNothing(topic, partition, entry)
  }

  /** Out of the log, at start. */
  load({ topic, partition, value }: OffsetWrite): void {
    const entry = this.#entry(topic, partition)
    entry.durable = value
    entry.latest = value
    this.#dropIfNothing(topic, partition, entry)
  }

  topics(): IterableIterator<string> {
    return this.#topics.keys()
  }

  /** What will be in the log when all is settled; `isSettled`: it is. */
  forEachLatest(
    visit: (topic: string, partition: number, value: CommittedOffset | null, isSettled: boolean) => void,
  ): void {
    for (const [topic, partitions] of this.#topics)
      for (const [partition, entry] of partitions) visit(topic, partition, entry.latest, entry.unsettled === 0)
  }

  forEachDurable(topic: string, visit: (partition: number, value: CommittedOffset) => void): void {
    for (const [partition, { durable }] of this.#topics.get(topic) ?? []) if (durable) visit(partition, durable)
  }

  #entry(topic: string, partition: number): Entry {
    let partitions = this.#topics.get(topic)
    if (!partitions) {
      partitions = new Map()
      this.#topics.set(topic, partitions)
    }
    let entry = partitions.get(partition)
    if (!entry) {
      entry = { durable: null, latest: null, unsettled: 0 }
      partitions.set(partition, entry)
    }
    return entry
  }

  #dropIfNothing(topic: string, partition: number, entry: Entry): void {
    if (entry.unsettled > 0 || entry.durable) return
    const partitions = this.#topics.get(topic)!
    partitions.delete(partition)
    if (partitions.size === 0) this.#topics.delete(topic)
  }
}
