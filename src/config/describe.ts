// The broker's settings as DescribeConfigs answers them.
//
// Pure. Values are texts, as Kafka's are; none can be altered while the broker runs.
import type { SettingName } from './definitions.ts'
import { DEFINITIONS } from './definitions.ts'
import type { Settings } from './settings.ts'
import type { ValueType } from './values.ts'

export interface DescribedSetting {
  readonly name: string
  /** Null: not set and without a default, or not to be shown. */
  readonly value: string | null
  readonly type: ValueType
  readonly isDefault: boolean
  readonly isReadOnly: boolean
  readonly isSensitive: boolean
  readonly documentation: string
}

export function describeSettings(settings: Settings): DescribedSetting[] {
  return [...DEFINITIONS.values()].map(({ name, type, default: byDefault, documentation }) => {
    const given = settings.given[name]
    const current = isNodeId(name) ? String(settings['node.id']) : (given ?? byDefault)
    const isSensitive = type === 'PASSWORD'
    return {
      name,
      value: isSensitive ? null : current,
      type,
      isDefault: given === undefined,
      isReadOnly: true,
      isSensitive,
      documentation,
    }
  })
}

/** One setting with two names: whichever is written counts for both. */
function isNodeId(name: SettingName): boolean {
  return name === 'node.id' || name === 'broker.id'
}
