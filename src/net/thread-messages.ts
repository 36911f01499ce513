// What the control thread and a shard say to each other through their message port: all that is not a record batch and
// not urgent. In order, each way.
import type { Settings } from '../config/settings.ts'
import type { LogStart, LogStartChange } from '../log/log-start-checkpoint.ts'
import type { MetadataBatch } from '../metadata/image.ts'
import type { GroupLags } from '../shard/group-lags.ts'
import type { AllPartitionOffsets } from '../shard/partition-offsets.ts'
import type { RecoveryReport } from '../shard/recovery.ts'
import type { SharedMemory } from '../shard/shared-memory.ts'

/** What a shard's thread is started with. */
export interface ShardData {
  own: number
  nodeId: number
  clusterId: string
  runEpoch: number
  directory: string
  settings: Settings
  /** By listener number. */
  listenerNames: readonly string[]
  shared: SharedMemory
  metadata: MetadataBatch
  /** Where partitions begin since records were deleted. */
  logStarts: readonly LogStart[]
  /** The wall clock when it was last trusted, before this start; null if it never was. */
  trustedTimeMs: number | null
}

/** What a shard says of this moment. */
export interface ShardState {
  /** By listener number; none for those without a connection. */
  connections: number[]
  requestsInFlight: number
  arenaHeldBytes: number
  groupHeldBytes: number
  /** The clock is doubted (see log/wall-clock-guard.ts). */
  isRetentionHeld: boolean
}

export type ToShard =
  | { type: 'metadata'; batch: MetadataBatch }
  /** Every shard has recovered: the checkpoints may be written. */
  | { type: 'checkpoint' }
  /** Every shard has its checkpoint: the journals may be written again. */
  | { type: 'open' }
  /** For metrics, and to see that the thread is not stuck. */
  | { type: 'ask-state' }
  /** For metrics. */
  | { type: 'ask-group-lags'; countMax: number }
  | { type: 'ask-partition-offsets'; countMax: number }
  /** The stand-in's sockets live on the shard: listen there. */
  | { type: 'listen'; listener: number; address: string; port: number; backlog: number }
  /** The body of an answer; `refusal`: what was sent is no request. */
  | { type: 'answered'; id: number; body: Uint8Array; refusal: string | null }
  | { type: 'log-starts-stored'; id: number }
  | { type: 'topics-created'; id: number; errors: ReadonlyMap<string, number> }
  /** Nothing more is read from clients; what was begun is done, then the thread is silent. */
  | { type: 'close' }
  /** Every shard is silent. */
  | { type: 'end' }
  /** Nothing is finished: for a shard whose thread can't be ended, since it is the control thread. */
  | { type: 'abandon' }

export type ToControl =
  | { type: 'recovered'; report: RecoveryReport }
  | { type: 'checkpointed' }
  | { type: 'opened' }
  /** The shard's image has everything up to and including `offset`. */
  | { type: 'applied'; offset: number }
  | { type: 'state'; state: ShardState }
  | { type: 'group-lags'; lags: GroupLags }
  | { type: 'partition-offsets'; offsets: AllPartitionOffsets }
  | { type: 'listening'; listener: number; port: number }
  | { type: 'listen-failed'; listener: number; message: string }
  /** A request for the control thread, its body's bytes. */
  | { type: 'request'; id: number; apiKey: number; apiVersion: number; listener: number; body: Uint8Array }
  /** Answered when it is durable. */
  | { type: 'store-log-starts'; id: number; changes: readonly LogStartChange[] }
  /** The shard trusts the wall clock, which says so. */
  | { type: 'time-trusted'; wallMs: number }
  | { type: 'create-topics'; id: number; names: readonly string[] }
  | { type: 'closed' }
  | { type: 'fatal'; error: Error }
