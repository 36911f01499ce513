// The logs of this shard's partitions, from metadata to disk and back: opened when a partition comes, closed and removed
// when it goes.
//
// Owner: the shard. A partition that is made while the broker runs has its log at once, in memory; its directory and
// files come with its first drain.

import type { PartitionRoute, Routes } from '../api/routes.ts'
import type { Settings } from '../config/settings.ts'
import { type ServerProperty, type TopicSettings, topicSettings } from '../config/topic-configs.ts'
import { isInternalTopic } from '../controller/topic-names.ts'
import type { Disk } from '../lib/env.ts'
import type { DirectWrites } from '../log/direct-writes.ts'
import type { Drainer } from '../log/drainer.ts'
import type { LogIdentity } from '../log/identity.ts'
import { LeaderEpochs } from '../log/leader-epochs.ts'
import type { LogDirectories } from '../log/log-directories.ts'
import type { LogStartChange } from '../log/log-start-checkpoint.ts'
import { PartitionLog, type RecoveredLog, type RollSource } from '../log/partition-log.ts'
import type { RowChanges } from '../log/row-changes.ts'
import { Segment } from '../log/segment.ts'
import { removeSegmentFiles, type SegmentFiles } from '../log/segment-files.ts'
import { RESOURCE_TOPIC } from '../metadata/configs.ts'
import type { MetadataImage } from '../metadata/image.ts'
import type { ImageListener } from '../metadata/listener.ts'
import type { TopicImage } from '../metadata/topics.ts'
import { ErrorCode } from '../model/error-codes.ts'
import { uuidToWords } from '../model/uuid.ts'
import type { InternTable } from '../wire/intern.ts'

export interface LogManagerOptions {
  own: number
  disk: Disk
  image: MetadataImage
  routes: Routes
  names: InternTable
  topicIds: InternTable
  settings: Settings
  directories: LogDirectories
  files: SegmentFiles
  drainer: Drainer
  directWrites: DirectWrites
  rolls: RollSource
  rows: RowChanges
  storeLogStarts: (changes: readonly LogStartChange[]) => Promise<void>
  /** A log is journaled and shall be direct, or the other way round: a checkpoint can change that. */
  onDurabilityChanged: () => void
  onFailure: (error: Error) => void
}

export class LogManager implements ImageListener {
  readonly #options: LogManagerOptions
  readonly #logs = new Set<PartitionLog>()
  /** Segments that are going, of logs that stay. */
  readonly #removing = new Map<PartitionLog, Promise<void>>()
  /** Closed, but with batches that the journal still reads. */
  readonly #leaving = new Set<PartitionLog>()
  readonly #server: ServerProperty
  /** Until recovery has opened what is on disk, new partitions only get routes. */
  #isRecovering = true

  constructor(options: LogManagerOptions) {
    this.#options = options
    this.#server = (name) => options.settings.given[name as keyof typeof options.settings.given]
  }

  get logs(): ReadonlySet<PartitionLog> {
    return this.#logs
  }

  topicCreated(topic: TopicImage): void {
    const { routes, names, topicIds } = this.#options
    routes.addTopic(topic)
    names.add(topic.name)
    topicIds.add(topic.topicId)
  }

