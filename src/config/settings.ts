// Settings: Kafka's names and ours, read from a .properties file and from overrides, checked, resolved and frozen.
//
// Read once at start by the main thread; plain data, so that it can be posted to the shards. `settings['num.partitions']`
// is a value of its type; settings that depend on each other are resolved (log.dirs from log.dir, log.roll.ms from hours).
import { readFileSync } from 'node:fs'
import { availableParallelism, hostname } from 'node:os'
import type { Definition, SettingName, Values } from './definitions.ts'
import { DEFINITIONS } from './definitions.ts'
import { KAFKA_KEYS } from './kafka-keys.ts'
import { assertLimits } from './limits.ts'
import type { Listener } from './listeners.ts'
import { likelyMeant } from './names.ts'
import { PropertiesError, parseProperties } from './properties.ts'
import type { Machine, Report, Resolved } from './resolve.ts'
import { resolveSettings } from './resolve.ts'
import { topicConfigs } from './topic-configs.ts'
import type { KeyFacts, Value } from './values.ts'
import { parseValue } from './values.ts'

export type Settings = Omit<Values, keyof Resolved> &
  Resolved & {
    /** What was written, as text; secrets and names unknown to Kafka and us left out. The rest has its default. */
    readonly given: Readonly<Record<string, string>>
  }

export interface SettingsSources {
  /** A .properties file, Kafka's server.properties as a rule. */
  readonly file?: string
  /** `key=value` each; they win over the file, and a later one over an earlier one. */
  readonly overrides: readonly string[]
}

/** What the operator wrote does not hold: one line for each thing that is wrong. */
export class SettingsError extends Error {
  override name = 'SettingsError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

interface Given {
  readonly key: string
  readonly text: string
  /** `file:line`, or `-o`. */
  readonly source: string
}

export function loadSettings(
  sources: SettingsSources,
  machine: Machine = { hostName: hostname(), coreCount: availableParallelism() },
): { settings: Settings; warnings: string[] } {
  const problems: string[] = []
  const warnings: string[] = []
  const given = new Map<string, Given>()
  for (const entry of [...readFile(sources.file, problems), ...readOverrides(sources.overrides, problems)]) {
    const earlier = given.get(entry.key)
    if (earlier && entry.source !== '-o') warnings.push(`${quote(earlier)} is overruled at ${entry.source}`)
    given.set(entry.key, entry)
  }

  const written: Record<string, Value | null> = {}
  for (const { name, ...facts } of DEFINITIONS.values()) {
    written[name] = facts.default === null ? null : valueOrNull(facts.default, facts)
  }
  for (const entry of given.values()) {
    const definition = DEFINITIONS.get(entry.key)
    if (definition) take(entry, definition, written, problems)
    else judgeOther(entry, problems, warnings)
  }

  const report: Report = {
    problem: (key, words) => problems.push(`${quote(given.get(key) ?? byDefault(key))} ${words}`),
    warn: (line) => warnings.push(line),
    isGiven: (key) => given.has(key),
  }
  // Values that did not parse have their default here, so that the rest is still judged.
  const resolved = resolveSettings(written as unknown as Values, machine, report)
  const settings: Settings = { ...resolved, given: textsOf(given.values()) }
  problems.push(...assertLimits(settings))
  if (problems.length > 0) throw new SettingsError(problems)
  return { settings: deepFreeze(settings), warnings }
}

/** The listeners that clients and brokers connect to: all but the controllers' own. */
export function brokerListeners(settings: Settings): readonly Listener[] {
  return settings.listeners.filter(({ name }) => !settings['controller.listener.names'].includes(name))
}

function byDefault(key: SettingName): Given {
  return { key, text: DEFINITIONS.get(key)!.default ?? '', source: 'default' }
}

/** One line, without secrets. */
function quote({ key, text, source }: Given): string {
  const type = factsOf(key)?.type
  const isSecret = type === undefined ? /password|secret|credential|token|jaas/i.test(key) : type === 'PASSWORD'
  return `${onOneLine(key)}=${isSecret ? '(hidden)' : onOneLine(text)} (${source})`
}

function onOneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, (control) => JSON.stringify(control).slice(1, -1))
}

