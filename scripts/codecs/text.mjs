// Small words that all emitters share: conditions on the version, defaults, sizes.

export const camelCase = (name) => name[0].toLowerCase() + name.slice(1)

export const capital = (word) => word[0].toUpperCase() + word.slice(1)

export const constantCase = (name) => name.replace(/([a-z])([A-Z])/g, '$1_$2').toUpperCase()

export const indent = (lines, by = '  ') => lines.map((line) => (line === '' ? '' : by + line))

/** The condition that a version of `outer` is in `range`, '' if every one is. */
export function condition(range, outer) {
  const parts = []
  if (range.from > outer.from) parts.push(`version >= ${range.from}`)
  if (range.to < outer.to) parts.push(`version <= ${range.to}`)
  return parts.join(' && ')
}

/** How `flexible` is said in a function for these versions: 'true', 'false' or the name of a local. */
export function flexibleWord(versions, flexible) {
  if (!flexible || versions.to < flexible.from) return 'false'
  return versions.from >= flexible.from ? 'true' : 'flexible'
}

export const isInline = (field) => !field.array && field.scalar !== undefined && inlineBytes[field.scalar] !== undefined

/** Bytes of the types that a shared bounds check covers. */
export const inlineBytes = { bool: 1, int8: 1, int16: 2, uint16: 2, int32: 4, uint32: 4, int64: 8, float64: 8 }

/** The least bytes a struct takes, over all the versions it may be asked for in. */
export function encodedBytesMin(struct, flexible) {
  let least = Infinity
  for (let version = struct.versions.from; version <= struct.versions.to; version++)
    least = Math.min(least, encodedBytesIn(struct, version, version >= (flexible?.from ?? Infinity)))
  return Math.max(least, 1)
}

function encodedBytesIn(struct, version, compact) {
  let bytes = compact ? 1 : 0
  for (const field of struct.fields) {
    if (field.tag !== undefined || version < field.versions.from || version > field.versions.to) continue
    bytes += fieldBytesMin(field, version, compact && !field.plain)
  }
  return bytes
}

function fieldBytesMin(field, version, compact) {
  if (field.array) return compact ? 1 : 4
  if (field.struct) return encodedBytesIn(field.struct, version, compact)
  return inlineBytes[field.scalar] ?? { uuid: 16, string: compact ? 1 : 2 }[field.scalar] ?? (compact ? 1 : 4)
}

/** The least bytes of an array's element. */
export function elementBytesMin(field, flexible) {
  if (field.struct) return encodedBytesMin(field.struct, flexible)
  const compact = field.versions.to >= (flexible?.from ?? Infinity)
  return fieldBytesMin({ ...field, array: false }, field.versions.from, compact)
}

/** An element's place in an array that doubles as it grows. */
const slotBytes = 16

/** What an array's element costs in memory, beside its strings and arrays, which are charged when they are read. */
export function elementBytesDecoded(field) {
  return slotBytes + (field.struct ? decodedBytes(field.struct) : 0)
}

function decodedBytes(struct) {
  let bytes = 24
  for (const field of struct.fields) {
    if (field.struct && !field.array) bytes += 8 + decodedBytes(field.struct)
    else if (field.array) bytes += 40
    else bytes += field.scalar === 'int64' || field.scalar === 'float64' ? 24 : 8
  }
  return bytes
}

/** A field's default as TypeScript. */
export function defaultOf(field) {
  const { default: text } = field
  if (text === 'null') return 'null'
  if (field.array) return '[]'
  if (field.struct) return undefined
  switch (field.scalar) {
    case 'bool':
      return text ?? 'false'
    case 'string':
      return text === undefined ? "''" : `'${text}'`
    case 'uuid':
      return 'ZERO_UUID'
    case 'bytes':
      return 'new Uint8Array(0)'
    case 'records':
      return 'null'
    default:
      return text === '9223372036854775807' ? '2 ** 63' : (text ?? '0')
  }
}
