// What a topic may be called. Pure.
import { OFFSETS_TOPIC } from '../model/ids.ts'

const NAME_LENGTH_MAX = 249
const LEGAL = /^[a-zA-Z0-9._-]+$/

/** Topics that the cluster keeps for itself: shown as internal in Metadata. */
const internalTopics = new Set([OFFSETS_TOPIC, '__transaction_state', '__share_group_state'])

export function isInternalTopic(name: string): boolean {
  return internalTopics.has(name)
}

/** Null if the name is legal, otherwise the sentence that a client is told. */
export function topicNameRefusal(name: string): string | null {
  if (name === '') return 'Topic name is invalid: the empty string is not allowed'
  if (name === '.' || name === '..') return `Topic name is invalid: '${name}' is not allowed`
  if (name.length > NAME_LENGTH_MAX) {
    return `Topic name is invalid: the length of '${name}' is longer than the max allowed length ${NAME_LENGTH_MAX}`
  }
  if (!LEGAL.test(name)) {
    return (
      `Topic name is invalid: '${name}' contains one or more characters other than ` +
      "ASCII alphanumerics, '.', '_' and '-'"
    )
  }
  return null
}

/** Names that differ only in '.' and '_' have the same key: metrics replace one by the other, so they would collide. */
export function collisionKey(name: string): string {
  return name.replaceAll('.', '_')
}
