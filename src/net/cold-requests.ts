// The requests that are neither Produce nor Fetch, as a shard serves them: from its own image, or by sending the bytes to
// the control thread.
//
// Owner: the shard's loop.
import { unsupportedApiVersions } from '../api/18-api-versions.ts'
import type { ColdApi, ShardContext } from '../api/define-api.ts'
import { admit, advertisedApis, coldApis } from '../api/table.ts'
import { supportedFeatures } from '../controller/features.ts'
import type { ErrorCode } from '../model/error-codes.ts'
import type { Shard } from '../shard/shard.ts'
import { apiVersionsApi, writeApiVersionsResponse } from '../wire/generated/18-api-versions.ts'
import type { Reader } from '../wire/reader.ts'
import type { Writer } from '../wire/writer.ts'
import { type ColdRequest, type ColdRequests, RefusedError } from './requests.ts'
import type { ShardData, ToControl, ToShard } from './thread-messages.ts'

type WriteBody = (writer: Writer) => void

export class ShardRequests implements ColdRequests {
  readonly #shard: Shard
  readonly #data: ShardData
  readonly #post: (message: ToControl) => void
  readonly #forwarded = new Map<number, (body: Uint8Array, refusal: string | null) => void>()
  readonly #creating = new Map<number, (errors: ReadonlyMap<string, ErrorCode>) => void>()
  #ids = 0

  constructor(shard: Shard, data: ShardData, post: (message: ToControl) => void) {
    this.#shard = shard
    this.#data = data
    this.#post = post
  }

  handle(request: ColdRequest, reader: Reader): Promise<WriteBody> | null {
    const { apiKey, apiVersion } = request
    switch (admit(apiKey, apiVersion)) {
      case 'refuse':
        return null
      case 'unsupported-api-versions':
        // The request is not parsed; the answer is in version 0, which every client can read.
        return Promise.resolve((writer) => writeApiVersionsResponse(writer, 0, unsupportedApiVersions()))
    }
    const api = coldApis.get(apiKey)!
    if (api.runsOn === 'control') return this.#forward(request, reader)
    const decoded = api.read(reader, apiVersion)
    return this.#handleHere(api, request, decoded)
  }

  onAnswered({ id, body, refusal }: Extract<ToShard, { type: 'answered' }>): void {
    this.#forwarded.get(id)!(body, refusal)
    this.#forwarded.delete(id)
  }

  onTopicsCreated(id: number, errors: ReadonlyMap<string, number>): void {
    this.#creating.get(id)!(errors as ReadonlyMap<string, ErrorCode>)
    this.#creating.delete(id)
  }

  async #handleHere(
    api: Extract<ColdApi, { runsOn: 'shard' }>,
    request: ColdRequest,
    decoded: ReturnType<ColdApi['read']>,
  ): Promise<WriteBody> {
    const { apiVersion, connection } = request
    if (api.key === apiVersionsApi.key && apiVersion >= 3) {
      connection.clientSoftware = `${decoded.clientSoftwareName} ${decoded.clientSoftwareVersion}`
    }
    const response = await api.handle(decoded, this.#context(request))
    return (writer) => api.write(writer, apiVersion, response)
  }

  #forward({ apiKey, apiVersion, listener }: ColdRequest, reader: Reader): Promise<WriteBody> {
    const id = ++this.#ids
    const body = reader.bytes.slice(reader.position, reader.end)
    return new Promise((resolve, reject) => {
      this.#forwarded.set(id, (answer, refusal) => {
        if (refusal !== null) reject(new RefusedError(refusal))
        else if (answer.length === 0) reject(new Error('the control thread could not handle it'))
        else resolve((writer) => writer.writeRaw(answer))
      })
      this.#post({ type: 'request', id, apiKey, apiVersion, listener, body })
    })
  }

  #context({ apiVersion, listener, clientId, connection, call }: ColdRequest): ShardContext {
    const caller = { clientId: clientId ?? '', clientHost: `/${addressOf(connection.peer)}` }
    const { settings, clusterId, nodeId, listenerNames } = this.#data
    return {
      apiVersion,
      listenerName: listenerNames[listener]!,
      image: this.#shard.image,
      nodeId,
      clusterId,
      advertisedApis,
      supportedFeatures,
      routes: this.#shard.routes,
      queries: this.#shard.queries,
      deleteRecords: (route, offset) => this.#shard.deletions.deleteBefore(route, offset),
      createTopics: settings['auto.create.topics.enable'] ? (names) => this.#createTopics(names) : null,
      createInternalTopic: async (name) => {
        await this.#createTopics([name])
      },
      groups: this.#shard.groups.callsOf(caller, apiVersion, call),
    }
  }

  #createTopics(names: readonly string[]): Promise<ReadonlyMap<string, ErrorCode>> {
    const id = ++this.#ids
    return new Promise((resolve) => {
      this.#creating.set(id, resolve)
      this.#post({ type: 'create-topics', id, names })
    })
  }
}

/** Of `address:port` or `[address]:port`. */
function addressOf(peer: string): string {
  return peer.slice(0, Math.max(0, peer.lastIndexOf(':'))).replace(/^\[|\]$/g, '')
}
