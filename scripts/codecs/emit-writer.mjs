// The writer of a struct: the mirror of its reader. A field that the version doesn't have is left out.

import { emitFunction, groupByCondition, inlineParts, isInPlace, nameRuns, underCondition } from './layout.mjs'
import { capital, condition, defaultOf, flexibleWord, indent, inlineBytes } from './text.mjs'

/** A number written in place, as lines; 64-bit arithmetic as in the reader. */
function setter({ name, scalar }, at, offset, hot) {
  const place = (by) => (by === 0 ? at : `${at} + ${by}`)
  const value = `value.${name}`
  if (scalar === 'bool') return [`writer.view.setInt8(${place(offset)}, ${value} ? 1 : 0)`]
  if (scalar !== 'int64') return [`writer.view.set${capital(scalar)}(${place(offset)}, ${value})`]
  if (!hot) return [`setInt64(writer.view, ${place(offset)}, ${value})`]
  return [
    `writer.view.setInt32(${place(offset)}, Math.min(Math.floor(${value} / TWO_32), 0x7fffffff))`,
    `writer.view.setUint32(${place(offset + 4)}, ${value})`,
  ]
}

export function emitWriter(struct) {
  const { name, root, block } = struct
  const nextAt = nameRuns()
  const body = groupByCondition(struct).flatMap(({ condition, fields }) =>
    underCondition(condition, writeFields(struct, fields, nextAt)),
  )
  body.push(...writeTags(struct, block.flexible))
  const value = body.some((line) => /\bvalue\b/.test(line)) ? 'value' : '_value'
  const parameters = `writer: Writer, version: number, ${value}: ${name}`
  return emitFunction(struct, `${root ? 'export ' : ''}function write${name}(${parameters}): void {`, body)
}

function writeFields(struct, fields, nextAt) {
  return inlineParts(fields).flatMap((part) => {
    if (!isInPlace(part)) return writeField(struct, part[0])
    const at = nextAt()
    let offset = 0
    const lines = part.flatMap((field) => {
      const set = setter(field, at, offset, struct.block.hot)
      offset += inlineBytes[field.scalar]
      return set
    })
    return [`const ${at} = writer.reserve(${offset})`, ...lines]
  })
}

function writeField(struct, field) {
  const { hot, flexible } = struct.block
  const compact = field.plain ? 'false' : flexibleWord(field.versions, flexible)
  const value = `value.${field.name}`
  if (field.array) return writeArray(field, hot, value, compact)
  if (field.struct) return [`write${field.struct.name}(writer, version, ${value})`]
  switch (field.scalar) {
    case 'records':
      return [`writer.writeNullableRecords(${value}, ${compact})`]
    case 'uuid':
      return [`writer.writeUuid(${value})`]
    case 'string':
    case 'bytes': {
      const type = capital(field.scalar)
      const interned = field.interned ? 'Interned' : ''
      return eitherNullable(
        field,
        `writer.write${interned}Nullable${type}(${value}, ${compact})`,
        (present) => `writer.write${interned}${type}(${present(value)}, ${compact})`,
      )
    }
    default:
      return [`writer.write${capital(field.scalar)}(${value})`]
  }
}

/** One statement where null is allowed in all of a field's versions or in none, else one for each case. */
function eitherNullable(field, nullable, never) {
  if (!field.nullable) return [never((value) => value)]
  const versions = condition(field.nullable, field.versions)
  if (versions === '') return [nullable]
  return [`if (${versions}) ${nullable}`, `else ${never((value) => `present(${value})`)}`]
}

const elementsWriter = { int32: 'writeInt32s', int64: 'writeInt64s', uuid: 'writeUuids', string: 'writeStrings' }

function writeArray(field, hot, value, compact) {
  if (field.struct && hot) {
    const count = `${value}.count`
    return [
      ...eitherNullable(
        field,
        `writer.writeNullableArrayCount(${count}, ${compact})`,
        () => `writer.writeArrayCount(${count}, ${compact})`,
      ),
      `for (let i = 0; i < ${count}; i++) {`,
      `  write${field.struct.name}(writer, version, ${value}.at(i))`,
      '}',
    ]
  }
  const counts = eitherNullable(
    field,
    `writer.writeNullableArrayCount(${value} === null ? -1 : ${value}.length, ${compact})`,
    (present) => `writer.writeArrayCount(${present(value)}.length, ${compact})`,
  )
  const method = elementsWriter[field.scalar]
  if (!field.struct && !method) throw new Error(`${field.name}: arrays of ${field.scalar} are not written yet`)
  const elements = field.struct
    ? `for (const item of ${value}) write${field.struct.name}(writer, version, item)`
    : `writer.${method}(${value}${field.scalar === 'string' ? `, ${compact}` : ''})`
  if (!field.nullable) return [...counts, elements]
  return [
    ...counts,
    ...(field.struct ? [`if (${value} !== null) {`, `  ${elements}`, '}'] : [`if (${value} !== null) ${elements}`]),
  ]
}

function writeTags(struct, flexible) {
  const section = flexibleWord(struct.versions, flexible)
  if (section === 'false') return []
  const tagged = struct.fields.filter((field) => field.tag !== undefined).sort((a, b) => a.tag - b.tag)
  const lines = tagged.length === 0 ? ['writer.writeUnsignedVarint(0)'] : writeKnownTags(struct, tagged, flexible)
  if (section === 'true') return lines
  return lines.length === 1 ? [`if (flexible) ${lines[0]}`] : ['if (flexible) {', ...indent(lines), '}']
}

function writeKnownTags(struct, tagged, flexible) {
  const context = { from: Math.max(struct.versions.from, flexible.from), to: struct.versions.to }
  const branches = tagged.flatMap((field) => {
    const versions = condition(field.versions, context)
    const differs = differsFromDefault(field, `value.${field.name}`, struct.block.hot)
    const wanted = !versions ? differs : `${versions} && ${differs.includes('||') ? `(${differs})` : differs}`
    return [
      `if (${wanted}) {`,
      `  const mark = writer.beginTag(${field.tag})`,
      ...indent(writeFields(struct, [field], nameRuns())),
      '  writer.endTag(mark)',
      '  tags++',
      '}',
    ]
  })
  return ['const tagsMark = writer.beginTags()', 'let tags = 0', ...branches, 'writer.endTags(tagsMark, tags)']
}

function differsFromDefault(field, value, hot) {
  if (field.array) {
    if (field.struct && hot) return defaultOf(field) === 'null' ? `${value}.count >= 0` : `${value}.count !== 0`
    if (defaultOf(field) === 'null') return `${value} !== null`
    return field.nullable ? `(${value} === null || ${value}.length > 0)` : `${value}.length > 0`
  }
  if (field.struct)
    return field.struct.fields.map((inner) => differsFromDefault(inner, `${value}.${inner.name}`, hot)).join(' || ')
  if (field.scalar === 'bool') return defaultOf(field) === 'true' ? `!${value}` : value
  return `${value} !== ${defaultOf(field)}`
}
