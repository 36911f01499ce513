// What the controller can be asked, and what it answers. Plain data; pure.
import type { ErrorCode } from '../model/error-codes.ts'
import type { Uuid } from '../model/uuid.ts'
import type { BrokerEndpoint, BrokerFeature } from '../wire/generated/metadata-records.ts'

/** A refusal is an answer: Kafka's code and the sentence for it. `null` means it was done. */
export interface Refusal {
  readonly error: ErrorCode
  readonly message: string
}

export interface NewTopic {
  readonly name: string
  /** Drawn by whoever sends the command: the machine has no randomness. Used only if the topic is created. */
  readonly topicId: Uuid
  /** -1: the server's default, or as many as `assignments` has. */
  readonly partitionCount: number
  /** -1: the server's default, or as in `assignments`. */
  readonly replicationFactor: number
  readonly assignments: readonly { readonly partition: number; readonly replicas: readonly number[] }[]
  readonly configs: readonly { readonly name: string; readonly value: string | null }[]
}

export type CreatedTopic =
  | {
      readonly name: string
      readonly refusal: null
      readonly topicId: Uuid
      readonly partitionCount: number
      readonly replicationFactor: number
      /** The topic's own configs as they are set now. */
      readonly configs: ReadonlyMap<string, string>
    }
  | { readonly name: string; readonly refusal: Refusal }

/** By name or by id, the other is null. */
export interface TopicReference {
  readonly name: string | null
  readonly topicId: Uuid | null
}

export interface DeletedTopic extends TopicReference {
  readonly refusal: Refusal | null
}

export interface MorePartitions {
  readonly name: string
  /** How many there are to be. */
  readonly count: number
  /** Replicas of each new partition, or null to have them placed. */
  readonly assignments: readonly (readonly number[])[] | null
}

/** A list's items are appended and subtracted; `value` means nothing to a deletion. */
export interface ConfigChange {
  readonly name: string
  readonly operation: 'set' | 'delete' | 'append' | 'subtract'
  readonly value: string
}

export interface ConfigChanges {
  /** The topic's. */
  readonly name: string
  readonly changes: readonly ConfigChange[]
}

export interface Registration {
  readonly brokerId: number
  readonly incarnationId: Uuid
  readonly endPoints: readonly BrokerEndpoint[]
  readonly features: readonly BrokerFeature[]
  readonly rack: string | null
  readonly logDirs: readonly Uuid[]
}

type Refusable<Done> = (Done & { readonly refusal: null }) | { readonly refusal: Refusal }

export interface Commands {
  /** The first records of a new cluster. */
  bootstrap: { command: Record<never, never>; answer: null }
  'register-broker': { command: Registration; answer: Refusable<{ readonly brokerEpoch: number }> }
  /** The broker leads from now on what it can. Each partition that it leads gets a new leader epoch. */
  'unfence-broker': {
    command: { readonly brokerId: number; readonly brokerEpoch: number }
    answer: { readonly refusal: Refusal | null }
  }
  'create-topics': {
    command: { readonly topics: readonly NewTopic[]; readonly validateOnly: boolean }
    answer: readonly CreatedTopic[]
  }
  'delete-topics': { command: { readonly topics: readonly TopicReference[] }; answer: readonly DeletedTopic[] }
  'create-partitions': {
    command: { readonly topics: readonly MorePartitions[]; readonly validateOnly: boolean }
    answer: readonly { readonly name: string; readonly refusal: Refusal | null }[]
  }
  'alter-topic-configs': {
    command: {
      readonly topics: readonly ConfigChanges[]
      /** The topics are to have what is named and nothing else. */
      readonly isWhole: boolean
      readonly validateOnly: boolean
    }
    answer: readonly { readonly name: string; readonly refusal: Refusal | null }[]
  }
  'allocate-producer-ids': {
    command: { readonly brokerId: number; readonly brokerEpoch: number }
    answer: Refusable<{ readonly first: number; readonly count: number }>
  }
  'update-feature': {
    command: { readonly name: string; readonly level: number }
    answer: { readonly refusal: Refusal | null }
  }
}

export type CommandType = keyof Commands
export type CommandOf<Type extends CommandType> = Commands[Type]['command']
export type AnswerOf<Type extends CommandType> = Commands[Type]['answer']
