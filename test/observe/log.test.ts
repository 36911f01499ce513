import { expect, test } from 'vitest'
import { createLog } from '../../src/observe/log.ts'
import { pretty } from '../../src/observe/pretty.ts'

function record(level: 'info' | 'trace') {
  const lines: string[] = []
  const log = createLog({ level, thread: 'shard-0', stream: { write: (line) => lines.push(line) } })
  return { lines, log }
}

test('a line is one object: level by name, ISO time, thread, component, fields', () => {
  const { lines, log } = record('info')
  log.child({ component: 'journal' }).warn({ partition: 3 }, 'torn tail')
  expect(lines).toHaveLength(1)
  const { time, ...line } = JSON.parse(lines[0]!)
  expect(line).toEqual({ level: 'warn', thread: 'shard-0', component: 'journal', partition: 3, msg: 'torn tail' })
  expect(new Date(time).toISOString()).toBe(time)
})

test('what is below the level is not written', () => {
  const { lines, log } = record('info')
  log.debug('unseen')
  expect(log.isLevelEnabled('debug')).toBe(false)
  expect(lines).toEqual([])
  const verbose = record('trace')
  verbose.log.trace('seen')
  expect(verbose.lines).toHaveLength(1)
})

test('a hostile text stays on its line', () => {
  const { lines, log } = record('info')
  log.info({ clientId: 'a\n{"level":"fatal"}' }, 'connected')
  expect(lines[0]!.indexOf('\n')).toBe(lines[0]!.length - 1)
  expect(pretty(lines[0]!, false).trimEnd()).not.toContain('\n')

  log.info({ clientId: '\x1b[2J\x9b2J' }, 'connected \x1b[2J')
  expect(pretty(lines[1]!, false).replace(/\n$/, '')).not.toMatch(/(?!\n)\p{Cc}/u)
})

test('for a person: time, level, where, message, fields, then the stack', () => {
  const head = '{"level":"warn","time":"2026-01-02T03:04:05.678Z","thread":"shard-0"'
  expect(pretty(`${head},"component":"net","peer":"::1","note":"two words","msg":"closed"}`, false)).toBe(
    '2026-01-02T03:04:05.678Z WARN  shard-0/net: closed peer=::1 note="two words"\n',
  )
  expect(pretty(`${head},"err":{"stack":"Error: x\\n  at y"},"msg":"failed"}`, true)).toBe(
    '2026-01-02T03:04:05.678Z \x1b[33mWARN \x1b[0m shard-0: failed\n    Error: x\n      at y\n',
  )
})
