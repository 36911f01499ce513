// Everything that threads share, made once by the control thread and posted to every shard. The control thread is the
// last thread: number `shards`. If it is a peer of the shards (engine/calling-peer.ts), it has an arena too, and rings
// from them.
import { LIMITS } from '../config/limits.ts'
import { type ArenaMemory, createArenaMemory } from '../memory/arena.ts'
import { createDescriptorHoldsMemory } from '../memory/descriptor-holds.ts'
import { createCountersMemory } from '../observe/counters.ts'
import { createHistogramsMemory } from '../observe/histograms.ts'
import { createRingMemory } from '../ring/descriptor.ts'
import { createSleepMemory } from '../ring/sleep.ts'

export interface SharedMemory {
  shards: number
  arenas: ArenaMemory[]
  /** `rings[from][to]`; null to itself, and towards a control thread that is no peer: it is spoken to by message ports. */
  rings: (SharedArrayBuffer | null)[][]
  sleep: SharedArrayBuffer
  descriptorHolds: SharedArrayBuffer
  counters: SharedArrayBuffer
  histograms: SharedArrayBuffer
  /** Ended connections by the slot of their address (net/address-counts.ts). */
  addresses: SharedArrayBuffer
  /** Each thread's doorbell + 1, 0 before it has one. */
  doorbells: SharedArrayBuffer
}

/** `peerArenaBytes`: the control thread's arena, 0 if it is no peer. */
export function createSharedMemory(shards: number, arenaBytes: number, peerArenaBytes = 0): SharedMemory {
  const threads = shards + 1
  const receivers = peerArenaBytes > 0 ? threads : shards
  const arenaSizes = Array.from({ length: receivers }, (_, thread) => (thread < shards ? arenaBytes : peerArenaBytes))
  const rings = Array.from({ length: threads }, (_, from) =>
    Array.from({ length: threads }, (_, to) =>
      from === to || to >= receivers ? null : createRingMemory(LIMITS.ringSlots),
    ),
  )
  return {
    shards,
    arenas: arenaSizes.map((bytes) => createArenaMemory(bytes, LIMITS.arenaBlockBytes)),
    rings,
    sleep: createSleepMemory(threads),
    descriptorHolds: createDescriptorHoldsMemory(shards, LIMITS.segmentFilesOpenMax),
    counters: createCountersMemory(threads),
    histograms: createHistogramsMemory(shards),
    addresses: new SharedArrayBuffer(LIMITS.addressesMax * 4),
    doorbells: new SharedArrayBuffer(threads * 4),
  }
}
