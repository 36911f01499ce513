import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parseSchema } from '../../scripts/codecs/schema.mjs'
import { apis, requestHeaderVersion } from '../../src/wire/generated/apis.ts'

const script = fileURLToPath(new URL('../../scripts/generate-codecs.mjs', import.meta.url))

test('the generated codecs are what the schemas say', () => {
  const check = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' })
  expect(check.stderr).toBe('')
  expect(check.status).toBe(0)
})

test('an unreleased version is spoken but not advertised', () => {
  const initProducerId = apis.find(({ name }) => name === 'InitProducerId')!
  expect(initProducerId.maxVersion).toBe(5)
  expect(requestHeaderVersion(initProducerId.key, 6)).toBe(2)
})

const api = 'api Thing key 9 versions 0-3 flexible 2+'

test.each([
  ['a field outside a block', '  name: string'],
  ['no block is called field', 'field Thing versions 0'],
  ['request before api', 'request\n  name: string'],
  ['bounded versions', 'data Thing versions 0+'],
  ['two columns right', `${api}\nrequest\n   name: string`],
  ['not a field', `${api}\nrequest\n  name string`],
  ['not a range', `${api}\nrequest\n  name: string 1..2`],
  ['no field word', `${api}\nrequest\n  name: string maybe`],
  ['in no version', `${api}\nrequest\n  name: string 5+`],
  ['no struct Part', `${api}\nrequest\n  parts: [Part]`],
  ['has fields, but is no struct', `${api}\nrequest\n  name: string\n    part: int8`],
  ['tag used twice', `${api}\nrequest\n  a: int8 2+ tag 0\n  b: int8 2+ tag 0`],
  ['tagged before flexible versions', `${api}\nrequest\n  a: int8 1+ tag 0`],
  ['records are for hot messages', `${api}\nrequest\n  a: records`],
])('a schema that is wrong says how: %s', (why, text) => {
  expect(() => parseSchema('thing', text)).toThrow(why)
})
