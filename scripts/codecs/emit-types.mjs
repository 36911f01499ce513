// The type of a struct: an interface for a cold message, a class of reusable rows for a hot one.

import { camelCase, defaultOf, indent } from './text.mjs'

const typeOfScalar = { bool: 'boolean', string: 'string', uuid: 'string', bytes: 'Uint8Array' }

function elementType(field) {
  return field.struct ? field.struct.name : (typeOfScalar[field.scalar] ?? 'number')
}

function fieldType(field) {
  return `${elementType(field)}${field.array ? '[]' : ''}${field.nullable ? ' | null' : ''}`
}

export function emitType(struct) {
  if (struct.block.hot) return emitClass(struct)
  const lines = struct.fields.map((field) => `${field.name}: ${fieldType(field)}`)
  if (struct.root && struct.block.kind === 'record') lines.unshift(`type: '${struct.name}'`)
  return [`export interface ${struct.name} {`, ...indent(lines), '}'].join('\n')
}

/** All fields at their defaults, as the lines of an object literal. */
export function emitDefaults(struct) {
  const lines = struct.fields.map((field) => `${field.name}: ${defaultOf(field) ?? nestedDefaults(field.struct)},`)
  if (struct.root && struct.block.kind === 'record') lines.unshift(`type: '${struct.name}',`)
  return lines
}

function nestedDefaults(struct) {
  const fields = struct.fields.map((field) => `${field.name}: ${defaultOf(field) ?? nestedDefaults(field.struct)}`)
  return `{ ${fields.join(', ')} }`
}

const isRows = (field) => field.array && field.struct !== undefined

/** Whether a struct or one inside it holds rows. */
const holdsRows = (struct) => struct.fields.some((field) => isRows(field) || (field.struct && holdsRows(field.struct)))

function emitClass(struct) {
  const fields = struct.fields.flatMap(classField)
  const resets = struct.fields.flatMap(resetField)
  const inside = struct.fields.filter((field) => field.struct && (isRows(field) || holdsRows(field.struct)))
  const lines = fields.map((line) => line)
  const stores = struct.root && inside.length > 0
  if (stores) lines.push(`private readonly stores = new ${struct.name}Stores()`)
  if (inside.length > 0) {
    const make = inside.map((field) =>
      isRows(field)
        ? `this.${field.name} = new Rows(${stores ? 'this.stores' : 'stores'}.${camelCase(field.struct.name)})`
        : `this.${field.name} = new ${field.struct.name}(${stores ? 'this.stores' : 'stores'})`,
    )
    lines.push('', `constructor(${stores ? '' : `stores: ${struct.block.name}Stores`}) {`, ...indent(make), '}')
  }
  if (stores) resets.unshift('this.stores.clear()')
  lines.push('', 'reset(): void {', ...indent(resets), '}')
  const text = [`export class ${struct.name} implements Row {`, ...indent(lines), '}'].join('\n')
  return stores ? `${text}\n\n${emitStores(struct)}` : text
}

function classField(field) {
  if (isRows(field)) return [`readonly ${field.name}: Rows<${field.struct.name}>`]
  if (field.struct)
    return holdsRows(field.struct)
      ? [`readonly ${field.name}: ${field.struct.name}`]
      : [`readonly ${field.name} = new ${field.struct.name}()`]
  if (field.scalar === 'records')
    return [
      '/** To be written. */',
      `${field.name}: RecordsSource | null = null`,
      '/** As read: where they lie in the arena; length -1 for null. */',
      `${field.name}Offset = 0`,
      `${field.name}Length = -1`,
    ]
  if (field.lazy)
    return [
      '/** To be written. */',
      `${field.name}: string | null = null`,
      '/** As read: where its bytes lie in the arena; length -1 for null. */',
      `${field.name}Offset = 0`,
      `${field.name}Length = -1`,
    ]
  const type = fieldType(field)
  const needsType = field.nullable || field.array
  return [`${field.name}${needsType ? `: ${type}` : ''} = ${defaultOf(field)}`]
}

function resetField(field) {
  if (isRows(field)) return [`this.${field.name}.${defaultOf(field) === 'null' ? 'setNull' : 'clear'}()`]
  if (field.struct) return [`this.${field.name}.reset()`]
  if (field.scalar === 'records' || field.lazy)
    return [`this.${field.name} = null`, `this.${field.name}Offset = 0`, `this.${field.name}Length = -1`]
  if (field.array) return [`if (this.${field.name}.length > 0) this.${field.name} = []`]
  return [`this.${field.name} = ${defaultOf(field)}`]
}

/** The rows of all arrays in a message, by kind. */
function emitStores(root) {
  const kinds = []
  const visit = (struct) => {
    for (const field of struct.fields) {
      if (!field.struct) continue
      if (isRows(field)) {
        if (kinds.includes(field.struct)) throw new Error(`${root.name}: ${field.struct.name} in two hot arrays`)
        kinds.push(field.struct)
      }
      visit(field.struct)
    }
  }
  visit(root)
  return [
    `class ${root.name}Stores {`,
    ...kinds.map(
      (kind) =>
        `  readonly ${camelCase(kind.name)} = new RowStore(() => new ${kind.name}(${holdsRows(kind) ? 'this' : ''}))`,
    ),
    '',
    '  clear(): void {',
    ...kinds.map((kind) => `    this.${camelCase(kind.name)}.clear()`),
    '  }',
    '}',
  ].join('\n')
}
