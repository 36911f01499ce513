// What a broker shows of itself: its series, and whether it is well.
//
// Thread: control. Counters and histograms are read from shared memory; what changes up and down is asked of each shard,
// which proves that its loop turns, too. A shard that does not answer in time is shown as down and the rest without it.
import { statfs } from 'node:fs/promises'
import type { MetadataImage } from './metadata/image.ts'
import type { ShardHandle } from './net/shard-handle.ts'
import type { ShardState } from './net/thread-messages.ts'
import type { CounterName, Counters } from './observe/counters.ts'
import { HISTOGRAM, type Histograms, stagesOf, sumOf } from './observe/histograms.ts'
import { counter, type Family, gauge, histogram, render } from './observe/prometheus.ts'
import type { GroupLag, GroupLags } from './shard/group-lags.ts'
import type { AllPartitionOffsets, PartitionOffsets } from './shard/partition-offsets.ts'
import { apis } from './wire/generated/apis.ts'

type Shard = Pick<ShardHandle, 'state' | 'groupLags' | 'partitionOffsets'>

export interface BrokerMetricsOptions {
  readonly image: MetadataImage
  readonly shards: readonly Shard[]
  /** Of the shards, in order. */
  readonly counters: readonly Counters[]
  readonly histograms: readonly Histograms[]
  readonly arenaBytes: number
  readonly listenerNames: readonly string[]
  readonly logDirectory: string
  /** Of how many partitions of groups the lag is shown. */
  readonly groupLagsMax: number
  /** Of how many partitions the offsets are shown. */
  readonly partitionOffsetsMax: number
  /** How long a shard may take to answer. */
  readonly stateTimeoutMs: number
  /** What ended the broker; null while it is well. */
  readonly failure: () => Error | null
}

/** Each is a family of one sample a shard. */
const COUNTED: readonly (readonly [CounterName, name: string, help: string])[] = [
  ['receivedBytes', 'received_bytes_total', 'Bytes received from clients.'],
  ['sentBytes', 'sent_bytes_total', 'Bytes sent to clients.'],
  ['sendfileBytes', 'sendfile_bytes_total', 'Of the bytes sent, those that went from a file without a copy.'],
  ['appendedBatches', 'appended_batches_total', 'Record batches appended.'],
  ['appendedRecords', 'appended_records_total', 'Records appended.'],
  ['appendedBytes', 'appended_bytes_total', 'Bytes of record batches appended.'],
  ['fetchedMemoryBytes', 'fetched_memory_bytes_total', 'Bytes of record batches fetched from memory.'],
  ['fetchedFileBytes', 'fetched_file_bytes_total', 'Bytes of record batches fetched from segment files.'],
  ['journalGroups', 'journal_groups_total', 'Journal groups written and synced.'],
  ['journalBytes', 'journal_bytes_total', 'Bytes written to the journal.'],
  ['drainedBytes', 'drained_bytes_total', 'Bytes moved from memory to segment files.'],
  ['directBytes', 'direct_bytes_total', 'Bytes written straight to segment files, of topics that are not durable.'],
  ['carriedBytes', 'carried_bytes_total', 'Bytes written into the journal once more instead of to segment files.'],
  ['checkpoints', 'checkpoints_total', 'Checkpoints written.'],
  ['checkpointBytes', 'checkpoint_bytes_total', 'Bytes of checkpoints written.'],
  ['retentionSegments', 'retention_deleted_segments_total', 'Segments deleted by retention.'],
  ['retentionBytes', 'retention_deleted_bytes_total', 'Bytes of segments deleted by retention.'],
  ['ticks', 'event_loop_ticks_total', "Turns of the shard's event loop."],
]

export class BrokerMetrics {
  readonly #options: BrokerMetricsOptions

  constructor(options: BrokerMetricsOptions) {
    this.#options = options
  }

