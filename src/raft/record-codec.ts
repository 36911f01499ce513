// Batches of the metadata log between bytes and records. Control thread; one encoder, whose memory is used again.
import type { MetadataBatch } from '../metadata/image.ts'
import type { MetadataRecord } from '../wire/generated/metadata-records.ts'
import {
  writeLeaderChangeMessage,
  writeSnapshotFooterRecord,
  writeSnapshotHeaderRecord,
} from '../wire/generated/raft-records.ts'
import { readMetadataRecord, writeMetadataRecord } from '../wire/metadata-record.ts'
import { Reader } from '../wire/reader.ts'
import { batchBytes, batchIsControl, batchLastOffset, batchLeaderEpoch, ControlType } from '../wire/record-batch.ts'
import { type Crc32c, RecordBatchBuilder } from '../wire/record-batch-builder.ts'
import { RecordCursor } from '../wire/record-cursor.ts'
import { Writer } from '../wire/writer.ts'
import type { Voter } from './quorum.ts'

/** kraft.version 0, static voters: no directory ids in the message. */
const LEADER_CHANGE_VERSION = 0
/** What decoding a record may allocate: so many times its bytes, and some. Hostile counts are refused before that. */
const DECODE_FACTOR = 64
const DECODE_BYTES_MIN = 4096

export class MetadataEncoder {
  private readonly builder: RecordBatchBuilder
  private readonly writer = new Writer()

  constructor(crc32c: Crc32c) {
    this.builder = new RecordBatchBuilder(crc32c)
  }

  get bytes(): number {
    return this.builder.bytes
  }

  begin(baseOffset: number, leaderEpoch: number): void {
    this.builder.begin({ baseOffset, leaderEpoch })
  }

  add(record: MetadataRecord, timestampMs: number): void {
    this.writer.rewind()
    writeMetadataRecord(this.writer, record)
    this.builder.add({ timestampMs, value: this.writer.written() })
  }

  /** The batch's bytes are the encoder's until the next `begin`. */
  finish(): Uint8Array {
    return this.builder.finish()
  }

  leaderChange(
    baseOffset: number,
    leaderEpoch: number,
    leaderId: number,
    voters: readonly Voter[],
    granting: readonly Voter[],
    timestampMs: number,
  ): Uint8Array {
    const named = (each: Voter) => ({ voterId: each.id, voterDirectoryId: each.directoryId })
    this.writer.rewind()
    writeLeaderChangeMessage(this.writer, LEADER_CHANGE_VERSION, {
      version: LEADER_CHANGE_VERSION,
      leaderId,
      voters: voters.map(named),
      grantingVoters: granting.map(named),
    })
    return this.control(ControlType.LeaderChange, baseOffset, leaderEpoch, timestampMs)
  }

  snapshotHeader(baseOffset: number, leaderEpoch: number, timestampMs: number): Uint8Array {
    this.writer.rewind()
    writeSnapshotHeaderRecord(this.writer, 0, { version: 0, lastContainedLogTimestamp: timestampMs })
    return this.control(ControlType.SnapshotHeader, baseOffset, leaderEpoch, timestampMs)
  }

  snapshotFooter(baseOffset: number, leaderEpoch: number, timestampMs: number): Uint8Array {
    this.writer.rewind()
    writeSnapshotFooterRecord(this.writer, 0, { version: 0 })
    return this.control(ControlType.SnapshotFooter, baseOffset, leaderEpoch, timestampMs)
  }

  /** A control batch of what the writer holds. */
  private control(type: number, baseOffset: number, leaderEpoch: number, timestampMs: number): Uint8Array {
    this.builder.begin({ baseOffset, leaderEpoch })
    return this.builder.addControl(type, timestampMs, this.writer.written()).finish()
  }
}

export class MetadataDecoder {
  private readonly cursor = new RecordCursor()
  private readonly reader = new Reader()

  /** Of a batch whose CRC was checked. Control records move the offset and nothing else. */
  decode(bytes: Uint8Array, view: DataView, at: number): MetadataBatch {
    const length = batchBytes(view, at)
    const records: MetadataRecord[] = []
    if (!batchIsControl(view, at)) {
      this.cursor.reset(bytes, view, at, at + length)
      while (this.cursor.next()) {
        const { valueOffset, valueLength } = this.cursor
        const end = valueOffset + Math.max(0, valueLength)
        this.reader.reset(bytes, view, valueOffset, end, DECODE_BYTES_MIN + DECODE_FACTOR * (end - valueOffset))
        records.push(readMetadataRecord(this.reader))
      }
    }
    return { offset: batchLastOffset(view, at), epoch: batchLeaderEpoch(view, at), records }
  }

  isSnapshotFooter(bytes: Uint8Array, view: DataView, at: number): boolean {
    if (!batchIsControl(view, at)) return false
    this.cursor.reset(bytes, view, at, at + batchBytes(view, at))
    return this.cursor.next() && this.cursor.controlType === ControlType.SnapshotFooter
  }
}
