// The control plane of one node: the driver that ties controller, quorum and log together. Owned by the control thread.
//
// A command is decided at once, against everything decided before it; its records go to the log; when they are
// committed, they are applied to `image`, then handed to `onBatch` for the other threads, and only then the command is
// answered. So whoever has an answer finds its effect in this thread's image.
//
// Invariants: answers come in the order of the commands. After `failed` no command is answered, only rejected.
import type { Env } from '../lib/env.ts'
import { type MetadataBatch, MetadataImage } from '../metadata/image.ts'
import { imageRecords } from '../metadata/image-records.ts'
import type { Uuid } from '../model/uuid.ts'
import { RaftDriver } from '../raft/raft-driver.ts'
import type { Crc32c } from '../wire/record-batch-builder.ts'
import type { AnswerOf, CommandOf, CommandType } from './commands.ts'
import { Controller } from './controller.ts'
import { featuresRefusal } from './features.ts'
import type { ControllerSettings } from './state.ts'

/** As Kafka's metadata.log.max.record.bytes.between.snapshots. */
const LOG_BYTES_MAX = 20 * 1024 * 1024

export interface ControlPlaneOptions {
  readonly env: Env
  readonly logDirectory: string
  readonly nodeId: number
  readonly directoryId: Uuid
  readonly crc32c: Crc32c
  readonly settings: ControllerSettings
  /** A start that finds more log than this puts a snapshot in its place. */
  readonly logBytesMax?: number
  /** Every batch committed after `start` resolved, in order; the image has it already. */
  readonly onBatch?: (batch: MetadataBatch) => void
}

export class ControlPlane {
  /** As of the last committed record. */
  readonly image = new MetadataImage()
  private readonly controller: Controller
  private raft: RaftDriver | null = null

  private constructor(settings: ControllerSettings) {
    this.controller = new Controller(settings)
  }

  /** Replays the log, takes the lead, and gives a new cluster its first records. */
  static async start(options: ControlPlaneOptions): Promise<ControlPlane> {
    const { env, logDirectory, nodeId, directoryId, crc32c, settings } = options
    const plane = new ControlPlane(settings)
    let replaying = true
    let started = false
    const raft = await RaftDriver.start({
      env,
      logDirectory,
      self: { id: nodeId, directoryId },
      crc32c,
      onCommitted: (batch) => {
        if (replaying) plane.controller.replay(batch)
        plane.image.apply(batch)
        if (started) options.onBatch?.(batch)
      },
    })
    replaying = false
    plane.raft = raft
    try {
      await raft.append(plane.controller.activate(raft.epoch, raft.endOffset))
      await plane.submit('bootstrap', {})
      const refusal = featuresRefusal(plane.image.features)
      if (refusal !== null) throw new Error(refusal)
      // At start only: later, walking a large image would hold up this thread.
      if (raft.logBytes > (options.logBytesMax ?? LOG_BYTES_MAX)) await raft.snapshot(imageRecords(plane.image))
    } catch (error) {
      await raft.close()
      throw error
    }
    started = true
    return plane
  }

  get epoch(): number {
    return this.active.epoch
  }

  /** Resolves when this node can no longer keep its metadata: the broker must stop. Never rejects. */
  get failed(): Promise<Error> {
    return this.active.failed
  }

  /** Rejects only if the log failed; a refusal is an answer. */
  async submit<Type extends CommandType>(type: Type, command: CommandOf<Type>): Promise<AnswerOf<Type>> {
    const { records, answer } = this.controller.execute(type, command)
    // Without records too: what the answer rests on may be on its way to the disk.
    await this.active.append(records)
    return answer
  }

  /** Waits for what was submitted. */
  async close(): Promise<void> {
    await this.active.close()
  }

  private get active(): RaftDriver {
    if (this.raft === null) throw new Error('the control plane has not started')
    return this.raft
  }
}
