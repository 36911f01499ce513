// From a setting's text to its value, by Kafka's types and with the leniency of Kafka's own parser.
//
// Pure. A text that does not fit is answered with what is wrong with it, as the end of the sentence "<key>=<text> …".

export type ValueType = 'BOOLEAN' | 'STRING' | 'INT' | 'SHORT' | 'LONG' | 'DOUBLE' | 'LIST' | 'CLASS' | 'PASSWORD'

/** What is known of a key: its type, its default as text, and the bounds of its value (of its members, if a list). */
export interface KeyFacts {
  readonly type: ValueType
  readonly default: string | null
  readonly min?: number
  readonly max?: number
  readonly values?: readonly string[]
  readonly anyCase?: boolean
  readonly update?: 'cluster-wide' | 'per-broker'
}

/** The TypeScript type of a value of which these facts are known. */
export type ValueOf<Facts extends { type: ValueType }> = Facts['type'] extends 'BOOLEAN'
  ? boolean
  : Facts['type'] extends 'INT' | 'SHORT' | 'LONG' | 'DOUBLE'
    ? number
    : Facts['type'] extends 'LIST'
      ? readonly string[]
      : Facts extends { values: readonly (infer Member extends string)[] }
        ? Member
        : string

export type Value = boolean | number | string | readonly string[]
export type Parsed = { readonly value: Value } | { readonly problem: string }

export function parseValue(text: string, facts: KeyFacts): Parsed {
  const trimmed = text.trim()
  switch (facts.type) {
    case 'BOOLEAN':
      return parseBoolean(trimmed)
    case 'INT':
    case 'SHORT':
    case 'LONG':
      return parseInteger(trimmed, facts)
    case 'DOUBLE':
      return parseDouble(trimmed, facts)
    case 'LIST':
      return parseList(trimmed, facts)
    case 'PASSWORD':
      return { value: text }
    case 'STRING':
    case 'CLASS':
      return outsideValues(trimmed, facts) ?? { value: trimmed }
  }
}

function parseBoolean(text: string): Parsed {
  const lower = text.toLowerCase()
  if (lower === 'true') return { value: true }
  if (lower === 'false') return { value: false }
  return { problem: 'is neither true nor false' }
}

const INTEGER_BITS = { SHORT: 16n, INT: 32n, LONG: 64n } as const

/** A LONG beyond 2^53 becomes 2^53 - 1: as a bound both mean that there is none. */
function parseInteger(text: string, facts: KeyFacts): Parsed {
  const type = facts.type as keyof typeof INTEGER_BITS
  // The longest number of 64 bits has 19 digits; leading zeros are allowed, but not without end.
  if (!/^[+-]?[0-9]{1,40}$/.test(text)) return { problem: `is not a whole number (${type})` }
  const exact = BigInt(text.replace(/^\+/, ''))
  if (BigInt.asIntN(Number(INTEGER_BITS[type]), exact) !== exact) return { problem: `is beyond the range of ${type}` }
  const value = Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, Number(exact)))
  return outsideRange(value, facts) ?? { value }
}

function parseDouble(text: string, facts: KeyFacts): Parsed {
  if (!/^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$/.test(text)) return { problem: 'is not a number (DOUBLE)' }
  const value = Number(text)
  return outsideRange(value, facts) ?? { value }
}

function parseList(text: string, facts: KeyFacts): Parsed {
  const members = text === '' ? [] : text.split(',').map((member) => member.trim())
  for (const member of members) {
    const problem = outsideValues(member, facts)
    if (problem) return problem
  }
  return { value: members }
}

function outsideRange(value: number, { min, max }: KeyFacts): Parsed | undefined {
  if (min !== undefined && value < min) return { problem: `is below ${min}, the least it may be` }
  if (max !== undefined && value > max) return { problem: `is above ${max}, the most it may be` }
  return undefined
}

function outsideValues(text: string, { values, anyCase = false }: KeyFacts): Parsed | undefined {
  if (!values) return undefined
  const allowed = anyCase ? values.some((value) => value.toLowerCase() === text.toLowerCase()) : values.includes(text)
  return allowed ? undefined : { problem: `is none of ${values.join(', ')}` }
}
