// What the leader of a group of consumers gave to a member: partitions, in the consumers' own protocol. The broker only
// hands the bytes on, so they may be anything.
import { DecodeError } from '../wire/errors.ts'
import { Reader } from '../wire/reader.ts'

/** What the names and numbers may take in memory, for each byte of them. */
const DECODED_FACTOR = 32

export interface AssignedTopic {
  readonly topic: string
  readonly partitions: readonly number[]
}

/** Null where the bytes are no assignment. */
export function assignedTopicsOf(assignment: Uint8Array): AssignedTopic[] | null {
  const view = new DataView(assignment.buffer, assignment.byteOffset, assignment.length)
  const reader = new Reader()
  reader.reset(assignment, view, 0, assignment.length, 1024 + assignment.length * DECODED_FACTOR)
  try {
    if (reader.readInt16() < 0) return null
    const topics: AssignedTopic[] = []
    for (let left = reader.readArrayCount(false, 6, 96); left > 0; left--) {
      const topic = reader.readString(false)
      topics.push({ topic, partitions: reader.readInt32s(reader.readArrayCount(false, 4, 16)) })
    }
    return topics
  } catch (error) {
    if (error instanceof DecodeError) return null
    throw error
  }
}
