import { describe, expect, test } from 'vitest'
import { bannedUses } from './banned.ts'
import { importCycles, impureImports, upwardImports } from './imports.ts'
import { type Files, parseSources, projectFiles } from './source-files.ts'
import { deadReferences, longFiles, looseDependencies, traces } from './texts.ts'

const files = projectFiles(new URL('../..', import.meta.url).pathname)
const sources = parseSources(files)

function pieces(written: Record<string, string>): Files {
  return new Map(Object.entries(written))
}

function parsed(written: Record<string, string>) {
  return parseSources(pieces(written))
}

describe('the project', () => {
  test('is seen as a whole', () => {
    expect(sources.length).toBeGreaterThan(10)
    expect(files.has('package.json')).toBe(true)
  })
  test('imports run downwards only', () => expect(upwardImports(sources)).toEqual([]))
  test('machines import nothing that touches the world', () => expect(impureImports(sources)).toEqual([]))
  test('no import cycles', () => expect(importCycles(sources)).toEqual([]))
  test('time, chance, timers, BigInt and console stay in their rooms', () => expect(bannedUses(sources)).toEqual([]))
  test('no file is two nouns', () => expect(longFiles(files)).toEqual([]))
  test('no trace of a machine, nothing left for later', () => expect(traces(files)).toEqual([]))
  test('dependencies are pinned and explained', () => expect(looseDependencies(files)).toEqual([]))
  test('what src/README.md points to is there', () => expect(deadReferences(files)).toEqual([]))
})

describe('each rule bites', () => {
  test('imports upwards, in every form', () => {
    const upwards = (text: string) => upwardImports(parsed({ 'src/log/a.ts': text }))
    for (const text of [
      `import { net } from '../net/b.ts'`,
      `import type { Net } from '../net/b.ts'`,
      `export * from '../net/b.ts'`,
      `const net = await import('../net/b.ts')`,
      `let net: import('../net/b.ts').Net`,
    ]) {
      expect(upwards(text), text).toEqual(['src/log/a.ts imports src/net/b.ts, which is above it'])
    }
    expect(
      upwards(`import '../journal/b.ts'; import '../model/c.ts'; import 'node:fs'; // from '../net/b.ts'`),
    ).toEqual([])
    expect(upwardImports(parsed({ 'src/api/a.ts': `import '../broker.ts'` }))).toHaveLength(1)
    expect(upwardImports(parsed({ 'src/odds/a.ts': '' }))).toEqual(['src/odds/a.ts is in a folder that has no layer'])
  })

  test('impure imports of a machine, but not of its driver', () => {
    const impure = (path: string, text: string) => impureImports(parsed({ [path]: text }))
    expect(impure('src/raft/quorum.ts', `import { readFileSync } from 'node:fs'`)).toHaveLength(1)
    expect(impure('src/raft/quorum.ts', `import { pino } from 'pino'`)).toHaveLength(1)
    expect(impure('src/controller/a.ts', `import { RealEnv } from '../lib/real-env.ts'`)).toHaveLength(1)
    expect(impure('src/controller/a.ts', `import { Reader } from '../ring/reader.ts'`)).toHaveLength(1)
    expect(impure('src/raft/driver.ts', `import { readFileSync } from 'node:fs'`)).toEqual([])
    expect(impure('src/controller/a.ts', `import '../lib/assert.ts'; import '../wire/generated/records.ts'`)).toEqual(
      [],
    )
  })

  test('cycles, but not of types', () => {
    const cycles = (back: string) =>
      importCycles(
        parsed({ 'src/log/a.ts': `import './b.ts'`, 'src/log/b.ts': `import './c.ts'`, 'src/log/c.ts': back }),
      )
    expect(cycles(`import { a } from './a.ts'`)).toEqual(['src/log/a.ts → src/log/b.ts → src/log/c.ts → src/log/a.ts'])
    expect(cycles(`import type { A } from './a.ts'`)).toEqual([])
  })

  test('banned uses, not words in comments and texts', () => {
    const uses = (path: string, text: string) => bannedUses(parsed({ [path]: text }))
    expect(uses('src/api/a.ts', 'const now = Date.now()')).toEqual([
      'src/api/a.ts:1 uses Date.now: time and chance come from Env or as arguments',
    ])
    for (const text of ['new Date()', 'globalThis.Math.random()', 'performance.now()', 'process.hrtime.bigint()']) {
      expect(uses('src/shard/a.ts', text), text).not.toEqual([])
      expect(uses('src/lib/real-env.ts', text), text).toEqual([])
    }
    for (const text of ['const a = 1n', 'BigInt(1)', 'new BigInt64Array(buffer)']) {
      expect(uses('src/wire/a.ts', text), text).toHaveLength(1)
      expect(uses('src/config/a.ts', text), text).toEqual([])
    }
    expect(uses('src/raft/a.ts', 'setTimeout(() => {}, 1)')).toHaveLength(1)
    expect(uses('src/net/a.ts', 'setInterval(() => {}, 1)')).toHaveLength(1)
    expect(uses('src/native/stand-in.ts', 'setTimeout(() => {}, 1)')).toEqual([])
    expect(uses('src/cli/a.ts', 'console.log(1)')).toHaveLength(1)
    expect(uses('src/log/a.ts', '// Date.now() and 1n\nconst text = "console.log setTimeout"; new Date(0)')).toEqual([])
  })

  test('long files, but not generated ones', () => {
    const text = 'x\n'.repeat(601)
    expect(
      longFiles(pieces({ 'native/a.cc': text, 'src/a.ts': text, 'src/wire/generated/a.ts': text, 'test/a.ts': text })),
    ).toEqual(['native/a.cc has 601 lines: 600 is two nouns', 'src/a.ts has 601 lines: 600 is two nouns'])
  })

  test('traces of a machine', () => {
    const slash = '/'
    for (const text of [
      `${slash}home/me/x`,
      `cd ${slash}root/x`,
      `https:${slash}/registry.npm.example/x`,
      `TO${'DO'}: later`,
    ]) {
      expect(traces(pieces({ 'README.md': `fine\n${text}` })), text).toHaveLength(1)
    }
    expect(traces(pieces({ 'README.md': 'src/work/x $HOME/x ./home/x toDo' }))).toEqual([])
  })

  test('loose and unexplained dependencies', () => {
    const loose = (version: string, readme: string) =>
      looseDependencies(pieces({ 'package.json': `{"dependencies":{"pino":"${version}"}}`, 'README.md': readme }))
    expect(loose('^10.4.0', '- `pino`: log lines')).toEqual(['pino ^10.4.0 is not pinned to one version'])
    expect(loose('10.4.0', '- `pino-pretty`: no')).toEqual(['README.md does not say why pino'])
    expect(loose('10.4.0', '- `pino`: log lines')).toEqual([])
  })

  test('dead references', () => {
    const dead = (text: string) =>
      deadReferences(pieces({ 'src/README.md': text, 'src/net/a.ts': 'function accept() {}' }))
    expect(dead('1. `net/a.ts:accept` accepts, `net/a.ts`')).toEqual([])
    expect(dead('`net/a.ts:acceptor`')).toHaveLength(1)
    expect(dead('`net/b.ts:accept`')).toHaveLength(1)
  })
})
