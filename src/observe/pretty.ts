// A line of the log as a person reads it: time, level, where, message, then the fields.
import type { DestinationStream } from 'pino'

const COLORS: Readonly<Record<string, string>> = {
  trace: '\x1b[90m',
  debug: '\x1b[90m',
  info: '\x1b[32m',
  warn: '\x1b[33m',
  error: '\x1b[31m',
  fatal: '\x1b[41m',
}
const RESET = '\x1b[0m'

export function prettyStream(to: DestinationStream, isColored: boolean): DestinationStream {
  return { write: (line) => to.write(pretty(line, isColored)) }
}

export function pretty(line: string, isColored: boolean): string {
  const { level, time, thread, component, msg, err, ...fields } = JSON.parse(line)
  const label = String(level).toUpperCase().padEnd(5)
  const where = component === undefined ? thread : `${thread}/${component}`
  const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${shown(value)}`)
  const tint = isColored ? `${COLORS[level]}${label}${RESET}` : label
  const head = `${time} ${tint} ${harmless(`${where}: ${msg ?? ''}${rest.join('')}`)}\n`
  return err === undefined ? head : `${head}${indented(err.stack ?? shown(err))}\n`
}

function shown(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => `    ${harmless(line)}`)
    .join('\n')
}

/** Clients choose some of the words: none of them may steer the terminal. */
function harmless(text: string): string {
  return text.replace(/\p{Cc}/gu, (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
