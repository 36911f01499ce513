// The broker of this process: start and stop order, and the only place where everything is put together.
//
// Thread: control. Start: directory, metadata log, shards (all recover; then all write a checkpoint; then all open their
// journals), listeners, this broker's registration. Stop: listeners, shards (what was begun becomes durable), metadata
// log.
import { lookup } from 'node:dns/promises'
import type { InternalTopic } from './api/define-api.ts'
import { BrokerMetrics } from './broker-metrics.ts'
import { describeSettings } from './config/describe.ts'
import { LIMITS } from './config/limits.ts'
import { isWildcard, type Listener } from './config/listeners.ts'
import { brokerListeners, type Settings } from './config/settings.ts'
import { ControlPlane } from './controller/control-plane.ts'
import { supportedFeatures } from './controller/features.ts'
import { ProducerIdPool } from './controller/producer-id-pool.ts'
import { shardsOnDisk } from './journal/checkpoint.ts'
import { nextRunEpoch } from './journal/run-epoch.ts'
import { descriptorLimit } from './lib/descriptor-limit.ts'
import { lockDirectory } from './lib/directory-lock.ts'
import type { Env } from './lib/env.ts'
import { realEnv } from './lib/real-env.ts'
import { removeDoomed } from './log/log-directories.ts'
import { LogStartCheckpoint } from './log/log-start-checkpoint.ts'
import { TrustedTime } from './log/trusted-time.ts'
import type { MetadataBatch } from './metadata/image.ts'
import { imageRecords } from './metadata/image-records.ts'
import { OFFSETS_TOPIC } from './model/ids.ts'
import { randomUuid } from './model/uuid.ts'
import type { Native } from './native/contract.ts'
import { loadNative } from './native/load.ts'
import { Acceptors } from './net/acceptors.ts'
import { AppliedMetadata } from './net/applied-metadata.ts'
import { type ConnectionQuota, connectionQuota } from './net/connection-quota.ts'
import { ControlRequests } from './net/control-requests.ts'
import { callingThread, ShardHandle, workerThread } from './net/shard-handle.ts'
import type { ShardData } from './net/thread-messages.ts'
import { COUNTER, type CounterSnapshot, Counters } from './observe/counters.ts'
import { Histograms } from './observe/histograms.ts'
import { HttpPort } from './observe/http.ts'
import { LimitedLog } from './observe/limited-log.ts'
import type { Log } from './observe/log.ts'
import { type LogDirectory, openLogDirectory } from './raft/log-directory.ts'
import { SleepFlags } from './ring/sleep.ts'
import { createSharedMemory, type SharedMemory } from './shard/shared-memory.ts'

const BACKLOG = 1024
const EVERY_ADDRESS = '::'
/** Security protocol number of PLAINTEXT in a broker's registration. */
const PLAINTEXT = 0
const SHARD_STATE_TIMEOUT_MS = 2000
const PARTITIONS_PER_COMMAND_MAX = 200_000

/** Who uses the shards from the calling thread, as a peer of theirs and in place of clients: nobody listens then. */
export interface CallingThread {
  readonly arenaBytes: number
  /** What the shards are started with, then each batch, as they get it. */
  onMetadata(batch: MetadataBatch): void
}

/** What such a peer needs of the broker. */
export interface PeerBroker extends Broker {
  readonly shared: SharedMemory
  /** Has the controller carry out a command; the metadata of every thread follows. */
  readonly submit: ControlPlane['submit']
}

export interface Broker {
  /** What clients can connect to, with the ports that were bound. */
  readonly listeners: readonly { readonly name: string; readonly host: string; readonly port: number }[]
  /** Where /metrics and /healthz are; null for nowhere. */
  readonly httpPort: number | null
  /** Resolves with what ended the broker, if something other than `shutDown` does. */
  readonly failed: Promise<Error>
  /** What each thread has done: the shards in order, the control thread last. */
  counters(): CounterSnapshot[]
  /** Controlled shutdown. */
  shutDown(): Promise<void>
  /** Lets go of everything and finishes nothing: after a failure, when the process lives on. The next start recovers. */
  abandon(): Promise<void>
}

/** `here`: all of it in the calling thread, with one shard whatever the settings say. */
export function startBroker(settings: Settings, log: Log, where: 'workers' | 'here' = 'workers'): Promise<Broker> {
  return start(new LocalBroker(settings, log, where, null))
}

/** The same without listeners, for the calling thread. */
export function startForPeer(
  settings: Settings,
  log: Log,
  where: 'workers' | 'here',
  caller: CallingThread,
): Promise<PeerBroker> {
  return start(new LocalBroker(settings, log, where, caller))
}

async function start(broker: LocalBroker): Promise<LocalBroker> {
  try {
    await broker.start()
    return broker
  } catch (error) {
    await broker.abandon()
    throw error
  }
}

