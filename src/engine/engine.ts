// The log engine in somebody else's process: partitions without sockets.
//
// Thread: the caller's, which is the control thread and a peer of the shards (calling-peer.ts). Shards are threads of their
// own, as a broker's are, or all of it is in the caller's. The engine never ends its host.
import { EventEmitter } from 'node:events'
import { Routes } from '../api/routes.ts'
import { type PeerBroker, startForPeer } from '../broker.ts'
import { journalGroupBytesMax, LIMITS } from '../config/limits.ts'
import { loadSettings, type Settings } from '../config/settings.ts'
import { effectiveTopicConfig, topicConfigs, topicSettings } from '../config/topic-configs.ts'
import { isInternalTopic } from '../controller/topic-names.ts'
import { DirectoryInUseError as LockedError } from '../lib/directory-lock.ts'
import { realEnv } from '../lib/real-env.ts'
import { type MetadataBatch, MetadataImage } from '../metadata/image.ts'
import { ErrorCode } from '../model/error-codes.ts'
import { randomUuid } from '../model/uuid.ts'
import type { Native } from '../native/contract.ts'
import { loadNative } from '../native/load.ts'
import { createLog } from '../observe/log.ts'
import { Appends } from './appends.ts'
import { CallingPeer } from './calling-peer.ts'
import {
  DirectoryInUseError,
  EngineClosedError,
  type EngineError,
  InvalidTopicError,
  LogDirectoryError,
  TopicNotFoundError,
} from './errors.ts'
import { Reads } from './reads.ts'
import { type Durability, type LogContext, TopicLog } from './topic-log.ts'

const MEMORY_BYTES = 64 << 20
const MEMORY_BYTES_MIN = 8 << 20
const BATCH_BYTES = 64 << 10
const BATCH_BYTES_MIN = 1 << 10
/** What lies between 2^31 bytes and the arena's own words. */
const MEMORY_BYTES_LIMIT = 2_146_435_072

export interface EngineOptions {
  /** Where the data is; made if it is not there. The same as a broker's `log.dirs`: either may open what the other closed. */
  readonly dir: string
  /**
   * Threads that own the partitions, between them; 1 if not given. 0: no thread but the caller's, for tests and small
   * tools. How many there are may change from one opening to the next.
   */
  readonly shards?: number
  /** Memory for records that were appended and not yet written; 64 MiB if not given. When it is used up, `append` says so. */
  readonly memoryBytes?: number
  /** The size at which a batch of a partition is handed over: 64 KiB if not given. */
  readonly batchBytes?: number
  /** How long a batch waits for more records at most: 1 if not given; 0 for the end of this turn of the event loop. */
  readonly lingerMs?: number
  /** A broker's settings, by Kafka's names, as in server.properties. `millrace.log.level` is `error` if not set. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>
}

export interface TopicOptions {
  /** How many partitions: 1 if the topic is made now. A topic that is there must have as many. */
  readonly partitions?: number
  /** `durable` if the topic is made now. A topic that is there must have the same. */
  readonly durability?: Durability
  /** Other configs of the topic, by Kafka's names, for when it is made: `retention.ms`, `cleanup.policy` … */
  readonly config?: Readonly<Record<string, string | number | boolean>>
}

interface EngineEvents {
  error: [EngineError]
}

/**
 * A log engine in this process.
 *
 * ```ts
 * const engine = await Engine.open({ dir: './events' })
 * const log = await engine.topic('events', { partitions: 4, durability: 'os' })
 * if (!log.append(0, { value: 'hello' })) await engine.ready()
 * await log.flush()
 * for await (const batch of log.read(0)) for (const record of batch) console.log(`${record.value}`)
 * await engine.close()
 * ```
 *
 * It emits one `error` event, a `LogDirectoryError`, when its directory fails (if someone listens; the host is never ended);
 * every call rejects with it from then on, and what was pending does. It keeps the process alive until it is closed.
 */
export class Engine extends EventEmitter<EngineEvents> {
  readonly #settings: Settings
  readonly #env = realEnv()
  readonly #native: Native
  readonly #image = new MetadataImage()
  readonly #logs = new Map<string, Promise<TopicLog>>()
  #routes = new Routes(1)
  #broker!: PeerBroker
  #peer!: CallingPeer
  #context!: LogContext
  #failure: EngineError | null = null
  #hasFailed = false
  #closed: Promise<void> | null = null

