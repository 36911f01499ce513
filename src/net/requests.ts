// From a frame to a call: reads the header, finds who serves the API, decodes the body and starts the call.
//
// Owner: the shard's loop. Produce and Fetch are decoded into pooled calls; every other request becomes an object and is
// handled by a promise, on this shard or, as bytes, on the control thread. Bytes that are no request end the connection.

import { ProduceCall } from '../api/00-produce.ts'
import { FetchCall } from '../api/01-fetch.ts'
import { ColdCall } from '../api/cold-call.ts'
import { LIMITS } from '../config/limits.ts'
import { Pool } from '../lib/pool.ts'
import type { LimitedLog } from '../observe/limited-log.ts'
import type { Shard } from '../shard/shard.ts'
import { DecodeError } from '../wire/errors.ts'
import { produceApi, readProduceRequest } from '../wire/generated/00-produce.ts'
import { fetchApi, readFetchRequest } from '../wire/generated/01-fetch.ts'
import { Reader } from '../wire/reader.ts'
import { clientIdOf, RequestHeader, readRequestHeader, shownClientId } from '../wire/request-header.ts'
import type { Writer } from '../wire/writer.ts'
import type { Connection } from './connection.ts'
import type { Introductions } from './introductions.ts'

/** Who serves the requests that are neither Produce nor Fetch. */
export interface ColdRequests {
  /**
   * Decodes and handles the request that `reader` stands at; the reader is somebody else's when this returns. Throws
   * DecodeError; the promise may reject with RefusedError. Null when the API or its version is not served.
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

/** Of a client id in a log line. */
const SHOWN_CHARACTERS_MAX = 100

/** What was taken for a request is none. */
export class RefusedError extends Error {
  override name = 'RefusedError'
}

export class Requests {
  readonly #shard: Shard
  readonly #cold: ColdRequests
  readonly #log: LimitedLog
  readonly #introductions: Introductions
  readonly #reader: Reader
  readonly #header = new RequestHeader()
  readonly #produces: Pool<ProduceCall> = new Pool(() => new ProduceCall(this.#produces), LIMITS.callsKeptMax)
  readonly #fetches: Pool<FetchCall> = new Pool(() => new FetchCall(this.#fetches), LIMITS.callsKeptMax)
  /** Of the request that is begun. */
  #frameBytes = 0
  #budgetBytes = 0

  constructor(shard: Shard, cold: ColdRequests, introductions: Introductions, log: LimitedLog) {
    this.#shard = shard
    this.#cold = cold
    this.#log = log
    this.#introductions = introductions
    this.#reader = new Reader(shard.names, shard.topicIds)
  }

  /**
   * Starts the call that the frame asks for, if there is room for one more. False when the frame is none, or there is not:
   * the connection must be closed.
   */
  begin(connection: Connection, offset: number, length: number, hasRoom: boolean): boolean {
    const { arena } = this.#shard
    const reader = this.#reader
    this.#frameBytes = length
    this.#budgetBytes = connection.isTrusted ? LIMITS.requestDecodeBytesMax : LIMITS.firstRequestDecodeBytesMax
    reader.reset(arena.bytes, arena.view, offset, offset + length, this.#budgetBytes)
    const header = this.#header
    try {
      readRequestHeader(reader, header)
      if (!hasRoom) return this.#refuse(connection, 'millrace.shard.request.bytes.max are in flight')
      const isBegun = this.#start(connection, arena.blockOf(offset))
      if (isBegun && !connection.isIntroduced) this.#introduce(connection)
      return isBegun
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      return this.#refuse(connection, error.message)
    }
  }

  #start(connection: Connection, block: number): boolean {
    switch (this.#header.requestApiKey) {
      case produceApi.key:
        return this.#beginProduce(connection, block)
      case fetchApi.key:
        return this.#beginFetch(connection)
      default:
        return this.#beginCold(connection)
    }
  }

  #introduce(connection: Connection): void {
    const { requestApiKey, requestApiVersion } = this.#header
    const clientId = shownClientId(this.#reader, this.#header)
    this.#introductions.onRequest(connection, requestApiKey, requestApiVersion, clientId)
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
    call.costBytes = this.#costBytes()
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
    call.costBytes = this.#costBytes()
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
    call.costBytes = this.#costBytes()
    connection.exclusive = call
    connection.add(call)
    call.start(answer, (error) => {
      const { peer } = connection
      // Not ours, if it is no request: the control thread found out.
      const fields = { apiKey, apiVersion, clientId: clientId?.slice(0, SHOWN_CHARACTERS_MAX), peer }
      if (error instanceof RefusedError) {
        this.#log.write('warn', () => fields, `${error.message}: the connection is closed`)
      } else this.#log.write('error', () => ({ err: error, ...fields }), 'a request could not be handled')
    })
    return true
  }

  /** Loudly: a client that does this does not work, and its own log seldom says why. */
  #refuseVersion(connection: Connection): false {
    const { requestApiKey, requestApiVersion } = this.#header
    return this.#refuse(connection, `API key ${requestApiKey} version ${requestApiVersion} is not served`)
  }

  #refuse(connection: Connection, reason: string): false {
    const { requestApiKey: apiKey, requestApiVersion: apiVersion } = this.#header
    const fields = () => ({
      apiKey,
      apiVersion,
      clientId: shownClientId(this.#reader, this.#header),
      clientSoftware: connection.clientSoftware,
      peer: connection.peer,
    })
    this.#log.write('warn', fields, `${reason}: the connection is closed`)
    return false
  }

  #costBytes(): number {
    return LIMITS.requestBytesMin + this.#frameBytes + this.#budgetBytes - this.#reader.budgetBytes
  }
}
