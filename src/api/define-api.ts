// How an API off the hot path is described: its codec, the versions served, the thread it runs on, and its handler. The
// table (table.ts) maps keys to these; the connection decodes with `read`, calls `handle`, encodes with `write`.
//
// A handler answers for each item of a request on its own: a refusal is part of the answer. It throws only when the
// process can't go on. After an await it looks into the image anew.

import type { AnswerOf, CommandOf, CommandType } from '../controller/commands.ts'
import type { SupportedFeature } from '../controller/features.ts'
import type { ProducerIdPool } from '../controller/producer-id-pool.ts'
import type { MetadataImage } from '../metadata/image.ts'
import type { ErrorCode } from '../model/error-codes.ts'
import type { Uuid } from '../model/uuid.ts'
import type { Reader } from '../wire/reader.ts'
import type { Writer } from '../wire/writer.ts'
import type { BrokerConfig } from './broker-config.ts'
import type { GroupCalls } from './group-calls.ts'
import type { PartitionRoute, Routes } from './routes.ts'

/** An API's key, name and versions, as generated from its schema. */
export interface ApiSchema {
  readonly key: number
  readonly name: string
  readonly minVersion: number
  readonly maxVersion: number
  readonly flexibleFrom: number
}

/** A row of ApiVersions' answer. */
export interface AdvertisedApi {
  readonly key: number
  readonly minVersion: number
  readonly maxVersion: number
}

/** What a handler knows of the request it answers, whichever thread it runs on. */
export interface RequestContext {
  readonly apiVersion: number
  /** The listener that the request came in on: clients are told addresses of the same. */
  readonly listenerName: string
  /** This thread's. */
  readonly image: MetadataImage
  readonly nodeId: number
}

export interface ShardContext extends RequestContext {
  readonly routes: Routes
  readonly queries: PartitionQueries
  /** Has the shard that owns the partition delete what is before `offset` (-1: the high watermark). Never rejects. */
  deleteRecords(route: PartitionRoute, offset: number): Promise<DeletionAnswer>
  readonly clusterId: string
  readonly advertisedApis: readonly AdvertisedApi[]
  readonly supportedFeatures: readonly SupportedFeature[]
  /**
   * Creates topics that clients asked for, with the server's defaults. Resolves, never rejects, when those that could be
   * created are in this thread's image; names the others with the error. Null: auto.create.topics.enable is off.
   */
  readonly createTopics: ((names: readonly string[]) => Promise<ReadonlyMap<string, ErrorCode>>) | null
  /** Creates a topic of the cluster's own, whatever auto.create.topics.enable says. Resolves as `createTopics`. */
  createInternalTopic(name: string): Promise<void>
  readonly groups: GroupCalls
}

/** Questions to the shard that owns a partition. Never reject: a failure is an answer with an error. */
export interface PartitionQueries {
  /** `timestamp`: or one of Kafka's marks below zero (-1 latest, -2 earliest, -3 largest timestamp …). */
  offsetFor(route: PartitionRoute, timestamp: number, currentLeaderEpoch: number): Promise<OffsetAnswer>
  epochEnd(route: PartitionRoute, leaderEpoch: number, currentLeaderEpoch: number): Promise<EpochEndAnswer>
}

export interface OffsetAnswer {
  readonly error: ErrorCode
  /** -1: none. */
  readonly offset: number
  readonly timestamp: number
  readonly leaderEpoch: number
}

export interface DeletionAnswer {
  readonly error: ErrorCode
  /** -1: none. */
  readonly logStartOffset: number
}

export interface EpochEndAnswer {
  readonly error: ErrorCode
  /** -1: unknown. */
  readonly leaderEpoch: number
  readonly endOffset: number
}

export interface ControlContext extends RequestContext {
  submit<Type extends CommandType>(type: Type, command: CommandOf<Type>): Promise<AnswerOf<Type>>
  newUuid(): Uuid
  readonly producerIds: ProducerIdPool
  readonly brokerConfigs: readonly BrokerConfig[]
  /** How topics of the cluster's own are made, by name; a client's request for one that is missing makes it the same. */
  readonly internalTopics: ReadonlyMap<string, InternalTopic>
}

export interface InternalTopic {
  readonly partitionCount: number
  readonly replicationFactor: number
  readonly configs: readonly { readonly name: string; readonly value: string }[]
}

export interface ApiCodec<Request, Response> {
  read(reader: Reader, version: number): Request
  write(writer: Writer, version: number, response: Response): void
}

interface Described<Request, Response> extends ApiSchema, ApiCodec<Request, Response> {}

export interface ShardApi<Request, Response> extends Described<Request, Response> {
  readonly runsOn: 'shard'
  handle(request: Request, context: ShardContext): Response | Promise<Response>
}

export interface ControlApi<Request, Response> extends Described<Request, Response> {
  readonly runsOn: 'control'
  handle(request: Request, context: ControlContext): Response | Promise<Response>
}

/** What the table holds: only the API itself knows its request from its response. */
// biome-ignore lint/suspicious/noExplicitAny: see above; `read`, `handle` and `write` of one API fit together by construction.
export type ColdApi = ShardApi<any, any> | ControlApi<any, any>

export function defineShardApi<Request, Response>(
  schema: ApiSchema,
  codec: ApiCodec<Request, Response>,
  handle: ShardApi<Request, Response>['handle'],
): ShardApi<Request, Response> {
  return { ...schema, ...codec, runsOn: 'shard', handle }
}

export function defineControlApi<Request, Response>(
  schema: ApiSchema,
  codec: ApiCodec<Request, Response>,
  handle: ControlApi<Request, Response>['handle'],
): ControlApi<Request, Response> {
  return { ...schema, ...codec, runsOn: 'control', handle }
}
