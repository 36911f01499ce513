// The types of Kafka's configuration values and what makes a value valid: text in, refusal (Kafka's wording) or null
// out. Values stay text: that is what is stored, described and compared. Pure.

export type ConfigType = 'BOOLEAN' | 'STRING' | 'INT' | 'LONG' | 'DOUBLE' | 'LIST'

/** Says why a well-typed value is refused, or null. */
export type Rule = (value: string) => string | null

const BOUNDS = { INT: 2n ** 31n, LONG: 2n ** 63n }

/** Null if `value` may stand for `name`, otherwise the sentence that a client is told. */
export function refusalOf(name: string, type: ConfigType, rule: Rule | null, value: string | null): string | null {
  const text = value?.trim() ?? null
  const refused = (why: string): string => `Invalid value ${text} for configuration ${name}: ${why}`
  if (text === null) return refused('null is not a value')
  switch (type) {
    case 'BOOLEAN':
      if (!/^(true|false)$/i.test(text)) return refused('Expected value to be either true or false')
      break
    case 'INT':
    case 'LONG': {
      // BigInt: a LONG may be 2^63 - 1, which no number holds.
      const number = /^[+-]?\d{1,19}$/.test(text) ? BigInt(text.replace('+', '')) : null
      if (number === null || number >= BOUNDS[type] || number < -BOUNDS[type]) {
        return refused(`Not a number of type ${type}`)
      }
      break
    }
    case 'DOUBLE':
      if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return refused('Not a number of type DOUBLE')
      break
    case 'LIST':
      if (text !== '' && listOf(text).includes('')) return `Configuration '${name}' values must not be empty.`
      break
    case 'STRING':
      break
  }
  const why = rule?.(text) ?? null
  return why === null ? null : refused(why)
}

/** A list's items; the empty text is the empty list. */
export function listOf(value: string): string[] {
  return value.trim() === '' ? [] : value.split(',').map((item) => item.trim())
}

export function atLeast(min: number): Rule {
  return (value) => (Number(value) < min ? `Value must be at least ${min}` : null)
}

export function between(min: number, max: number): Rule {
  return (value) => atLeast(min)(value) ?? (Number(value) > max ? `Value must be no more than ${max}` : null)
}

export function oneOf(...allowed: string[]): Rule {
  return (value) => (allowed.includes(value) ? null : `String must be one of: ${allowed.join(', ')}`)
}

/** Each item of a list is one of these. */
export function eachOf(...allowed: string[]): Rule {
  return (value) =>
    listOf(value)
      .map(oneOf(...allowed))
      .find((why) => why !== null) ?? null
}
