// One connection to a broker: requests out, answers back in the same order.
//
// Nothing is tried again and nothing is hidden: a request that is not answered in time ends the connection, since the
// answers behind it could no longer be told apart. What comes from the broker is bounded and checked like what comes
// from a client.
import { connect, type Socket } from 'node:net'
import type { Reader } from '../wire/reader.ts'
import { AnswerFrames, answerReader, requestFrame, type WriteBody } from './frames.ts'

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
  readonly #answers = new AnswerFrames()
  #correlationId = 0
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
  request(apiKey: number, apiVersion: number, writeBody: WriteBody): Promise<Reader> {
    const correlationId = this.#correlationId++ | 0
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure)
      const timer = setTimeout(() => {
        this.#end(new ConnectionError(`the broker did not answer in ${this.#timeoutMs} ms`))
      }, this.#timeoutMs)
      this.#waiting.push({ apiKey, apiVersion, correlationId, timer, resolve, reject })
      this.#socket.write(requestFrame(apiKey, apiVersion, correlationId, this.#clientId, writeBody))
    })
  }

  close(): void {
    this.#end(new ConnectionError('the connection was closed'))
  }

  #onData(bytes: Buffer): void {
    try {
      this.#answers.take(bytes, (frame) => this.#onFrame(frame))
    } catch (error) {
      this.#end(new ConnectionError(`the broker's answer cannot be read: ${reasonOf(error)}`))
    }
  }

  #onFrame(frame: Buffer): void {
    const waiting = this.#waiting[0]
    if (waiting === undefined) throw new Error('nothing was asked')
    const reader = answerReader(frame, waiting.apiKey, waiting.apiVersion, waiting.correlationId)
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