function take(entry: Given, definition: Definition, written: Record<string, Value | null>, problems: string[]): void {
  const parsed = parseValue(entry.text, definition)
  if ('problem' in parsed) problems.push(`${quote(entry)} ${parsed.problem}`)
  else written[definition.name] = parsed.value
}

function textsOf(given: Iterable<Given>): Record<string, string> {
  const known = [...given].filter(({ key }) => (factsOf(key)?.type ?? 'PASSWORD') !== 'PASSWORD')
  return Object.fromEntries(known.map(({ key, text }) => [key, text.trim()]))
}

/** Kafka's settings that are defaults of topics: kept in `given` for them. */
const TOPIC_DEFAULTS = new Set([...topicConfigs.values()].flatMap(({ synonyms }) => synonyms.map(({ name }) => name)))

/** A key that we don't act on: Kafka's own, a slip, or somebody else's. */
function judgeOther(entry: Given, problems: string[], warnings: string[]): void {
  const facts = factsOf(entry.key)
  if (facts) {
    const parsed = entry.text.trim() === '' && facts.default === null ? undefined : parseValue(entry.text, facts)
    if (parsed && 'problem' in parsed) problems.push(`${quote(entry)} ${parsed.problem}`)
    else if (!TOPIC_DEFAULTS.has(entry.key))
      warnings.push(`${quote(entry)} is known to Kafka, but millrace does not act on it`)
    return
  }
  const meant = likelyMeant(entry.key, [...DEFINITIONS.keys(), ...Object.keys(KAFKA_KEYS)])
  if (meant !== undefined) problems.push(`${quote(entry)} is unknown; did you mean ${meant}?`)
  else if (entry.key.startsWith('millrace.')) problems.push(`${quote(entry)} is unknown`)
  else warnings.push(`${quote(entry)} is unknown and ignored`)
}

/** Kafka lets most settings be given for one listener: `listener.name.<name>.<key>`. */
function factsOf(key: string): KeyFacts | undefined {
  const plainKey = key.replace(/^listener\.name\.[^.]+\.(?:(?:plain|gssapi|oauthbearer|scram-sha-\d+)\.)?/, '')
  return (
    DEFINITIONS.get(key) ??
    (Object.hasOwn(KAFKA_KEYS, plainKey) ? KAFKA_KEYS[plainKey as keyof typeof KAFKA_KEYS] : undefined)
  )
}

function valueOrNull(text: string, facts: KeyFacts): Value | null {
  const parsed = parseValue(text, facts)
  return 'value' in parsed ? parsed.value : null
}

function readFile(file: string | undefined, problems: string[]): Given[] {
  if (file === undefined) return []
  try {
    return parseProperties(readFileSync(file, 'utf8').replace(/^\uFEFF/, '')).map(({ key, value, line }) => ({
      key,
      text: value,
      source: `${file}:${line}`,
    }))
  } catch (error) {
    if (error instanceof PropertiesError) problems.push(`${file}:${error.line}: ${error.message}`)
    else problems.push(`${file} cannot be read: ${(error as Error).message}`)
    return []
  }
}

function readOverrides(overrides: readonly string[], problems: string[]): Given[] {
  return overrides.flatMap((override) => {
    const at = override.indexOf('=')
    if (at > 0) return [{ key: override.slice(0, at).trim(), text: override.slice(at + 1), source: '-o' }]
    problems.push(`-o ${override} is not key=value`)
    return []
  })
}

function deepFreeze<T extends object>(value: T): T {
  for (const member of Object.values(value)) {
    if (typeof member === 'object' && member !== null) deepFreeze(member)
  }
  return Object.freeze(value)
}
