// Every message of the schemas with its generated reader and writer, behind one face: plain objects in and out.

import { readdirSync, readFileSync } from 'node:fs'
import { type Field, type Message, parseSchema, type Struct } from '../../../scripts/codecs/schema.mjs'
import { ZERO_UUID } from '../../../src/model/uuid.ts'
import { Reader } from '../../../src/wire/reader.ts'
import { Writer } from '../../../src/wire/writer.ts'
import type { Random } from './random.ts'

export type Plain = Record<string, unknown>

export interface Codec {
  message: Message
  /** A random value with the fields of that version, each of them now and then at its limits. */
  randomValue(version: number, random: Random): Plain
  encode(version: number, value: Plain): Uint8Array
  decode(version: number, bytes: Uint8Array, budgetBytes?: number): Plain
  /** With the defaults that a reader fills in. */
  complete(version: number, value: Plain): Plain
}

const schemaFolder = new URL('../../../src/wire/schema/', import.meta.url)

export const BUDGET_BYTES = 1 << 20

export async function loadCodecs(): Promise<Codec[]> {
  const codecs: Codec[] = []
  for (const file of readdirSync(schemaFolder).sort()) {
    const name = file.replace('.schema', '')
    const schema = parseSchema(name, readFileSync(new URL(file, schemaFolder), 'utf8'))
    const module = await import(`../../../src/wire/generated/${name}.ts`)
    for (const message of schema.messages) codecs.push(codecOf(message, module))
  }
  return codecs
}

// biome-ignore lint/suspicious/noExplicitAny: the generated modules are looked up by name
function codecOf(message: Message, module: any): Codec {
  const read = module[`read${message.name}`]
  const write = module[`write${message.name}`]
  const into = message.hot ? new module[message.name]() : undefined
  const writer = new Writer()
  return {
    message,
    randomValue: (version, random) => randomStruct(message, version, random),
    encode(version, value) {
      writer.rewind()
      if (message.hot) {
        into.reset()
        fillRow(message, version, into, value)
        write(writer, version, into)
      } else
        write(writer, version, {
          type: message.name,
          ...withBytes(message, completeStruct(message, version, value), fromBase64),
        })
      return writer.written().slice()
    },
    decode(version, bytes, budgetBytes = BUDGET_BYTES) {
      const reader = readerOf(bytes, budgetBytes)
      const value = message.hot ? read(reader, version, into) : read(reader, version)
      if (reader.remaining > 0) throw new Error(`${reader.remaining} bytes left`)
      if (message.hot) return rowToPlain(message, value, bytes)
      delete value.type
      return withBytes(message, value, toBase64)
    },
    complete: (version, value) => completeStruct(message, version, value),
  }
}

export function readerOf(bytes: Uint8Array, budgetBytes = BUDGET_BYTES): Reader {
  const reader = new Reader()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  reader.reset(bytes, view, 0, bytes.length, budgetBytes)
  return reader
}

export const versionsOf = ({ versions }: Struct): number[] =>
  Array.from({ length: versions.to - versions.from + 1 }, (_, i) => versions.from + i)

const within = (range: { from: number; to: number } | undefined, version: number): boolean =>
  range !== undefined && version >= range.from && version <= range.to

const TEXTS = ['', 'a', 'topic-0', 'größer als 名前 😀', 'x'.repeat(200)]
const INT64S = [0, 1, -1, 4294967296, -4294967297, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 1_700_000_000_000]
const INTEGERS: Record<string, readonly number[]> = {
  int8: [0, 1, -1, 127, -128],
  int16: [0, 1, -1, 32767, -32768, 9092],
  uint16: [0, 1, 65535, 9092],
  int32: [0, 1, -1, 2147483647, -2147483648, 65536],
  int64: INT64S,
}

function randomStruct(struct: Struct, version: number, random: Random): Plain {
  const value: Plain = {}
  for (const field of struct.fields)
    if (within(field.versions, version)) value[field.name] = randomField(field, version, random)
  return value
}

function randomField(field: Field, version: number, random: Random): unknown {
  if (within(field.nullable, version) && random.chance(3)) return null
  if (field.array)
    return Array.from({ length: random.oneOf([0, 1, 1, 2]) }, () => randomElement(field, version, random))
  return randomElement(field, version, random)
}

