// `millrace group`: what groups there are, who is in them and how far they have read, and moving or deleting that.
import { type Command, InvalidArgumentError, Option } from 'commander'
import { deleteGroups, listGroups } from '../client/apis.ts'
import { throwIfRefused } from '../client/client.ts'
import { EARLIEST, LATEST } from '../model/offset-marks.ts'
import type { ListedGroup } from '../wire/generated/16-list-groups.ts'
import { type Cluster, parseOffset, parseTopicChoice, runInCluster, type TopicChoice } from './cluster.ts'
import { describeGroupsOf } from './group-describe.ts'
import { deleteOffsets, type NewOffset, resetOffsets } from './group-offsets.ts'
import { forEachGroup, throwIfGroupRefused } from './group-refusals.ts'
import { type RemoteOptions, type Result, remote, type Terminal } from './remote.ts'
import { table } from './table.ts'

interface ListOptions extends RemoteOptions {
  readonly state?: readonly string[]
  readonly type?: readonly string[]
}

interface DescribeOptions extends RemoteOptions {
  readonly members?: boolean
  readonly offsets?: boolean
}

interface TopicOptions extends RemoteOptions {
  readonly topic: readonly TopicChoice[]
}

interface ResetOptions extends TopicOptions {
  readonly toEarliest?: boolean
  readonly toLatest?: boolean
  readonly toOffset?: number
  readonly shiftBy?: number
  readonly toDatetime?: number
  readonly dryRun?: boolean
}

export function addGroupCommands(parent: Command, terminal: Terminal): void {
  const group = parent.command('group').description('Groups of consumers.')
  remote(group.command('list').description('Every group.'))
    .option('-s, --state <state,...>', 'only those in one of these states', parseList)
    .option('-t, --type <type,...>', 'only those of one of these types', parseList)
    .action((options: ListOptions) => runInCluster(options, terminal, (cluster) => listAll(cluster, options)))
  remote(group.command('describe').description('How far groups have read, and who reads.'))
    .argument('<groups...>')
    .option('-m, --members', 'their members, instead of their offsets')
    .option('-o, --offsets', 'their offsets: what is shown if nothing is said')
    .action((groups: string[], options: DescribeOptions) =>
      runInCluster(options, terminal, (cluster) => describeGroupsOf(cluster, groups, options)),
    )
  const reset: Command = remote(
    group.command('reset-offsets').description('Have a group without members read on elsewhere.'),
  )
    .argument('<group>')
    .addOption(topicOption())
    .option('--to-earliest', 'the oldest record')
    .option('--to-latest', 'after the newest record')
    .option('--to-offset <offset>', 'this offset, or the nearest that is there', parseOffset)
    .option('--shift-by <count>', 'this many records on, or back if below zero', parseShift)
    .option('--to-datetime <datetime>', 'the first record of then; ISO 8601, UTC if no zone is given', parseDatetime)
    .option('--dry-run', 'only show what would be done')
    .action((groupId: string, options: ResetOptions) => {
      const [to, ...others] = newOffsetsOf(options)
      if (to === undefined || others.length > 0) {
        reset.error(
          "error: one of '--to-earliest', '--to-latest', '--to-offset <offset>', '--shift-by <count>' and " +
            "'--to-datetime <datetime>' must be given",
        )
      }
      const { topic, dryRun = false } = options
      return runInCluster(options, terminal, (cluster) => resetOffsets(cluster, groupId, topic, to, dryRun))
    })
  remote(group.command('delete').description('Delete groups without members, with their offsets.'))
    .argument('<groups...>')
    .action((groups: string[], options: RemoteOptions) =>
      runInCluster(options, terminal, (cluster) => deleteAll(cluster, groups)),
    )
  remote(group.command('delete-offsets').description('Have a group forget how far it has read.'))
    .argument('<group>')
    .addOption(topicOption())
    .action((groupId: string, options: TopicOptions) =>
      runInCluster(options, terminal, (cluster) => deleteOffsets(cluster, groupId, options.topic)),
    )
}

async function listAll(cluster: Cluster, { state = [], type = [] }: ListOptions): Promise<Result> {
  const asked = { statesFilter: [...state], typesFilter: [...type] }
  const found: ListedGroup[] = []
  for (const broker of await cluster.brokers()) {
    const { errorCode, groups } = await broker.request(listGroups, asked)
    throwIfRefused(errorCode)
    found.push(...groups)
  }
  found.sort((a, b) => (a.groupId < b.groupId ? -1 : 1))
  return {
    json: found.map(({ groupId, groupState, groupType, protocolType }) => ({
      group: groupId,
      state: groupState,
      type: groupType,
      protocolType,
    })),
    text: table(
      ['GROUP', 'STATE', 'TYPE', 'PROTOCOL'],
      found.map(({ groupId, groupState, groupType, protocolType }) => [groupId, groupState, groupType, protocolType]),
    ),
  }
}

async function deleteAll(cluster: Cluster, groups: readonly string[]): Promise<Result> {
  const { answers: deleted, refusals } = await forEachGroup(groups, async (groupId) => {
    const coordinator = await cluster.coordinatorOf(groupId)
    const { results } = await coordinator.request(deleteGroups, { groupsNames: [groupId] })
    throwIfGroupRefused(results[0]!.errorCode)
    return groupId
  })
  return { json: { deleted }, text: deleted.map((groupId) => `deleted ${groupId}`).join('\n'), refusals }
}

function newOffsetsOf({ toEarliest, toLatest, toOffset, shiftBy, toDatetime }: ResetOptions): NewOffset[] {
  return [
    ...(toEarliest ? [{ timestamp: EARLIEST }] : []),
    ...(toLatest ? [{ timestamp: LATEST }] : []),
    ...(toOffset === undefined ? [] : [{ offset: toOffset }]),
    ...(shiftBy === undefined ? [] : [{ shift: shiftBy }]),
    ...(toDatetime === undefined ? [] : [{ timestamp: toDatetime }]),
  ]
}

function topicOption(): Option {
  return new Option('-t, --topic <topic[:partition,...]>', 'all its partitions, or these; may be repeated')
    .makeOptionMandatory()
    .argParser(collectTopic)
}

function collectTopic(text: string, earlier: readonly TopicChoice[] = []): TopicChoice[] {
  return [...earlier, parseTopicChoice(text)]
}

function parseList(text: string, earlier: readonly string[] = []): string[] {
  return [...earlier, ...text.split(',')]
}

function parseShift(text: string): number {
  if (!/^[+-]?\d+$/.test(text) || !Number.isSafeInteger(Number(text))) {
    throw new InvalidArgumentError('It is not a count.')
  }
  return Number(text)
}

function parseDatetime(text: string): number {
  const [, datetime, zone = 'Z'] =
    /^(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?$/.exec(text) ?? []
  const timestampMs = Date.parse(`${datetime}${zone}`)
  // Below zero timestamps mean something else.
  if (!(timestampMs >= 0)) throw new InvalidArgumentError('It is not a date and time like 2026-01-31T12:00:00Z.')
  return timestampMs
}
