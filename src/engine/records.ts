// What a program gives to be appended, and what it gets to read. Plain data of the calling thread.

/** A header of a record: a name, and bytes, text (as UTF-8) or nothing. Names may repeat; their order is kept. */
export interface RecordHeader {
  readonly key: string
  readonly value: Uint8Array | string | null
}

/** A record to append. Its bytes are copied before the call returns: they may be used again at once. */
export interface RecordInput {
  /** What compaction goes by; text is written as UTF-8. Null, the default, for none. */
  readonly key?: Uint8Array | string | null | undefined
  /** Null, the default, for none: in a compacted topic that deletes what the key stood for. */
  readonly value?: Uint8Array | string | null | undefined
  readonly headers?: readonly RecordHeader[] | undefined
  /** Milliseconds since 1970; the time of the call if not given, which may be read up to `lingerMs` before it. */
  readonly timestamp?: number | undefined
}

/** A record that was read. */
export interface LogRecord {
  /** Its place in the partition. */
  readonly offset: number
  /** Milliseconds since 1970, or -1 for none. */
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly { readonly key: string; readonly value: Buffer | null }[]
}
