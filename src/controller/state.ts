// What the controller's rules read, and what they come to. Pure: types only.
import type { MetadataImage } from '../metadata/image.ts'
import type { MetadataRecord } from '../wire/generated/metadata-records.ts'

export interface ControllerSettings {
  readonly partitionCountDefault: number
  readonly replicationFactorDefault: number
  readonly deleteTopicEnable: boolean
  /** More than this in one command are refused before any memory is taken for them. */
  readonly partitionsPerCommandMax: number
}

/** What a command reads to decide. It changes nothing: its records do. */
export interface ControllerState {
  readonly image: MetadataImage
  readonly settings: ControllerSettings
  readonly nextOffset: number
  /** The existing topic whose name differs from this one at most in '.' and '_'. */
  collidingTopic(name: string): string | undefined
}

export interface Outcome<Answer> {
  readonly records: readonly MetadataRecord[]
  readonly answer: Answer
}
