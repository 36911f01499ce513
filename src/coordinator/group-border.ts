// What passes between the group coordinator's machine and the driver that owns it: events in, effects out.
//
// One machine for each partition of __consumer_offsets, on the shard that owns the partition. Order: the driver carries
// effects out in the order they are made, and reports appended batches in the order of their tickets.

import type { Uuid } from '../model/uuid.ts'
import type { GroupMemory } from './group-memory.ts'

/** A record of this machine's partition; a null value is a tombstone. */
export interface CoordinatorRecord {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

export interface Caller {
  readonly clientId: string
  /** As Kafka shows it: "/127.0.0.1". */
  readonly clientHost: string
}

export interface GroupRequestEvent {
  readonly type: 'request'
  /** Names the request until it is answered; never used twice. */
  readonly token: number
  readonly apiKey: number
  readonly apiVersion: number
  readonly caller: Caller
  /** Of the generated type of its API, about one group (ListGroups: about all groups of this machine). */
  readonly request: unknown
}

export type GroupEvent =
  | GroupRequestEvent
  /** The connection of that request has closed: an answer to it goes nowhere. */
  | { readonly type: 'gone'; readonly token: number }
  /** 0: the ticket's batch is durable. Else it is not in the log and never will be. */
  | { readonly type: 'appended'; readonly ticket: number; readonly error: number }
  /** `nextDeadlineMs` has come. */
  | { readonly type: 'time' }
  | { readonly type: 'topics-deleted'; readonly topicIds: readonly Uuid[] }

export interface GroupEffects {
  /** The answer to a request, of the generated response type of its API. Once for each token. */
  answer(token: number, response: unknown): void
  /** Records as one batch. `appended` with the ticket follows, never within this call. */
  append(ticket: number, records: readonly CoordinatorRecord[]): void
}

/** The topics of this thread's metadata image. */
export interface TopicNames {
  idOf(name: string): Uuid | undefined
  nameOf(id: Uuid): string | undefined
}

export type VisitCommitted = (groupId: string, topic: string, partition: number, offset: number) => void

/** Kafka's settings of the same names. */
export interface GroupSettings {
  readonly groupMinSessionTimeoutMs: number
  readonly groupMaxSessionTimeoutMs: number
  readonly groupInitialRebalanceDelayMs: number
  readonly groupMaxSize: number
  readonly offsetMetadataMaxBytes: number
  readonly offsetsRetentionMs: number
  readonly offsetsRetentionCheckIntervalMs: number
}

export interface GroupMachineOptions {
  readonly settings: GroupSettings
  readonly topics: TopicNames
  /** What this machine's groups take. */
  readonly memory: GroupMemory
  /** An id that was never given out before: the client's (or instance's) id unless it is long, a dash, something random. */
  readonly newMemberId: (prefix: string) => string
  /** What an operator may want to read: a group rebalances, a member was lost. */
  readonly log?: (message: string) => void
}
