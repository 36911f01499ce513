// The group APIs as messages: what a shard needs to hand a request on to the shard that coordinates its group, and to
// read what that one answers. Between shards they have the form of the client's version.
import {
  offsetCommitApi,
  readOffsetCommitRequest,
  readOffsetCommitResponse,
  writeOffsetCommitRequest,
  writeOffsetCommitResponse,
} from '../wire/generated/08-offset-commit.ts'
import {
  offsetFetchApi,
  readOffsetFetchRequest,
  readOffsetFetchResponse,
  writeOffsetFetchRequest,
  writeOffsetFetchResponse,
} from '../wire/generated/09-offset-fetch.ts'
import {
  joinGroupApi,
  readJoinGroupRequest,
  readJoinGroupResponse,
  writeJoinGroupRequest,
  writeJoinGroupResponse,
} from '../wire/generated/11-join-group.ts'
import {
  heartbeatApi,
  readHeartbeatRequest,
  readHeartbeatResponse,
  writeHeartbeatRequest,
  writeHeartbeatResponse,
} from '../wire/generated/12-heartbeat.ts'
import {
  leaveGroupApi,
  readLeaveGroupRequest,
  readLeaveGroupResponse,
  writeLeaveGroupRequest,
  writeLeaveGroupResponse,
} from '../wire/generated/13-leave-group.ts'
import {
  readSyncGroupRequest,
  readSyncGroupResponse,
  syncGroupApi,
  writeSyncGroupRequest,
  writeSyncGroupResponse,
} from '../wire/generated/14-sync-group.ts'
import {
  describeGroupsApi,
  readDescribeGroupsRequest,
  readDescribeGroupsResponse,
  writeDescribeGroupsRequest,
  writeDescribeGroupsResponse,
} from '../wire/generated/15-describe-groups.ts'
import {
  listGroupsApi,
  readListGroupsRequest,
  readListGroupsResponse,
  writeListGroupsRequest,
  writeListGroupsResponse,
} from '../wire/generated/16-list-groups.ts'
import {
  deleteGroupsApi,
  readDeleteGroupsRequest,
  readDeleteGroupsResponse,
  writeDeleteGroupsRequest,
  writeDeleteGroupsResponse,
} from '../wire/generated/42-delete-groups.ts'
import {
  offsetDeleteApi,
  readOffsetDeleteRequest,
  readOffsetDeleteResponse,
  writeOffsetDeleteRequest,
  writeOffsetDeleteResponse,
} from '../wire/generated/47-offset-delete.ts'
import type { Reader } from '../wire/reader.ts'
import type { Writer } from '../wire/writer.ts'
import type { ApiSchema } from './define-api.ts'

export interface GroupCodec<Request, Response> extends ApiSchema {
  readRequest(reader: Reader, version: number): Request
  writeRequest(writer: Writer, version: number, request: Request): void
  readResponse(reader: Reader, version: number): Response
  writeResponse(writer: Writer, version: number, response: Response): void
}

export const offsetCommitCodec = {
  ...offsetCommitApi,
  readRequest: readOffsetCommitRequest,
  writeRequest: writeOffsetCommitRequest,
  readResponse: readOffsetCommitResponse,
  writeResponse: writeOffsetCommitResponse,
}
export const offsetFetchCodec = {
  ...offsetFetchApi,
  readRequest: readOffsetFetchRequest,
  writeRequest: writeOffsetFetchRequest,
  readResponse: readOffsetFetchResponse,
  writeResponse: writeOffsetFetchResponse,
}
export const joinGroupCodec = {
  ...joinGroupApi,
  readRequest: readJoinGroupRequest,
  writeRequest: writeJoinGroupRequest,
  readResponse: readJoinGroupResponse,
  writeResponse: writeJoinGroupResponse,
}
export const heartbeatCodec = {
  ...heartbeatApi,
  readRequest: readHeartbeatRequest,
  writeRequest: writeHeartbeatRequest,
  readResponse: readHeartbeatResponse,
  writeResponse: writeHeartbeatResponse,
}
export const leaveGroupCodec = {
  ...leaveGroupApi,
  readRequest: readLeaveGroupRequest,
  writeRequest: writeLeaveGroupRequest,
  readResponse: readLeaveGroupResponse,
  writeResponse: writeLeaveGroupResponse,
}
export const syncGroupCodec = {
  ...syncGroupApi,
  readRequest: readSyncGroupRequest,
  writeRequest: writeSyncGroupRequest,
  readResponse: readSyncGroupResponse,
  writeResponse: writeSyncGroupResponse,
}
export const describeGroupsCodec = {
  ...describeGroupsApi,
  readRequest: readDescribeGroupsRequest,
  writeRequest: writeDescribeGroupsRequest,
  readResponse: readDescribeGroupsResponse,
  writeResponse: writeDescribeGroupsResponse,
}
export const listGroupsCodec = {
  ...listGroupsApi,
  readRequest: readListGroupsRequest,
  writeRequest: writeListGroupsRequest,
  readResponse: readListGroupsResponse,
  writeResponse: writeListGroupsResponse,
}
export const deleteGroupsCodec = {
  ...deleteGroupsApi,
  readRequest: readDeleteGroupsRequest,
  writeRequest: writeDeleteGroupsRequest,
  readResponse: readDeleteGroupsResponse,
  writeResponse: writeDeleteGroupsResponse,
}
export const offsetDeleteCodec = {
  ...offsetDeleteApi,
  readRequest: readOffsetDeleteRequest,
  writeRequest: writeOffsetDeleteRequest,
  readResponse: readOffsetDeleteResponse,
  writeResponse: writeOffsetDeleteResponse,
}

// biome-ignore lint/suspicious/noExplicitAny: what reads and writes of one codec fit together by construction.
export type AnyGroupCodec = GroupCodec<any, any>

export const groupCodecs: ReadonlyMap<number, AnyGroupCodec> = new Map(
  [
    offsetCommitCodec,
    offsetFetchCodec,
    joinGroupCodec,
    heartbeatCodec,
    leaveGroupCodec,
    syncGroupCodec,
    describeGroupsCodec,
    listGroupsCodec,
    deleteGroupsCodec,
    offsetDeleteCodec,
  ].map((codec) => [codec.key, codec]),
)

/** JoinGroup and SyncGroup are answered when the rest of the group has come: minutes later, perhaps. */
export function waitsForOthers({ key }: ApiSchema): boolean {
  return key === joinGroupCodec.key || key === syncGroupCodec.key
}
