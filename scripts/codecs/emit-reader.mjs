// The reader of a struct: fields in their order, one bounds check for neighbours of fixed size, a branch on the version
// only where a field is not in all of them.

import { emitDefaults } from './emit-types.mjs'
import { emitFunction, groupByCondition, inlineParts, isInPlace, nameRuns, underCondition } from './layout.mjs'
import { capital, condition, elementBytesDecoded, elementBytesMin, flexibleWord, indent, inlineBytes } from './text.mjs'

/**
 * A number read in place. In hot messages the 64-bit arithmetic is written out: a double would be put on the heap to pass
 * through a function that was not inlined.
 */
function getter({ scalar }, at, offset, hot) {
  const place = (by) => (by === 0 ? at : `${at} + ${by}`)
  if (scalar === 'bool') return `view.getInt8(${place(offset)}) !== 0`
  if (scalar !== 'int64') return `view.get${capital(scalar)}(${place(offset)})`
  if (!hot) return `getInt64(view, ${place(offset)})`
  return `view.getInt32(${place(offset)}) * TWO_32 + view.getUint32(${place(offset + 4)})`
}

export function emitReader(struct) {
  const { hot, flexible } = struct.block
  const nextAt = nameRuns()
  const body = groupByCondition(struct).flatMap(({ condition, fields }) =>
    underCondition(condition, readFields(struct, fields, nextAt)),
  )
  body.push(...readTags(struct, flexible))
  if (body.some((line) => /\bview\b/.test(line))) body.unshift('const { view } = reader')

  const { name, root } = struct
  const parameters = 'reader: Reader, version: number'
  if (!hot) {
    const into = [`const into: ${name} = {`, ...indent(emitDefaults(struct)), '}']
    const signature = `${root ? 'export ' : ''}function read${name}(${parameters}): ${name} {`
    return emitFunction(struct, signature, [...into, ...body, 'return into'])
  }
  if (!root) return emitFunction(struct, `function read${name}(${parameters}, into: ${name}): void {`, body)
  const signature = `export function read${name}(${parameters}, into: ${name}): ${name} {`
  return emitFunction(struct, signature, ['into.reset()', ...body, 'return into'])
}

function readFields(struct, fields, nextAt) {
  return inlineParts(fields).flatMap((part) => {
    if (!isInPlace(part)) return readField(struct, part[0])
    const at = nextAt()
    let offset = 0
    const lines = part.map((field) => {
      const line = `into.${field.name} = ${getter(field, at, offset, struct.block.hot)}`
      offset += inlineBytes[field.scalar]
      return line
    })
    return [`const ${at} = reader.take(${offset})`, ...lines]
  })
}

function readField(struct, field) {
  const { hot, flexible } = struct.block
  const compact = field.plain ? 'false' : flexibleWord(field.versions, flexible)
  const into = `into.${field.name}`
  const always = field.nullable && condition(field.nullable, field.versions) === ''
  const either = (nullable, never) =>
    !field.nullable
      ? never
      : always
        ? nullable
        : `${condition(field.nullable, field.versions)} ? ${nullable} : ${never}`

  if (field.array) {
    const sizes = `${compact}, ${elementBytesMin(field, flexible)}, ${elementBytesDecoded(field)}`
    const count = either(`reader.readNullableArrayCount(${sizes})`, `reader.readArrayCount(${sizes})`)
    return readArray(field, hot, into, count, compact)
  }
  if (field.struct)
    return [
      hot
        ? `read${field.struct.name}(reader, version, ${into})`
        : `${into} = read${field.struct.name}(reader, version)`,
    ]
  if (field.lazy || field.scalar === 'records') {
    const method = field.lazy ? 'readNullableTextSpan' : 'readNullableSpan'
    return [`reader.${method}(${compact})`, `${into}Offset = reader.spanOffset`, `${into}Length = reader.spanLength`]
  }
  const interned = field.interned ? 'Interned' : ''
  switch (field.scalar) {
    case 'uuid':
      return [`${into} = reader.read${interned}Uuid()`]
    case 'string':
      return [
        `${into} = ${either(`reader.read${interned}NullableString(${compact})`, `reader.read${interned}String(${compact})`)}`,
      ]
    case 'bytes':
      return [`${into} = ${either(`reader.readNullableBytes(${compact})`, `reader.readBytes(${compact})`)}`]
    default:
      return [`${into} = reader.read${capital(field.scalar)}()`]
  }
}

const elementsReader = { int32: 'readInt32s', int64: 'readInt64s', uuid: 'readUuids', string: 'readStrings' }

function readArray(field, hot, into, count, compact) {
  const name = `${field.name}Count`
  if (field.struct && hot) {
    const read = `read${field.struct.name}(reader, version, ${into}.add())`
    if (!field.nullable) return [`for (let count = ${count}; count > 0; count--) {`, `  ${read}`, '}']
    return [
      `const ${name} = ${count}`,
      `if (${name} < 0) ${into}.setNull()`,
      `for (let i = 0; i < ${name}; i++) ${read}`,
    ]
  }
  const method = elementsReader[field.scalar]
  if (!field.struct && !method) throw new Error(`${field.name}: arrays of ${field.scalar} are not read yet`)
  const elements = (n) =>
    field.struct
      ? `readItems(reader, version, ${n}, read${field.struct.name})`
      : `reader.${method}(${n}${field.scalar === 'string' ? `, ${compact}` : ''})`
  if (!field.nullable) return [`${into} = ${elements(count)}`]
  return [`const ${name} = ${count}`, `${into} = ${name} < 0 ? null : ${elements(name)}`]
}

function readTags(struct, flexible) {
  const section = flexibleWord(struct.versions, flexible)
  if (section === 'false') return []
  const tagged = struct.fields.filter((field) => field.tag !== undefined).sort((a, b) => a.tag - b.tag)
  const lines = tagged.length === 0 ? ['reader.skipTaggedFields()'] : readKnownTags(struct, tagged, flexible)
  if (section === 'true') return lines
  return lines.length === 1 ? [`if (flexible) ${lines[0]}`] : ['if (flexible) {', ...indent(lines), '}']
}

function readKnownTags(struct, tagged, flexible) {
  const context = { from: Math.max(struct.versions.from, flexible.from), to: struct.versions.to }
  const branches = tagged.flatMap((field, i) => {
    const versions = condition(field.versions, context)
    return [
      `${i === 0 ? '' : '} else '}if (tag === ${field.tag}${versions ? ` && ${versions}` : ''}) {`,
      ...indent(readFields(struct, [field], nameRuns())),
    ]
  })
  return [
    'for (let tags = reader.readTagCount(); tags > 0; tags--) {',
    '  const tag = reader.readUnsignedVarint()',
    '  const tagEnd = reader.readTagEnd()',
    ...indent([...branches, '} else reader.position = tagEnd', 'reader.endTag(tagEnd)']),
    '}',
  ]
}
