// Requests that shards send to the control thread: decoded, handled and encoded here, bytes in and bytes out.
//
// Owner: the control thread. It never sees a record batch.
import { autoCreateTopics } from '../api/auto-create-topics.ts'
import type { ColdApi, ControlContext } from '../api/define-api.ts'
import { coldApis } from '../api/table.ts'
import { LIMITS } from '../config/limits.ts'
import { isInternalTopic } from '../controller/topic-names.ts'
import { COUNTER, type Counters } from '../observe/counters.ts'
import type { LimitedLog } from '../observe/limited-log.ts'
import { DecodeError } from '../wire/errors.ts'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'
import type { ToControl, ToShard } from './thread-messages.ts'

type Shared = Omit<ControlContext, 'apiVersion' | 'listenerName'>

export class ControlRequests {
  readonly #shared: Shared
  readonly #listenerNames: readonly string[]
  readonly #counters: Counters
  readonly #log: LimitedLog

  constructor(shared: Shared, listenerNames: readonly string[], counters: Counters, log: LimitedLog) {
    this.#shared = shared
    this.#listenerNames = listenerNames
    this.#counters = counters
    this.#log = log
  }

  /** Resolves to the answer's body; empty when the bytes are no request, which closes the connection. */
  async handle({ id, apiKey, apiVersion, listener, body }: Extract<ToControl, { type: 'request' }>): Promise<ToShard> {
    const api = coldApis.get(apiKey) as Extract<ColdApi, { runsOn: 'control' }>
    this.#counters.add(COUNTER.controlRequestBytes, body.length)
    const reader = new Reader()
    reader.reset(
      body,
      new DataView(body.buffer, body.byteOffset, body.length),
      0,
      body.length,
      LIMITS.requestDecodeBytesMax,
    )
    try {
      const request = api.read(reader, apiVersion)
      const context = { ...this.#shared, apiVersion, listenerName: this.#listenerNames[listener]! }
      const response = await api.handle(request, context)
      const writer = new Writer()
      api.write(writer, apiVersion, response)
      return { type: 'answered', id, body: writer.written(), refusal: null }
    } catch (error) {
      const body = new Uint8Array(0)
      if (error instanceof DecodeError) return { type: 'answered', id, body, refusal: error.message }
      this.#log.write('error', () => ({ err: error, apiKey, apiVersion }), 'a request could not be handled')
      return { type: 'answered', id, body, refusal: null }
    }
  }

  async createTopics({ id, names }: Extract<ToControl, { type: 'create-topics' }>): Promise<ToShard> {
    for (const name of names) this.#counters.add(COUNTER.controlRequestBytes, name.length)
    const errors = await autoCreateTopics(this.#shared, names)
    for (const [topic, error] of errors) {
      // Clients are only told to try again.
      if (isInternalTopic(topic))
        this.#log.write('warn', () => ({ topic, error }), "a topic of the cluster's own could not be made")
    }
    return { type: 'topics-created', id, errors }
  }
}
