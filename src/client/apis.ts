// The APIs that the client speaks: each with the writer of its request and the reader of its answer.
import { ProduceResponse, produceApi, readProduceResponse, writeProduceRequest } from '../wire/generated/00-produce.ts'
import { FetchResponse, fetchApi, readFetchResponse, writeFetchRequest } from '../wire/generated/01-fetch.ts'
import { listOffsetsApi, readListOffsetsResponse, writeListOffsetsRequest } from '../wire/generated/02-list-offsets.ts'
import { metadataApi, readMetadataResponse, writeMetadataRequest } from '../wire/generated/03-metadata.ts'
import {
  offsetCommitApi,
  readOffsetCommitResponse,
  writeOffsetCommitRequest,
} from '../wire/generated/08-offset-commit.ts'
import { offsetFetchApi, readOffsetFetchResponse, writeOffsetFetchRequest } from '../wire/generated/09-offset-fetch.ts'
import {
  findCoordinatorApi,
  readFindCoordinatorResponse,
  writeFindCoordinatorRequest,
} from '../wire/generated/10-find-coordinator.ts'
import {
  describeGroupsApi,
  readDescribeGroupsResponse,
  writeDescribeGroupsRequest,
} from '../wire/generated/15-describe-groups.ts'
import { listGroupsApi, readListGroupsResponse, writeListGroupsRequest } from '../wire/generated/16-list-groups.ts'
import {
  createTopicsApi,
  readCreateTopicsResponse,
  writeCreateTopicsRequest,
} from '../wire/generated/19-create-topics.ts'
import {
  deleteTopicsApi,
  readDeleteTopicsResponse,
  writeDeleteTopicsRequest,
} from '../wire/generated/20-delete-topics.ts'
import {
  deleteRecordsApi,
  readDeleteRecordsResponse,
  writeDeleteRecordsRequest,
} from '../wire/generated/21-delete-records.ts'
import {
  describeConfigsApi,
  readDescribeConfigsResponse,
  writeDescribeConfigsRequest,
} from '../wire/generated/32-describe-configs.ts'
import {
  createPartitionsApi,
  readCreatePartitionsResponse,
  writeCreatePartitionsRequest,
} from '../wire/generated/37-create-partitions.ts'
import {
  deleteGroupsApi,
  readDeleteGroupsResponse,
  writeDeleteGroupsRequest,
} from '../wire/generated/42-delete-groups.ts'
import {
  incrementalAlterConfigsApi,
  readIncrementalAlterConfigsResponse,
  writeIncrementalAlterConfigsRequest,
} from '../wire/generated/44-incremental-alter-configs.ts'
import {
  offsetDeleteApi,
  readOffsetDeleteResponse,
  writeOffsetDeleteRequest,
} from '../wire/generated/47-offset-delete.ts'
import type { Api } from '../wire/generated/apis.ts'
import type { Reader } from '../wire/reader.ts'
import type { Writer } from '../wire/writer.ts'

/** An API as a client sees it; the highest version that broker and client share is spoken. */
export interface ClientApi<Request, Response> extends Api {
  write(writer: Writer, version: number, request: Request): void
  read(reader: Reader, version: number): Response
}

/** The last versions with topics by name. */
const BY_NAME = { maxVersion: 12 }

export const produce = {
  ...produceApi,
  ...BY_NAME,
  write: writeProduceRequest,
  read: (reader: Reader, version: number) => readProduceResponse(reader, version, new ProduceResponse()),
}
/** The answer says where in `bytes` its records lie. */
export const fetch = {
  ...fetchApi,
  ...BY_NAME,
  write: writeFetchRequest,
  read: (reader: Reader, version: number) => ({
    bytes: reader.bytes,
    response: readFetchResponse(reader, version, new FetchResponse()),
  }),
}
export const listOffsets = { ...listOffsetsApi, write: writeListOffsetsRequest, read: readListOffsetsResponse }
export const metadata = { ...metadataApi, write: writeMetadataRequest, read: readMetadataResponse }
export const createTopics = { ...createTopicsApi, write: writeCreateTopicsRequest, read: readCreateTopicsResponse }
export const deleteTopics = { ...deleteTopicsApi, write: writeDeleteTopicsRequest, read: readDeleteTopicsResponse }
export const deleteRecords = {
  ...deleteRecordsApi,
  write: writeDeleteRecordsRequest,
  read: readDeleteRecordsResponse,
}
export const describeConfigs = {
  ...describeConfigsApi,
  write: writeDescribeConfigsRequest,
  read: readDescribeConfigsResponse,
}
export const incrementalAlterConfigs = {
  ...incrementalAlterConfigsApi,
  write: writeIncrementalAlterConfigsRequest,
  read: readIncrementalAlterConfigsResponse,
}
export const createPartitions = {
  ...createPartitionsApi,
  write: writeCreatePartitionsRequest,
  read: readCreatePartitionsResponse,
}
/** By topic names. */
export const offsetCommit = {
  ...offsetCommitApi,
  maxVersion: 9,
  write: writeOffsetCommitRequest,
  read: readOffsetCommitResponse,
}
/** By groups, and within them by topic names. */
export const offsetFetch = {
  ...offsetFetchApi,
  minVersion: 8,
  maxVersion: 9,
  write: writeOffsetFetchRequest,
  read: readOffsetFetchResponse,
}
/** Of several keys. */
export const findCoordinator = {
  ...findCoordinatorApi,
  minVersion: 4,
  write: writeFindCoordinatorRequest,
  read: readFindCoordinatorResponse,
}
export const describeGroups = {
  ...describeGroupsApi,
  write: writeDescribeGroupsRequest,
  read: readDescribeGroupsResponse,
}
/** By state and type. */
export const listGroups = {
  ...listGroupsApi,
  minVersion: 5,
  write: writeListGroupsRequest,
  read: readListGroupsResponse,
}
export const deleteGroups = { ...deleteGroupsApi, write: writeDeleteGroupsRequest, read: readDeleteGroupsResponse }
export const offsetDelete = { ...offsetDeleteApi, write: writeOffsetDeleteRequest, read: readOffsetDeleteResponse }
