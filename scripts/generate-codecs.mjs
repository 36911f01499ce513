// Generates src/wire/generated from src/wire/schema. With --check it writes nothing and exits 1 if they differ.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { emitApis, emitFile } from './codecs/emit.mjs'
import { parseSchema } from './codecs/schema.mjs'

const wire = join(dirname(fileURLToPath(import.meta.url)), '..', 'src', 'wire')
const schemaFolder = join(wire, 'schema')
const generatedFolder = join(wire, 'generated')

const schemas = readdirSync(schemaFolder)
  .filter((name) => name.endsWith('.schema'))
  .sort()
  .map((name) => parseSchema(name.slice(0, -'.schema'.length), readFileSync(join(schemaFolder, name), 'utf8')))

const wanted = new Map(schemas.map((schema) => [`${schema.name}.ts`, emitFile(schema)]))
wanted.set('apis.ts', emitApis(schemas))

mkdirSync(generatedFolder, { recursive: true })
const present = readdirSync(generatedFolder)
const differing = [...new Set([...wanted.keys(), ...present])]
  .filter((name) => !present.includes(name) || readFileSync(join(generatedFolder, name), 'utf8') !== wanted.get(name))
  .sort()

if (process.argv.includes('--check')) {
  for (const name of differing) process.stderr.write(`src/wire/generated/${name} is not what the schemas say\n`)
  process.exit(differing.length > 0 ? 1 : 0)
}
for (const name of differing) {
  if (wanted.has(name)) writeFileSync(join(generatedFolder, name), wanted.get(name))
  else rmSync(join(generatedFolder, name))
}
process.stdout.write(`${wanted.size} files, ${differing.length} changed\n`)
