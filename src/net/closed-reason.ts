// Why a connection ended, in words for the log. Pure.
import { getSystemErrorName } from 'node:util'
import {
  CLOSED_BAD_FRAME_LENGTH,
  CLOSED_BY_ERROR,
  CLOSED_EVICTED,
  CLOSED_NO_REQUEST,
  CLOSED_OUTPUT_OVERFLOW,
  CLOSED_SLOW_FRAME,
  CLOSED_SLOW_READER,
} from '../native/contract.ts'

/** How many clients say goodbye: no news. */
const EVERYDAY = new Set(['ECONNRESET', 'EPIPE'])

/** Null for an end that nobody needs to hear of. */
export function closedReason(reason: number, errno: number): string | null {
  switch (reason) {
    case CLOSED_BY_ERROR:
      return failure(errno)
    case CLOSED_BAD_FRAME_LENGTH:
      return 'a request with an impossible length: the connection is closed'
    case CLOSED_OUTPUT_OVERFLOW:
      return 'the client does not read its answers: the connection is closed'
    case CLOSED_NO_REQUEST:
      return 'no valid request within millrace.first.request.timeout.ms: the connection is closed'
    case CLOSED_SLOW_FRAME:
      return 'a request that was begun does not get on (millrace.request.progress.timeout.ms): the connection is closed'
    case CLOSED_SLOW_READER:
      return 'the client reads nothing of its answers for connections.max.idle.ms: the connection is closed'
    case CLOSED_EVICTED:
      return 'memory is short, and the client reads nothing of answers that hold some: the connection is closed'
    default:
      return null
  }
}

function failure(errno: number): string | null {
  const name = errno > 0 ? getSystemErrorName(-errno) : 'unknown error'
  return EVERYDAY.has(name) ? null : `the connection failed: ${name}`
}
