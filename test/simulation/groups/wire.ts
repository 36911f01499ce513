// Clients and coordinator exchange bytes here too: each request and answer is written and read in its version.
import * as commit from '../../../src/wire/generated/08-offset-commit.ts'
import * as fetch from '../../../src/wire/generated/09-offset-fetch.ts'
import * as join from '../../../src/wire/generated/11-join-group.ts'
import * as heartbeat from '../../../src/wire/generated/12-heartbeat.ts'
import * as leave from '../../../src/wire/generated/13-leave-group.ts'
import * as sync from '../../../src/wire/generated/14-sync-group.ts'
import * as describe from '../../../src/wire/generated/15-describe-groups.ts'
import * as list from '../../../src/wire/generated/16-list-groups.ts'
import * as remove from '../../../src/wire/generated/42-delete-groups.ts'
import * as offsetDelete from '../../../src/wire/generated/47-offset-delete.ts'
import { Reader } from '../../../src/wire/reader.ts'
import { Writer } from '../../../src/wire/writer.ts'

type Read = (reader: Reader, version: number) => unknown
// biome-ignore lint/suspicious/noExplicitAny: each writer takes the type of its own message
type Write = (writer: Writer, version: number, value: any) => void

/** By API key: request and response. */
const CODECS: Record<number, readonly [Write, Read, Write, Read]> = {
  8: [
    commit.writeOffsetCommitRequest,
    commit.readOffsetCommitRequest,
    commit.writeOffsetCommitResponse,
    commit.readOffsetCommitResponse,
  ],
  9: [
    fetch.writeOffsetFetchRequest,
    fetch.readOffsetFetchRequest,
    fetch.writeOffsetFetchResponse,
    fetch.readOffsetFetchResponse,
  ],
  11: [join.writeJoinGroupRequest, join.readJoinGroupRequest, join.writeJoinGroupResponse, join.readJoinGroupResponse],
  12: [
    heartbeat.writeHeartbeatRequest,
    heartbeat.readHeartbeatRequest,
    heartbeat.writeHeartbeatResponse,
    heartbeat.readHeartbeatResponse,
  ],
  13: [
    leave.writeLeaveGroupRequest,
    leave.readLeaveGroupRequest,
    leave.writeLeaveGroupResponse,
    leave.readLeaveGroupResponse,
  ],
  14: [sync.writeSyncGroupRequest, sync.readSyncGroupRequest, sync.writeSyncGroupResponse, sync.readSyncGroupResponse],
  15: [
    describe.writeDescribeGroupsRequest,
    describe.readDescribeGroupsRequest,
    describe.writeDescribeGroupsResponse,
    describe.readDescribeGroupsResponse,
  ],
  16: [
    list.writeListGroupsRequest,
    list.readListGroupsRequest,
    list.writeListGroupsResponse,
    list.readListGroupsResponse,
  ],
  42: [
    remove.writeDeleteGroupsRequest,
    remove.readDeleteGroupsRequest,
    remove.writeDeleteGroupsResponse,
    remove.readDeleteGroupsResponse,
  ],
  47: [
    offsetDelete.writeOffsetDeleteRequest,
    offsetDelete.readOffsetDeleteRequest,
    offsetDelete.writeOffsetDeleteResponse,
    offsetDelete.readOffsetDeleteResponse,
  ],
}

const writer = new Writer()
const reader = new Reader()

function overTheWire(write: Write, read: Read, version: number, value: unknown): unknown {
  writer.rewind()
  write(writer, version, value)
  const bytes = writer.written().slice()
  reader.reset(bytes, new DataView(bytes.buffer), 0, bytes.length, 1 << 24)
  const back = read(reader, version)
  if (reader.remaining !== 0) throw new Error(`${reader.remaining} bytes left`)
  return back
}

export const requestOverTheWire = (apiKey: number, version: number, request: unknown): unknown =>
  overTheWire(CODECS[apiKey]![0], CODECS[apiKey]![1], version, request)

export const responseOverTheWire = (apiKey: number, version: number, response: unknown): unknown =>
  overTheWire(CODECS[apiKey]![2], CODECS[apiKey]![3], version, response)
