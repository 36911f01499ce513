// What a connection is given time for, on the add-on and on the stand-in: its first request, more of a frame that it has
// begun, anything at all. Deadlines are short here, and nothing else is waited for.
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import {
  CLOSED_EVICTED,
  CLOSED_NO_REQUEST,
  CLOSED_SLOW_FRAME,
  CLOSED_SLOW_READER,
  COUNTER_RECEIVED_BYTES,
} from '../../src/native/contract.ts'
import { loadNative } from '../../src/native/load.ts'
import { framed, type ShardOptions, SmallShard } from './small-shard.ts'

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup()
})

describe.each([
  { name: 'add-on', native: loadNative({ ...process.env, MILLRACE_NATIVE: 'on' }) },
  { name: 'stand-in', native: loadNative({ MILLRACE_NATIVE: 'off' }) },
])('$name', ({ native }) => {
  function open(options: Partial<ShardOptions>): SmallShard {
    const shard = new SmallShard(native, options)
    cleanups.push(() => shard.closeAll())
    return shard
  }

  async function connected(shard: SmallShard): Promise<{ socket: Socket; connection: number }> {
    const before = shard.connections.length
    const socket = connect({ port: shard.port, host: '127.0.0.1', noDelay: true })
    socket.on('error', () => {})
    cleanups.push(() => socket.destroy())
    await shard.until(() => shard.connections.length > before)
    return { socket, connection: shard.connections[before]! }
  }

  const closed = (shard: SmallShard, connection: number) =>
    shard.happenings.find(([kind, number]) => kind === 'closed' && number === connection)

  test('without a valid request it is closed, with one it may be silent', async () => {
    const shard = open({ firstFrameMs: 50 })
    const silent = await connected(shard)
    const honest = await connected(shard)
    shard.trust(honest.connection)
    shard.flush()
    await shard.until(() => shard.happened('closed').length > 0)
    expect(shard.happenings).toEqual([['closed', silent.connection, CLOSED_NO_REQUEST, 0]])
    expect(shard.holders).toBe(0)
  })

  test('a frame that is begun must get on, be it a part of its length, or nearly all of it', async () => {
    const shard = open({ progressMs: 50 })
    const links = [await connected(shard), await connected(shard), await connected(shard)]
    for (const { connection } of links) shard.trust(connection)
    shard.flush()
    const frame = framed(Buffer.alloc(40_000))
    links[0]!.socket.write(frame.subarray(0, 2))
    links[1]!.socket.write(frame.subarray(0, 3000))
    links[2]!.socket.write(frame.subarray(0, 39_000))
    await shard.until(() => shard.happened('closed').length === 3)
    for (const { connection } of links)
      expect(closed(shard, connection)).toEqual(['closed', connection, CLOSED_SLOW_FRAME, 0])
    expect(shard.holders).toBe(0)
  })

  test('one that gets on is let be, however long it takes', async () => {
    const shard = open({ progressMs: 1100 })
    const { socket, connection } = await connected(shard)
    const stalled = await connected(shard)
    shard.trust(connection)
    shard.trust(stalled.connection)
    shard.flush()
    const frame = framed(Buffer.alloc(60_000, 7))
    let sent = 20_000
    socket.write(frame.subarray(0, sent))
    // A third of the frame each time that the clock of the one that stalls has been seen to run.
    stalled.socket.write(frame.subarray(0, 100))
    await shard.until(() => closed(shard, stalled.connection) !== undefined)
    expect(closed(shard, connection)).toBeDefined()
    expect(shard.frames).toHaveLength(0)

    const again = await connected(shard)
    shard.trust(again.connection)
    shard.flush()
    const dripping = setInterval(() => {
      again.socket.write(frame.subarray(sent, sent + 5000))
      sent += 5000
    }, 300)
    cleanups.push(() => clearInterval(dripping))
    sent = 5000
    again.socket.write(frame.subarray(0, sent))
    await shard.until(() => shard.frames.length === 1)
    expect(shard.frames[0]!.bytes).toEqual(frame.subarray(4))
    expect(closed(shard, again.connection)).toBeUndefined()
  })

  test('what is not read does not count against it', async () => {
    const shard = open({ progressMs: 50, firstFrameMs: 50 })
    const paused = await connected(shard)
    const control = await connected(shard)
    shard.trust(control.connection)
    shard.pause(paused.connection)
    shard.flush()
    paused.socket.write(framed(Buffer.alloc(40_000)).subarray(0, 100))
    control.socket.write(Buffer.alloc(3))
    await shard.until(() => closed(shard, control.connection) !== undefined)
    expect(closed(shard, paused.connection)).toBeUndefined()
  })

  test('an idle one is told of, again and again, and stays', async () => {
    const shard = open({ idleMs: 50 })
    const { socket, connection } = await connected(shard)
    shard.trust(connection)
    shard.flush()
    await shard.until(() => shard.happened('idle').length === 2)
    socket.write(framed(Buffer.alloc(20)))
    await shard.until(() => shard.frames.length === 1)
    expect(shard.happened('closed')).toEqual([])
  })

  test('one that does not read its answers is closed when nothing has left for long', async () => {
    const shard = open({ idleMs: 50, outputBytesMax: 64 << 20, outputBytesHigh: 32 << 20 })
    const { socket, connection } = await connected(shard)
    socket.pause()
    shard.trust(connection)
    for (let i = 0; i < 8; i++) {
      shard.send(connection, Buffer.alloc(2 << 20))
      shard.flush()
    }
    await shard.until(() => shard.happened('closed').length > 0)
    expect(closed(shard, connection)).toEqual(['closed', connection, CLOSED_SLOW_READER, 0])
  })

  test('while memory is short one that has answers and reads nothing is evicted, and nobody else', async () => {
    const shard = open({ outputBytesMax: 64 << 20, outputBytesHigh: 32 << 20 })
    const stuck = await connected(shard)
    const idle = await connected(shard)
    const reading = await connected(shard)
    stuck.socket.pause()
    reading.socket.resume()
    for (const { connection } of [stuck, idle, reading]) shard.trust(connection)
    for (let i = 0; i < 8; i++) {
      shard.send(stuck.connection, Buffer.alloc(2 << 20))
      shard.send(reading.connection, Buffer.alloc(100))
      shard.evict(stuck.connection, 3_600_000)
      shard.flush()
    }
    expect(shard.happened('closed')).toEqual([])
    shard.onTick = () => {
      shard.waitMs = 10
      shard.send(reading.connection, Buffer.alloc(100))
      for (const { connection } of [stuck, idle, reading]) shard.evict(connection, 1000)
    }
    shard.onTick()
    shard.flush()
    await shard.until(() => shard.happened('closed').length > 0)
    expect(shard.happened('closed')).toEqual([['closed', stuck.connection, CLOSED_EVICTED, 0]])
  })

  test('a long frame asks first while the connection is not trusted, and says of what kind it is', async () => {
    const shard = open({ firstFrameBytesMax: 16 << 10 })
    const { socket, connection } = await connected(shard)
    const payload = Buffer.alloc(40_000)
    payload.writeInt16BE(3, 0)
    payload.writeInt16BE(12, 2)
    const frame = framed(payload)
    socket.write(frame.subarray(0, 10_000))
    await shard.until(() => shard.happened('need').length === 1)
    expect(shard.happenings).toEqual([['need', connection, 40_000]])
    expect(shard.needKeys).toEqual([(3 << 16) | 12])
    shard.assign(connection, shard.takeBlocks(1))
    shard.trust(connection)
    shard.flush()
    socket.write(frame.subarray(10_000))
    await shard.until(() => shard.frames.length === 1)
    socket.write(frame.subarray(0, 10_000))
    await shard.until(() => shard.counter(COUNTER_RECEIVED_BYTES) === frame.length + 10_000)
    socket.write(frame.subarray(10_000))
    await shard.until(() => shard.frames.length === 2)
    expect(shard.frames.map(({ bytes }) => bytes)).toEqual([payload, payload])
    expect(shard.happened('need')).toHaveLength(1)
    expect(shard.holders).toBe(0)
  })

  test('the peer has a name for log lines', async () => {
    const shard = open({})
    const { socket, connection } = await connected(shard)
    expect(shard.reactor.peer(connection)).toBe(`127.0.0.1:${socket.localPort}`)
    expect(shard.reactor.peer(99)).toBe('')
  })

  test('who connects while an acceptor rests is taken after it', async () => {
    const shard = open({})
    shard.acceptor.rest(100)
    const { socket } = await connected(shard)
    expect(socket.localPort).toBeGreaterThan(0)
  })
})
