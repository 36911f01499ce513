// The controller: commands in, records and an answer out. Pure: no clock, no randomness, no I/O; the control thread owns
// it and its driver (control-plane.ts) has the records written before it hands out the answer.
//
// Its image runs ahead of what is committed: a command sees the effect of every command before it, so that many can
// share one sync. It is never rolled back, since a log that can't take the records ends the process.
//
// Invariants: the records of a command are visible all together or not at all: they are one batch, or a transaction.
//             `nextOffset` is the offset that the next record gets.
import { assert } from '../lib/assert.ts'
import { type MetadataBatch, MetadataImage } from '../metadata/image.ts'
import type { MetadataRecord } from '../wire/generated/metadata-records.ts'
import { alterTopicConfigs } from './alter-topic-configs.ts'
import { registerBroker, unfenceBroker } from './brokers.ts'
import type { AnswerOf, CommandOf, CommandType } from './commands.ts'
import { createPartitions } from './create-partitions.ts'
import { createTopics } from './create-topics.ts'
import { deleteTopics } from './delete-topics.ts'
import { bootstrap, updateFeature } from './features.ts'
import { allocateProducerIds } from './producer-ids.ts'
import type { ControllerSettings, ControllerState, Outcome } from './state.ts'
import { collisionKey } from './topic-names.ts'

/** Up to this many records are one batch of the log; more become a transaction. */
export const RECORDS_PER_BATCH_MAX = 10_000

const handlers: {
  readonly [Type in CommandType]: (state: ControllerState, command: CommandOf<Type>) => Outcome<AnswerOf<Type>>
} = {
  bootstrap,
  'register-broker': registerBroker,
  'unfence-broker': unfenceBroker,
  'create-topics': createTopics,
  'delete-topics': deleteTopics,
  'create-partitions': createPartitions,
  'alter-topic-configs': alterTopicConfigs,
  'allocate-producer-ids': allocateProducerIds,
  'update-feature': updateFeature,
}

export class Controller implements ControllerState {
  readonly image = new MetadataImage()
  readonly settings: ControllerSettings
  private readonly collisionKeys = new Map<string, string>()
  private epoch = -1
  private endOffset = 0

  constructor(settings: ControllerSettings) {
    this.settings = settings
    this.image.listen({
      topicCreated: ({ name }) => this.collisionKeys.set(collisionKey(name), name),
      topicDeleted: ({ name }) => this.collisionKeys.delete(collisionKey(name)),
    })
  }

  get nextOffset(): number {
    return this.endOffset
  }

  collidingTopic(name: string): string | undefined {
    return this.collisionKeys.get(collisionKey(name))
  }

  /** Committed before this controller became active. */
  replay(batch: MetadataBatch): void {
    assert(this.epoch === -1, 'an active controller makes its own records')
    this.image.apply(batch)
  }

  /** From here on it decides, as the quorum's leader in `epoch`. Returns what has to be appended first. */
  activate(epoch: number, nextOffset: number): readonly MetadataRecord[] {
    assert(nextOffset > this.image.offset, 'a new leader starts after everything it replayed')
    this.epoch = epoch
    this.endOffset = nextOffset
    // The last leader stopped within a transaction: nobody has seen its records, and nobody will.
    if (!this.image.inTransaction) return []
    return this.append([{ type: 'AbortTransactionRecord', reason: 'the leader that began it has stopped' }])
  }

  execute<Type extends CommandType>(type: Type, command: CommandOf<Type>): Outcome<AnswerOf<Type>> {
    assert(this.epoch >= 0, 'only an active controller decides')
    const { records, answer } = handlers[type](this, command)
    return { records: this.append(records), answer }
  }

  private append(records: readonly MetadataRecord[]): readonly MetadataRecord[] {
    if (records.length === 0) return records
    const whole = records.length <= RECORDS_PER_BATCH_MAX ? records : inTransaction(records)
    this.endOffset += whole.length
    this.image.apply({ offset: this.endOffset - 1, epoch: this.epoch, records: whole })
    return whole
  }
}

function inTransaction(records: readonly MetadataRecord[]): MetadataRecord[] {
  return [{ type: 'BeginTransactionRecord', name: null }, ...records, { type: 'EndTransactionRecord' }]
}
