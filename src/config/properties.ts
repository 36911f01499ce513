// Java's .properties format, as java.util.Properties reads it: comments, three separators, continued lines, escapes.
//
// Pure. Pairs come in the order they stand, repeated keys included: which of them counts is the reader's decision.

export interface Property {
  readonly key: string
  readonly value: string
  /** Where its logical line starts, counted from 1. */
  readonly line: number
}

/** Text that is no .properties file. Java has one such case: a `\u` without four hexadecimal digits after it. */
export class PropertiesError extends Error {
  override name = 'PropertiesError'
  readonly line: number

  constructor(line: number, problem: string) {
    super(problem)
    this.line = line
  }
}

export function parseProperties(text: string): Property[] {
  return logicalLines(text).map(({ content, line }) => {
    const { key, value } = splitPair(content)
    return { key: withoutEscapes(key, line), value: withoutEscapes(value, line), line }
  })
}

interface LogicalLine {
  readonly content: string
  readonly line: number
}

/** Joins continued lines; drops blank lines and comments. A comment is never continued; a lone backslash at the end is nothing. */
function logicalLines(text: string): LogicalLine[] {
  const naturalLines = text.split(/\r\n|\r|\n/)
  const lines: LogicalLine[] = []
  let content = ''
  let line = 0
  for (const [index, natural] of naturalLines.entries()) {
    const part = natural.replace(/^[ \t\f]+/, '')
    if (content === '') {
      if (part === '' || part.startsWith('#') || part.startsWith('!')) continue
      line = index + 1
    }
    const continued = endsInOddBackslashes(part)
    content += continued ? part.slice(0, -1) : part
    if (continued && index < naturalLines.length - 1) continue
    if (content !== '') lines.push({ content, line })
    content = ''
  }
  return lines
}

function endsInOddBackslashes(text: string): boolean {
  let count = 0
  while (text[text.length - 1 - count] === '\\') count++
  return count % 2 === 1
}

/** The key ends at the first `=`, `:` or blank that no backslash precedes; blanks around the separator belong to neither. */
function splitPair(content: string): { key: string; value: string } {
  const key = /^(?:\\.|[^\\=: \t\f])*/s.exec(content)![0]
  const value = content.slice(key.length).replace(/^[ \t\f]*[=:]?[ \t\f]*/, '')
  return { key, value }
}

const CONTROL_ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }

function withoutEscapes(text: string, line: number): string {
  return text.replace(/\\u([0-9a-fA-F]{4})|\\(.)/gs, (sequence, hexadecimal?: string, character = '') => {
    if (hexadecimal !== undefined) return String.fromCharCode(Number.parseInt(hexadecimal, 16))
    if (character === 'u') throw new PropertiesError(line, `${sequence} needs four hexadecimal digits`)
    return CONTROL_ESCAPES[character] ?? character
  })
}
