// What readers and writers have in common: how fields fall into groups, and the frame of a function.

import { condition, indent, isInline } from './text.mjs'

/** Untagged fields in their order, neighbours of the same versions together. */
export function groupByCondition(struct) {
  const groups = []
  for (const field of struct.fields) {
    if (field.tag !== undefined) continue
    const needed = condition(field.versions, struct.versions)
    const last = groups.at(-1)
    if (last && last.condition === needed) last.fields.push(field)
    else groups.push({ condition: needed, fields: [field] })
  }
  return groups
}

/** Fields split so that neighbours of fixed size, which share a bounds check, are one part. */
export function inlineParts(fields) {
  const parts = []
  for (const field of fields) {
    const last = parts.at(-1)
    if (isInline(field) && last && isInline(last[0])) last.push(field)
    else parts.push([field])
  }
  return parts
}

/** Whether a part is read and written in place: neighbours, and a 64-bit number even on its own. */
export const isInPlace = ([field, ...others]) =>
  others.length > 0 || (isInline(field) && (field.scalar === 'int64' || field.scalar === 'float64'))

/** Names for where each run of fixed-size fields begins: at, at2, at3. */
export function nameRuns() {
  let runs = 0
  return () => (++runs === 1 ? 'at' : `at${runs}`)
}

/** Statements that hold only for some versions. */
export function underCondition(condition, lines) {
  if (condition === '') return lines
  return lines.length === 1 && !lines[0].includes(' else ')
    ? [`if (${condition}) ${lines[0]}`]
    : [`if (${condition}) {`, ...indent(lines), '}']
}

/** A function with the locals its body asks for. */
export function emitFunction(struct, signature, body) {
  const { block } = struct
  const needsFlexible = body.some((line) => /\bflexible\b/.test(line))
  const lines = needsFlexible ? [`const flexible = version >= ${block.flexible.from}`, ...body] : body
  const head = lines.some((line) => /(?<![.\w])version\b(?!:)/.test(line))
    ? signature
    : signature.replace('version: number', '_version: number')
  return [head, ...indent(lines), '}'].join('\n')
}
