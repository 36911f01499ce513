// What `parseSchema` returns, for the tests that walk schemas.

export interface Range {
  from: number
  to: number
}

export interface Field {
  name: string
  array: boolean
  versions: Range
  scalar?: string
  struct?: Struct
  nullable?: Range
  tag?: number
  default?: string
  lazy?: boolean
}

export interface Struct {
  name: string
  versions: Range
  fields: Field[]
}

export interface Message extends Struct {
  kind: 'request' | 'response' | 'header' | 'record' | 'data'
  hot: boolean
  key?: number
  flexible?: Range
  written?: number
}

export interface SchemaFile {
  name: string
  api?: { name: string; key: number; versions: Range }
  messages: Message[]
  structs: Struct[]
}

export function parseSchema(name: string, text: string): SchemaFile
