// A transport for pino: each log line is a record of a topic.
//
// Thread: pino's worker for the transport, which has the whole engine (`shards: 0`): the program that logs does nothing of
// it. A line's text goes as it is, without its end of line.
import { Writable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { Engine, type EngineOptions } from './engine.ts'
import type { Durability, TopicLog } from './topic-log.ts'

/** What `options` of the transport may be. */
export interface PinoTransportOptions extends Pick<EngineOptions, 'dir' | 'settings'> {
  /** The topic's name; made if it is not there. */
  readonly topic: string
  /** The partition that lines go to: 0 if not given. */
  readonly partition?: number
  /** Of the topic if it is made now: `os` if not given. */
  readonly durability?: Durability
  /** Threads of the engine beside the transport's own: none if not given. */
  readonly shards?: number
}

/**
 * What `pino.transport` wants of its target: a stream of lines.
 *
 * ```ts
 * const transport = pino.transport({ target: 'millrace/pino', options: { dir: './log', topic: 'lines' } })
 * const logger = pino(transport)
 * ```
 *
 * The stream ends when all its lines are as safe as the topic's durability promises, and the engine is closed.
 */
export default async function pinoTransport(options: PinoTransportOptions): Promise<Writable> {
  const { dir, topic, partition = 0, durability, shards = 0, settings = {} } = options
  const engine = await Engine.open({ dir, shards, settings })
  try {
    const isThere = engine.topics().includes(topic)
    const made = { partitions: partition + 1, durability: durability ?? 'os' }
    const log = await engine.topic(topic, isThere ? { ...(durability && { durability }) } : made)
    return new LineStream(engine, log, partition)
  } catch (error) {
    await engine.close()
    throw error
  }
}

class LineStream extends Writable {
  readonly #engine: Engine
  readonly #log: TopicLog
  readonly #partition: number
  readonly #decoder = new StringDecoder('utf8')
  /** The beginning of a line whose end has not come. */
  #rest = ''

  constructor(engine: Engine, log: TopicLog, partition: number) {
    super({ decodeStrings: false })
    this.#engine = engine
    this.#log = log
    this.#partition = partition
    engine.once('error', (error) => this.destroy(error))
  }

  override _write(chunk: Buffer | string, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    const text = typeof chunk === 'string' ? chunk : this.#decoder.write(chunk)
    this.#append(text).then(() => callback(), callback)
  }

  override _final(callback: (error?: Error | null) => void): void {
    const last = this.#rest + this.#decoder.end()
    const ended = last === '' ? this.#log.flush() : this.#append('\n').then(() => this.#log.flush())
    ended.then(() => callback(), callback)
  }

  override _destroy(reason: Error | null, callback: (error?: Error | null) => void): void {
    this.#engine.close().then(
      () => callback(reason),
      (error: Error) => callback(reason ?? error),
    )
  }

  async #append(text: string): Promise<void> {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop()!
    for (const value of lines) {
      if (value === '') continue
      while (!this.#log.append(this.#partition, { value })) await this.#engine.ready()
    }
  }
}
