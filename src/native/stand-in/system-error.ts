// Refusals of the stand-in, in the shape that the add-on throws them in.
import { constants } from 'node:os'

export interface SystemError extends Error {
  code: string
  /** Positive. */
  errno: number
  syscall: string
}

export function systemError(syscall: string, code: string): SystemError {
  const errno = constants.errno[code as keyof typeof constants.errno] ?? 0
  return Object.assign(new Error(`${syscall}: ${code}`), { code, errno, syscall })
}
