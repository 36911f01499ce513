// Dynamic configs per resource in the metadata image: what AlterConfigs and CreateTopics set. Part of MetadataImage: see
// image.ts for who may change it and when.
import type { ConfigRecord } from '../wire/generated/metadata-records.ts'

/** Kafka's numbers for what can be configured. */
export const RESOURCE_TOPIC = 2
export const RESOURCE_BROKER = 4
export const RESOURCE_CLIENT_METRICS = 16
export const RESOURCE_GROUP = 32

export type ResourceConfigs = ReadonlyMap<string, string>

export interface ConfiguredResource {
  readonly type: number
  /** A topic's name, a broker's id; the empty name is the default of all brokers. */
  readonly name: string
  readonly configs: ResourceConfigs
}

export class ConfigsImage {
  private readonly resources = new Map<string, ConfiguredResource & { configs: Map<string, string> }>()

  /** Undefined if nothing is set. */
  of(type: number, name: string): ResourceConfigs | undefined {
    return this.resources.get(keyOf(type, name))?.configs
  }

  ofTopic(name: string): ResourceConfigs | undefined {
    return this.of(RESOURCE_TOPIC, name)
  }

  all(): IterableIterator<ConfiguredResource> {
    return this.resources.values()
  }

  set(record: ConfigRecord): void {
    const key = keyOf(record.resourceType, record.resourceName)
    let resource = this.resources.get(key)
    if (record.value === null) {
      resource?.configs.delete(record.name)
      if (resource?.configs.size === 0) this.resources.delete(key)
      return
    }
    if (resource === undefined) {
      resource = { type: record.resourceType, name: record.resourceName, configs: new Map() }
      this.resources.set(key, resource)
    }
    resource.configs.set(record.name, record.value)
  }

  removeAll(type: number, name: string): void {
    this.resources.delete(keyOf(type, name))
  }
}

function keyOf(type: number, name: string): string {
  return `${type}:${name}`
}
