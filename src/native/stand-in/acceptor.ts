// The stand-in's Acceptor: node:net servers in the thread of the reactor that takes the sockets. A "descriptor" here is a
// number in a table of accepted sockets, which `takeAccepted` empties.
//
// A listener must be bound when `listen` returns, which net.Server only promises for later: the socket is made, bound
// and listening by Node's own handle first, and the server is given that.
import { createServer, isIPv4, isIPv6, type Server, type Socket } from 'node:net'
import { getSystemErrorName } from 'node:util'
import type { Acceptor, OnAccepted } from '../contract.ts'
import { systemError } from './system-error.ts'

interface TcpHandle {
  bind(address: string, port: number): number
  bind6(address: string, port: number, flags: number): number
  listen(backlog: number): number
  getsockname(out: { port?: number }): number
  close(): void
}
interface TcpBinding {
  TCP: new (kind: number) => TcpHandle
  constants: { SERVER: number; UV_TCP_IPV6ONLY: number }
}

const accepted = new Map<number, Socket>()
let lastDescriptor = 0

/** The accepted socket of that number, which then is the caller's; undefined if there is none. */
export function takeAccepted(descriptor: number): Socket | undefined {
  const socket = accepted.get(descriptor)
  accepted.delete(descriptor)
  return socket
}

export class StandInAcceptor implements Acceptor {
  readonly #onAccepted: OnAccepted
  readonly #servers: Server[] = []
  /** Accepted while resting, to be handed over after it. */
  readonly #resting: (() => void)[] = []
  #restTimer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(onAccepted: OnAccepted) {
    this.#onAccepted = onAccepted
  }

  listen(listener: number, address: string, port: number, backlog: number): number {
    if (this.#isClosed) throw systemError('listen', 'EBADF')
    if (!(port >= 0 && port <= 65535)) throw systemError('listen', 'EINVAL')
    const handle = bindAndListen(address, port, backlog)
    // Half-open: a peer that has said all still reads its answers. Paused: nothing is read before a reactor takes it.
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (socket) => {
      // Till a reactor has it, its end interests nobody.
      socket.on('error', () => {})
      lastDescriptor++
      const descriptor = lastDescriptor
      accepted.set(descriptor, socket)
      const handOver = () => this.#onAccepted(descriptor, listener, plainAddress(socket.remoteAddress ?? ''))
      if (this.#restTimer === undefined) handOver()
      else this.#resting.push(handOver)
    })
    server.listen(handle, backlog)
    this.#servers.push(server)
    const bound: { port?: number } = {}
    handle.getsockname(bound)
    return bound.port!
  }

  rest(ms: number): void {
    clearTimeout(this.#restTimer)
    this.#restTimer = setTimeout(() => this.#goOn(), ms)
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#restTimer)
    for (const server of this.#servers.splice(0)) server.close()
  }

  #goOn(): void {
    this.#restTimer = undefined
    for (const handOver of this.#resting.splice(0)) handOver()
  }
}

/** An IPv4 address that came mapped into IPv6, as itself. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/, '')
}

function bindAndListen(address: string, port: number, backlog: number): TcpHandle {
  const binding = (process as unknown as { binding(name: string): unknown }).binding('tcp_wrap') as TcpBinding
  const handle = new binding.TCP(binding.constants.SERVER)
  const flags = address === '::' ? 0 : binding.constants.UV_TCP_IPV6ONLY
  let status = -22
  if (isIPv4(address)) status = handle.bind(address, port)
  else if (isIPv6(address)) status = handle.bind6(address, port, flags)
  // libuv reports an address in use here only.
  if (status === 0) status = handle.listen(backlog)
  if (status === 0) return handle
  handle.close()
  throw systemError('listen', getSystemErrorName(status))
}
