// What the package exports.
export { SettingsError } from './config/settings.ts'
export { Broker, type BrokerOptions } from './embedded-broker.ts'
export { Engine, type EngineOptions, type TopicOptions } from './engine/engine.ts'
export {
  AppendRefusedError,
  DirectoryInUseError,
  EngineClosedError,
  EngineError,
  InvalidTopicError,
  LogDirectoryError,
  LogReadError,
  NotDurableError,
  OffsetOutOfRangeError,
  RecordTooLargeError,
  TopicNotFoundError,
} from './engine/errors.ts'
export type { LogBatch } from './engine/log-batch.ts'
export type { LogRecord, RecordHeader, RecordInput } from './engine/records.ts'
export type { Durability, ReadFrom, ReadOptions, TailOptions, TopicLog } from './engine/topic-log.ts'
