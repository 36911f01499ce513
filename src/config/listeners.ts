// Listeners as Kafka writes them: NAME://host:port, IPv6 in brackets, an empty host for every interface.
//
// Pure. Names are upper case within millrace, whatever case they were written in, as in Kafka.

/** How bytes travel on a listener. TLS and SASL are not there yet. */
export type SecurityProtocol = 'PLAINTEXT'

export interface Endpoint {
  readonly name: string
  /** A name or a numeric address without brackets. Empty: every interface. */
  readonly host: string
  /** 0: any free port. In an advertised listener 0 stands for the port that its listener was bound to. */
  readonly port: number
}

export interface Listener extends Endpoint {
  readonly protocol: SecurityProtocol
}

const ENDPOINT = /^([A-Za-z0-9_.-]+):\/\/(?:\[([0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|([\w.%-]*)):([0-9]{1,5})$/

export function parseEndpoint(text: string): Endpoint | undefined {
  const match = ENDPOINT.exec(text)
  if (!match) return undefined
  const [, name, address, host = '', digits] = match
  const port = Number(digits)
  return port > 65_535 ? undefined : { name: name!.toUpperCase(), host: address ?? host, port }
}

export function formatEndpoint(endpoint: Endpoint): string {
  return `${endpoint.name}://${formatAddress(endpoint)}`
}

export function formatAddress({ host, port }: Pick<Endpoint, 'host' | 'port'>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

export function isLoopback(host: string): boolean {
  return /^127(\.[0-9]{1,3}){3}$/.test(host) || host === '::1' || host.toLowerCase() === 'localhost'
}

/** The addresses that mean every interface: good to listen on, useless to be told to clients. */
export function isWildcard(host: string): boolean {
  return host === '' || host === '0.0.0.0' || /^[0:]+$/.test(host)
}

/** Two listeners may share a port number only if one is on an IPv4 and the other on an IPv6 address; 0 is no number. */
export function clash(one: Endpoint, other: Endpoint): boolean {
  if (one.port !== other.port || one.port === 0) return false
  const isPair = (a: string, b: string) => /^[0-9.]+$/.test(a) && b.includes(':')
  return !isPair(one.host, other.host) && !isPair(other.host, one.host)
}
