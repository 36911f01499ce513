// A shard as the control thread sees it: its worker, and what was asked of it.
//
// Thread: control. A worker that dies is a broker that dies: `onFatal`.
import { Worker } from 'node:worker_threads'
import type { MetadataBatch } from '../metadata/image.ts'
import type { RecoveryReport } from '../shard/recovery.ts'
import type { ShardData, ToControl, ToShard } from './thread-messages.ts'

export interface ShardHandleOptions {
  data: ShardData
  script: URL
  onRequest: (message: Extract<ToControl, { type: 'request' | 'create-topics' }>) => Promise<ToShard>
  onApplied: (offset: number) => void
  onFatal: (error: Error) => void
}

export class ShardHandle {
  readonly #worker: Worker
  readonly #options: ShardHandleOptions
  readonly #awaited = new Map<string, (message: ToControl) => void>()
  #isClosing = false
  #hasEnded = false

  constructor(options: ShardHandleOptions) {
    this.#options = options
    this.#worker = new Worker(options.script, { workerData: options.data })
    this.#worker.on('message', (message: ToControl) => this.#onMessage(message))
    this.#worker.on('error', (error) => options.onFatal(error))
    this.#worker.on('exit', (code) => {
      this.#hasEnded = true
      if (!this.#isClosing) options.onFatal(new Error(`shard ${options.data.own} ended with code ${code}`))
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
    const exited = new Promise((resolve) => this.#worker.once('exit', resolve))
    this.#post({ type: 'close' })
    await Promise.race([this.#next('closed'), exited])
  }

  /** Once every shard is closed. Resolves when the thread has ended. */
  async end(): Promise<void> {
    if (this.#hasEnded) return
    const exited = new Promise((resolve) => this.#worker.once('exit', resolve))
    this.#post({ type: 'end' })
    await exited
  }

  async terminate(): Promise<void> {
    this.#isClosing = true
    await this.#worker.terminate()
  }

  #post(message: ToShard): void {
    this.#worker.postMessage(message)
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
        this.#options.onRequest(message).then((answer) => this.#post(answer), this.#options.onFatal)
        return
      case 'applied':
        this.#options.onApplied(message.offset)
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
