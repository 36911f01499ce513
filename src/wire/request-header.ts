// The header before each request and response. Hot: reading one allocates nothing, whatever its client id.

import { requestHeaderVersion } from './generated/apis.ts'
import { type RequestHeader, readRequestHeader as readFields } from './generated/headers.ts'
import type { Reader } from './reader.ts'

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

/** The client id of a header just read, decoded: for log lines and sessions, not for each request. */
export function clientIdOf(reader: Reader, header: RequestHeader): string | null {
  return header.clientIdLength < 0 ? null : reader.textAt(header.clientIdOffset, header.clientIdLength)
}
