// Subscriptions and assignments as consumers write them, and two assignors: range, for members that give everything up
// before they join, and cooperative-sticky, for members that keep what they own until it is taken from them.
import type { JoinGroupResponseMember } from '../../../src/wire/generated/11-join-group.ts'
import { Reader } from '../../../src/wire/reader.ts'
import { Writer } from '../../../src/wire/writer.ts'

/** `orders-3`. */
export type Partition = string

export interface Subscription {
  readonly topics: readonly string[]
  readonly owned: readonly Partition[]
  /** Of what is owned: of two that claim the same, the later one is right. */
  readonly generation: number
}

export const RANGE = 'range'
export const COOPERATIVE = 'cooperative-sticky'

const writer = new Writer()
const reader = new Reader()
const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** As the consumer protocol has it: version, topics, user data. */
export function encodeSubscription({ topics, owned, generation }: Subscription): Uint8Array {
  writer.rewind()
  writer.writeInt16(1)
  writer.writeArrayCount(topics.length, false)
  writer.writeStrings(topics, false)
  writer.writeNullableBytes(encoder.encode(JSON.stringify({ owned, generation })), false)
  return writer.written().slice()
}

export function decodeSubscription(bytes: Uint8Array): Subscription {
  reader.reset(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length, 1 << 20)
  reader.readInt16()
  const topics = reader.readStrings(reader.readArrayCount(false, 2, 16), false)
  return { topics, ...JSON.parse(decoder.decode(reader.readNullableBytes(false)!)) }
}

export const encodeAssignment = (partitions: readonly Partition[]): Uint8Array =>
  encoder.encode(JSON.stringify(partitions))

export const decodeAssignment = (bytes: Uint8Array): Partition[] =>
  bytes.length === 0 ? [] : JSON.parse(decoder.decode(bytes))

export type Assignment = Map<string, Partition[]>

export function assign(
  protocol: string,
  members: readonly JoinGroupResponseMember[],
  partitions: readonly Partition[],
): Assignment {
  const ids = members.map(({ memberId }) => memberId).sort()
  if (protocol !== COOPERATIVE) return assignRange(ids, partitions)
  return assignSticky(
    new Map(members.map(({ memberId, metadata }) => [memberId, decodeSubscription(metadata)])),
    partitions,
  )
}

function assignRange(ids: readonly string[], partitions: readonly Partition[]): Assignment {
  const share = Math.ceil(partitions.length / ids.length)
  return new Map(ids.map((id, i) => [id, partitions.slice(i * share, (i + 1) * share)]))
}

function assignSticky(members: ReadonlyMap<string, Subscription>, partitions: readonly Partition[]): Assignment {
  const owners = ownersOf(members)
  const ids = [...members.keys()].sort()
  const kept: Assignment = new Map(ids.map((id) => [id, []]))
  for (const partition of partitions) {
    const owner = owners.get(partition)
    if (owner !== undefined) kept.get(owner)!.push(partition)
  }
  // Those that own much keep one more, where it does not divide evenly.
  const least = Math.floor(partitions.length / ids.length)
  let extra = partitions.length % ids.length
  const byOwned = [...ids].sort((a, b) => kept.get(b)!.length - kept.get(a)!.length || (a < b ? -1 : 1))
  const target: Assignment = new Map()
  for (const id of byOwned) {
    const quota = least + (extra-- > 0 ? 1 : 0)
    target.set(id, kept.get(id)!.slice(0, quota))
  }
  const taken = new Set([...target.values()].flat())
  const free = partitions.filter((partition) => !taken.has(partition))
  extra = partitions.length % ids.length
  for (const id of byOwned) {
    const quota = least + (extra-- > 0 ? 1 : 0)
    const own = target.get(id)!
    // What another still owns is given up first, and assigned in the rebalance that follows.
    for (const partition of free.splice(0, quota - own.length)) if (!owners.has(partition)) own.push(partition)
  }
  return target
}

function ownersOf(members: ReadonlyMap<string, Subscription>): Map<Partition, string> {
  const owners = new Map<Partition, string>()
  const generations = new Map<Partition, number>()
  const disputed = new Set<Partition>()
  for (const [id, { owned, generation }] of members)
    for (const partition of owned) {
      const other = generations.get(partition) ?? -1
      if (generation === other) disputed.add(partition)
      if (generation <= other) continue
      generations.set(partition, generation)
      owners.set(partition, id)
      disputed.delete(partition)
    }
  for (const partition of disputed) owners.delete(partition)
  return owners
}