  /** In Prometheus' text format. */
  async text(): Promise<string> {
    const [states, lags, offsets] = await Promise.all([
      this.#asked((shard) => shard.state()),
      this.#asked((shard) => shard.groupLags()),
      this.#asked((shard) => shard.partitionOffsets()),
    ])
    return render([
      ...this.#counted(),
      ...this.#times(),
      ...this.#ofNow(states),
      ...this.#partitions(),
      ...this.#partitionOffsets(offsets.filter((each) => each !== null)),
      ...this.#groups(lags.filter((each) => each !== null)),
      ...ofProcess(),
    ])
  }

  /** What is wrong, in words; nothing when all is well. */
  async problems(): Promise<string[]> {
    const failure = this.#options.failure()
    if (failure !== null) return [`the broker has failed: ${failure.message}`]
    const [states, directory] = await Promise.all([
      this.#asked((shard) => shard.state()),
      directoryProblem(this.#options.logDirectory),
    ])
    const stuck = states.flatMap((state, shard) => (state === null ? [shard] : []))
    return [
      ...stuck.map((shard) => `shard ${shard} did not answer in ${this.#options.stateTimeoutMs} ms`),
      ...(directory === null ? [] : [directory]),
    ]
  }

  /** Null: no answer in time. */
  async #asked<Answer>(ask: (shard: Shard) => Promise<Answer>): Promise<(Answer | null)[]> {
    const { shards, stateTimeoutMs } = this.#options
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(resolve, stateTimeoutMs, null)
    })
    try {
      return await Promise.all(shards.map((shard) => Promise.race([ask(shard), late])))
    } finally {
      clearTimeout(timer)
    }
  }

  #counted(): Family[] {
    return COUNTED.map(([counted, name, help]) => {
      const samples = this.#options.counters.map((each, shard) => ({
        labels: { shard },
        value: each.snapshot()[counted],
      }))
      return counter(name, help, samples)
    })
  }

  #times(): Family[] {
    const { histograms } = this.#options
    const of = (place: number) => sumOf(histograms, place)
    return [
      histogram(
        'request_seconds',
        'From the arrival of a request to the departure of its answer, to the turn of the event loop.',
        apis.map(({ key, name }) => ({ labels: { api: name }, ...of(HISTOGRAM.request + key) })),
      ),
      histogram(
        'request_stage_seconds',
        'Of that: queue, behind others of its connection; append, until the batch goes to the disk; sync, until it is durable, or written if the topic is not; send, until the answer has left.',
        stagesOf().map(({ stage, api, histogram: place }) => ({ labels: { api, stage }, ...of(place) })),
      ),
      histogram('journal_sync_seconds', 'Write and sync of a journal group.', [of(HISTOGRAM.journalSync)]),
    ]
  }

  #ofNow(states: readonly (ShardState | null)[]): Family[] {
    const { arenaBytes, listenerNames, stateTimeoutMs } = this.#options
    const up = states.flatMap((state, shard) => (state === null ? [] : [{ shard, state }]))
    return [
      gauge(
        'shard_up',
        `Whether the shard answered within ${stateTimeoutMs} ms.`,
        states.map((state, shard) => ({ labels: { shard }, value: state === null ? 0 : 1 })),
      ),
      gauge(
        'connections',
        'Open connections of clients.',
        up.flatMap(({ shard, state }) =>
          listenerNames.map((listener, number) => ({
            labels: { listener, shard },
            value: state.connections[number] ?? 0,
          })),
        ),
      ),
      gauge(
        'requests_in_flight',
        'Requests begun and not answered, those that wait for records to fetch among them.',
        up.map(({ shard, state }) => ({ labels: { shard }, value: state.requestsInFlight })),
      ),
      gauge(
        'groups_held_bytes',
        'Memory of groups: members, ids that were given out, committed offsets.',
        up.map(({ shard, state }) => ({ labels: { shard }, value: state.groupHeldBytes })),
      ),
      gauge(
        'retention_held',
        'Whether the clock has jumped, so that retention by time goes by the time that has passed instead.',
        up.map(({ shard, state }) => ({ labels: { shard }, value: state.isRetentionHeld ? 1 : 0 })),
      ),
      gauge(
        'arena_held_bytes',
        'Memory for requests, answers and recent batches that is in use.',
        up.map(({ shard, state }) => ({ labels: { shard }, value: state.arenaHeldBytes })),
      ),
      gauge(
        'arena_bytes',
        'Memory for requests, answers and recent batches.',
        states.map((_, shard) => ({ labels: { shard }, value: arenaBytes })),
      ),
    ]
  }

  #partitions(): Family[] {
    let partitions = 0
    let underReplicated = 0
    let offline = 0
    for (const topic of this.#options.image.topics.all()) {
      for (const { leader, isr, replicas } of topic.partitions) {
        partitions++
        if (isr.length < replicas.length) underReplicated++
        if (leader < 0) offline++
      }
    }
    const one = (name: string, help: string, value: number) => gauge(name, help, [{ value }])
    return [
      one('topics', 'Topics of the cluster.', this.#options.image.topics.count),
      one('partitions', 'Partitions of the cluster.', partitions),
      one('under_replicated_partitions', 'Partitions that lack an in-sync replica.', underReplicated),
      one('offline_partitions', 'Partitions without a leader.', offline),
    ]
  }

  #partitionOffsets(answers: readonly AllPartitionOffsets[]): Family[] {
    const all = answers.flatMap(({ offsets }) => offsets)
    const shown = all.slice(0, this.#options.partitionOffsetsMax)
    const leftOut = answers.reduce((sum, answer) => sum + answer.leftOut, all.length - shown.length)
    const each = (shownOf: (offsets: PartitionOffsets) => number) =>
      shown.map((offsets) => {
        const { topic, partition } = offsets
        return { labels: { topic, partition }, value: shownOf(offsets) }
      })
    return [
      gauge(
        'partition_durable_offset',
        'Records before it survive a power cut.',
        each(({ durableOffset }) => durableOffset),
      ),
      gauge(
        'partition_high_watermark',
        'Consumers may read up to here.',
        each(({ highWatermark }) => highWatermark),
      ),
      gauge(
        'partition_log_end_offset',
        'Where the next record goes.',
        each(({ logEndOffset }) => logEndOffset),
      ),
      gauge('partition_offsets_left_out', 'Partitions beyond those whose offsets are shown.', [{ value: leftOut }]),
    ]
  }

  #groups(answers: readonly GroupLags[]): Family[] {
    const all = answers.flatMap(({ lags }) => lags)
    const shown = all.slice(0, this.#options.groupLagsMax)
    const leftOut = answers.reduce((sum, answer) => sum + answer.leftOut, all.length - shown.length)
    const each = (shownOf: (lag: GroupLag) => number) =>
      shown.map((lag) => {
        const { group, topic, partition } = lag
        return { labels: { group, topic, partition }, value: shownOf(lag) }
      })
    return [
      gauge('group_lag', 'Records between the committed offset and the end of the partition.', each(lagOf)),
      gauge(
        'group_committed_offset',
        'Where the group reads on.',
        each(({ committedOffset }) => committedOffset),
      ),
      gauge('group_lags_left_out', 'Committed offsets beyond those whose lag is shown.', [{ value: leftOut }]),
    ]
  }
}

/** A group that was reset past the end, or whose partition was cut, is not behind. */
function lagOf({ committedOffset, endOffset }: GroupLag): number {
  return Math.max(0, endOffset - committedOffset)
}

function ofProcess(): Family[] {
  const { user, system } = process.cpuUsage()
  return [
    gauge('process_resident_memory_bytes', 'Memory of the process, its arenas included.', [
      { value: process.memoryUsage.rss() },
    ]),
    counter('process_cpu_seconds_total', 'CPU time of the process, all threads.', [{ value: (user + system) / 1e6 }]),
    gauge('process_uptime_seconds', 'Since the start of the process.', [{ value: process.uptime() }]),
  ]
}

async function directoryProblem(path: string): Promise<string | null> {
  try {
    const { bavail, bsize } = await statfs(path)
    return bavail * bsize > 0 ? null : `no space is left for ${path}`
  } catch (error) {
    return `${path} cannot be reached: ${(error as Error).message}`
  }
}
