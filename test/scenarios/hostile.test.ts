// What no honest client does, against a broker in a process of its own: the connection ends (or gets its error), the log
// says so and names the peer, and a healthy client beside is served. Afterwards the process is still there.
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type BrokerProcess, startBroker } from '../../scripts/verify/lib/broker.mjs'
import { batchOf, Client, createTopic, fetch, fetchAll, metadata, produce, readAll } from './client.ts'
import { findCoordinators, listGroups } from './group-client.ts'

let directory: string
let broker: BrokerProcess
let healthy: Client
let sockets: Socket[] = []

async function begin(settings: Record<string, string | number>): Promise<void> {
  directory = await mkdtemp(join(tmpdir(), 'millrace-hostile-'))
  broker = await startBroker({ directory: join(directory, 'data'), settings: { 'num.partitions': 1, ...settings } })
  healthy = await Client.connect(broker.port)
  await createTopic(healthy, 'well', 1)
}

async function end(): Promise<void> {
  healthy.close()
  await broker.stop()
  await rm(directory, { recursive: true, force: true })
}

interface Stranger {
  socket: Socket
  /** Resolves when the broker has closed it. */
  closed: Promise<void>
}

async function dial(localAddress = '127.0.0.1'): Promise<Stranger> {
  const socket = connect({ port: broker.port, host: '127.0.0.1', localAddress, noDelay: true })
  socket.on('error', () => undefined)
  sockets.push(socket)
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve))
  socket.resume()
  return { socket, closed }
}

/** Sends the bytes over a connection of their own, which the broker closes. */
async function isClosedFor(bytes: Uint8Array): Promise<Stranger> {
  const stranger = await dial()
  stranger.socket.write(bytes)
  await stranger.closed
  return stranger
}

interface Line {
  msg: string
  peer?: string
  apiKey?: number
  apiVersion?: number
  clientId?: string
  leftOut?: number
}

function lines(): Line[] {
  return broker.log
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
}

async function isServed(): Promise<void> {
  const { errorCode, baseOffset } = await produce(healthy, 'well', 0, batchOf(['still here']))
  expect(errorCode).toBe(0)
  expect((await readAll(healthy, 'well', 0)).length).toBe(baseOffset + 1)
}

/** Resolves to the lines that say so. They may come after the connection is closed; a client is served meanwhile. */
async function isTold(after: number, words: RegExp, times = 1): Promise<Line[]> {
  for (;;) {
    await isServed()
    const said = lines()
      .slice(after)
      .filter(({ msg }) => words.test(msg))
    if (said.length >= times) return said
  }
}

function framed(...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  const prefix = Buffer.alloc(4)
  prefix.writeInt32BE(body.length)
  return Buffer.concat([prefix, body])
}

function header(apiKey: number, apiVersion: number, clientId = 'stranger', tags = ''): Buffer {
  const bytes = Buffer.alloc(10)
  bytes.writeInt16BE(apiKey, 0)
  bytes.writeInt16BE(apiVersion, 2)
  bytes.writeInt32BE(7, 4)
  bytes.writeInt16BE(clientId.length, 8)
  return Buffer.concat([bytes, Buffer.from(clientId), Buffer.from(tags, 'hex')])
}

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
  sockets = []
})

