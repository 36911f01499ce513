// The header before each request and response. Hot: reading one allocates nothing, whatever its client id.

import { requestHeaderVersion } from './generated/apis.ts'
import { type RequestHeader, readRequestHeader as readFields } from './generated/headers.ts'
import type { Reader } from './reader.ts'
import { decodeText } from './text.ts'

export {
  RequestHeader,
  ResponseHeader,
  readResponseHeader,
  writeRequestHeader,
  writeResponseHeader,
} from './generated/headers.ts'

/**
 * Reads the header in the version that its API key and version call for, and leaves the reader at the body. Of a key we
 * don't know only the fields that every header has are read, so that the refusal can name them: where its body begins is
 * unknown. Returns the header's version, -1 for such a key.
 */
export function readRequestHeader(reader: Reader, into: RequestHeader): number {
  const at = reader.take(4)
  reader.position = at
  const version = requestHeaderVersion(reader.view.getInt16(at), reader.view.getInt16(at + 2))
  readFields(reader, version === 2 ? 2 : 1, into)
  return version
}

/** Of a client id in a log line. */
const SHOWN_BYTES_MAX = 100

/** The client id of a header just read, for a log line: cut, and whatever is left of the budget. */
export function shownClientId(reader: Reader, header: RequestHeader): string | null {
  if (header.clientIdLength < 0) return null
  return decodeText(reader.bytes, header.clientIdOffset, Math.min(header.clientIdLength, SHOWN_BYTES_MAX))
}

/** The client id of a header just read, decoded: for log lines and sessions, not for each request. */
export function clientIdOf(reader: Reader, header: RequestHeader): string | null {
  return header.clientIdLength < 0 ? null : reader.textAt(header.clientIdOffset, header.clientIdLength)
}
