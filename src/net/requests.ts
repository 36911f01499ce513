// From a frame to a call: reads the header, finds who serves the API, decodes the body and starts the call.
//
// Owner: the shard's loop. Produce and Fetch are decoded into pooled calls; every other request becomes an object and is
// handled by a promise, on this shard or, as bytes, on the control thread. Bytes that are no request end the connection.

import { ProduceCall } from '../api/00-produce.ts'
import { FetchCall } from '../api/01-fetch.ts'
import { ColdCall } from '../api/cold-call.ts'
import { LIMITS } from '../config/limits.ts'
import { Pool } from '../lib/pool.ts'
import type { Log } from '../observe/log.ts'
import type { Shard } from '../shard/shard.ts'
import { DecodeError } from '../wire/errors.ts'
import { produceApi, readProduceRequest } from '../wire/generated/00-produce.ts'
import { fetchApi, readFetchRequest } from '../wire/generated/01-fetch.ts'
import { Reader } from '../wire/reader.ts'
import { clientIdOf, RequestHeader, readRequestHeader } from '../wire/request-header.ts'
import type { Writer } from '../wire/writer.ts'
import type { Connection } from './connection.ts'
import type { Introductions } from './introductions.ts'

/** Who serves the requests that are neither Produce nor Fetch. */
export interface ColdRequests {
  /**
   * Decodes and handles the request that `reader` stands at; the reader is somebody else's when this returns. Throws
   * DecodeError. Null when the API or its version is not served.
   */
  handle(request: ColdRequest, reader: Reader): Promise<(writer: Writer) => void> | null
}

export interface ColdRequest {
  apiKey: number
  apiVersion: number
  clientId: string | null
  listener: number
  connection: Connection
  call: ColdCall
}

export class Requests {
  readonly #shard: Shard
  readonly #cold: ColdRequests
  readonly #log: Log
  readonly #introductions: Introductions
  readonly #reader: Reader
  readonly #header = new RequestHeader()
  readonly #produces: Pool<ProduceCall> = new Pool(() => new ProduceCall(this.#produces))
  readonly #fetches: Pool<FetchCall> = new Pool(() => new FetchCall(this.#fetches))

  constructor(shard: Shard, cold: ColdRequests, introductions: Introductions, log: Log) {
    this.#shard = shard
    this.#cold = cold
    this.#log = log
    this.#introductions = introductions
    this.#reader = new Reader(shard.names, shard.topicIds)
  }

  /** Starts the call that the frame asks for. False when the frame is none: the connection must be closed. */
  begin(connection: Connection, offset: number, length: number): boolean {
    const { arena } = this.#shard
    const reader = this.#reader
    reader.reset(arena.bytes, arena.view, offset, offset + length, LIMITS.requestDecodeBytesMax)
    const header = this.#header
    try {
      readRequestHeader(reader, header)
      if (!connection.isIntroduced) this.#introduce(connection)
      switch (header.requestApiKey) {
        case produceApi.key:
          return this.#beginProduce(connection, arena.blockOf(offset))
        case fetchApi.key:
          return this.#beginFetch(connection)
        default:
          return this.#beginCold(connection)
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#refuse(connection, error.message)
      return false
    }
  }

  #introduce(connection: Connection): void {
    const { requestApiKey, requestApiVersion } = this.#header
    const clientId = clientIdOf(this.#reader, this.#header)
    const nowMs = this.#shard.options.env.clock.nowMs()
    this.#introductions.onRequest(connection, requestApiKey, requestApiVersion, clientId, nowMs)
  }

  #beginProduce(connection: Connection, block: number): boolean {
    const { requestApiVersion, correlationId } = this.#header
    if (requestApiVersion < produceApi.minVersion || requestApiVersion > produceApi.maxVersion) {
      return this.#refuseVersion(connection)
    }
    const call = this.#produces.take()
    call.apiKey = produceApi.key
    call.apiVersion = requestApiVersion
    call.correlationId = correlationId
    call.block = block
    try {
      readProduceRequest(this.#reader, requestApiVersion, call.request)
    } catch (error) {
      this.#produces.give(call)
      throw error
    }
    connection.add(call)
    call.start(this.#shard)
    return true
  }

  #beginFetch(connection: Connection): boolean {
    const { requestApiVersion, correlationId } = this.#header
    if (requestApiVersion < fetchApi.minVersion || requestApiVersion > fetchApi.maxVersion) {
      return this.#refuseVersion(connection)
    }
    const call = this.#fetches.take()
    call.apiKey = fetchApi.key
    call.apiVersion = requestApiVersion
    call.correlationId = correlationId
    try {
      readFetchRequest(this.#reader, requestApiVersion, call.request)
    } catch (error) {
      this.#fetches.give(call)
      throw error
    }
    connection.add(call)
    call.start(this.#shard.fetches)
    return true
  }

  #beginCold(connection: Connection): boolean {
    const { requestApiKey: apiKey, requestApiVersion: apiVersion, correlationId } = this.#header
    const clientId = clientIdOf(this.#reader, this.#header)
    const call = new ColdCall()
    const request = { apiKey, apiVersion, clientId, listener: connection.listener, connection, call }
    const answer = this.#cold.handle(request, this.#reader)
    if (answer === null) return this.#refuseVersion(connection)
    call.apiKey = apiKey
    call.apiVersion = apiVersion
    call.correlationId = correlationId
    connection.exclusive = call
    connection.add(call)
    call.start(answer, (error) => {
      this.#log.error({ err: error, apiKey, apiVersion, clientId }, 'a request could not be handled')
    })
    return true
  }

  /** Loudly: a client that does this does not work, and its own log seldom says why. */
  #refuseVersion(connection: Connection): false {
    const { requestApiKey, requestApiVersion } = this.#header
    this.#refuse(connection, `API key ${requestApiKey} version ${requestApiVersion} is not served`)
    return false
  }

  #refuse(connection: Connection, reason: string): void {
    const { requestApiKey: apiKey, requestApiVersion: apiVersion } = this.#header
    const clientId = clientIdOf(this.#reader, this.#header)
    const { clientSoftware } = connection
    this.#log.warn({ apiKey, apiVersion, clientId, clientSoftware }, `${reason}: the connection is closed`)
  }
}
