// What a decoder says of bytes that are not what they claim to be. Never an assertion: the bytes are a stranger's.

/** Stable words: counters and tests go by them. */
export type DecodeReason =
  | 'truncated' // ends before its fields do
  | 'malformed varint' // longer than its type, or with bits beyond it
  | 'negative length' // a length or count below zero that is not null's -1
  | 'null not allowed'
  | 'count beyond the bytes' // more elements claimed than the bytes left can hold
  | 'over budget' // decoding would allocate more than the caller allows
  | 'text too long' // longer than Kafka's strings may be, or it would be when written again
  | 'tag size differs' // a known tagged field that does not fill the size it states
  | 'malformed record' // a record inside a batch contradicts its own length
  | 'unknown record' // a metadata record of a type or version we do not know

export class DecodeError extends Error {
  override name = 'DecodeError'
  readonly reason: DecodeReason
  /** Where in the arena. */
  readonly position: number

  constructor(reason: DecodeReason, position: number) {
    super(`${reason} at ${position}`)
    this.reason = reason
    this.position = position
  }
}
