// The broker's own configuration as DescribeConfigs and topic defaults see it: what the settings say of themselves.
import type { ServerProperty } from '../config/topic-configs.ts'
import type { ValueType } from '../config/values.ts'

export interface BrokerConfig {
  readonly name: string
  /** Null: not set and without a default. */
  readonly value: string | null
  readonly type: ValueType
  readonly isDefault: boolean
  readonly isReadOnly: boolean
  readonly isSensitive: boolean
  readonly documentation: string
}

/** Looks up a property that was set: defaults are those of the topic configs themselves. */
export function serverProperty(configs: readonly BrokerConfig[]): ServerProperty {
  const set = new Map(
    configs.flatMap((each) => (each.isDefault || each.value === null ? [] : [[each.name, each.value]])),
  )
  return (name) => set.get(name)
}
