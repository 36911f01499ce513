// Writes one generated file: the types of its messages, a reader and a writer for each.

import { emitReader } from './emit-reader.mjs'
import { emitType } from './emit-types.mjs'
import { emitWriter } from './emit-writer.mjs'
import { camelCase, constantCase } from './text.mjs'
import { wrapLines } from './wrap.mjs'

export function emitFile(file) {
  const structs = collectStructs(file)
  const parts = structs.flatMap((struct) => [emitType(struct), emitReader(struct), emitWriter(struct)])
  const body = [emitApi(file), emitUnion(file), ...parts].filter(Boolean).join('\n\n')
  const head = [
    `// Generated from schema/${file.name}.schema by scripts/generate-codecs.mjs: change that.`,
    ...file.comment.map((line) => `// ${line}`.trimEnd()),
  ]
  return wrapLines(`${head.join('\n')}\n\n${emitImports(body)}\n${body}\n`)
}

/** All structs of a file, a message before its parts, each with the block it belongs to. */
function collectStructs(file) {
  const found = new Map()
  const visit = (struct, block, root) => {
    if (found.has(struct.name)) {
      if (found.get(struct.name).fields !== struct.fields) throw new Error(`${file.name}: two structs ${struct.name}`)
      return
    }
    const whole = { ...struct, block, root }
    found.set(struct.name, whole)
    for (const field of struct.fields) if (field.struct) visit(field.struct, block, false)
  }
  for (const message of file.messages) visit(message, message, true)
  return [...found.values()]
}

function emitApi({ api }) {
  if (!api) return undefined
  const name = `${camelCase(api.name)}Api`
  const maxVersion = api.unstable === undefined ? api.versions.to : api.unstable - 1
  const fields = [
    `key: ${api.key}`,
    `name: '${api.name}'`,
    `minVersion: ${api.versions.from}`,
    `maxVersion: ${maxVersion}`,
    `flexibleFrom: ${api.flexible?.from ?? 'Infinity'}`,
  ]
  return `export const ${name} = { ${fields.join(', ')} } as const`
}

function emitUnion({ union, messages }) {
  if (!union) return undefined
  const lines = (line) => messages.flatMap(line)
  return [
    `export type ${union} =`,
    ...lines((record) => `  | ${record.name}`),
    '',
    "/** Each record's key, its highest version, and the version that is written unless another is asked for. */",
    `export const ${constantCase(union)}_VERSIONS = {`,
    ...lines(({ name, key, versions, written = versions.to }) => [
      `  ${name}: { key: ${key}, maxVersion: ${versions.to}, written: ${written} },`,
    ]),
    '} as const',
    '',
    '/** The body of the record with that key, or undefined if there is none in that version. */',
    `export function read${union}Body(reader: Reader, key: number, version: number): ${union} | undefined {`,
    '  switch (key) {',
    ...lines(({ name, key, versions }) => [
      `    case ${key}:`,
      `      return version <= ${versions.to} ? read${name}(reader, version) : undefined`,
    ]),
    '    default:',
    '      return undefined',
    '  }',
    '}',
    '',
    `export function write${union}Body(writer: Writer, version: number, record: ${union}): void {`,
    '  switch (record.type) {',
    ...lines(({ name }) => [`    case '${name}':`, `      return write${name}(writer, version, record)`]),
    '  }',
    '}',
  ].join('\n')
}

function emitImports(body) {
  const imports = []
  const from = (module, ...names) => {
    const used = names.filter((name) => new RegExp(`\\b${name.replace('type ', '')}\\b`).test(body))
    if (used.length > 0) {
      const onlyTypes = used.every((name) => name.startsWith('type '))
      const list = onlyTypes ? used.map((name) => name.slice('type '.length)) : used
      imports.push(`import ${onlyTypes ? 'type ' : ''}{ ${list.join(', ')} } from '../${module}.ts'`)
    }
  }
  from('../model/uuid', 'ZERO_UUID')
  from('../lib/int64', 'getInt64', 'setInt64', 'TWO_32')
  from('reader', 'type Reader', 'readItems')
  from('rows', 'type Row', 'RowStore', 'Rows')
  from('writer', 'present', 'type RecordsSource', 'type Writer')
  return `${imports.join('\n')}\n`
}

export function emitApis(files) {
  const apis = files.filter((file) => file.api)
  const name = ({ api }) => `${camelCase(api.name)}Api`
  const size = Math.max(...apis.map(({ api }) => api.key)) + 1
  const fixed = apis.filter(({ api }) => api.responseHeader !== undefined)
  return `// Generated from all of schema/*.schema by scripts/generate-codecs.mjs: change those.
//
// Which APIs there are, and which header stands before them.

${apis.map((file) => `import { ${name(file)} } from './${file.name}.ts'`).join('\n')}

export interface Api {
  readonly key: number
  readonly name: string
  readonly minVersion: number
  /** The highest released version. */
  readonly maxVersion: number
  readonly flexibleFrom: number
}

export const apis: readonly Api[] = [
${apis.map((file) => `  ${name(file)},`).join('\n')}
]

/** By key: the first version with flexible fields and headers; undefined for a key we don't know. */
const flexibleFrom: readonly (number | undefined)[] = (() => {
  const table: (number | undefined)[] = new Array(${size}).fill(undefined)
  for (const api of apis) table[api.key] = api.flexibleFrom
  return table
})()

/** 2 with tagged fields, 1 without; -1 for a key we don't know. */
export function requestHeaderVersion(apiKey: number, apiVersion: number): number {
  const from = flexibleFrom[apiKey]
  if (from === undefined) return -1
  return apiVersion >= from ? 2 : 1
}

/** 1 with tagged fields, 0 without; -1 for a key we don't know. */
export function responseHeaderVersion(apiKey: number, apiVersion: number): number {
${fixed.map((file) => `  if (apiKey === ${file.api.key}) return ${file.api.responseHeader}\n`).join('')}  const from = flexibleFrom[apiKey]
  if (from === undefined) return -1
  return apiVersion >= from ? 1 : 0
}
`
}
