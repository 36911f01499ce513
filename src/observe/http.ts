// The operator's HTTP port: `/metrics` for Prometheus, `/healthz` for whoever restarts brokers.
//
// Thread: control. It never sees a client's bytes, and answers nothing but these two.
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PROMETHEUS_CONTENT_TYPE } from './prometheus.ts'

const CONNECTIONS_MAX = 64
const REQUEST_TIMEOUT_MS = 10_000

export interface HttpOptions {
  readonly host: string
  readonly port: number
  metrics(): Promise<string>
  /** What is wrong, in words; nothing when all is well. */
  health(): Promise<readonly string[]>
  onError(error: Error): void
}

export class HttpPort {
  readonly port: number
  readonly #server: Server

  /** Rejects when the address can't be bound. */
  static async open(options: HttpOptions): Promise<HttpPort> {
    const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, ({ method = '', url = '' }, response) => {
      answer(options, method, url, response).catch((error) => {
        options.onError(error)
        send(response, 500, 'text/plain', 'the broker could not answer; its log says why\n')
      })
    })
    server.maxConnections = CONNECTIONS_MAX
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(options.port, options.host, resolve)
    })
    return new HttpPort(server)
  }

  private constructor(server: Server) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

async function answer(options: HttpOptions, method: string, url: string, response: ServerResponse): Promise<void> {
  if (method !== 'GET' && method !== 'HEAD') return send(response, 405, 'text/plain', 'GET only\n')
  switch (url.split('?', 1)[0]) {
    case '/metrics':
      return send(response, 200, PROMETHEUS_CONTENT_TYPE, await options.metrics())
    case '/healthz': {
      const problems = await options.health()
      const words = problems.length === 0 ? ['ok'] : problems
      return send(response, problems.length === 0 ? 200 : 503, 'text/plain', `${words.join('\n')}\n`)
    }
    default:
      return send(response, 404, 'text/plain', '/metrics and /healthz are here\n')
  }
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' })
  response.end(body)
}
