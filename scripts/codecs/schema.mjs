// Reads the schema notation of src/wire/schema into plain objects.
//
// A file is made of blocks; a block is a head line and fields indented below it:
//
//   api Fetch key 1 versions 4-18 flexible 12+ hot     names the file's API; its two blocks:
//   request
//     topics: [FetchTopic]                             an array of structs, whose fields follow, indented
//       topic: string             4-12  interned       only in versions 4 to 12
//     clusterId: string?          12+   tag 0  = null  nullable, tagged, with a default
//     name: string?10+                                 nullable from version 10 on
//   response
//     …
//
//   header RequestHeader versions 1-2 flexible 2+ hot  a message on its own; so is `data`
//   record TopicRecord key 2 versions 0 flexible 0+    a member of the file's `union`; `written n`: version we write
//   struct Voter versions 0-1                          a struct that several fields use
//
// Head words: `hot` (rows that are used again, records left in place), `unstable n` (versions from n on are spoken but
// not advertised), `response-header n` (the response header's version, whatever the request's).
// Field words: `interned` (looked up in the reader's table), `plain` (never compact), `lazy` (text left in place).

const scalarTypes = new Set('bool int8 int16 uint16 int32 uint32 int64 float64 string bytes uuid records'.split(' '))

const messageKinds = new Set(['request', 'response', 'header', 'record', 'data'])

export function parseSchema(name, text) {
  const file = { name, comment: [], api: undefined, union: undefined, messages: [], structs: [] }
  const lines = text.split('\n')
  const fail = (number, why) => {
    throw new Error(`${name}.schema:${number + 1}: ${why}`)
  }
  let stack = []
  for (const [number, line] of lines.entries()) {
    if (line.trim() === '') continue
    if (line.startsWith('#')) {
      file.comment.push(line.replace(/^# ?/, ''))
      continue
    }
    const indent = line.length - line.trimStart().length
    if (indent === 0) {
      const block = readHead(line.trim().split(/\s+/), file, (why) => fail(number, why))
      stack = block ? [{ indent: 0, fields: block.fields }] : []
      continue
    }
    const field = readField(line.trim(), (why) => fail(number, why))
    while (stack.length > 0 && stack.at(-1).indent >= indent) stack.pop()
    const parent = stack.at(-1)
    if (parent === undefined) fail(number, 'a field outside a block')
    if (parent.indent + 2 !== indent) fail(number, 'a field is two columns right of what it belongs to')
    parent.fields.push(field)
    field.fields = []
    stack.push({ indent, fields: field.fields })
  }
  for (const block of [...file.messages, ...file.structs]) resolve(block, block, file, (why) => fail(0, why))
  return file
}

function readHead(words, file, fail) {
  const kind = words.shift()
  if (kind === 'union') {
    file.union = words[0]
    return undefined
  }
  if (kind === 'api') {
    file.api = { name: words.shift(), ...readHeadWords(words, fail) }
    return undefined
  }
  if (kind === 'struct') {
    const struct = { name: words.shift(), ...readHeadWords(words, fail), fields: [] }
    file.structs.push(struct)
    return struct
  }
  if (!messageKinds.has(kind)) fail(`no block is called ${kind}`)
  const inApi = kind === 'request' || kind === 'response'
  if (inApi && !file.api) fail(`${kind} before api`)
  const message = inApi
    ? { ...file.api, kind, name: file.api.name + (kind === 'request' ? 'Request' : 'Response'), fields: [] }
    : { kind, name: words.shift(), ...readHeadWords(words, fail), fields: [] }
  file.messages.push(message)
  return message
}

function readHeadWords(words, fail) {
  const head = { hot: false }
  while (words.length > 0) {
    const word = words.shift()
    if (word === 'hot') head.hot = true
    else if (word === 'key') head.key = Number(words.shift())
    else if (word === 'versions') head.versions = readRange(words.shift(), fail)
    else if (word === 'flexible') head.flexible = readRange(words.shift(), fail)
    else if (word === 'written') head.written = Number(words.shift())
    else if (word === 'unstable') head.unstable = Number(words.shift())
    else if (word === 'response-header') head.responseHeader = Number(words.shift())
    else fail(`no head word ${word}`)
  }
  if (!head.versions || head.versions.to === Infinity) fail('a block has bounded versions')
  return head
}

function readField(text, fail) {
  const match = /^(\w+): (\[?)(\w+)(\]?)(\?(\S*))?(.*)$/.exec(text)
  if (!match || (match[2] === '[') !== (match[4] === ']')) fail(`not a field: ${text}`)
  const [, name, bracket, typeName, , nullable, nullableRange, rest] = match
  const field = { name, typeName, array: bracket === '[' }
  if (nullable !== undefined) field.nullable = nullableRange ? readRange(nullableRange, fail) : 'always'
  const words = rest.trim().split(/\s+/).filter(Boolean)
  while (words.length > 0) {
    const word = words.shift()
    if (/^\d/.test(word)) field.versions = readRange(word, fail)
    else if (word === 'tag') field.tag = Number(words.shift())
    else if (word === '=') field.default = words.shift()
    else if (word === 'interned' || word === 'plain' || word === 'lazy') field[word] = true
    else fail(`no field word ${word}`)
  }
  return field
}

/** `3`, `3-5`, `3+`. */
function readRange(text, fail) {
  const match = /^(\d+)(\+|-(\d+))?$/.exec(text ?? '')
  if (!match) fail(`not a range: ${text}`)
  const from = Number(match[1])
  return { from, to: match[2] === '+' ? Infinity : match[3] === undefined ? from : Number(match[3]) }
}

const within = (range, outer) => ({ from: Math.max(range.from, outer.from), to: Math.min(range.to, outer.to) })

/** Gives every field of a struct its versions within the struct's, and its type. */
function resolve(struct, block, file, fail) {
  const tags = new Set()
  for (const field of struct.fields) {
    const where = `${block.name}, ${field.name}:`
    field.versions = within(field.versions ?? struct.versions, struct.versions)
    if (field.versions.from > field.versions.to) fail(`${where} in no version`)
    if (field.nullable === 'always') field.nullable = field.versions
    else if (field.nullable) field.nullable = within(field.nullable, field.versions)
    if (field.tag !== undefined) {
      if (tags.has(field.tag)) fail(`${where} tag used twice`)
      tags.add(field.tag)
      const { flexible } = block
      if (flexible && field.versions.from < flexible.from) fail(`${where} tagged before flexible versions`)
    }
    if (scalarTypes.has(field.typeName)) {
      if (field.fields.length > 0) fail(`${where} has fields, but is no struct`)
      field.scalar = field.typeName
      if (field.scalar === 'records' && !block.hot) fail(`${where} records are for hot messages`)
      if (field.lazy && !block.hot) fail(`${where} lazy is for hot messages`)
    } else if (field.fields.length > 0) {
      field.struct = { name: field.typeName, versions: field.versions, fields: field.fields }
      resolve(field.struct, block, file, fail)
    } else {
      field.struct = file.structs.find((known) => known.name === field.typeName)
      if (!field.struct) fail(`${where} no struct ${field.typeName}`)
    }
  }
}
