// A line for each connection, when it begins its work: which client it is, and in which versions it speaks. The first
// thing to know when one client behaves otherwise than the rest.
//
// Owner: the shard's loop. Written with the first request that is neither ApiVersions nor Metadata, so that it can name
// what came before; a connection that only asks gets none.

import type { LimitedLog } from '../observe/limited-log.ts'
import { metadataApi } from '../wire/generated/03-metadata.ts'
import { apiVersionsApi } from '../wire/generated/18-api-versions.ts'
import { apis } from '../wire/generated/apis.ts'
import type { Connection } from './connection.ts'

const VERSIONS_MAX = 4
/** A client may choose longer names than anyone wants to read. */
const NAME_LENGTH_MAX = 128

const names: ReadonlyMap<number, string> = new Map(apis.map(({ key, name }) => [key, name]))

export class Introductions {
  readonly #log: LimitedLog
  readonly #listenerNames: readonly string[]

  constructor(log: LimitedLog, listenerNames: readonly string[]) {
    this.#log = log
    this.#listenerNames = listenerNames
  }

  /** A request of a connection that `isIntroduced` is not true of yet. */
  onRequest(connection: Connection, apiKey: number, apiVersion: number, clientId: string | null): void {
    const name = names.get(apiKey)
    if (name === undefined) return
    const isWork = apiKey !== apiVersionsApi.key && apiKey !== metadataApi.key
    if (isWork || connection.versions.length < VERSIONS_MAX) connection.versions.push(`${name} ${apiVersion}`)
    if (!isWork) return
    connection.isIntroduced = true
    this.#log.write(
      'info',
      () => ({
        clientSoftware: connection.clientSoftware.slice(0, NAME_LENGTH_MAX),
        clientId: clientId?.slice(0, NAME_LENGTH_MAX) ?? null,
        listener: this.#listenerNames[connection.listener],
        peer: connection.peer,
        versions: connection.versions,
      }),
      'a client begins',
    )
  }
}
