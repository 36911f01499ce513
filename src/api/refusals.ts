// A refusal as a response carries it.
import type { Refusal } from '../controller/commands.ts'
import { ErrorCode } from '../model/error-codes.ts'

/** A message may quote what the client sent; before flexible versions a string ends at 32,767 bytes. */
const MESSAGE_CHARACTERS_MAX = 4096

export function errorFields(refusal: Refusal | null): { errorCode: ErrorCode; errorMessage: string | null } {
  if (refusal === null) return { errorCode: ErrorCode.None, errorMessage: null }
  return { errorCode: refusal.error, errorMessage: shortened(refusal.message) }
}

export function shortened(message: string): string {
  return message.length <= MESSAGE_CHARACTERS_MAX ? message : `${message.slice(0, MESSAGE_CHARACTERS_MAX)}…`
}

/**
 * Of a transactional id. The one code that Java's client and librdkafka both take as final at once and show with its
 * message: after others they ask on until their own time limit, or say no more than that an id is not authorized.
 */
export const noTransactions: Refusal = {
  error: ErrorCode.ClusterAuthorizationFailed,
  message: 'Transactions are not served yet.',
}
