// Why a connection ended, in words for the log. Pure.
import { getSystemErrorName } from 'node:util'
import { CLOSED_BAD_FRAME_LENGTH, CLOSED_BY_ERROR, CLOSED_OUTPUT_OVERFLOW } from '../native/contract.ts'

/** Null for an end that nobody needs to hear of. */
export function closedReason(reason: number, errno: number): string | null {
  switch (reason) {
    case CLOSED_BY_ERROR:
      return `the connection failed: ${errno > 0 ? getSystemErrorName(-errno) : 'unknown error'}`
    case CLOSED_BAD_FRAME_LENGTH:
      return 'a request with an impossible length: the connection is closed'
    case CLOSED_OUTPUT_OVERFLOW:
      return 'the client does not read its answers: the connection is closed'
    default:
      return null
  }
}
