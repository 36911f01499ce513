// One connection to a broker: requests out, answers back in the same order.
//
// Nothing is tried again and nothing is hidden: a request that is not answered in time ends the connection, since the
// answers behind it could no longer be told apart. What comes from the broker is bounded and checked like what comes
// from a client.
import { connect, type Socket } from 'node:net'
import { requestHeaderVersion, responseHeaderVersion } from '../wire/generated/apis.ts'
import { Reader } from '../wire/reader.ts'
import { RequestHeader, ResponseHeader, readResponseHeader, writeRequestHeader } from '../wire/request-header.ts'
import { Writer } from '../wire/writer.ts'

const SIZE_BYTES = 4
const ANSWER_BYTES_MAX = 256 << 20

/** The broker can't be reached, or the connection has ended. */
export class ConnectionError extends Error {
  override name = 'ConnectionError'
}

export interface Address {
  readonly host: string
  readonly port: number
}

interface Waiting {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly timer: NodeJS.Timeout
  readonly resolve: (answer: Reader) => void
  readonly reject: (error: Error) => void
}

export class Connection {
  readonly #socket: Socket
  readonly #clientId: string
  readonly #timeoutMs: number
  readonly #waiting: Waiting[] = []
  #correlationId = 0
  /** What has come of frames that are not whole. */
  #chunks: Buffer[] = []
  #byteLength = 0
  #failure: Error | null = null

  static open({ host, port }: Address, clientId: string, timeoutMs: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, noDelay: true })
      const fail = (words: string) => {
        socket.destroy()
        reject(new ConnectionError(`cannot connect to ${host}:${port}: ${words}`))
      }
      const timer = setTimeout(() => fail(`no answer in ${timeoutMs} ms`), timeoutMs)
      socket.once('error', (error) => {
        clearTimeout(timer)
        fail(reasonOf(error))
      })
      socket.once('connect', () => {
        clearTimeout(timer)
        socket.removeAllListeners('error')
        resolve(new Connection(socket, clientId, timeoutMs))
      })
    })
  }

  private constructor(socket: Socket, clientId: string, timeoutMs: number) {
    this.#socket = socket
    this.#clientId = clientId
    this.#timeoutMs = timeoutMs
    socket.on('data', (bytes) => this.#onData(bytes))
    socket.on('error', (error) => this.#end(new ConnectionError(`the connection broke: ${reasonOf(error)}`)))
    socket.on('close', () => this.#end(new ConnectionError('the broker closed the connection')))
  }

  /** Resolves to a reader that stands at the answer's body. `writeBody` writes the request's. */
  request(apiKey: number, apiVersion: number, writeBody: (writer: Writer) => void): Promise<Reader> {
    const correlationId = this.#correlationId++ | 0
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure)
      const timer = setTimeout(() => {
        this.#end(new ConnectionError(`the broker did not answer in ${this.#timeoutMs} ms`))
      }, this.#timeoutMs)
      this.#waiting.push({ apiKey, apiVersion, correlationId, timer, resolve, reject })
      this.#socket.write(this.#frame(apiKey, apiVersion, correlationId, writeBody))
    })
  }

  close(): void {
    this.#end(new ConnectionError('the connection was closed'))
  }

  #frame(apiKey: number, apiVersion: number, correlationId: number, writeBody: (writer: Writer) => void): Uint8Array {
    const writer = new Writer()
    const header = new RequestHeader()
    header.requestApiKey = apiKey
    header.requestApiVersion = apiVersion
    header.correlationId = correlationId
    header.clientId = this.#clientId
    writer.writeInt32(0)
    writeRequestHeader(writer, requestHeaderVersion(apiKey, apiVersion), header)
    writeBody(writer)
    writer.patchInt32(0, writer.mark - SIZE_BYTES)
    return writer.written()
  }

  #onData(bytes: Buffer): void {
    this.#chunks.push(bytes)
    this.#byteLength += bytes.length
    try {
      while (this.#byteLength >= SIZE_BYTES) {
        if (this.#chunks[0]!.length < SIZE_BYTES) this.#join()
        const frameEnd = SIZE_BYTES + this.#chunks[0]!.readInt32BE(0)
        if (frameEnd < SIZE_BYTES || frameEnd > ANSWER_BYTES_MAX)
          throw new Error(`${frameEnd} is no length of an answer`)
        if (this.#byteLength < frameEnd) return
        const all = this.#join()
        this.#chunks = [all.subarray(frameEnd)]
        this.#byteLength -= frameEnd
        this.#onFrame(all.subarray(SIZE_BYTES, frameEnd))
      }
    } catch (error) {
      this.#end(new ConnectionError(`the broker's answer cannot be read: ${reasonOf(error)}`))
    }
  }

  #join(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)]
    return this.#chunks[0]!
  }

  #onFrame(frame: Buffer): void {
    const waiting = this.#waiting[0]
    if (waiting === undefined) throw new Error('nothing was asked')
    const reader = new Reader()
    reader.reset(frame, new DataView(frame.buffer, frame.byteOffset, frame.length), 0, frame.length, ANSWER_BYTES_MAX)
    const headerVersion = responseHeaderVersion(waiting.apiKey, waiting.apiVersion)
    const { correlationId } = readResponseHeader(reader, headerVersion, new ResponseHeader())
    if (correlationId !== waiting.correlationId) {
      throw new Error(`it is to question ${correlationId}, not to ${waiting.correlationId}`)
    }
    this.#waiting.shift()
    clearTimeout(waiting.timer)
    waiting.resolve(reader)
  }

  #end(failure: Error): void {
    this.#failure ??= failure
    this.#socket.destroy()
    for (const { timer, reject } of this.#waiting.splice(0)) {
      clearTimeout(timer)
      reject(this.#failure)
    }
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return code === 'ECONNREFUSED' ? 'nobody listens there' : (code ?? message)
}
