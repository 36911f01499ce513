// The committed offsets of one group: what is durable, which is what is answered, and what is being written.
//
// Invariants: `memory` counts what is there. What is durable changes only when an append settles, in the order of the
//             log. `latest` is what the log will say when all appends have settled; a decision to delete goes by it.

import type { Uuid } from '../model/uuid.ts'
import { type GroupMemory, textBytes, VALUE_BYTES } from './group-memory.ts'

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

/** What a topic and a position in it take beside their texts. */
const TOPIC_BYTES = 512
const ENTRY_BYTES = 128

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
  readonly #memory: GroupMemory

  constructor(memory: GroupMemory) {
    this.#memory = memory
  }

  get isEmpty(): boolean {
    return this.#topics.size === 0
  }

  durable(topic: string, partition: number): CommittedOffset | null {
    return this.#topics.get(topic)?.get(partition)?.durable ?? null
  }

  latest(topic: string, partition: number): CommittedOffset | null {
    return this.#topics.get(topic)?.get(partition)?.latest ?? null
  }

  /** By how much memory grows when it is durable. */
  growthOf({ topic, partition, value }: OffsetWrite): number {
    const partitions = this.#topics.get(topic)
    const entry = partitions?.get(partition)
    if (entry) return valueBytes(value) - valueBytes(entry.latest)
    return (partitions ? 0 : topicBytes(topic)) + ENTRY_BYTES + valueBytes(value)
  }

  /** It is on its way to the log; `settle` follows. */
  begin({ topic, partition, value }: OffsetWrite): void {
    const entry = this.#entry(topic, partition)
    this.#set(entry, entry.durable, value)
    entry.unsettled++
  }

  settle({ topic, partition, value }: OffsetWrite, error: number): void {
    const entry = this.#entry(topic, partition)
    entry.unsettled--
    const durable = error === 0 ? value : entry.durable
    this.#set(entry, durable, entry.unsettled === 0 ? durable : entry.latest)
    this.#dropIfNothing(topic, partition, entry)
  }

  /** Out of the log, at start. */
  load({ topic, partition, value }: OffsetWrite): void {
    const entry = this.#entry(topic, partition)
    this.#set(entry, value, value)
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
      this.#memory.add(topicBytes(topic))
    }
    let entry = partitions.get(partition)
    if (!entry) {
      entry = { durable: null, latest: null, unsettled: 0 }
      partitions.set(partition, entry)
      this.#memory.add(ENTRY_BYTES)
    }
    return entry
  }

  #set(entry: Entry, durable: CommittedOffset | null, latest: CommittedOffset | null): void {
    const before = valuesBytes(entry)
    entry.durable = durable
    entry.latest = latest
    this.#memory.add(valuesBytes(entry) - before)
  }

  #dropIfNothing(topic: string, partition: number, entry: Entry): void {
    if (entry.unsettled > 0 || entry.durable) return
    const partitions = this.#topics.get(topic)!
    partitions.delete(partition)
    this.#memory.add(-ENTRY_BYTES)
    if (partitions.size > 0) return
    this.#topics.delete(topic)
    this.#memory.add(-topicBytes(topic))
  }
}

function topicBytes(topic: string): number {
  return TOPIC_BYTES + textBytes(topic)
}

function valueBytes(value: CommittedOffset | null): number {
  return value === null ? 0 : VALUE_BYTES + textBytes(value.metadata)
}

function valuesBytes({ durable, latest }: Entry): number {
  return valueBytes(durable) + (latest === durable ? 0 : valueBytes(latest))
}
