// A shard as the control thread sees it: its thread, and what was asked of it.
//
// Thread: control. A worker that dies is a broker that dies: `onFatal`.
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { LIMITS } from '../config/limits.ts'
import type { MetadataBatch } from '../metadata/image.ts'
import type { GroupLags } from '../shard/group-lags.ts'
import type { AllPartitionOffsets } from '../shard/partition-offsets.ts'
import type { RecoveryReport } from '../shard/recovery.ts'
import type { ShardData, ShardState, ToControl, ToShard } from './thread-messages.ts'

/** Where a shard runs: its own thread or, in the same words, the control thread. */
export interface ShardThread {
  postMessage(message: ToShard): void
  onMessage(listener: (message: ToControl) => void): void
  /** The thread has ended, by itself or because it was asked to. */
  onEnd(listener: (reason: Error) => void): void
  terminate(): void
}

/** The thread of the script that is given: a broker's shards, as a rule. */
export function workerThread(script: URL, data: ShardData): ShardThread {
  const worker = new Worker(script, { workerData: data })
  return {
    postMessage: (message) => worker.postMessage(message),
    onMessage: (listener) => worker.on('message', listener),
    onEnd: (listener) => {
      worker.on('error', listener)
      worker.on('exit', (code) => listener(new Error(`shard ${data.own} ended with code ${code}`)))
    },
    terminate: () => void worker.terminate(),
  }
}

/** The calling thread: for one shard only, and slower under load, but there at once. */
export function callingThread(run: (data: ShardData, port: MessagePort) => void, data: ShardData): ShardThread {
  const { port1, port2 } = new MessageChannel()
  run(structuredClone(data), port2)
  return {
    postMessage: (message) => port1.postMessage(message),
    onMessage: (listener) => port1.on('message', listener),
    onEnd: (listener) => port1.on('close', () => listener(new Error('the shard has ended'))),
    terminate: () => port1.postMessage({ type: 'abandon' }),
  }
}

export interface ShardHandleOptions {
  thread: ShardThread
  onRequest: (
    message: Extract<ToControl, { type: 'request' | 'create-topics' | 'store-log-starts' }>,
  ) => Promise<ToShard>
  onApplied: (offset: number) => void
  /** The shard trusts the wall clock. */
  onTimeTrusted: (wallMs: number) => void
  onFatal: (error: Error) => void
}

export class ShardHandle {
  readonly #thread: ShardThread
  readonly #options: ShardHandleOptions
  readonly #awaited = new Map<string, (message: ToControl) => void>()
  readonly #ended: Promise<void>
  #isClosing = false
  #state: Promise<ShardState> | null = null
  #groupLags: Promise<GroupLags> | null = null
  #partitionOffsets: Promise<AllPartitionOffsets> | null = null

  constructor(options: ShardHandleOptions) {
    this.#options = options
    this.#thread = options.thread
    this.#thread.onMessage((message) => this.#onMessage(message))
    this.#ended = new Promise((resolve) => {
      this.#thread.onEnd((reason) => {
        resolve()
        if (!this.#isClosing) options.onFatal(reason)
      })
    })
  }

  async recovered(): Promise<RecoveryReport> {
    const message = await this.#next('recovered')
    return message.report
  }

  async checkpoint(): Promise<void> {
    this.#post({ type: 'checkpoint' })
    await this.#next('checkpointed')
  }

  async open(): Promise<void> {
    this.#post({ type: 'open' })
    await this.#next('opened')
  }

  applyMetadata(batch: MetadataBatch): void {
    this.#post({ type: 'metadata', batch })
  }

  /** What the shard says of this moment. Several who ask at a time get the same answer. */
  state(): Promise<ShardState> {
    if (this.#state === null) {
      this.#state = this.#next('state').then(({ state }) => {
        this.#state = null
        return state
      })
      this.#post({ type: 'ask-state' })
    }
    return this.#state
  }

  /** Likewise: how far the groups that it coordinates are behind. */
  groupLags(): Promise<GroupLags> {
    if (this.#groupLags === null) {
      this.#groupLags = this.#next('group-lags').then(({ lags }) => {
        this.#groupLags = null
        return lags
      })
      this.#post({ type: 'ask-group-lags', countMax: LIMITS.groupLagsMax })
    }
    return this.#groupLags
  }

  /** Likewise: how far its partitions are durable, readable and written. */
  partitionOffsets(): Promise<AllPartitionOffsets> {
    if (this.#partitionOffsets === null) {
      this.#partitionOffsets = this.#next('partition-offsets').then(({ offsets }) => {
        this.#partitionOffsets = null
        return offsets
      })
      this.#post({ type: 'ask-partition-offsets', countMax: LIMITS.partitionOffsetsMax })
    }
    return this.#partitionOffsets
  }

  /** For the stand-in, whose sockets live on the shard. Resolves to the bound port. */
  async listen(listener: number, address: string, port: number, backlog: number): Promise<number> {
    this.#post({ type: 'listen', listener, address, port, backlog })
    const failed = this.#next('listen-failed').then(({ message }) => Promise.reject(new Error(message)))
    const message = await Promise.race([this.#next('listening'), failed])
    return message.port
  }

  /** Resolves when everything acknowledged is in segments; the thread then only waits for `end`. */
  async close(): Promise<void> {
    this.#isClosing = true
    this.#post({ type: 'close' })
    await Promise.race([this.#next('closed'), this.#ended])
  }

  /** Once every shard is closed. Resolves when the thread has ended. */
  async end(): Promise<void> {
    this.#post({ type: 'end' })
    await this.#ended
  }

  async terminate(): Promise<void> {
    this.#isClosing = true
    this.#thread.terminate()
    await this.#ended
  }

  #post(message: ToShard): void {
    this.#thread.postMessage(message)
  }

  #next<Type extends ToControl['type']>(type: Type): Promise<Extract<ToControl, { type: Type }>> {
    return new Promise((resolve) => {
      this.#awaited.set(type, (message) => resolve(message as Extract<ToControl, { type: Type }>))
    })
  }

  #onMessage(message: ToControl): void {
    switch (message.type) {
      case 'request':
      case 'create-topics':
      case 'store-log-starts':
        this.#options.onRequest(message).then((answer) => this.#post(answer), this.#options.onFatal)
        return
      case 'applied':
        this.#options.onApplied(message.offset)
        return
      case 'time-trusted':
        this.#options.onTimeTrusted(message.wallMs)
        return
      case 'fatal':
        this.#options.onFatal(message.error)
        return
      default:
        this.#awaited.get(message.type)?.(message)
        this.#awaited.delete(message.type)
    }
  }
}
