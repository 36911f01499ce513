import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { DEFINITIONS } from '../../src/config/definitions.ts'

test('the settings in README.md are the settings that there are', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const table = [...DEFINITIONS.values()].map(({ name, default: byDefault, documentation }) => {
    const shown = byDefault === null || byDefault === '' ? '' : `\`${byDefault}\``
    return `| \`${name}\` | ${shown} | ${documentation} |`
  })
  const rows = readme.split('\n').filter((line) => /^\| `[a-z.]+` \|/.test(line))
  expect(rows).toEqual(table)
})