  partitionAdded(topic: TopicImage, partition: number): void {
    const route = this.#options.routes.addPartition(topic, partition)
    if (this.#isRecovering || route.shard !== this.#options.own) return
    const log = this.open(route, emptyLog(this.identityOf(route)))
    // Without a row it is walked, and there is nothing yet that the journal would have to have.
    if (!log.config.durable) log.goDirect()
  }

  partitionChanged(topic: TopicImage, partition: number): void {
    const log = this.#options.routes.topicById(topic.topicId)?.partitions[partition]?.log
    if (log) log.leaderEpoch = topic.partitions[partition]!.leaderEpoch
  }

  topicDeleted(topic: TopicImage): void {
    const { routes, names, topicIds, directories } = this.#options
    names.remove(topic.name)
    topicIds.remove(topic.topicId)
    for (const route of routes.removeTopic(topic)) {
      const { log } = route
      route.log = null
      if (log === null) continue
      log.close(ErrorCode.UnknownTopicOrPartition)
      directories.leave(log.identity)
      this.#logs.delete(log)
      this.#leaving.add(log)
    }
    // The name may be another topic's by now.
    if (routes.topicByName(topic.name) !== undefined) names.add(topic.name)
    this.removeLeaving()
  }

  configsChanged(resourceType: number, resourceName: string): void {
    if (resourceType !== RESOURCE_TOPIC) return
    const config = this.configOf(resourceName)
    const topic = this.#options.routes.topicByName(resourceName)
    let isChanged = false
    for (const { log } of topic?.partitions ?? []) {
      if (log === null) continue
      // Its row says how it is recovered.
      if (log.config.durable !== config.durable) log.rows?.changing(log)
      log.config = config
      if (log.isDirect === config.durable) isChanged = true
    }
    if (isChanged) this.#options.onDurabilityChanged()
  }

  /** Routes of the partitions that live here, for recovery; from then on new partitions are opened as they come. */
  endRecovery(): void {
    this.#isRecovering = false
  }

  ownRoutes(): PartitionRoute[] {
    const own: PartitionRoute[] = []
    for (const topic of this.#options.routes.topics()) {
      for (const route of topic.partitions) if (route.shard === this.#options.own) own.push(route)
    }
    return own
  }

  open(route: PartitionRoute, state: RecoveredLog): PartitionLog {
    const { image, partition } = { image: route.topic.image, partition: route.partition }
    const identity = this.identityOf(route)
    const recovered = { ...state, leaderEpoch: image.partitions[partition]!.leaderEpoch }
    const config = this.configOf(image.name)
    const log = new PartitionLog(identity, uuidToWords(identity.topicId), config, recovered, this.#options.rolls)
    log.rows = this.#options.rows
    route.log = log
    this.#logs.add(log)
    return log
  }

  identityOf(route: PartitionRoute): LogIdentity {
    const { name, topicId } = route.topic.image
    const directory = this.#options.directories.pathOf(name, route.partition)
    return { topic: name, topicId, partition: route.partition, directory }
  }

  /** What the cluster keeps for itself is durable, whatever is the default. */
  configOf(topic: string): TopicSettings {
    const config = topicSettings(this.#options.image.configs.ofTopic(topic), this.#server)
    return isInternalTopic(topic) ? { ...config, durable: true } : config
  }

  /** Removes the closed logs whose batches the journal is done with. After each journal group. */
  removeLeaving(): void {
    for (const log of this.#leaving) {
      if (log.durableOffset < log.journaledOffset) continue
      this.#leaving.delete(log)
      this.#remove(log).catch((error: Error) => this.#options.onFailure(error))
    }
  }

  /** Segments of which no record is left leave the log, and their files the disk; what is still read stays open. */
  removeObsolete(log: PartitionLog): Promise<void> {
    const segments = log.takeObsolete()
    if (segments.length === 0) return this.#removing.get(log) ?? Promise.resolve()
    const removing = (this.#removing.get(log) ?? Promise.resolve()).then(() => this.#removeSegments(log, segments))
    this.#removing.set(log, removing)
    return removing.finally(() => {
      if (this.#removing.get(log) === removing) this.#removing.delete(log)
    })
  }

  async #removeSegments(log: PartitionLog, segments: readonly Segment[]): Promise<void> {
    const { disk, drainer, files } = this.#options
    for (const segment of segments) {
      await drainer.leave(segment)
      await files.forget(segment)
      await removeSegmentFiles(disk, log.identity.directory, segment.baseOffset)
    }
  }

  async #remove(log: PartitionLog): Promise<void> {
    const { drainer, directWrites, files, directories, storeLogStarts } = this.#options
    await directWrites.settled(log)
    await drainer.discard(log)
    // Its directory may be another topic's as soon as it is gone.
    await this.#removing.get(log)
    for (const segment of log.segments) await files.forget(segment)
    const { topic, partition } = log.identity
    // Before the directory: by it the start is known to be this topic's.
    if (log.storedLogStart > 0) await storeLogStarts([{ topic, partition, offset: null }])
    await directories.remove(log.identity)
  }
}

function emptyLog(identity: LogIdentity): RecoveredLog {
  return {
    leaderEpoch: 0,
    logStartOffset: 0,
    endOffset: 0,
    segments: [new Segment(identity, 0, 0)],
    leaderEpochs: new LeaderEpochs(),
    producers: null,
  }
}
