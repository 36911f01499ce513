// What the package exports as `millrace/client`.
export * as apis from './apis.ts'
export { Client, type ClientOptions, RefusedError } from './client.ts'
export { type Address, ConnectionError } from './connection.ts'
export { type FetchedRecord, fetchRecords, produceRecords, type RecordToProduce } from './records.ts'
