// The part of the consumers' own protocol that a coordinator looks into: which topics a member is subscribed to. Its
// bytes come from clients and mean nothing else here.

import { DecodeError } from '../wire/errors.ts'
import { Reader } from '../wire/reader.ts'

export const CONSUMER_PROTOCOL_TYPE = 'consumer'

/** What the topics may take in memory, for each byte that names them. */
const DECODED_FACTOR = 32

const reader = new Reader()

/** Of a group. One with more is none whose subscriptions are known: nothing of it expires while it lives. */
export const SUBSCRIBED_TOPICS_MAX = 100_000

/** Null where the bytes are no subscription, or one to too many topics. */
export function subscribedTopicsOf(metadata: Uint8Array): readonly string[] | null {
  const view = new DataView(metadata.buffer, metadata.byteOffset, metadata.length)
  reader.reset(metadata, view, 0, metadata.length, 1024 + metadata.length * DECODED_FACTOR)
  try {
    const version = reader.readInt16()
    if (version < 0) return null
    const count = reader.readArrayCount(false, 2, 16)
    return count > SUBSCRIBED_TOPICS_MAX ? null : reader.readStrings(count, false)
  } catch (error) {
    if (error instanceof DecodeError) return null
    throw error
  }
}
