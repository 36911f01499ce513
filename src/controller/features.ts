// Features and their levels: which formats and behaviours the cluster has agreed on. Pure.
import { ErrorCode } from '../model/error-codes.ts'
import type { AnswerOf, CommandOf } from './commands.ts'
import type { ControllerState, Outcome } from './controller.ts'

export interface SupportedFeature {
  readonly name: string
  readonly minVersion: number
  readonly maxVersion: number
}

/** 4.0-IV3: what our records are written for. */
export const METADATA_VERSION = 25

/** What this node can be asked to finalize. Each served protocol that has a feature adds its own (group.version …). */
export const supportedFeatures: readonly SupportedFeature[] = [
  { name: 'metadata.version', minVersion: METADATA_VERSION, maxVersion: METADATA_VERSION },
]

/** Levels of the log that this node can't honour: it must not start on it. Null if it can. */
export function featuresRefusal(features: ReadonlyMap<string, number>): string | null {
  for (const [name, level] of features) {
    const supported = supportedFeatures.find((each) => each.name === name)
    if (supported === undefined || level < supported.minVersion || level > supported.maxVersion) {
      const range =
        supported === undefined ? 'does not know it' : `supports ${supported.minVersion}-${supported.maxVersion}`
      return `the metadata log requires ${name}=${level}, but this version of millrace ${range}`
    }
  }
  return null
}

export function bootstrap(state: ControllerState): Outcome<null> {
  if (state.image.features.has('metadata.version')) return { records: [], answer: null }
  return {
    records: [{ type: 'FeatureLevelRecord', name: 'metadata.version', featureLevel: METADATA_VERSION }],
    answer: null,
  }
}

export function updateFeature(
  state: ControllerState,
  { name, level }: CommandOf<'update-feature'>,
): Outcome<AnswerOf<'update-feature'>> {
  const refused = (message: string) => ({
    records: [],
    answer: { refusal: { error: ErrorCode.InvalidUpdateVersion, message } },
  })
  const supported = supportedFeatures.find((each) => each.name === name)
  if (supported === undefined)
    return refused(`Invalid update version ${level} for feature ${name}. The feature is unknown.`)
  if (level < supported.minVersion || level > supported.maxVersion) {
    return refused(
      `Invalid update version ${level} for feature ${name}. ` +
        `Supported are ${supported.minVersion}-${supported.maxVersion}.`,
    )
  }
  if (state.image.features.get(name) === level) return { records: [], answer: { refusal: null } }
  return { records: [{ type: 'FeatureLevelRecord', name, featureLevel: level }], answer: { refusal: null } }
}
