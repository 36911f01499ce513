// Registered brokers in the metadata image. Part of MetadataImage: see image.ts for who may change it and when.
//
// Invariant: a record that names another epoch than the broker's registration is a contradiction, not a change.

import type { Uuid } from '../model/uuid.ts'
import type {
  BrokerEndpoint,
  BrokerFeature,
  BrokerRegistrationChangeRecord,
  RegisterBrokerRecord,
} from '../wire/generated/metadata-records.ts'
import { MetadataError } from './metadata-error.ts'

export interface BrokerImage {
  readonly id: number
  /** The offset of the record that registered it: a broker that registers again has a higher one. */
  readonly epoch: number
  readonly incarnationId: Uuid
  readonly endPoints: readonly BrokerEndpoint[]
  readonly features: readonly BrokerFeature[]
  readonly rack: string | null
  fenced: boolean
  inControlledShutdown: boolean
  logDirs: readonly Uuid[]
}

export class BrokersImage {
  private readonly brokers = new Map<number, BrokerImage>()

  get count(): number {
    return this.brokers.size
  }

  get(id: number): BrokerImage | undefined {
    return this.brokers.get(id)
  }

  all(): IterableIterator<BrokerImage> {
    return this.brokers.values()
  }

  /** Where clients of this listener reach the broker, or undefined if it has no such listener. */
  endPoint(id: number, listenerName: string): BrokerEndpoint | undefined {
    return this.brokers.get(id)?.endPoints.find((each) => each.name === listenerName)
  }

  /** Registered and not fenced: may lead, and is shown to clients. */
  isAlive(id: number): boolean {
    return this.brokers.get(id)?.fenced === false
  }

  register(record: RegisterBrokerRecord): void {
    this.brokers.set(record.brokerId, {
      id: record.brokerId,
      epoch: record.brokerEpoch,
      incarnationId: record.incarnationId,
      endPoints: record.endPoints,
      features: record.features,
      rack: record.rack,
      fenced: record.fenced,
      inControlledShutdown: record.inControlledShutdown,
      logDirs: record.logDirs,
    })
  }

  unregister(id: number, epoch: number): void {
    this.registered(id, epoch)
    this.brokers.delete(id)
  }

  setFenced(id: number, epoch: number, fenced: boolean): void {
    this.registered(id, epoch).fenced = fenced
  }

  change(record: BrokerRegistrationChangeRecord): void {
    const broker = this.registered(record.brokerId, record.brokerEpoch)
    if (record.fenced !== 0) broker.fenced = record.fenced > 0
    if (record.inControlledShutdown !== 0) broker.inControlledShutdown = record.inControlledShutdown > 0
    if (record.logDirs.length > 0) broker.logDirs = record.logDirs
  }

  private registered(id: number, epoch: number): BrokerImage {
    const broker = this.brokers.get(id)
    if (broker === undefined) throw new MetadataError(`no broker is registered as ${id}`)
    if (broker.epoch !== epoch) {
      throw new MetadataError(`broker ${id} has the epoch ${broker.epoch}, but a record speaks of ${epoch}`)
    }
    return broker
  }
}
