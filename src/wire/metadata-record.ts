// A record of the metadata log in its frame: the frame's version, the record's key and version, then its fields.

import {
  METADATA_RECORD_VERSIONS,
  type MetadataRecord,
  readMetadataRecordBody,
  writeMetadataRecordBody,
} from './generated/metadata-records.ts'
import type { Reader } from './reader.ts'
import type { Writer } from './writer.ts'

const FRAME_VERSION = 1

/** Throws a DecodeError for a record we don't know: the state behind it can't be known either. */
export function readMetadataRecord(reader: Reader): MetadataRecord {
  const frameVersion = reader.readUnsignedVarint()
  if (frameVersion !== FRAME_VERSION) reader.fail('unknown record')
  const key = reader.readUnsignedVarint()
  const version = reader.readUnsignedVarint()
  const record = readMetadataRecordBody(reader, key, version)
  if (record === undefined) reader.fail('unknown record')
  return record
}

export function writeMetadataRecord(
  writer: Writer,
  record: MetadataRecord,
  version: number = METADATA_RECORD_VERSIONS[record.type].written,
): void {
  writer.writeUnsignedVarint(FRAME_VERSION)
  writer.writeUnsignedVarint(METADATA_RECORD_VERSIONS[record.type].key)
  writer.writeUnsignedVarint(version)
  writeMetadataRecordBody(writer, version, record)
}
