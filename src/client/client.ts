// A small client of the protocol, for the command and for tests: one connection to one broker, versions negotiated, no
// retries, no groups.
import { ErrorCode, errorName } from '../model/error-codes.ts'
import { DecodeError } from '../wire/errors.ts'
import {
  type ApiVersionsResponse,
  apiVersionsApi,
  readApiVersionsResponse,
  writeApiVersionsRequest,
} from '../wire/generated/18-api-versions.ts'
import type { Api } from '../wire/generated/apis.ts'
import type { ClientApi } from './apis.ts'
import { type Address, Connection, ConnectionError } from './connection.ts'

const SOFTWARE = { clientSoftwareName: 'millrace', clientSoftwareVersion: '1' }
const TIMEOUT_MS = 30_000

/** The broker answered, and the answer is no. */
export class RefusedError extends Error {
  override name = 'RefusedError'
  readonly code: number

  constructor(code: number, words: string | null | undefined) {
    super(words ? `${words} (${errorName(code)})` : errorName(code))
    this.code = code
  }
}

export function throwIfRefused(code: number, words?: string | null): void {
  if (code !== ErrorCode.None) throw new RefusedError(code, words)
}

export interface ClientOptions {
  readonly clientId?: string
  /** How long to wait for the connection, and for each answer. */
  readonly timeoutMs?: number
}

export class Client {
  readonly #connection: Connection
  /** By API key. */
  readonly #served: ReadonlyMap<number, { minVersion: number; maxVersion: number }>

  /** Rejects with a `ConnectionError`. */
  static async connect(address: Address, options: ClientOptions = {}): Promise<Client> {
    const { clientId = 'millrace', timeoutMs = TIMEOUT_MS } = options
    const connection = await Connection.open(address, clientId, timeoutMs)
    try {
      return new Client(connection, await negotiate(connection))
    } catch (error) {
      connection.close()
      throw error
    }
  }

  private constructor(connection: Connection, { apiKeys }: ApiVersionsResponse) {
    this.#connection = connection
    this.#served = new Map(apiKeys.map((api) => [api.apiKey, api]))
  }

  /** The version of the API that is spoken here. Throws if there is none in common. */
  versionOf({ key, name, minVersion, maxVersion }: ClientApi<never, unknown>): number {
    const served = this.#served.get(key)
    if (served === undefined) throw new RefusedError(ErrorCode.UnsupportedVersion, `the broker does not serve ${name}`)
    const version = Math.min(maxVersion, served.maxVersion)
    if (version < Math.max(minVersion, served.minVersion)) {
      const theirs = `${served.minVersion} to ${served.maxVersion}`
      throw new RefusedError(ErrorCode.UnsupportedVersion, `the broker serves ${name} in versions ${theirs} only`)
    }
    return version
  }

  /** Asks, in the highest version that both sides know. What the answer refuses is for the caller to see. */
  async request<Request, Response>(api: ClientApi<Request, Response>, request: Request): Promise<Response> {
    const version = this.versionOf(api)
    const answer = await this.#connection.request(api.key, version, (writer) => api.write(writer, version, request))
    return decoded(api, () => api.read(answer, version))
  }

  close(): void {
    this.#connection.close()
  }
}

/** A broker that does not know our version says so in version 0, and names its own. */
async function negotiate(connection: Connection): Promise<ApiVersionsResponse> {
  let version: number = apiVersionsApi.maxVersion
  for (;;) {
    const asked = version
    const answer = await connection.request(apiVersionsApi.key, asked, (writer) =>
      writeApiVersionsRequest(writer, asked, SOFTWARE),
    )
    const { isUnknown, response } = decoded(apiVersionsApi, () => {
      const at = answer.take(2)
      const isUnknown = answer.view.getInt16(at) === ErrorCode.UnsupportedVersion
      answer.position = at
      return { isUnknown, response: readApiVersionsResponse(answer, isUnknown ? 0 : asked) }
    })
    if (!isUnknown) {
      throwIfRefused(response.errorCode)
      return response
    }
    version = response.apiKeys.find(({ apiKey }) => apiKey === apiVersionsApi.key)?.maxVersion ?? 0
    if (version >= asked) throw new ConnectionError('the broker names no version of ApiVersions that it serves')
  }
}

function decoded<Response>({ name }: Pick<Api, 'name'>, read: () => Response): Response {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw new ConnectionError(`the broker's answer to ${name} cannot be read: ${error.message}`)
  }
}
