import { expect, test } from 'vitest'
import { formatEndpoint, isLoopback, isWildcard, parseEndpoint } from '../../src/config/listeners.ts'
import { loadSettings, SettingsError } from '../../src/config/settings.ts'

const machine = { hostName: 'mill', coreCount: 1 }

function load(...overrides: string[]) {
  return loadSettings({ overrides }, machine)
}

function problem(...overrides: string[]): string {
  try {
    load(...overrides)
  } catch (error) {
    if (error instanceof SettingsError) return error.message
    throw error
  }
  throw new Error('these listeners are accepted')
}

test.each([
  ['PLAINTEXT://localhost:9092', { name: 'PLAINTEXT', host: 'localhost', port: 9092 }],
  ['plaintext://:0', { name: 'PLAINTEXT', host: '', port: 0 }],
  ['IN-SIDE_1://[::1]:65535', { name: 'IN-SIDE_1', host: '::1', port: 65_535 }],
  ['A://[fe80::1%eth0]:1', { name: 'A', host: 'fe80::1%eth0', port: 1 }],
  ['A://10.0.0.1:1', { name: 'A', host: '10.0.0.1', port: 1 }],
])('%s', (text, endpoint) => {
  expect(parseEndpoint(text)).toEqual(endpoint)
  expect(parseEndpoint(formatEndpoint(endpoint))).toEqual(endpoint)
})

test.each([
  'localhost:9092',
  'A://host',
  'A://host:',
  'A://host:65536',
  'A://host:-1',
  'A://::1:9092',
  '://h:1',
  'A://h/:1',
  'A://[h]:1',
  '',
])('%j is no listener', (text) => {
  expect(parseEndpoint(text)).toBeUndefined()
})

test('loopback and every-interface addresses are told from others', () => {
  for (const host of ['127.0.0.1', '127.8.8.8', '::1', 'localhost']) expect(isLoopback(host), host).toBe(true)
  for (const host of ['', '128.0.0.1', '::', '127.0.0.1.example.org']) expect(isLoopback(host), host).toBe(false)
  for (const host of ['', '0.0.0.0', '::', '0:0:0:0:0:0:0:0']) expect(isWildcard(host), host).toBe(true)
  for (const host of ['0.0.0.1', '::1', 'localhost']) expect(isWildcard(host), host).toBe(false)
})

test('several listeners with names of their own, each of a protocol that the map gives it', () => {
  const { settings } = load(
    'listeners=INSIDE://127.0.0.1:9092,OUTSIDE://[::1]:9094',
    'listener.security.protocol.map=INSIDE:PLAINTEXT, outside:plaintext',
    'inter.broker.listener.name=INSIDE',
  )
  expect(settings.listeners.map(formatEndpoint)).toEqual(['INSIDE://127.0.0.1:9092', 'OUTSIDE://[::1]:9094'])
  expect(settings.listeners.map(({ protocol }) => protocol)).toEqual(['PLAINTEXT', 'PLAINTEXT'])
  expect(settings['inter.broker.listener.name']).toBe('INSIDE')
})

test('what is not advertised of its own is advertised as it listens, by the name of the host if on every interface', () => {
  const { settings, warnings } = load('listeners=PLAINTEXT://:9092')
  expect(settings.listeners.map(formatEndpoint)).toEqual(['PLAINTEXT://:9092'])
  expect(settings['advertised.listeners'].map(formatEndpoint)).toEqual(['PLAINTEXT://mill:9092'])
  expect(warnings).toEqual(['PLAINTEXT://:9092 is open beyond this machine, without encryption or authentication'])
})

test('an address that no client can connect to is not advertised', () => {
  expect(problem('listeners=PLAINTEXT://0.0.0.0:9092')).toContain('would tell clients to connect to 0.0.0.0')
  expect(problem('advertised.listeners=PLAINTEXT://[::]:9092')).toContain('would tell clients to connect to ::')
  const { settings } = load('listeners=PLAINTEXT://0.0.0.0:9092', 'advertised.listeners=PLAINTEXT://mill.example:19092')
  expect(settings['advertised.listeners'].map(formatEndpoint)).toEqual(['PLAINTEXT://mill.example:19092'])
})

test('ports are unique but for 0, and but for an IPv4 and an IPv6 address', () => {
  const names = ['listener.security.protocol.map=PLAINTEXT:PLAINTEXT,B:PLAINTEXT']
  expect(problem('listeners=PLAINTEXT://127.0.0.1:1,B://localhost:1', ...names)).toContain(
    'PLAINTEXT and B the same port',
  )
  expect(load('listeners=PLAINTEXT://127.0.0.1:0,B://127.0.0.1:0', ...names).settings.listeners).toHaveLength(2)
  expect(load('listeners=PLAINTEXT://127.0.0.1:1,B://[::1]:1', ...names).settings.listeners).toHaveLength(2)
})

test.each([
  ['listeners=PLAINTEXT://:1,plaintext://:2', 'names PLAINTEXT twice'],
  ['listeners=', 'names no listener'],
  ['listeners=PLAINTEXT:9092', 'is not a list of NAME://host:port (PLAINTEXT:9092)'],
  ['listeners=INSIDE://:9092', 'names INSIDE, which listener.security.protocol.map does not'],
  [
    'listeners=PLAINTEXT://127.0.0.1:1,SSL://127.0.0.1:2',
    'asks for SSL on listener SSL: for now there is only PLAINTEXT',
  ],
  ['listener.security.protocol.map=PLAINTEXT:SASL_PLAINTEXT', 'asks for SASL_PLAINTEXT on listener PLAINTEXT'],
  ['listener.security.protocol.map=PLAINTEXT', 'is not a list of NAME:PROTOCOL (PLAINTEXT)'],
  ['advertised.listeners=PLAINTEXT://a:1,SSL://a:2', 'asks for SSL'],
  ['controller.listener.names=CONTROLLER', 'names CONTROLLER, which is not in listeners'],
  ['controller.listener.names=PLAINTEXT', 'leaves no listener for clients'],
  ['inter.broker.listener.name=INSIDE', 'is INSIDE, which is no advertised listener of brokers'],
])('%s is refused', (override, words) => {
  expect(problem(override)).toContain(words)
})

test('a controller listener needs no entry in the default map, and is not opened', () => {
  const { settings, warnings } = load(
    'listeners=PLAINTEXT://127.0.0.1:1,CONTROLLER://:2',
    'controller.listener.names=controller',
  )
  expect(settings['controller.listener.names']).toEqual(['CONTROLLER'])
  expect(warnings).toEqual(['CONTROLLER://:2 is not opened: the controller of a single node has no one to talk to'])
})

test('security.inter.broker.protocol and inter.broker.listener.name exclude each other', () => {
  const both = problem('inter.broker.listener.name=PLAINTEXT', 'security.inter.broker.protocol=PLAINTEXT')
  expect(both).toContain('must not be set beside inter.broker.listener.name')
})
