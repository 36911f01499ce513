// Listeners, what is advertised of them, and which of them are for controllers and for other brokers: Kafka's rules.
//
// Pure.
import type { Values } from './definitions.ts'
import type { Endpoint, Listener, SecurityProtocol } from './listeners.ts'
import { clash, formatEndpoint, isLoopback, isWildcard, parseEndpoint } from './listeners.ts'
import type { Machine, Report } from './resolve.ts'

export interface ResolvedListeners {
  readonly all: readonly Listener[]
  readonly controllers: readonly Listener[]
  readonly advertised: readonly Listener[]
  readonly protocols: Readonly<Record<string, SecurityProtocol>>
  readonly interBrokerName: string
  readonly controllerNames: readonly string[]
}

export function resolveListeners(values: Values, machine: Machine, report: Report): ResolvedListeners {
  const controllerNames = values['controller.listener.names'].map((name) => name.toUpperCase())
  const protocols = resolveProtocols(values, controllerNames, report)
  const all = parseListeners('listeners', values.listeners, protocols, report)
  const controllers = all.filter(({ name }) => controllerNames.includes(name))
  const brokers = all.filter(({ name }) => !controllerNames.includes(name))

  if (all.length > 0 && brokers.length === 0) report.problem('listeners', 'leaves no listener for clients')
  for (const name of controllerNames) {
    if (!all.some((listener) => listener.name === name)) {
      report.problem('controller.listener.names', `names ${name}, which is not in listeners`)
    }
  }
  for (const [index, listener] of all.entries()) {
    const other = all.slice(0, index).find((earlier) => clash(earlier, listener))
    if (other) report.problem('listeners', `gives ${other.name} and ${listener.name} the same port`)
  }
  const advertised = resolveAdvertised(values, all, protocols, machine, report)
  warnOfExposure(brokers, report)
  for (const controller of controllers) {
    report.warn(`${formatEndpoint(controller)} is not opened: the controller of a single node has no one to talk to`)
  }
  return {
    all,
    controllers,
    advertised,
    protocols,
    interBrokerName: resolveInterBrokerName(values, advertised, controllerNames, report),
    controllerNames,
  }
}

/** Kafka's default map also lets controller listeners be PLAINTEXT without being named in it. */
function resolveProtocols(
  values: Values,
  controllerNames: readonly string[],
  report: Report,
): Record<string, SecurityProtocol> {
  const protocols: Record<string, SecurityProtocol> = Object.create(null)
  const used = new Set([...values.listeners, ...(values['advertised.listeners'] ?? [])].map(nameOf))
  for (const entry of splitMap(values['listener.security.protocol.map'])) {
    const [name = '', protocol = '', ...rest] = entry.split(':').map((part) => part.trim().toUpperCase())
    if (name === '' || protocol === '' || rest.length > 0) {
      report.problem('listener.security.protocol.map', `is not a list of NAME:PROTOCOL (${entry})`)
    } else if (protocol === 'PLAINTEXT') {
      protocols[name] = protocol
    } else if (used.has(name)) {
      report.problem(
        report.isGiven('listener.security.protocol.map') ? 'listener.security.protocol.map' : 'listeners',
        `asks for ${protocol} on listener ${name}: for now there is only PLAINTEXT`,
      )
      protocols[name] = 'PLAINTEXT'
    }
  }
  if (!report.isGiven('listener.security.protocol.map')) {
    for (const name of controllerNames) protocols[name] ??= 'PLAINTEXT'
  }
  return protocols
}

function splitMap(text: string): string[] {
  return text.split(',').filter((entry) => entry.trim() !== '')
}

function nameOf(endpoint: string): string {
  return endpoint.slice(0, Math.max(0, endpoint.indexOf('://'))).toUpperCase()
}

function parseListeners(
  key: 'listeners' | 'advertised.listeners',
  texts: readonly string[],
  protocols: Readonly<Record<string, SecurityProtocol>>,
  report: Report,
): Listener[] {
  const listeners: Listener[] = []
  if (texts.length === 0) report.problem(key, 'names no listener')
  for (const text of texts) {
    const endpoint = parseEndpoint(text)
    const protocol = endpoint && protocols[endpoint.name]
    if (!endpoint) report.problem(key, `is not a list of NAME://host:port (${text})`)
    else if (!protocol) report.problem(key, `names ${endpoint.name}, which listener.security.protocol.map does not`)
    else if (listeners.some(({ name }) => name === endpoint.name)) report.problem(key, `names ${endpoint.name} twice`)
    else listeners.push({ ...endpoint, protocol })
  }
  return listeners
}

/** What is not advertised of its own is advertised as it listens; where that is every interface, by the host's name. */
function resolveAdvertised(
  values: Values,
  listeners: readonly Listener[],
  protocols: Readonly<Record<string, SecurityProtocol>>,
  machine: Machine,
  report: Report,
): Listener[] {
  const texts = values['advertised.listeners']
  const key = texts === null ? 'listeners' : 'advertised.listeners'
  const written = texts === null ? listeners : parseListeners(key, texts, protocols, report)
  for (const { name, host } of written) {
    if (host !== '' && isWildcard(host)) {
      const remedy =
        texts === null ? '; set advertised.listeners, or leave the host empty for the name of this host' : ''
      report.problem(key, `would tell clients to connect to ${host}, which is no address to connect to${remedy}`)
    }
    if (!listeners.some((listener) => listener.name === name)) {
      report.problem(key, `names ${name}, which is not in listeners`)
    }
  }
  return written.map((listener) => (listener.host === '' ? { ...listener, host: machine.hostName } : listener))
}

function resolveInterBrokerName(
  values: Values,
  advertised: readonly Endpoint[],
  controllerNames: readonly string[],
  report: Report,
): string {
  const written = values['inter.broker.listener.name']
  if (written !== null && report.isGiven('security.inter.broker.protocol')) {
    report.problem('security.inter.broker.protocol', 'must not be set beside inter.broker.listener.name')
  }
  const name = (written ?? values['security.inter.broker.protocol']).toUpperCase()
  const usable = advertised.some((endpoint) => endpoint.name === name) && !controllerNames.includes(name)
  if (!usable && advertised.length > 0) {
    const key = report.isGiven('security.inter.broker.protocol')
      ? 'security.inter.broker.protocol'
      : 'inter.broker.listener.name'
    report.problem(key, `is ${name}, which is no advertised listener of brokers`)
  }
  return name
}

function warnOfExposure(listeners: readonly Listener[], report: Report): void {
  for (const listener of listeners) {
    if (isLoopback(listener.host)) continue
    report.warn(`${formatEndpoint(listener)} is open beyond this machine, without encryption or authentication`)
  }
}
