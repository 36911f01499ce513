// `millrace config`: what topics and brokers are configured with, and where each value comes from; setting and deleting
// what is a topic's own.
import { type Command, Option } from 'commander'
import { describeConfigs, incrementalAlterConfigs } from '../client/apis.ts'
import type { Client } from '../client/client.ts'
import {
  collectConfig,
  type NamedValue,
  type RemoteOptions,
  type Result,
  refusalOf,
  remote,
  runRemote,
  type Terminal,
} from './remote.ts'
import { table } from './table.ts'

/** Kafka's numbers for kinds of resources. */
const TOPIC = 2
const BROKER = 4
/** Kafka's numbers for where a value comes from. */
const SOURCES: Readonly<Record<number, string>> = {
  1: 'topic',
  2: 'broker',
  3: 'all brokers',
  4: 'server.properties',
  5: 'default',
  6: 'broker logger',
  7: 'client metrics',
  8: 'group',
}
const DEFAULT = 5

/** Kafka's numbers for operations. */
const SET = 0
const DELETE = 1

interface ResourceOptions extends RemoteOptions {
  readonly topic?: string
  readonly broker?: string
}

interface DescribeOptions extends ResourceOptions {
  readonly all?: boolean
}

export function addConfigCommands(parent: Command, terminal: Terminal): void {
  const config = parent.command('config').description('Configs of topics and brokers.')
  const describe = ofResource(config.command('describe').description('What is set on a topic or a broker.'))
    .option('-a, --all', 'defaults too')
    .action((options: DescribeOptions) => {
      checkResource(describe, options)
      return runRemote(options, terminal, (client) => describeConfig(client, options))
    })
  const set = ofResource(config.command('set').description('Set configs of a topic; they count from then on.'))
    .argument('<name=value...>', 'one or more', collectConfig)
    .action((configs: NamedValue[], options: ResourceOptions) => {
      checkResource(set, options)
      return runRemote(options, terminal, (client) => setConfigs(client, options, configs))
    })
  const remove = ofResource(config.command('delete').description('Have configs of a topic go back to their default.'))
    .argument('<names...>')
    .action((names: string[], options: ResourceOptions) => {
      checkResource(remove, options)
      return runRemote(options, terminal, (client) => deleteConfigs(client, options, names))
    })
}

function ofResource(command: Command): Command {
  return remote(command)
    .addOption(new Option('-t, --topic <name>', 'the topic').conflicts('broker'))
    .addOption(new Option('-n, --broker <id>', 'the broker'))
}

function checkResource(command: Command, { topic, broker }: ResourceOptions): void {
  if (topic === undefined && broker === undefined) {
    command.error("error: one of '--topic <name>' and '--broker <id>' must be given")
  }
}

function resourceOf({ topic, broker = '' }: ResourceOptions): { resourceType: number; resourceName: string } {
  return topic === undefined
    ? { resourceType: BROKER, resourceName: broker }
    : { resourceType: TOPIC, resourceName: topic }
}

async function setConfigs(client: Client, options: ResourceOptions, configs: readonly NamedValue[]): Promise<Result> {
  const changes = configs.map((config) => ({ ...config, configOperation: SET }))
  const shown = configs.map(({ name, value }) => `${name}=${value}`)
  return altered(client, options, changes, { set: configs }, `set ${shown.join(', ')}`)
}

async function deleteConfigs(client: Client, options: ResourceOptions, names: readonly string[]): Promise<Result> {
  const changes = names.map((name) => ({ name, value: null, configOperation: DELETE }))
  return altered(client, options, changes, { deleted: names }, `deleted ${names.join(', ')}`)
}

async function altered(
  client: Client,
  options: ResourceOptions,
  configs: readonly { name: string; value: string | null; configOperation: number }[],
  done: object,
  words: string,
): Promise<Result> {
  const resource = resourceOf(options)
  const { responses } = await client.request(incrementalAlterConfigs, {
    resources: [{ ...resource, configs: [...configs] }],
    validateOnly: false,
  })
  const { errorCode, errorMessage } = responses[0]!
  const name = resource.resourceName
  if (errorCode !== 0) return { json: null, text: '', refusals: refusalOf(name, errorCode, errorMessage) }
  const kind = options.topic === undefined ? 'broker' : 'topic'
  return { json: { [kind]: name, ...done }, text: `${name}: ${words}` }
}

async function describeConfig(client: Client, options: DescribeOptions): Promise<Result> {
  const { all = false } = options
  const resource = resourceOf(options)
  const { results } = await client.request(describeConfigs, {
    resources: [{ ...resource, configurationKeys: null }],
    includeSynonyms: false,
    includeDocumentation: false,
  })
  const { errorCode, errorMessage, configs } = results[0]!
  if (errorCode !== 0)
    return { json: null, text: '', refusals: refusalOf(resource.resourceName, errorCode, errorMessage) }
  const found = configs
    .filter(({ configSource }) => all || configSource !== DEFAULT)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, value, configSource, readOnly, isSensitive }) => {
      return { name, value, source: SOURCES[configSource] ?? 'unknown', readOnly, isSensitive }
    })
  return {
    json: found,
    text: table(
      ['NAME', 'VALUE', 'FROM'],
      found.map(({ name, value, source, isSensitive }) => [name, isSensitive ? '(hidden)' : (value ?? ''), source]),
    ),
  }
}
