// Generated from schema/headers.schema by scripts/generate-codecs.mjs: change that.
// What stands before every request and response.
//
// The client id stays in the form before flexible versions, so that any broker can read it from any client.

import type { Reader } from '../reader.ts'
import type { Row } from '../rows.ts'
import type { Writer } from '../writer.ts'

export class RequestHeader implements Row {
  requestApiKey = 0
  requestApiVersion = 0
  correlationId = 0
  /** To be written. */
  clientId: string | null = null
  /** As read: where its bytes lie in the arena; length -1 for null. */
  clientIdOffset = 0
  clientIdLength = -1

  reset(): void {
    this.requestApiKey = 0
    this.requestApiVersion = 0
    this.correlationId = 0
    this.clientId = null
    this.clientIdOffset = 0
    this.clientIdLength = -1
  }
}

export function readRequestHeader(reader: Reader, version: number, into: RequestHeader): RequestHeader {
  const flexible = version >= 2
  into.reset()
  const { view } = reader
  const at = reader.take(8)
  into.requestApiKey = view.getInt16(at)
  into.requestApiVersion = view.getInt16(at + 2)
  into.correlationId = view.getInt32(at + 4)
  reader.readNullableTextSpan(false)
  into.clientIdOffset = reader.spanOffset
  into.clientIdLength = reader.spanLength
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeRequestHeader(writer: Writer, version: number, value: RequestHeader): void {
  const flexible = version >= 2
  const at = writer.reserve(8)
  writer.view.setInt16(at, value.requestApiKey)
  writer.view.setInt16(at + 2, value.requestApiVersion)
  writer.view.setInt32(at + 4, value.correlationId)
  writer.writeNullableString(value.clientId, false)
  if (flexible) writer.writeUnsignedVarint(0)
}

export class ResponseHeader implements Row {
  correlationId = 0

  reset(): void {
    this.correlationId = 0
  }
}

export function readResponseHeader(reader: Reader, version: number, into: ResponseHeader): ResponseHeader {
  const flexible = version >= 1
  into.reset()
  into.correlationId = reader.readInt32()
  if (flexible) reader.skipTaggedFields()
  return into
}

export function writeResponseHeader(writer: Writer, version: number, value: ResponseHeader): void {
  const flexible = version >= 1
  writer.writeInt32(value.correlationId)
  if (flexible) writer.writeUnsignedVarint(0)
}