describe('bytes that are no request', () => {
  beforeAll(() => begin({ 'millrace.log.client.lines.max': 1000 }))
  afterAll(end)

  const int32 = (value: number) => {
    const bytes = Buffer.alloc(4)
    bytes.writeInt32BE(value)
    return bytes
  }
  const flexible = '00'
  const cases: [name: string, bytes: Buffer, words: RegExp][] = [
    ['a negative length', Buffer.concat([int32(-1), Buffer.alloc(64)]), /impossible length/],
    ['a length of 2 GB', Buffer.concat([int32(2 ** 31 - 1), Buffer.alloc(64)]), /impossible length/],
    ['a length that no header fits', Buffer.concat([int32(7), Buffer.alloc(64)]), /impossible length/],
    ['a request for a web page', Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'), /impossible length/],
    ['an unknown API', framed(header(999, 0), Buffer.alloc(30)), /API key 999 version 0 is not served/],
    ['a version from the future', framed(header(0, 99), Buffer.alloc(30)), /API key 0 version 99 is not served/],
    ['a version from the past', framed(header(0, 2), Buffer.alloc(30)), /API key 0 version 2 is not served/],
    ['a body that is cut', framed(header(3, 12, 'stranger', flexible), Buffer.of(5)), /closed/],
    ['a body without bytes', framed(header(1, 4)), /truncated/],
    ['a count of 2^31 - 1 topics', framed(header(3, 1), int32(2 ** 31 - 1)), /count beyond the bytes/],
    ['a negative count', framed(header(3, 1), int32(-2)), /negative length/],
    ['a count that is a varint without end', framed(header(3, 12, 'a', flexible), Buffer.alloc(10, 0xff)), /varint/],
    ['a tag count of 2^32 - 1', framed(header(3, 12, 'a', 'ffffffff0f'), Buffer.alloc(30)), /count beyond the bytes/],
    ['a tag longer than the frame', framed(header(3, 12, 'a', '0163ffff7f'), Buffer.alloc(30)), /truncated/],
    ['a client id longer than the frame', framed(Buffer.from('00030001000000077fff', 'hex'), Buffer.alloc(9)), /trunc/],
    ['noise', framed(Buffer.from(Array.from({ length: 300 }, (_, i) => (i * 197 + 89) & 0xff))), /closed/],
    ['a bad request for the control thread', framed(header(19, 2), int32(2 ** 30)), /count beyond the bytes/],
  ]

  test.each(cases)('%s', async (_name, bytes, words) => {
    const before = lines().length
    const { socket } = await isClosedFor(bytes)
    await isTold(before, words)
    expect(socket.destroyed).toBe(true)
    await isServed()
  })

  test('an unsupported version is told with client id, key, version and peer', async () => {
    const before = lines().length
    const stranger = await dial()
    const peer = `127.0.0.1:${stranger.socket.localPort}`
    stranger.socket.write(framed(header(1, 3, 'old client'), Buffer.alloc(60)))
    await stranger.closed
    const said = await isTold(before, /./)
    expect(said).toMatchObject([{ apiKey: 1, apiVersion: 3, clientId: 'old client', peer }])
  })

  test('a request that would take more than its budget, with a name to be told in the log', async () => {
    const count = 700_000
    const produceOf = framed(header(0, 3, 'greedy'), Buffer.alloc(8, 0xff), int32(count), Buffer.alloc(count * 8))
    const before = lines().length
    await isClosedFor(produceOf)
    // Again, as one whose first request was well: its budget is larger.
    const { socket, closed } = await dial()
    socket.write(framed(header(18, 0)))
    await new Promise((resolve) => socket.once('data', resolve))
    socket.write(produceOf)
    await closed
    const said = await isTold(before, /over budget/, 2)
    expect(said.map(({ clientId }) => clientId)).toEqual(['greedy', 'greedy'])
  })

  test('thousands of tags are passed over, or are too many', async () => {
    const tags = Buffer.alloc(60_000)
    for (let i = 0; i < tags.length; i += 2) tags[i] = (i >> 1) & 0x7f
    const count = Buffer.from([0xb0, 0xea, 0x01])
    const { socket } = await dial()
    const answered = new Promise((resolve) => socket.once('data', resolve))
    // DescribeCluster v0 behind a header of 30,000 tags.
    socket.write(framed(header(60, 0), count, tags, Buffer.of(0, 0)))
    expect(Buffer.isBuffer(await answered)).toBe(true)
    await isServed()
  })

  test('numbers beyond 2^53 are errors in the answer', async () => {
    for (const offset of [2 ** 63 - 1024, -(2 ** 63), 2 ** 53 + 2, -5]) {
      const { partitions } = await fetchAll(healthy, 'well', [[0, offset]])
      expect(partitions[0]!.errorCode).toBe(1)
    }
    await isServed()
  })

  test('who says goodbye in the middle of a frame, and who hangs up', async () => {
    const frame = framed(header(0, 9, 'half', flexible), Buffer.alloc(30_000))
    for (const part of [2, 20, 20_000]) {
      const goodbye = await dial()
      goodbye.socket.end(frame.subarray(0, part))
      await goodbye.closed
      const reset = await dial()
      reset.socket.write(frame.subarray(0, part))
      reset.socket.resetAndDestroy()
      await reset.closed
    }
    await isServed()
  })
})

describe('texts that would be longer when they are told back', () => {
  beforeAll(() => begin({ 'millrace.log.client.lines.max': 1000 }))
  afterAll(end)

  const longest = 32_767
  const malformed = Buffer.concat([int16(longest), Buffer.alloc(longest, 0xff)])
  const one = Buffer.of(0, 0, 0, 1)
  const cases: [name: string, bytes: Buffer][] = [
    ['a topic', framed(header(3, 1), one, malformed)],
    [
      'a topic to produce to',
      framed(header(0, 3), Buffer.of(255, 255, 0, 1, 0, 0, 0, 9), one, malformed, one, Buffer.alloc(8)),
    ],
    ['a group', framed(header(15, 0), one, malformed)],
    ['a client id', framed(Buffer.of(0, 11, 0, 4, 0, 0, 0, 7), malformed, joinOf('a'))],
    [
      'a compact text',
      framed(header(15, 5, 'a', '00'), Buffer.of(2, 0x81, 0x80, 0x04), Buffer.alloc(65_536, 'x'), Buffer.of(0, 0)),
    ],
  ]

  test.each(cases)('%s', async (_name, bytes) => {
    const before = lines().length
    await findCoordinators(healthy, ['a'])
    await isClosedFor(bytes)
    await isTold(before, /text too long/)
  })

  test('a client id that leaves no room for a member id', async () => {
    await findCoordinators(healthy, ['a'])
    const { socket } = await dial()
    const answered = new Promise<Buffer>((resolve) => socket.once('data', resolve))
    socket.write(framed(header(11, 4, 'x'.repeat(longest)), joinOf('a')))
    expect((await answered).readInt16BE(12)).toBe(79)
    await isServed()
  })
})

describe('limits', () => {
  beforeAll(() =>
    begin({
      'millrace.log.client.lines.max': 1000,
      'max.connections': 40,
      'max.connections.per.ip': 30,
      'max.connections.per.ip.overrides': '127.0.0.9:2',
      'millrace.first.request.timeout.ms': 500,
      'millrace.request.progress.timeout.ms': 500,
      'connections.max.idle.ms': 3000,
      'millrace.connection.output.bytes.max': 1 << 20,
    }),
  )
  afterAll(end)

  test('an address has so many connections, and again when they have ended', async () => {
    const first = await Promise.all([dial('127.0.0.9'), dial('127.0.0.9')])
    const third = await dial('127.0.0.9')
    await third.closed
    expect(await isTold(0, /max.connections.per.ip \(2\) are open/)).toMatchObject([{ peer: '127.0.0.9' }])
    for (const { socket } of first) socket.destroy()
    // The shard sees that they have ended at some time; then there is room again.
    for (;;) {
      const again = await dial('127.0.0.9')
      again.socket.write(framed(header(18, 0)))
      const answer = new Promise((resolve) => again.socket.once('data', () => resolve('answered')))
      if ((await Promise.race([answer, again.closed])) === 'answered') break
    }
    await isServed()
  })

  test('all addresses together have so many', async () => {
    const strangers = await Promise.all(Array.from({ length: 60 }, (_, i) => dial(`127.0.0.${20 + (i % 10)}`)))
    await Promise.all(strangers.map(({ closed }) => closed))
    await isTold(0, /max.connections \(40\) are open/)
  })

  test('who says nothing, a part of a header, or a part of a frame, is closed in time; who is well is not', async () => {
    const silent = await dial('127.0.0.3')
    const header4 = await dial('127.0.0.3')
    header4.socket.write(Buffer.of(0, 0, 1))
    const trusted = await dial('127.0.0.3')
    trusted.socket.write(framed(header(18, 0)))
    await new Promise((resolve) => trusted.socket.once('data', resolve))
    trusted.socket.write(framed(Buffer.alloc(50_000)).subarray(0, 20_000))
    await Promise.all([silent.closed, header4.closed, trusted.closed])
    await isTold(0, /millrace.first.request.timeout.ms/, 2)
    await isTold(0, /millrace.request.progress.timeout.ms/)
  })

  test('a first request that is long must be of an API that is served', async () => {
    const before = lines().length
    const claim = Buffer.alloc(10_000)
    claim.writeInt32BE(50_000_000)
    claim.writeInt16BE(555, 4)
    await isClosedFor(claim)
    await isTold(before, /a first request of 50000000 bytes/)
    const long = await dial('127.0.0.4')
    const name = Buffer.alloc(90_000, 'x')
    const frame = framed(
      header(3, 1),
      Buffer.from([0, 0, 0, 3, ...int16(30_000)]),
      name.subarray(0, 30_000),
      int16(30_000),
      name.subarray(0, 30_000),
      int16(30_000),
      name.subarray(0, 30_000),
    )
    long.socket.write(frame.subarray(0, 8000))
    await isServed()
    long.socket.write(frame.subarray(8000))
    expect(await new Promise((resolve) => long.socket.once('data', () => resolve('answered')))).toBe('answered')
  })

  test('who sends thousands of requests and reads no answer is closed, the others are served', async () => {
    const { socket } = await Client.connect(broker.port)
    sockets.push(socket)
    socket.pause()
    const many = Buffer.concat(new Array(500).fill(framed(header(18, 0))))
    const before = lines().length
    for (let i = 0; i < 400; i++) socket.write(many)
    await isTold(before, /does not read its answers|reads nothing of its answers/)
  })

  test('an idle connection is closed, one with a fetch that waits is not', async () => {
    const idle = await Client.connect(broker.port)
    const waiting = await Client.connect(broker.port)
    sockets.push(idle.socket, waiting.socket)
    await metadata(idle, [])
    const { highWatermark } = await fetch(waiting, 'well', 0, 0)
    const fetched = fetchAll(waiting, 'well', [[0, highWatermark]], { maxWaitMs: 60_000 })
    await idle.closed
    healthy.close()
    healthy = await Client.connect(broker.port)
    await isServed()
    expect((await fetched).partitions[0]!.bytes.length).toBeGreaterThan(0)
  })
})

describe.each([1, 2])('memory that answers hold, with %d shards', (shards) => {
  beforeAll(() =>
    begin({
      'millrace.shards': shards,
      'millrace.arena.bytes': 32 << 20,
      'millrace.journal.bytes': 16 << 20,
      'socket.request.max.bytes': 8 << 20,
    }),
  )
  afterAll(end)

  test('who reads nothing of answers from memory loses its connection before others lack memory', async () => {
    const batch = batchOf(['v'.repeat(900_000)])
    const words = /memory is short, and the client reads nothing of answers that hold some/
    const after = lines().length
    let offset = 0
    while (!lines().some(({ msg }, line) => line >= after && words.test(msg))) {
      const slow = await Client.connect(broker.port)
      sockets.push(slow.socket)
      slow.socket.pause()
      for (let i = 0; i < 20; i++) fetchAll(slow, 'well', [[0, offset]], { maxWaitMs: 60_000 }).catch(() => undefined)
      const produced = await produce(healthy, 'well', 0, batch)
      expect(produced.errorCode).toBe(0)
      offset = produced.baseOffset + 1
    }
    for (let i = 0; i < 40; i++) expect((await produce(healthy, 'well', 0, batch)).errorCode).toBe(0)
  })
})

describe('the log', () => {
  beforeAll(() => begin({}))
  afterAll(end)

  test('a flood of bad frames writes few lines, and how many were left out', async () => {
    const before = lines().length
    for (let round = 0; round < 10; round++) {
      await Promise.all(Array.from({ length: 30 }, () => isClosedFor(framed(header(777, 1), Buffer.alloc(9)))))
    }
    // The count is told with the next line, or once the second is over and something comes.
    while (!lines().some(({ leftOut }) => leftOut !== undefined)) await isServed()
    const said = lines().slice(before)
    expect(said.length).toBeLessThan(150)
    const leftOut = said.reduce((sum, line) => sum + (line.leftOut ?? 0), 0)
    expect(leftOut).toBeGreaterThan(0)
  })

  test('a flood of groups writes few lines', async () => {
    await findCoordinators(healthy, ['a'])
    const before = lines().length
    for (let i = 0; i < 150; i++) (await dial()).socket.write(framed(header(11, 3), joinOf(`group-${i}`)))
    while ((await listGroups(healthy)).groups.length < 150) await isServed()
    const said = lines().slice(before)
    expect(said.filter(({ msg }) => /^group group-/.test(msg)).length).toBeLessThan(100)
  })
})

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

function joinOf(group: string): Buffer {
  const protocol = [Buffer.of(0, 0, 0, 1), int16(1), Buffer.from('p'), Buffer.alloc(4)]
  const timeouts = Buffer.of(0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30)
  return Buffer.concat([
    int16(group.length),
    Buffer.from(group),
    timeouts,
    int16(0),
    int16(1),
    Buffer.from('t'),
    ...protocol,
  ])
}
