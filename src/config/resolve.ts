// From single values to settings that agree: aliases, units and fallbacks, roles and quorum, directories, retention.
//
// Pure, but for path.resolve. Every disagreement is reported, not only the first.
import { resolve } from 'node:path'
import type { Values } from './definitions.ts'
import type { Endpoint, Listener, SecurityProtocol } from './listeners.ts'
import { isLoopback, parseEndpoint } from './listeners.ts'
import { resolveListeners } from './resolve-listeners.ts'

export type ProcessRole = 'broker' | 'controller'

/** The settings whose resolved value has another type than the written one. */
export interface Resolved {
  readonly 'process.roles': readonly ProcessRole[]
  readonly listeners: readonly Listener[]
  readonly 'advertised.listeners': readonly Listener[]
  readonly 'listener.security.protocol.map': Readonly<Record<string, SecurityProtocol>>
  readonly 'inter.broker.listener.name': string
  /** One, an absolute path. */
  readonly 'log.dirs': readonly string[]
  readonly 'log.roll.ms': number
  /** -1: for ever. */
  readonly 'log.retention.ms': number
  readonly 'millrace.shards': number
  readonly 'millrace.http.listener': Pick<Endpoint, 'host' | 'port'> | null
  readonly 'max.connections.per.ip.overrides': readonly { readonly host: string; readonly count: number }[]
}

/** What the machine says of itself, where the operator says nothing. */
export interface Machine {
  readonly hostName: string
  readonly coreCount: number
}

export interface Report {
  /** `key` is wrong, in the words that follow "key=value (source)". */
  problem(key: keyof Values, words: string): void
  warn(line: string): void
  isGiven(key: keyof Values): boolean
}

export function resolveSettings(
  values: Values,
  machine: Machine,
  report: Report,
): Omit<Values, keyof Resolved> & Resolved {
  const nodeId = resolveNodeId(values, report)
  requireBothRoles(values, report)
  const listeners = resolveListeners(values, machine, report)
  requireOwnQuorum(values, nodeId, listeners.controllers, report)
  return {
    ...values,
    'node.id': nodeId,
    'process.roles': ['broker', 'controller'],
    listeners: listeners.all,
    'advertised.listeners': listeners.advertised,
    'listener.security.protocol.map': listeners.protocols,
    'inter.broker.listener.name': listeners.interBrokerName,
    'controller.listener.names': listeners.controllerNames,
    'log.dirs': [resolveDirectory(values, report)],
    'log.roll.ms': resolveRollMs(values, report),
    'log.retention.ms': resolveRetentionMs(values, report),
    'millrace.shards': values['millrace.shards'] ?? machine.coreCount,
    'millrace.http.listener': resolveHttp(values, report),
    'max.connections.per.ip.overrides': resolveOverrides(values, report),
  }
}

function resolveNodeId(values: Values, report: Report): number {
  const alias = values['broker.id']
  if (!report.isGiven('broker.id') || alias === -1) return values['node.id']
  if (alias < 0) report.problem('broker.id', 'is negative')
  if (report.isGiven('node.id') && alias !== values['node.id']) {
    report.problem('broker.id', `differs from node.id=${values['node.id']}: they are the same setting`)
  }
  return alias
}

function requireBothRoles(values: Values, report: Report): void {
  const roles = new Set(values['process.roles'])
  if (roles.size !== values['process.roles'].length) report.problem('process.roles', 'names a role twice')
  if (roles.size < 2) {
    report.problem('process.roles', 'is not broker,controller: for now a node is both, there are no clusters yet')
  }
}

/** A node that others count on must not start as a cluster of its own. */
function requireOwnQuorum(values: Values, nodeId: number, controllers: readonly Endpoint[], report: Report): void {
  const alone = 'for now a node is its own quorum, there are no clusters yet'
  const voters = values['controller.quorum.voters']
  for (const voter of voters) {
    const match = /^([0-9]+)@.+:[0-9]+$/.exec(voter)
    if (!match) report.problem('controller.quorum.voters', 'is not a list of id@host:port')
    else if (Number(match[1]) !== nodeId) {
      report.problem('controller.quorum.voters', `names another node than node.id=${nodeId}: ${alone}`)
    }
  }
  const servers = values['controller.quorum.bootstrap.servers']
  for (const server of servers) {
    const match = /^(.+):([0-9]+)$/.exec(server)
    if (!match) report.problem('controller.quorum.bootstrap.servers', 'is not a list of host:port')
    else if (!controllers.some((controller) => isSameNode(controller, match[1]!, Number(match[2])))) {
      report.problem('controller.quorum.bootstrap.servers', `names no controller listener of this node: ${alone}`)
    }
  }
}

/** A host name may stand for any address of this machine, so the port decides, unless both are plainly different. */
function isSameNode(controller: Endpoint, host: string, port: number): boolean {
  return controller.port === port && (isLoopback(host) || !isLoopback(controller.host))
}

function resolveDirectory(values: Values, report: Report): string {
  const key = values['log.dirs'] === null ? 'log.dir' : 'log.dirs'
  const [directory = '', ...others] = values[key] ?? []
  if (others.length > 0) report.problem(key, 'names several directories: for now there is one')
  else if (directory === '') report.problem(key, 'names no directory')
  return resolve(directory)
}

function resolveHttp(values: Values, report: Report): Resolved['millrace.http.listener'] {
  const key = 'millrace.http.listener'
  const text = values[key]
  if (text === null || text === '') return null
  const endpoint = parseEndpoint(`HTTP://${text}`)
  if (endpoint === undefined) {
    report.problem(key, 'is not host:port')
    return null
  }
  const { host, port } = endpoint
  if (!isLoopback(host)) report.warn(`${key}=${text} is open to the network without encryption or authentication`)
  return { host, port }
}

/** `host:count`, the host perhaps an IPv6 address, in brackets or not. */
function resolveOverrides(values: Values, report: Report): { host: string; count: number }[] {
  const key = 'max.connections.per.ip.overrides'
  const entries = values[key].split(',').filter((entry) => entry.trim() !== '')
  return entries.flatMap((entry) => {
    const match = /^\[?([^\s[\]]+?)\]?:([0-9]{1,10})$/.exec(entry.trim())
    if (match) return { host: match[1]!, count: Number(match[2]) }
    report.problem(key, 'is not a list of host:count')
    return []
  })
}

const MS_PER_MINUTE = 60_000
const MS_PER_HOUR = 3_600_000

function resolveRollMs(values: Values, report: Report): number {
  const rollMs = values['log.roll.ms']
  if (rollMs !== null && rollMs < 1) report.problem('log.roll.ms', 'is below 1, the least it may be')
  return rollMs ?? values['log.roll.hours'] * MS_PER_HOUR
}

function resolveRetentionMs(values: Values, report: Report): number {
  const key =
    values['log.retention.ms'] !== null
      ? 'log.retention.ms'
      : values['log.retention.minutes'] !== null
        ? 'log.retention.minutes'
        : 'log.retention.hours'
  const unit = { 'log.retention.ms': 1, 'log.retention.minutes': MS_PER_MINUTE, 'log.retention.hours': MS_PER_HOUR }[
    key
  ]
  const written = values[key]!
  if (written === 0 || (written < 0 && written !== -1)) report.problem(key, 'is neither -1 (for ever) nor at least 1')
  return written < 0 ? -1 : written * unit
}
