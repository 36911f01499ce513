import { expect, test } from 'vitest'
import { LimitedLog } from '../../src/observe/limited-log.ts'
import { createLog } from '../../src/observe/log.ts'

function limited(linesMax: number) {
  const lines: { msg: string; leftOut?: number }[] = []
  const clock = { nowMs: 0 }
  const log = createLog({ level: 'info', thread: 'x', stream: { write: (line) => lines.push(JSON.parse(line)) } })
  return { lines, clock, log: new LimitedLog(log, linesMax, () => clock.nowMs) }
}

test('so many lines a second, then a count of what was left out', () => {
  const { lines, clock, log } = limited(3)
  for (let i = 0; i < 10; i++) log.write('warn', () => ({}), `bad frame ${i}`)
  expect(lines.map(({ msg }) => msg)).toEqual(['bad frame 0', 'bad frame 1', 'bad frame 2'])
  clock.nowMs = 1000
  log.write('warn', () => ({}), 'bad frame 10')
  expect(lines.slice(3)).toMatchObject([{ leftOut: 7 }, { msg: 'bad frame 10' }])
  expect(log.hasLeftOut).toBe(false)
})

test('what was left out is told once the second is over, though no line follows', () => {
  const { lines, log } = limited(1)
  log.write('warn', () => ({}), 'first')
  log.write('warn', () => ({}), 'second')
  log.settle(999)
  expect(lines).toHaveLength(1)
  log.settle(1000)
  log.settle(2000)
  expect(lines).toMatchObject([{ msg: 'first' }, { leftOut: 1 }])
})

test('a line that is not written costs no fields, and takes no place', () => {
  const { lines, log } = limited(1)
  const fields = () => expect.fail('asked for')
  log.write('debug', fields, 'unseen')
  log.write('warn', () => ({ peer: 'a' }), 'seen')
  log.write('warn', fields, 'left out')
  expect(lines).toMatchObject([{ msg: 'seen', peer: 'a' }])
})
