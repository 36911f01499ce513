// Log lines: structured, on stderr (stdout carries only the line that says that the broker is ready).
//
// Each thread makes its own and writes to descriptor 2 at once, so that the last words of a dying process are not lost.
// Never a line per record or per request.
import { isatty } from 'node:tty'
import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from 'pino'
import { prettyStream } from './pretty.ts'

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'

/** `log.warn({ partition }, 'what happened')`; an error goes into `err`. */
export type Log = Pick<Logger, LogLevel | 'isLevelEnabled'> & {
  /** The log of a part of this thread: `log.child({ component: 'journal' })`. */
  child(bindings: Readonly<Record<string, unknown>>): Log
}

export interface LogOptions {
  readonly level: LogLevel
  /** Which thread writes: `main`, `shard-0` … */
  readonly thread: string
  /** Where lines of JSON go instead of stderr. */
  readonly stream?: DestinationStream
}

export function createLog({ level, thread, stream }: LogOptions): Log {
  const options = {
    level,
    base: { thread },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  return pino(options, stream ?? standardError())
}

/** Lines of JSON for a collector, lines to read for a person at a terminal. */
function standardError(): DestinationStream {
  const stderr = destination({ fd: 2, sync: true })
  return isatty(2) ? prettyStream(stderr, process.env.NO_COLOR === undefined) : stderr
}