class LocalBroker implements PeerBroker {
  readonly #settings: Settings
  readonly #log: Log
  readonly #isHere: boolean
  readonly #caller: CallingThread | null
  /** What clients do. */
  readonly #clientLog: LimitedLog
  readonly #env: Env = realEnv()
  readonly #native: Native = loadNative()
  readonly shared: SharedMemory
  readonly #counters: Counters[]
  readonly #listenersConfigured: readonly Listener[]
  #plane: ControlPlane | null = null
  #shards: ShardHandle[] = []
  #trustedTime: TrustedTime | null = null
  #acceptors: Acceptors | null = null
  #http: HttpPort | null = null
  #failure: Error | null = null
  readonly listeners: { name: string; host: string; port: number }[] = []
  #unlock: () => void = () => undefined
  readonly failed: Promise<Error>
  #fail: (error: Error) => void = () => undefined

  constructor(settings: Settings, log: Log, where: 'workers' | 'here', caller: CallingThread | null) {
    this.#settings = settings
    this.#log = log
    this.#isHere = where === 'here'
    this.#caller = caller
    const linesMax = settings['millrace.log.client.lines.max']
    this.#clientLog = new LimitedLog(log, linesMax, () => this.#env.clock.nowMs())
    // The stand-in keeps its sockets and its journal in one thread.
    const shards = this.#native.kind === 'addon' && !this.#isHere ? settings['millrace.shards'] : 1
    this.shared = createSharedMemory(shards, settings['millrace.arena.bytes'], caller?.arenaBytes)
    this.#counters = Array.from({ length: shards + 1 }, (_, thread) => new Counters(this.shared.counters, thread))
    this.#listenersConfigured = caller === null ? brokerListeners(settings) : []
    this.failed = new Promise((resolve) => {
      this.#fail = (error) => {
        this.#failure ??= error
        resolve(error)
      }
    })
  }

  get httpPort(): number | null {
    return this.#http?.port ?? null
  }

  counters(): CounterSnapshot[] {
    return this.#counters.map((counters) => counters.snapshot())
  }

  submit: ControlPlane['submit'] = (type, command) => this.#plane!.submit(type, command)

  async start(): Promise<void> {
    const nodeId = this.#settings['node.id']
    const directory = await openLogDirectory(this.#env, this.#settings['log.dirs'][0]!, nodeId)
    this.#unlock = await lockDirectory(directory.path)
    await removeDoomed(this.#env.disk, directory.path)
    const runEpoch = await nextRunEpoch(this.#env.disk, directory.path)
    this.#plane = await this.#startPlane(directory)
    const requests = this.#controlRequests(this.#plane, directory)
    await this.#startShards(this.#plane, directory, runEpoch, requests)
    if (this.#caller === null) await this.#listen()
    await this.#register(this.#plane, directory)
    await this.#openHttp(this.#plane, directory)
  }

  async shutDown(): Promise<void> {
    this.#http?.close()
    this.#acceptors?.close()
    await Promise.all(this.#shards.map((shard) => shard.close()))
    await Promise.all(this.#shards.map((shard) => shard.end()))
    await this.#trustedTime?.settle()
    await this.#plane?.close()
    this.#unlock()
    this.#log.info({ counters: this.counters() }, 'counters')
  }

  async abandon(): Promise<void> {
    this.#http?.close()
    this.#acceptors?.close()
    await Promise.all(this.#shards.map((shard) => shard.terminate()))
    await this.#trustedTime?.settle()
    await this.#plane?.close()
    this.#unlock()
  }

  async #startPlane(directory: LogDirectory): Promise<ControlPlane> {
    const settings = this.#settings
    const plane = await ControlPlane.start({
      env: this.#env,
      logDirectory: directory.path,
      nodeId: directory.nodeId,
      directoryId: directory.directoryId,
      crc32c: this.#native.crc32c,
      settings: {
        partitionCountDefault: settings['num.partitions'],
        replicationFactorDefault: settings['default.replication.factor'],
        deleteTopicEnable: settings['delete.topic.enable'],
        partitionsPerCommandMax: PARTITIONS_PER_COMMAND_MAX,
      },
      onBatch: (batch) => {
        for (const shard of this.#shards) shard.applyMetadata(batch)
        this.#caller?.onMetadata(batch)
      },
    })
    plane.failed.then((error) => this.#fail(error))
    return plane
  }

  #controlRequests(plane: ControlPlane, directory: LogDirectory): ControlRequests {
    const { nodeId } = directory
    const allocate = () =>
      plane.submit('allocate-producer-ids', {
        brokerId: nodeId,
        brokerEpoch: plane.image.brokers.get(nodeId)?.epoch ?? -1,
      })
    const shared = {
      image: plane.image,
      nodeId,
      submit: plane.submit.bind(plane),
      newUuid: () => randomUuid((count) => this.#env.random.bytes(count)),
      producerIds: new ProducerIdPool(allocate),
      brokerConfigs: describeSettings(this.#settings),
      internalTopics: new Map([[OFFSETS_TOPIC, offsetsTopic(this.#settings)]]),
    }
    return new ControlRequests(shared, this.#listenerNames(), this.#counters.at(-1)!, this.#clientLog)
  }

  async #startShards(
    plane: ControlPlane,
    directory: LogDirectory,
    runEpoch: number,
    requests: ControlRequests,
  ): Promise<void> {
    const { shards } = this.shared
    const { topics } = plane.image
    const logStarts = await LogStartCheckpoint.open(this.#env.disk, directory.path, (topic) => {
      return topics.byName(topic)?.topicId
    })
    const trustedTime = await TrustedTime.open(this.#env.disk, directory.path)
    this.#trustedTime = trustedTime
    const data: Omit<ShardData, 'own'> = {
      nodeId: directory.nodeId,
      clusterId: directory.clusterId,
      runEpoch,
      directory: directory.path,
      settings: this.#settings,
      listenerNames: this.#listenerNames(),
      shared: this.shared,
      metadata: wholeImage(plane),
      logStarts: logStarts.starts,
      trustedTimeMs: trustedTime.lastMs,
    }
    this.#caller?.onMetadata(data.metadata)
    const script = new URL(import.meta.url.endsWith('.ts') ? './shard-worker.ts' : './shard-worker.js', import.meta.url)
    const applied = new AppliedMetadata(shards)
    const broken = this.failed.then((error) => Promise.reject(error))
    // Workers load it for themselves.
    const runShard = this.#isHere ? (await import('./shard-thread.ts')).runShard : null
    this.#shards = Array.from(
      { length: shards },
      (_, own) =>
        new ShardHandle({
          thread:
            runShard === null ? workerThread(script, { ...data, own }) : callingThread(runShard, { ...data, own }),
          onRequest: async (message) => {
            if (message.type === 'store-log-starts') {
              await logStarts.store(message.changes)
              return { type: 'log-starts-stored', id: message.id }
            }
            const answer = await (message.type === 'request'
              ? requests.handle(message)
              : requests.createTopics(message))
            await applied.reached(plane.image.offset)
            return answer
          },
          onApplied: (offset) => applied.advance(own, offset),
          onTimeTrusted: (wallMs) => trustedTime.store(wallMs).catch((error) => this.#fail(error)),
          onFatal: (error) => this.#fail(error),
        }),
    )
    const reports = await Promise.race([Promise.all(this.#shards.map((shard) => shard.recovered())), broken])
    for (const [shard, report] of reports.entries()) this.#log.info({ shard, ...report }, 'recovered')
    await Promise.race([Promise.all(this.#shards.map((shard) => shard.checkpoint())), broken])
    await this.#env.disk.syncDirectory(directory.path)
    // Everything is in segments and in this run's checkpoints: what other shard counts left has served.
    await this.#removeOldJournals(directory.path, shards)
    await Promise.race([Promise.all(this.#shards.map((shard) => shard.open())), broken])
  }

  /** Of shards that are no more. Checkpoints go last: a journal without one can't be read. */
  async #removeOldJournals(directory: string, shards: number): Promise<void> {
    const { disk } = this.#env
    const left = (await shardsOnDisk(disk, directory)).filter((shard) => shard >= shards)
    if (left.length === 0) return
    const names = await disk.list(directory)
    for (const kind of ['journal', 'checkpoint']) {
      const old = names.filter((name) => left.some((shard) => name.startsWith(`millrace-shard-${shard}.${kind}-`)))
      for (const name of old) await disk.remove(`${directory}/${name}`)
      await disk.syncDirectory(directory)
    }
  }

  async #listen(): Promise<void> {
    const { native, shared, counters } = { native: this.#native, shared: this.shared, counters: this.#counters }
    const doorbells = new Int32Array(shared.doorbells)
    if (native.kind === 'addon') {
      this.#acceptors = new Acceptors({
        native,
        rings: shared.rings[shared.shards]!.slice(0, shared.shards) as SharedArrayBuffer[],
        sleep: new SleepFlags(shared.sleep),
        wake: (shard) => native.ringDoorbell(Atomics.load(doorbells, shard) - 1),
        endedCount: (shard) => counters[shard]!.get(COUNTER.connectionsEnded),
        addresses: shared.addresses,
        quota: await this.#quota(),
        perSecond: this.#settings['max.connection.creation.rate'],
        clock: this.#env.clock,
        log: this.#clientLog,
      })
    }
    for (const [number, { name, host, port }] of this.#listenersConfigured.entries()) {
      const address = await resolveAddress(host)
      const bound =
        this.#acceptors === null
          ? await this.#shards[0]!.listen(number, address, port, BACKLOG)
          : this.#bind(number, host, address, port)
      this.listeners.push({ name, host, port: bound })
    }
  }

  async #quota(): Promise<ConnectionQuota> {
    const descriptors = descriptorLimit()
    const quota = await connectionQuota(this.#settings, this.shared.shards, descriptors, resolveAddress)
    const { connectionsMax } = quota
    if (connectionsMax < this.#settings['max.connections']) {
      this.#log.info({ descriptors, connectionsMax }, 'descriptors allow fewer connections than max.connections')
    }
    return quota
  }

  #bind(number: number, host: string, address: string, port: number): number {
    try {
      return this.#acceptors!.listen(number, address, port, BACKLOG)
    } catch (error) {
      throw cannotListen({ host, port }, error)
    }
  }

  /** From here on metadata names this broker, and it leads what it can. */
  async #register(plane: ControlPlane, { nodeId, directoryId }: LogDirectory): Promise<void> {
    const advertised = new Map(this.#settings['advertised.listeners'].map((listener) => [listener.name, listener]))
    const registered = await plane.submit('register-broker', {
      brokerId: nodeId,
      incarnationId: randomUuid((count) => this.#env.random.bytes(count)),
      endPoints: this.listeners.map(({ name, host, port }) => {
        const { host: advertisedHost, port: advertisedPort } = advertised.get(name) ?? { host, port }
        return { name, host: advertisedHost, port: advertisedPort || port, securityProtocol: PLAINTEXT }
      }),
      features: supportedFeatures.map(({ name, minVersion, maxVersion }) => ({
        name,
        minSupportedVersion: minVersion,
        maxSupportedVersion: maxVersion,
      })),
      rack: null,
      logDirs: [directoryId],
    })
    if (registered.refusal !== null) throw new Error(registered.refusal.message)
    const { brokerEpoch } = registered
    const unfenced = await plane.submit('unfence-broker', { brokerId: nodeId, brokerEpoch })
    if (unfenced.refusal !== null) throw new Error(unfenced.refusal.message)
  }

  async #openHttp({ image }: ControlPlane, { path }: LogDirectory): Promise<void> {
    const listener = this.#settings['millrace.http.listener']
    if (listener === null) return
    const { shards, histograms } = this.shared
    const metrics = new BrokerMetrics({
      image,
      shards: this.#shards,
      counters: this.#counters.slice(0, shards),
      histograms: Array.from({ length: shards }, (_, shard) => new Histograms(histograms, shard)),
      arenaBytes: this.#settings['millrace.arena.bytes'],
      listenerNames: this.#listenerNames(),
      logDirectory: path,
      failure: () => this.#failure,
      groupLagsMax: LIMITS.groupLagsMax,
      partitionOffsetsMax: LIMITS.partitionOffsetsMax,
      stateTimeoutMs: SHARD_STATE_TIMEOUT_MS,
    })
    try {
      this.#http = await HttpPort.open({
        ...listener,
        metrics: () => metrics.text(),
        health: () => metrics.problems(),
        onError: (error) => this.#log.error({ err: error }, 'metrics could not be shown'),
      })
    } catch (error) {
      throw cannotListen(listener, error)
    }
    this.#log.info({ port: this.#http.port }, 'metrics are served')
  }

  #listenerNames(): string[] {
    return this.#listenersConfigured.map(({ name }) => name)
  }
}

/** What a thread that starts now begins from. */
function wholeImage({ image }: ControlPlane): MetadataBatch {
  return { offset: image.offset, epoch: image.epoch, records: [...imageRecords(image)] }
}

/** As Kafka makes it; compaction keeps the last word on each group and offset. */
function offsetsTopic(settings: Settings): InternalTopic {
  return {
    partitionCount: settings['offsets.topic.num.partitions'],
    replicationFactor: settings['offsets.topic.replication.factor'],
    configs: [
      { name: 'cleanup.policy', value: 'compact' },
      { name: 'compression.type', value: 'producer' },
      { name: 'segment.bytes', value: `${settings['offsets.topic.segment.bytes']}` },
      // Said only where the broker's default is another: else its configs are Kafka's.
      ...(settings['millrace.durability'] === 'durable' ? [] : [{ name: 'millrace.durability', value: 'durable' }]),
    ],
  }
}

function cannotListen({ host, port }: { host: string; port: number }, error: unknown): Error {
  const code = (error as { code?: string }).code ?? String(error)
  const reason = code === 'EADDRINUSE' ? 'the address is in use' : code
  return new Error(`cannot listen on ${host || '*'}:${port}: ${reason}`)
}

async function resolveAddress(host: string): Promise<string> {
  if (isWildcard(host)) return host === '' ? EVERY_ADDRESS : host
  const { address } = await lookup(host)
  return address
}
