// `millrace config`: what topics and brokers are configured with, and where each value comes from.
import { type Command, Option } from 'commander'
import { describeConfigs } from '../client/apis.ts'
import type { Client } from '../client/client.ts'
import { type RemoteOptions, type Result, refusalOf, remote, runRemote, type Terminal } from './remote.ts'
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

interface DescribeOptions extends RemoteOptions {
  readonly topic?: string
  readonly broker?: string
  readonly all?: boolean
}

export function addConfigCommands(parent: Command, terminal: Terminal): void {
  const config = parent.command('config').description('Configs of topics and brokers.')
  const describe = remote(config.command('describe').description('What is set on a topic or a broker.'))
    .addOption(new Option('-t, --topic <name>', 'the topic').conflicts('broker'))
    .addOption(new Option('-n, --broker <id>', 'the broker'))
    .option('-a, --all', 'defaults too')
    .action((options: DescribeOptions) => {
      if (options.topic === undefined && options.broker === undefined) {
        describe.error("error: one of '--topic <name>' and '--broker <id>' must be given")
      }
      return runRemote(options, terminal, (client) => describeConfig(client, options))
    })
}

async function describeConfig(client: Client, { topic, broker, all = false }: DescribeOptions): Promise<Result> {
  const resourceName = topic ?? broker ?? ''
  const { results } = await client.request(describeConfigs, {
    resources: [{ resourceType: topic === undefined ? BROKER : TOPIC, resourceName, configurationKeys: null }],
    includeSynonyms: false,
    includeDocumentation: false,
  })
  const { errorCode, errorMessage, configs } = results[0]!
  if (errorCode !== 0) return { json: null, text: '', refusals: refusalOf(resourceName, errorCode, errorMessage) }
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
