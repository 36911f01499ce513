import { expect, test } from 'vitest'
import type { Broker } from '../../src/broker.ts'
import { type Host, start } from '../../src/cli/start.ts'
import type { Settings, SettingsSources } from '../../src/config/settings.ts'
import { createLog } from '../../src/observe/log.ts'

/** A process and a broker that only take down what happens to them. */
function stage(options: { startFails?: Error; shutDownFails?: Error; endpoints?: Broker['listeners'] } = {}) {
  const history: string[] = []
  let nowMs = 0
  let listener: (name: string) => void = () => {}
  let ended = () => {}
  let started = () => {}
  let fail: (error: Error) => void = () => {}
  const exited = new Promise<void>((resolve) => {
    ended = resolve
  })
  const ready = new Promise<void>((resolve) => {
    started = resolve
  })
  const failed = new Promise<Error>((resolve) => {
    fail = resolve
  })
  const broker: Broker = {
    listeners: options.endpoints ?? [{ name: 'PLAINTEXT', host: '127.0.0.1', port: 9092 }],
    httpPort: null,
    failed,
    counters: () => [],
    async shutDown() {
      history.push('shut down')
      if (options.shutDownFails) throw options.shutDownFails
    },
    async abandon() {
      history.push('abandon')
    },
  }
  const host: Host = {
    version: '1.2.3',
    createLog: (settings) =>
      createLog({
        ...settings,
        stream: {
          write(line) {
            const { level, msg } = JSON.parse(line)
            history.push(`${level}: ${msg}`)
          },
        },
      }),
    async startBroker(settings: Settings) {
      history.push(`start ${settings['num.partitions']}`)
      if (options.startFails) throw options.startFails
      return broker
    },
    nowMs: () => nowMs,
    onSignal: (to) => {
      listener = to
    },
    writeOut: (line) => {
      history.push(`out: ${line}`)
      started()
    },
    writeError: (line) => history.push(`err: ${line}`),
    exit: (code) => {
      history.push(`exit ${code}`)
      ended()
    },
  }
  const pass = (ms: number) => {
    nowMs += ms
  }
  return { history, host, signal: (name: string) => listener(name), pass, fail, ready, exited }
}

const SOURCES: SettingsSources = { overrides: ['num.partitions=3'] }

test('one line when ready, controlled shutdown at the first signal, exit 0', async () => {
  const { history, host, signal, ready, exited } = stage()
  start(SOURCES, host)
  await ready
  signal('SIGTERM')
  await exited
  expect(history).toEqual([
    'start 3',
    'out: millrace 1.2.3 node 1 listening on PLAINTEXT://127.0.0.1:9092',
    'info: SIGTERM: shutting down',
    'shut down',
    'info: shut down',
    'exit 0',
  ])
})

test('the ready line names every listener, IPv6 in brackets', async () => {
  const endpoints = [
    { name: 'INSIDE', host: '::1', port: 1 },
    { name: 'OUTSIDE', host: '10.0.0.1', port: 2 },
  ]
  const { history, host, ready } = stage({ endpoints })
  start({ overrides: [] }, host)
  await ready
  expect(history.at(-1)).toBe('out: millrace 1.2.3 node 1 listening on INSIDE://[::1]:1, OUTSIDE://10.0.0.1:2')
})

test('a signal while the broker starts ends it once it has started', async () => {
  const { history, host, signal, exited } = stage()
  start(SOURCES, host)
  signal('SIGINT')
  await exited
  expect(history.filter((line) => !line.startsWith('out'))).toEqual([
    'start 3',
    'info: SIGINT: shutting down',
    'shut down',
    'info: shut down',
    'exit 0',
  ])
})

test('a second signal does not wait, unless it is the first one passed on', async () => {
  const { history, host, signal, pass, ready } = stage()
  start(SOURCES, host)
  await ready
  signal('SIGINT')
  pass(499)
  signal('SIGINT')
  expect(history.at(-1)).toBe('info: SIGINT: shutting down')
  pass(1)
  signal('SIGINT')
  expect(history.slice(-2)).toEqual(['err: millrace: SIGINT again: stopped without a controlled shutdown', 'exit 1'])
})

test('a broker that fails is one fatal line and exit 1, without a shutdown that could make it worse', async () => {
  const { history, host, fail, ready, exited } = stage()
  start(SOURCES, host)
  await ready
  fail(new Error('fdatasync: EIO'))
  await exited
  expect(history.slice(2)).toEqual(['fatal: fdatasync: EIO', 'exit 1'])
})

test('a broker that does not start, or does not shut down, is one line on stderr and exit 1', async () => {
  const unstarted = stage({ startFails: new Error('listen EADDRINUSE 127.0.0.1:9092') })
  await start(SOURCES, unstarted.host)
  expect(unstarted.history).toEqual(['start 3', 'err: millrace: listen EADDRINUSE 127.0.0.1:9092', 'exit 1'])

  const unstopped = stage({ shutDownFails: new Error('close: EIO') })
  start(SOURCES, unstopped.host)
  await unstopped.ready
  unstopped.signal('SIGTERM')
  await unstopped.exited
  expect(unstopped.history.slice(-3)).toEqual(['shut down', 'err: millrace: close: EIO', 'exit 1'])
})

test('wrong settings are a line each, and nothing is started', async () => {
  const { history, host } = stage()
  await start({ overrides: ['num.partitions=x', 'millrace.shard=1'] }, host)
  expect(history).toEqual([
    'err: millrace: num.partitions=x (-o) is not a whole number (INT)',
    'err: millrace: millrace.shard=1 (-o) is unknown; did you mean millrace.shards?',
    'exit 1',
  ])
})

test('warnings about settings are log lines', async () => {
  const { history, host, ready } = stage()
  start({ overrides: ['num.io.threads=2'] }, host)
  await ready
  expect(history[0]).toBe('warn: num.io.threads=2 (-o) is known to Kafka, but millrace does not act on it')
})