function randomElement(field: Field, version: number, random: Random): unknown {
  if (field.struct) return randomStruct(field.struct, version, random)
  switch (field.scalar) {
    case 'bool':
      return random.chance(2)
    case 'string':
      return random.oneOf(TEXTS)
    case 'uuid':
      return random.chance(3) ? ZERO_UUID : Buffer.from(randomBytes(16, random)).toString('base64url')
    case 'records':
    case 'bytes':
      return Buffer.from(randomBytes(random.oneOf([0, 1, 61, 200]), random)).toString('base64')
    default:
      return random.oneOf(INTEGERS[field.scalar!]!)
  }
}

const randomBytes = (length: number, random: Random): Uint8Array => Uint8Array.from({ length }, () => random.below(256))

function completeStruct(struct: Struct, version: number, value: Plain): Plain {
  const whole: Plain = {}
  for (const field of struct.fields) {
    const given = value[field.name]
    if (given === undefined) whole[field.name] = defaultOf(field)
    else if (given === null || !field.struct) whole[field.name] = given
    else if (field.array)
      whole[field.name] = (given as Plain[]).map((item) => completeStruct(field.struct!, version, item))
    else whole[field.name] = completeStruct(field.struct, version, given as Plain)
  }
  return whole
}

function defaultOf(field: Field): unknown {
  if (field.default === 'null') return null
  if (field.array) return []
  if (field.struct) return completeStruct(field.struct, 0, {})
  switch (field.scalar) {
    case 'bool':
      return field.default === 'true'
    case 'string':
    case 'bytes':
      return ''
    case 'uuid':
      return ZERO_UUID
    case 'records':
      return null
    default:
      return Number(field.default ?? 0)
  }
}

const toBase64 = (bytes: unknown): string => Buffer.from(bytes as Uint8Array).toString('base64')
const fromBase64 = (text: unknown): Uint8Array => new Uint8Array(Buffer.from(text as string, 'base64'))

/** A cold message with its `bytes` in the other form: base64 in plain objects, bytes in the codec's own. */
function withBytes(struct: Struct, value: Plain, convert: (bytes: unknown) => unknown): Plain {
  const converted: Plain = { ...value }
  for (const field of struct.fields) {
    const given = value[field.name]
    if (given === undefined || given === null) continue
    const inside = (item: unknown): unknown =>
      field.struct ? withBytes(field.struct, item as Plain, convert) : field.scalar === 'bytes' ? convert(item) : item
    converted[field.name] = field.array ? (given as unknown[]).map(inside) : inside(given)
  }
  return converted
}

// biome-ignore lint/suspicious/noExplicitAny: rows are filled by the schema's field names
function fillRow(struct: Struct, version: number, row: any, value: Plain): void {
  for (const field of struct.fields) {
    const given = value[field.name]
    if (given === undefined) continue
    if (field.struct && field.array) {
      if (given === null) row[field.name].setNull()
      else for (const item of given as Plain[]) fillRow(field.struct, version, row[field.name].add(), item)
    } else if (field.struct) fillRow(field.struct, version, row[field.name], given as Plain)
    else if (field.scalar === 'records')
      row[field.name] = given === null ? null : new Uint8Array(Buffer.from(given as string, 'base64'))
    else row[field.name] = given
  }
}

// biome-ignore lint/suspicious/noExplicitAny: rows are read by the schema's field names
function rowToPlain(struct: Struct, row: any, bytes: Uint8Array): Plain {
  const value: Plain = {}
  for (const field of struct.fields) {
    const inside = row[field.name]
    if (field.struct && field.array)
      value[field.name] =
        inside.count < 0
          ? null
          : Array.from({ length: inside.count }, (_, i) => rowToPlain(field.struct!, inside.at(i), bytes))
    else if (field.struct) value[field.name] = rowToPlain(field.struct, inside, bytes)
    else if (field.scalar === 'records' || field.lazy) {
      const at = row[`${field.name}Offset`]
      const length = row[`${field.name}Length`]
      const encoding = field.lazy ? 'utf8' : 'base64'
      value[field.name] = length < 0 ? null : Buffer.from(bytes.subarray(at, at + length)).toString(encoding)
    } else value[field.name] = inside
  }
  return value
}