  private constructor(settings: Settings, native: Native) {
    super()
    this.#settings = settings
    this.#native = native
  }

  /**
   * Opens the directory, and recovers what a process that was killed has left. Rejects with a `DirectoryInUseError` if it
   * is open already, a `LogDirectoryError` if it can't be, a `SettingsError` that names every setting that is wrong.
   */
  static async open(options: EngineOptions): Promise<Engine> {
    const { shards = 1, memoryBytes = MEMORY_BYTES, batchBytes = BATCH_BYTES, lingerMs = 1 } = options
    check('shards', shards, 0, 1024)
    check('memoryBytes', memoryBytes, MEMORY_BYTES_MIN, MEMORY_BYTES_LIMIT)
    check('batchBytes', batchBytes, BATCH_BYTES_MIN, LIMITS.arenaBlockBytes)
    check('lingerMs', lingerMs, 0, 2 ** 31 - 1)
    const { settings } = loadSettings({ overrides: overrides(options, shards) })
    const native = loadNative()
    const engine = new Engine(settings, native)
    await engine.#start(memoryBytes - (memoryBytes % LIMITS.arenaBlockBytes), batchBytes, lingerMs, shards)
    return engine
  }

  /**
   * The topic of this name, made if it is not there. Rejects with an `InvalidTopicError` if it can't be made so, or is there
   * with other partitions or another durability than the options name.
   */
  topic(name: string, options: TopicOptions = {}): Promise<TopicLog> {
    const made = (this.#logs.get(name) ?? Promise.resolve(null))
      .catch(() => null)
      .then((log) => this.#topic(name, log, options))
    this.#logs.set(name, made)
    return made
  }

  /** The names of the topics that are there. */
  topics(): string[] {
    return [...this.#routes.topics()].filter(({ isInternal }) => !isInternal).map(({ image }) => image.name)
  }

  /** Deletes the topic and its records. Rejects with a `TopicNotFoundError` if there is none. */
  async deleteTopic(name: string): Promise<void> {
    this.#check()
    this.#logs.delete(name)
    const [deleted] = await this.#submit('delete-topics', { topics: [{ name, topicId: null }] })
    const refusal = deleted?.refusal ?? null
    if (refusal?.error === ErrorCode.UnknownTopicOrPartition) throw new TopicNotFoundError(`there is no topic ${name}`)
    if (refusal !== null) throw new InvalidTopicError(refusal.message)
  }

  /** Resolves when there is room for records again, after `append` has returned false. */
  ready(): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    return this.#context.appends.room()
  }

  /**
   * Ends the engine in order: what was appended is written, as safe as its topic promises and more; then everything is let
   * go. Calls that come meanwhile reject with an `EngineClosedError`. Safe to call twice, and after a failure.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #start(arenaBytes: number, batchBytes: number, lingerMs: number, shards: number): Promise<void> {
    const log = createLog({ level: this.#settings['millrace.log.level'], thread: 'main' })
    // The stand-in has no bell that rings in another thread.
    const where = shards === 0 || this.#native.kind === 'stand-in' ? 'here' : 'workers'
    this.#routes = new Routes(where === 'here' ? 1 : shards)
    this.#image.listen({
      topicCreated: (topic) => this.#routes.addTopic(topic),
      partitionAdded: (topic, partition) => void this.#routes.addPartition(topic, partition),
      topicDeleted: (topic) => void this.#routes.removeTopic(topic),
    })
    const onMetadata = (batch: MetadataBatch) => this.#image.apply(batch)
    try {
      this.#broker = await startForPeer(this.#settings, log, where, { arenaBytes, onMetadata })
    } catch (error) {
      throw asOpenError(error as Error)
    }
    const metadataVersion = () => this.#image.offset
    this.#peer = new CallingPeer({
      native: this.#native,
      shared: this.#broker.shared,
      metadataVersion,
      onTick: () => appends.onTick(),
      onFailure: (error) => this.#fail(error),
    })
    const appends = new Appends({
      peer: this.#peer,
      crc32c: this.#native.crc32c,
      batchBytes,
      lingerMs,
      metadataVersion,
      wallMs: this.#env.clock.wallMs,
    })
    const check = () => this.#check()
    this.#context = { appends, reads: new Reads(this.#peer), crc32c: this.#native.crc32c, check }
    this.#broker.failed.then((error) => this.#fail(error))
  }

  async #topic(name: string, known: TopicLog | null, options: TopicOptions): Promise<TopicLog> {
    this.#check()
    if (isInternalTopic(name)) throw new InvalidTopicError(`${name} is the cluster's own`)
    if (this.#routes.topicByName(name) === undefined) {
      await this.#create(name, options)
      known = null
    }
    const route = this.#routes.topicByName(name)
    if (route === undefined) throw new TopicNotFoundError(`${name} was deleted`)
    const { partitions = route.partitions.length, durability } = options
    if (partitions !== route.partitions.length) {
      throw new InvalidTopicError(`${name} has ${route.partitions.length} partitions, not ${partitions}`)
    }
    const log = known ?? this.#logOf(name)
    if (durability !== undefined && durability !== log.durability) {
      throw new InvalidTopicError(`the durability of ${name} is ${log.durability}, not ${durability}`)
    }
    return log
  }

  #logOf(name: string): TopicLog {
    const { given } = this.#settings
    const own = this.#image.configs.ofTopic(name)
    const server = (property: string) => given[property]
    const { maxMessageBytes } = topicSettings(own, server)
    const { value: durability } = effectiveTopicConfig(topicConfigs.get('millrace.durability')!, own, server)
    const journalBytes =
      journalGroupBytesMax(this.#settings['millrace.journal.bytes']) - LIMITS.journalGroupOverheadBytes
    const batchBytesMax = Math.min(maxMessageBytes, journalBytes)
    return new TopicLog(
      this.#context,
      this.#routes.topicByName(name)!,
      durability === 'os' ? 'os' : 'durable',
      batchBytesMax,
    )
  }

  async #create(name: string, { partitions = 1, durability = 'durable', config = {} }: TopicOptions): Promise<void> {
    const configs = Object.entries({ ...config, 'millrace.durability': durability })
    const topic = {
      name,
      topicId: randomUuid((count) => this.#env.random.bytes(count)),
      partitionCount: partitions,
      replicationFactor: 1,
      assignments: [],
      configs: configs.map(([key, value]) => ({ name: key, value: `${value}` })),
    }
    const [created] = await this.#submit('create-topics', { topics: [topic], validateOnly: false })
    const refusal = created?.refusal ?? null
    if (refusal !== null && refusal.error !== ErrorCode.TopicAlreadyExists) throw new InvalidTopicError(refusal.message)
  }

  #submit: PeerBroker['submit'] = async (type, command) => {
    try {
      return await this.#broker.submit(type, command)
    } catch (error) {
      throw this.#failure ?? asDirectoryError(error as Error)
    }
  }

  async #close(): Promise<void> {
    const { appends, reads } = this.#context
    const closing = new EngineClosedError()
    this.#failure ??= closing
    // Shards answer all that was asked of them; only who waits for more to come is told that there is no more.
    if (!this.#hasFailed) await Promise.race([appends.settle(closing), this.#broker.failed])
    await reads.settle(closing)
    appends.fail(closing)
    this.#peer.fail(closing)
    if (this.#hasFailed) await this.#broker.abandon()
    else await this.#broker.shutDown()
    this.#peer.close()
  }

  #check(): void {
    if (this.#failure !== null) throw this.#failure
  }

  #fail(error: Error): void {
    if (this.#hasFailed) return
    this.#hasFailed = true
    const failure = asDirectoryError(error)
    this.#failure ??= failure
    this.#context.appends.fail(failure)
    this.#peer.fail(failure)
    // Not from within a tick; and an `error` that nobody listens to would end the host.
    setImmediate(() => {
      if (this.listenerCount('error') > 0) this.emit('error', failure)
    })
  }
}

function overrides({ dir, settings = {} }: EngineOptions, shards: number): string[] {
  const all = {
    'millrace.log.level': 'error',
    ...settings,
    'log.dirs': dir,
    'millrace.shards': Math.max(1, shards),
  }
  return Object.entries(all).map(([name, value]) => `${name}=${value}`)
}

function check(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return
  throw new RangeError(`${name} is ${value}: a whole number from ${least} to ${most} is wanted`)
}

function asOpenError(error: Error): EngineError {
  if (error instanceof LockedError) return new DirectoryInUseError(error.message, { cause: error })
  return asDirectoryError(error)
}

function asDirectoryError(error: Error): LogDirectoryError {
  return new LogDirectoryError(error.message, { cause: error })
}
