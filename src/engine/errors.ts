// What the engine throws and rejects with. All of them are `EngineError`; `name` and `code` tell them apart, also where two
// copies of this package meet.
import { ErrorCode } from '../model/error-codes.ts'

/** What the engine throws and rejects with; each kind has a class of its own. */
export class EngineError extends Error {
  override name = 'EngineError'
  /** The kind, in capitals, as Node's own errors have it. */
  readonly code: string = 'ERR_ENGINE'
}

/** The engine was closed, or is being closed. */
export class EngineClosedError extends EngineError {
  override name = 'EngineClosedError'
  override readonly code = 'ERR_ENGINE_CLOSED'

  constructor() {
    super('the engine is closed')
  }
}

/**
 * The directory can't be opened, or it failed while it was open: a write or a sync that did not succeed, for one. Then this
 * is what the one `error` event carries and what every later call rejects with; `close`, and open again.
 */
export class LogDirectoryError extends EngineError {
  override name = 'LogDirectoryError'
  override readonly code = 'ERR_LOG_DIRECTORY'
}

/** Another engine or broker, of this process or another, has the directory open. */
export class DirectoryInUseError extends LogDirectoryError {
  override name = 'DirectoryInUseError'
}

/** There is no topic of that name (any more), or it has no such partition. */
export class TopicNotFoundError extends EngineError {
  override name = 'TopicNotFoundError'
  override readonly code = 'ERR_TOPIC_NOT_FOUND'
}

/** The topic can't be made so: its name, its partitions or a config. Or it is there already, and is another one. */
export class InvalidTopicError extends EngineError {
  override name = 'InvalidTopicError'
  override readonly code = 'ERR_INVALID_TOPIC'
}

/** The offset to read from is not in the log: its records were deleted, or it lies beyond the end. */
export class OffsetOutOfRangeError extends EngineError {
  override name = 'OffsetOutOfRangeError'
  override readonly code = 'ERR_OFFSET_OUT_OF_RANGE'
}

/** A single record is longer than the topic's `max.message.bytes`. */
export class RecordTooLargeError extends EngineError {
  override name = 'RecordTooLargeError'
  override readonly code = 'ERR_RECORD_TOO_LARGE'
}

/** Records that the log did not take: without a key in a compacted topic, or dated outside of what the topic takes. */
export class AppendRefusedError extends EngineError {
  override name = 'AppendRefusedError'
  override readonly code = 'ERR_APPEND_REFUSED'
}

/** `appendDurable` was called of a topic whose durability is `os`: nothing syncs its records. */
export class NotDurableError extends EngineError {
  override name = 'NotDurableError'
  override readonly code = 'ERR_NOT_DURABLE'
}

/** Stored records could not be read: a read failed, a checksum is wrong, or this Node can't decompress them. */
export class LogReadError extends EngineError {
  override name = 'LogReadError'
  override readonly code = 'ERR_LOG_READ'
}

const NAMES = new Map<number, string>(Object.entries(ErrorCode).map(([name, code]) => [code, name]))

/** What became of an append. */
export function appendError(code: number, partition: string): EngineError {
  switch (code) {
    case ErrorCode.UnknownTopicOrPartition:
    case ErrorCode.NotLeaderOrFollower:
      return new TopicNotFoundError(`${partition} is not there any more`)
    case ErrorCode.MessageTooLarge:
      return new RecordTooLargeError(`${partition} takes no batch of this length`)
    case ErrorCode.InvalidTimestamp:
      return new AppendRefusedError(`${partition} takes no record with such a timestamp`)
    case ErrorCode.InvalidRecord:
      return new AppendRefusedError(`${partition} is compacted and takes no record without a key`)
  }
  return new AppendRefusedError(`${partition} refused an append: ${NAMES.get(code) ?? code}`)
}

/** What became of a read. */
export function readError(code: number, partition: string, offset: number): EngineError {
  switch (code) {
    case ErrorCode.OffsetOutOfRange:
      return new OffsetOutOfRangeError(`${partition} has no offset ${offset}`)
    case ErrorCode.UnknownTopicOrPartition:
    case ErrorCode.NotLeaderOrFollower:
      return new TopicNotFoundError(`${partition} is not there any more`)
  }
  return new LogReadError(`${partition} could not be read at ${offset}: ${NAMES.get(code) ?? code}`)
}
