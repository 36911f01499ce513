// What groups are refused, in words.
import { RefusedError, throwIfRefused } from '../client/client.ts'
import { ErrorCode } from '../model/error-codes.ts'
import { refusalOf } from './remote.ts'

/** What the protocol has no words for. */
const WORDS: Readonly<Record<number, string>> = {
  [ErrorCode.GroupIdNotFound]: 'there is no such group',
  [ErrorCode.NonEmptyGroup]: 'it has members',
  [ErrorCode.GroupSubscribedToTopic]: 'its members are subscribed to the topic',
  [ErrorCode.UnknownTopicOrPartition]: 'there is no such partition',
  [ErrorCode.UnknownMemberId]: 'it has members',
}

/** As `refusalOf`, with words for what groups are refused for. */
export function groupRefusalOf(subject: string, code: number): string[] {
  return refusalOf(subject, code, WORDS[code] ?? null)
}

/** Asks about each group; what the broker refuses of one is no reason not to ask about the others. */
export async function forEachGroup<Answer>(
  groups: readonly string[],
  ask: (group: string) => Promise<Answer>,
): Promise<{ answers: Answer[]; refusals: string[] }> {
  const answers: Answer[] = []
  const refusals: string[] = []
  for (const group of new Set(groups)) {
    try {
      answers.push(await ask(group))
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
      refusals.push(`${group}: ${error.message}`)
    }
  }
  return { answers, refusals }
}

/** Throws a `RefusedError` in words. */
export function throwIfGroupRefused(code: number): void {
  throwIfRefused(code, WORDS[code])
}
