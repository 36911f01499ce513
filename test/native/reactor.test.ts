// The reactor's histories, each played on the add-on and on the stand-in, over real sockets of 127.0.0.1.
import { createHash } from 'node:crypto'
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import {
  CLOSED_BAD_FRAME_LENGTH,
  CLOSED_BY_ERROR,
  CLOSED_BY_PEER,
  CLOSED_BY_US,
  CLOSED_OUTPUT_OVERFLOW,
  COUNTER_COPIED_OUTPUT_BYTES,
  COUNTER_MOVED_INPUT_BYTES,
  COUNTER_RECEIVE_CALLS,
  COUNTER_RECEIVED_BYTES,
  COUNTER_SENDFILE_BYTES,
  COUNTER_SENT_BYTES,
  WAIT_NONE,
  WINDOW_OFFSET,
} from '../../src/native/contract.ts'
import { loadNative } from '../../src/native/load.ts'
import { seededRandom } from './seeded.ts'
import { framed, type ShardOptions, SmallShard } from './small-shard.ts'

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup()
})

/** A client that collects what it gets. */
interface Client {
  socket: Socket
  received: () => Buffer
  receivedBytes: number
  /** Resolves when `count` bytes have come in all. */
  got: (count: number) => Promise<Buffer>
  /** Resolves once the other side has closed. */
  closed: Promise<void>
}

function dial(port: number): Client {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
  const chunks: Buffer[] = []
  const waiters = new Set<() => void>()
  const client: Client = {
    socket,
    received: () => Buffer.concat(chunks),
    receivedBytes: 0,
    got: (count) =>
      new Promise((resolve) => {
        const look = () => {
          if (client.receivedBytes < count) return
          waiters.delete(look)
          resolve(client.received())
        }
        waiters.add(look)
        look()
      }),
    closed: new Promise((resolve) => socket.on('end', resolve).on('close', () => resolve())),
  }
  socket.on('data', (chunk) => {
    chunks.push(chunk)
    client.receivedBytes += chunk.length
    for (const look of waiters) look()
  })
  socket.on('error', () => {})
  cleanups.push(() => socket.destroy())
  return client
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Bytes that differ from each other wherever they are taken from. */
function patterned(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let index = 0; index < length; index++) bytes[index] = (index * 31 + (index >> 8) * 7 + seed) & 0xff
  return bytes
}

function written(socket: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => socket.write(bytes, () => resolve()))
}

/** A file of its own, open for reading and writing. */
function fileOf(bytes: Uint8Array): number {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-reactor-'))
  const descriptor = openSync(join(folder, 'segment'), 'w+')
  writeSync(descriptor, bytes)
  cleanups.push(() => {
    closeSync(descriptor)
    rmSync(folder, { recursive: true })
  })
  return descriptor
}

describe.each([
  { name: 'add-on', native: loadNative({ ...process.env, MILLRACE_NATIVE: 'on' }) },
  { name: 'stand-in', native: loadNative({ MILLRACE_NATIVE: 'off' }) },
])('$name', ({ native }) => {
  function open(options: Partial<ShardOptions> = {}): SmallShard {
    const shard = new SmallShard(native, options)
    cleanups.push(() => shard.closeAll())
    return shard
  }

  async function connected(shard: SmallShard): Promise<{ client: Client; connection: number }> {
    const before = shard.connections.length
    const client = dial(shard.port)
    await shard.until(() => shard.connections.length > before)
    return { client, connection: shard.connections[before]! }
  }

  describe('frames', () => {
    test('many in one packet come out in order', async () => {
      const shard = open()
      const { client } = await connected(shard)
      const payloads = Array.from({ length: 50 }, (_, index) => patterned(8 + index * 3, index))
      client.socket.write(Buffer.concat(payloads.map(framed)))
      await shard.until(() => shard.frames.length === 50)
      expect(shard.frames.map(({ bytes }) => bytes)).toEqual(payloads)
      expect(shard.holders).toBe(0)
    })

    test('one byte at a time', async () => {
      const shard = open()
      const { client } = await connected(shard)
      const bytes = Buffer.concat([framed(patterned(8, 1)), framed(patterned(13, 2))])
      for (let index = 0; index < bytes.length; index++) {
        client.socket.write(bytes.subarray(index, index + 1))
        await eventually(() => shard.counter(COUNTER_RECEIVED_BYTES) === index + 1)
      }
      await shard.until(() => shard.frames.length === 2)
      expect(shard.frames.map(({ bytes }) => bytes)).toEqual([patterned(8, 1), patterned(13, 2)])
    })

    test('split at every boundary', async () => {
      const shard = open()
      const { client } = await connected(shard)
      const payloads = [patterned(8, 1), patterned(11, 2), patterned(9, 3)]
      const bytes = Buffer.concat(payloads.map(framed))
      for (let cut = 1; cut < bytes.length; cut++) {
        shard.frames.length = 0
        await written(client.socket, bytes.subarray(0, cut))
        await turn()
        client.socket.write(bytes.subarray(cut))
        await shard.until(() => shard.frames.length === 3)
        expect(shard.frames.map(({ bytes }) => bytes)).toEqual(payloads)
      }
      expect(shard.holders).toBe(0)
    })

    test.each([1, 2, 3, 4, 5, 6])('of every size, cut anywhere, past the ends of blocks (seed %i)', async (seed) => {
      const random = seededRandom(seed)
      const shard = open({ blocks: 8, eventRows: 128 + random(200) })
      const { client } = await connected(shard)
      const sizes = [8, 100, 4092, 4093, 5000, 17_000, 65_532, 65_535, 65_536, 70_000, 200_000]
      const payloads = Array.from({ length: 120 }, (_, index) => {
        const size = random(2) === 0 ? 8 + random(3000) : sizes[random(sizes.length)]!
        return patterned(size, index)
      })
      answerNeeds(shard)
      let received = 0
      shard.onFrame = (_, bytes) => {
        expect(digest(bytes), `frame ${received} of seed ${seed}`).toBe(digest(payloads[received]!))
        received++
      }
      const bytes = Buffer.concat(payloads.map(framed))
      for (let at = 0; at < bytes.length; ) {
        const count = 1 + (random(3) === 0 ? random(20) : random(150_000))
        await written(client.socket, bytes.subarray(at, at + count))
        at += count
      }
      await shard.until(() => received === payloads.length)
      expect(shard.holders).toBe(0)
      expect(shard.counter(COUNTER_RECEIVED_BYTES)).toBe(bytes.length)
    })

    test('an idle connection with part of a frame holds no block', async () => {
      const shard = open()
      const { client } = await connected(shard)
      client.socket.write(framed(patterned(100_000, 1)).subarray(0, 4000))
      await eventually(() => shard.counter(COUNTER_RECEIVED_BYTES) === 4000)
      expect(shard.holders).toBe(0)
    })

    test('an unfinished frame holds its place, and gives it up with the connection', async () => {
      const shard = open()
      const { client } = await connected(shard)
      client.socket.write(framed(patterned(30_000, 1)).subarray(0, 20_000))
      await eventually(() => shard.holders === 1)
      client.socket.resetAndDestroy()
      await shard.until(() => shard.happened('closed').length === 1)
      expect(shard.holders).toBe(0)
    })

    test('one longer than a block asks for room', async () => {
      const shard = open()
      const { client, connection } = await connected(shard)
      const payload = patterned(300_000, 5)
      client.socket.write(Buffer.concat([framed(patterned(20, 1)), framed(payload), framed(patterned(30, 2))]))
      await shard.until(() => shard.happened('need').length === 1)
      expect(shard.happenings).toEqual([['need', connection, 300_000]])
      expect(shard.frames.length).toBe(1)
      shard.assign(connection, shard.takeBlocks(5))
      shard.flush()
      await shard.until(() => shard.frames.length === 3)
      expect(digest(shard.frames[1]!.bytes)).toBe(digest(payload))
      expect(shard.frames[2]!.bytes).toEqual(patterned(30, 2))
      expect(shard.holders).toBe(0)
    })

    test('room assigned to a connection that has gone is given up', async () => {
      const shard = open()
      const { client, connection } = await connected(shard)
      client.socket.write(framed(patterned(300_000, 5)).subarray(0, 6000))
      await shard.until(() => shard.happened('need').length === 1)
      client.socket.resetAndDestroy()
      await shard.until(() => shard.happened('closed').length === 1)
      shard.assign(connection, shard.takeBlocks(5))
      shard.flush()
      expect(shard.holders).toBe(0)
    })

    test.each([
      ['negative', -1],
      ['too short', 7],
      ['too long', 8 * 1024 * 1024 + 1],
      ['as long as can be', 2 ** 31 - 1],
    ])('a length that is %s closes, after the frames before it', async (_, length) => {
      const shard = open()
      const { client, connection } = await connected(shard)
      const lie = Buffer.alloc(40)
      lie.writeInt32BE(length)
      client.socket.write(Buffer.concat([framed(patterned(10, 1)), lie]))
      await shard.until(() => shard.happened('closed').length === 1)
      expect(shard.frames.map(({ bytes }) => bytes)).toEqual([patterned(10, 1)])
      expect(shard.happenings).toEqual([['closed', connection, CLOSED_BAD_FRAME_LENGTH, 0]])
      await client.closed
      expect(shard.holders).toBe(0)
    })
  })

  describe('the window', () => {
    test('with no block left nothing is read; refilled, all comes', async () => {
      const shard = open()
      const { client } = await connected(shard)
      shard.isOutOfBlocks = true
      // More than the window has room for, and little enough to leave the client at once.
      const payload = patterned(2000, 3)
      const bytes = Buffer.concat(Array.from({ length: 100 }, () => framed(payload)))
      await written(client.socket, bytes)
      await shard.until(() => shard.tables.window[WINDOW_OFFSET]! < 0)
      await idle(shard)
      const before = { ticks: shard.ticks, frames: shard.frames.length, calls: shard.counter(COUNTER_RECEIVE_CALLS) }
      await timePasses(30)
      expect(shard.counter(COUNTER_RECEIVE_CALLS)).toBe(before.calls)
      expect(shard.ticks).toBe(before.ticks)
      expect(shard.frames.length).toBe(before.frames)
      shard.isOutOfBlocks = false
      shard.flush()
      await shard.until(() => shard.frames.length === 100)
      expect(shard.frames.every((frame) => frame.bytes.equals(payload))).toBe(true)
      expect(shard.holders).toBe(0)
    })

    // The last is as long as a block, so that each one needs a fresh one.
    test.each([20_000, 33_000, 60_000, 65_535, 65_536])(
      'frames of %i bytes that wait for a fresh block all get one',
      async (length) => {
        const shard = open({ blocks: 12 })
        const clients = await Promise.all(Array.from({ length: 8 }, () => connected(shard)))
        const payload = patterned(length, 9)
        for (const { client } of clients) {
          for (let count = 0; count < 5; count++) client.socket.write(framed(payload))
        }
        await shard.until(() => shard.frames.length === 40)
        expect(shard.frames.every((frame) => frame.bytes.equals(payload))).toBe(true)
        expect(shard.holders).toBe(0)
      },
    )

    test('small frames lie dense', async () => {
      const shard = open()
      const { client } = await connected(shard)
      client.socket.write(Buffer.concat(Array.from({ length: 500 }, () => framed(patterned(16, 0)))))
      await shard.until(() => shard.frames.length === 500)
      expect(shard.tables.window[WINDOW_OFFSET]).toBeLessThanOrEqual(500 * 20 + 4096)
      expect(shard.counter(COUNTER_MOVED_INPUT_BYTES)).toBe(0)
    })

    test.each([
      ['reaches into the next block', [0, 70_000]],
      ['lies beyond the arena', [2 ** 30, 2 ** 30 + 65_536]],
      ['is too small to serve', [0, 16_000]],
    ])('a block that %s is refused', (_, [offset, end]) => {
      const { tables } = open()
      const window = Int32Array.of(offset!, end!, -1, -1)
      expect(() => native.createReactor({ ...tables, window }, () => {})).toThrow()
    })
  })

  describe('pause', () => {
    test('stops reading until resume', async () => {
      const shard = open()
      const { client, connection } = await connected(shard)
      shard.pause(connection)
      shard.flush()
      client.socket.write(framed(patterned(10, 1)))
      const { client: other } = await connected(shard)
      other.socket.write(framed(patterned(10, 2)))
      await shard.until(() => shard.frames.length === 1)
      expect(shard.frames[0]!.bytes).toEqual(patterned(10, 2))
      shard.resume(connection)
      shard.flush()
      await shard.until(() => shard.frames.length === 2)
      expect(shard.frames[1]!.bytes).toEqual(patterned(10, 1))
    })

    test('a paused connection that is reset is closed all the same', async () => {
      const shard = open()
      const { client, connection } = await connected(shard)
      shard.pause(connection)
      shard.flush()
      client.socket.resetAndDestroy()
      await shard.until(() => shard.happened('closed').length === 1)
      expect(shard.happenings).toEqual([['closed', connection, CLOSED_BY_ERROR, constants.errno.ECONNRESET]])
    })
  })

  describe('output', () => {
    test('pipelined requests of 100 connections are each answered in order', async () => {
      const shard = open()
      shard.onFrame = (connection, bytes) => shard.send(connection, framed(bytes))
      const requests = Array.from({ length: 100 }, (_, index) =>
        Buffer.concat(Array.from({ length: 20 }, (_, nth) => framed(patterned(8 + ((index * nth) % 700), nth)))),
      )
      const answers = await Promise.all(
        requests.map((request) => {
          const client = dial(shard.port)
          client.socket.write(request)
          return client.got(request.length)
        }),
      )
      expect(answers.map(digest)).toEqual(requests.map(digest))
      expect(shard.holders).toBe(0)
    })

    test('bytes, leases and files leave in the order they were asked for', async () => {
      const shard = open()
      const { client, connection } = await connected(shard)
      const file = fileOf(patterned(100_000, 77))
      const lease = shard.takeBlocks(1)
      shard.fill(lease, patterned(5000, 55))
      shard.send(connection, Buffer.from('first '))
      shard.sendLeased(connection, lease, 1000, 11)
      shard.send(connection, Buffer.from(' second '))
      shard.sendFile(connection, file, 500, 90_000, 12)
      shard.sendLeased(connection, lease + 1000, 4000, 13)
      shard.sendFile(connection, file, 0, 0, 14)
      shard.send(connection, Buffer.from(' last'))
      shard.flush()
      const expected = Buffer.concat([
        Buffer.from('first '),
        patterned(5000, 55).subarray(0, 1000),
        Buffer.from(' second '),
        patterned(100_000, 77).subarray(500, 90_500),
        patterned(5000, 55).subarray(1000),
        Buffer.from(' last'),
      ])
      expect(digest(await client.got(expected.length))).toBe(digest(expected))
      await shard.until(() => shard.happened('sent').length === 4)
      expect(shard.happenings.map((happening) => happening[2])).toEqual([11, 12, 13, 14])
    })

    test('a lease without a token is told of by the one after it', async () => {
      const shard = open({ outputBytesMax: 1024 * 1024 })
      const { client, connection } = await connected(shard)
      const file = fileOf(patterned(1000, 7))
      const lease = shard.takeBlocks(1)
      for (let round = 0; round < 50; round++) {
        shard.sendLeased(connection, lease, 1000, -1)
        shard.sendFile(connection, file, 0, 1000, -1)
        shard.send(connection, Buffer.from('and'))
        shard.sendLeased(connection, lease, 10, round)
        shard.flush()
      }
      await client.got(50 * 2013)
      await shard.until(() => shard.happened('sent').length === 50)
      expect(shard.happenings).toEqual(Array.from({ length: 50 }, (_, round) => ['sent', connection, round]))
    })

    test('a file of many megabytes arrives whole', async () => {
      const shard = open()
      const { client, connection } = await connected(shard)
      const content = patterned(24 * 1024 * 1024, 3)
      const file = fileOf(content)
      shard.send(connection, Buffer.from('head'))
      shard.sendFile(connection, file, 1000, content.length - 1000, 1)
      shard.flush()
      const received = await client.got(4 + content.length - 1000)
      expect(digest(received.subarray(4))).toBe(digest(content.subarray(1000)))
      await shard.until(() => shard.happened('sent').length === 1)
      expect(shard.happenings).toEqual([['sent', connection, 1]])
      const sentByFile = native.kind === 'addon' ? content.length - 1000 : 0
      expect(shard.counter(COUNTER_SENDFILE_BYTES)).toBe(sentByFile)
      expect(shard.counter(COUNTER_SENT_BYTES)).toBe(received.length)
    })

    test('a file that ends too soon closes the connection and gives the token back', async () => {
      const shard = open()
      const { client, connection } = await connected(shard)
      const file = fileOf(patterned(10_000, 3))
      ftruncateSync(file, 6000)
      shard.sendFile(connection, file, 0, 10_000, 1)
      shard.sendFile(connection, file, 0, 10, 2)
      shard.flush()
      await shard.until(() => shard.happened('closed').length === 1)
      expect(shard.happenings).toEqual([
        ['sent', connection, 1],
        ['sent', connection, 2],
        ['closed', connection, CLOSED_BY_ERROR, constants.errno.EIO],
      ])
      await client.closed
      expect(client.receivedBytes).toBeLessThanOrEqual(6000)
    })

    test('a slow reader: what cannot leave is kept, and drained once it reads', async () => {
      const shard = open({ outputBytesMax: 32 * 1024 * 1024, outputBytesHigh: 256 * 1024 })
      const { client, connection } = await connected(shard)
      client.socket.pause()
      const piece = patterned(1024 * 1024, 1)
      for (let count = 0; count < 24; count++) {
        shard.send(connection, piece)
        shard.flush()
      }
      expect(shard.happenings).toEqual([])
      expect(shard.counter(COUNTER_COPIED_OUTPUT_BYTES)).toBeGreaterThan(256 * 1024)
      client.socket.resume()
      const received = await client.got(24 * piece.length)
      expect(digest(received)).toBe(digest(Buffer.concat(Array.from({ length: 24 }, () => piece))))
      await shard.until(() => shard.happened('drained').length === 1)
      expect(shard.happenings).toEqual([['drained', connection]])
    })

    test('small answers to a slow reader come out in order', async () => {
      const shard = open({ outputBytesMax: 32 * 1024 * 1024 })
      const { client, connection } = await connected(shard)
      client.socket.pause()
      const sent: Buffer[] = []
      for (let count = 0; count < 12; count++) {
        sent.push(patterned(1024 * 1024, count))
        shard.send(connection, sent.at(-1)!)
        shard.flush()
      }
      for (let count = 0; count < 2000; count++) {
        sent.push(patterned(1 + (count % 50), count))
        shard.send(connection, sent.at(-1)!)
        if (count % 3 === 0) shard.flush()
      }
      shard.flush()
      client.socket.resume()
      const expected = Buffer.concat(sent)
      expect(digest(await client.got(expected.length))).toBe(digest(expected))
    })

    test('too much kept output closes the connection', async () => {
      const shard = open({ outputBytesMax: 1024 * 1024 })
      const { client, connection } = await connected(shard)
      const { client: other, connection: otherConnection } = await connected(shard)
      client.socket.pause()
      const piece = patterned(512 * 1024, 1)
      for (let count = 0; count < 40 && shard.happened('closed').length === 0; count++) {
        shard.send(connection, piece)
        shard.flush()
      }
      expect(shard.happened('closed')).toEqual([['closed', connection, CLOSED_OUTPUT_OVERFLOW, 0]])
      shard.send(otherConnection, Buffer.from('still here'))
      shard.flush()
      expect((await other.got(10)).toString()).toBe('still here')
    })

    test('leases do not count as kept output', async () => {
      const shard = open({ outputBytesMax: 1024 * 1024 })
      const { client, connection } = await connected(shard)
      client.socket.pause()
      const lease = shard.takeBlocks(16)
      const content = patterned(1024 * 1024, 4)
      shard.fill(lease, content)
      for (let token = 0; token < 16; token++) shard.sendLeased(connection, lease, content.length, token)
      shard.flush()
      client.socket.resume()
      expect((await client.got(16 * content.length)).length).toBe(16 * content.length)
      await shard.until(() => shard.happened('sent').length === 16)
      expect(shard.happened('sent').map((happening) => happening[2])).toEqual([...Array(16).keys()])
      expect(shard.counter(COUNTER_COPIED_OUTPUT_BYTES)).toBe(0)
    })

    test('a peer that resets under a response: every token comes back once, and before the end', async () => {
      const shard = open()
      const { client, connection } = await connected(shard)
      client.socket.pause()
      const lease = shard.takeBlocks(16)
      const file = fileOf(patterned(100_000, 1))
      for (let token = 0; token < 20; token++) {
        if (token % 3 === 2) shard.sendFile(connection, file, 0, 100_000, token)
        else shard.sendLeased(connection, lease, 1024 * 1024, token)
      }
      shard.flush()
      client.socket.resetAndDestroy()
      await shard.until(() => shard.happened('closed').length === 1)
      expect(shard.happened('sent').map((happening) => happening[2])).toEqual([...Array(20).keys()])
      expect(shard.happenings.at(-1)!.slice(0, 3)).toEqual(['closed', connection, CLOSED_BY_ERROR])
      // Rows for what has gone give their token back at once.
      shard.sendLeased(connection, lease, 10, 99)
      shard.send(connection, Buffer.from('nobody'))
      shard.flush()
      expect(shard.happenings.at(-1)).toEqual(['sent', connection, 99])
      shard.forget(connection)
      shard.flush()
    })

    test('closing sends what is before it', async () => {
      const shard = open()
      const { client, connection } = await connected(shard)
      shard.send(connection, Buffer.from('good bye'))
      shard.close(connection)
      shard.flush()
      expect(shard.happenings).toEqual([['closed', connection, CLOSED_BY_US, 0]])
      await client.closed
      expect(client.received().toString()).toBe('good bye')
    })

    test('rows that cannot be are refused', async () => {
      const shard = open()
      const { connection } = await connected(shard)
      shard.sendLeased(connection, 0, 10, 1, 5)
      expect(() => shard.flush()).toThrow(RangeError)
      shard.sendLeased(connection, 2 ** 30, 10, 1)
      expect(() => shard.flush()).toThrow(RangeError)
      shard.pause(connection + 1)
      expect(() => shard.flush()).toThrow(RangeError)
      shard.forget(connection)
      expect(() => shard.flush()).toThrow(RangeError)
      shard.assign(connection, 0)
      expect(() => shard.flush()).toThrow(RangeError)
    })
  })

  describe('the end of a connection', () => {
    test('a peer that has said all is still answered', async () => {
      const shard = open()
      const { client, connection } = await connected(shard)
      client.socket.end(Buffer.concat([framed(patterned(10, 1)), framed(patterned(20, 2))]))
      await shard.until(() => shard.happened('closed').length === 1)
      expect(shard.frames.length).toBe(2)
      expect(shard.happenings).toEqual([['closed', connection, CLOSED_BY_PEER, 0]])
      const lease = shard.takeBlocks(16)
      for (const { bytes } of shard.frames) shard.send(connection, framed(bytes))
      shard.sendLeased(connection, lease, 1024 * 1024, 5)
      shard.flush()
      expect((await client.got(38 + 1024 * 1024)).subarray(0, 14)).toEqual(framed(patterned(10, 1)))
      await shard.until(() => shard.happened('sent').length === 1)
      shard.forget(connection)
      shard.flush()
      await client.closed
      expect(shard.happened('closed').length).toBe(1)
    })

    test('in the middle of a frame', async () => {
      const shard = open()
      const { client, connection } = await connected(shard)
      client.socket.end(framed(patterned(60_000, 1)).subarray(0, 20_000))
      await shard.until(() => shard.happened('closed').length === 1)
      expect(shard.happenings).toEqual([['closed', connection, CLOSED_BY_PEER, 0]])
      expect(shard.holders).toBe(0)
    })

    test('a number is given out again only when it was forgotten', async () => {
      const shard = open()
      const first = await connected(shard)
      const second = await connected(shard)
      first.client.socket.end()
      await shard.until(() => shard.happened('closed').length === 1)
      const third = await connected(shard)
      expect(new Set([first.connection, second.connection, third.connection]).size).toBe(3)
      shard.forget(first.connection)
      shard.flush()
      const fourth = await connected(shard)
      expect(fourth.connection).toBe(first.connection)
      fourth.client.socket.write(framed(patterned(9, 1)))
      await shard.until(() => shard.frames.length === 1)
      expect(shard.frames[0]!.connection).toBe(fourth.connection)
    })

    test('no more connections than allowed: the next one is closed', async () => {
      const shard = open({ connectionsMax: 2 })
      const refused: unknown[] = []
      const { onAccepted } = shard
      shard.onAccepted = (descriptor) => {
        try {
          onAccepted(descriptor)
        } catch (error) {
          refused.push(error)
          shard.happenings.push(['refused', descriptor])
          shard.flush()
        }
      }
      await connected(shard)
      await connected(shard)
      const { closed } = dial(shard.port)
      await shard.until(() => refused.length === 1)
      await closed
      expect(refused[0]).toMatchObject({ code: 'ENOBUFS', errno: constants.errno.ENOBUFS })
    })

    test('a descriptor that is no socket is refused', () => {
      const shard = open()
      expect(() => shard.reactor.add(-1)).toThrow(
        expect.objectContaining({ code: 'EBADF', errno: constants.errno.EBADF }),
      )
    })

    test('closing the reactor closes the sockets and gives up every hold', async () => {
      const shard = open()
      const { client } = await connected(shard)
      client.socket.write(framed(patterned(60_000, 1)).subarray(0, 20_000))
      await eventually(() => shard.holders === 1)
      shard.closeAll()
      shard.closeAll()
      await client.closed
      expect(shard.tables.blockHolders.every((count) => count === 0)).toBe(true)
      expect(shard.tables.window[WINDOW_OFFSET]).toBe(-1)
      expect(shard.reactor.flush(0, 0)).toBe(0)
    })
  })

  describe('ticks', () => {
    test('the deadline comes once, and not before its time', async () => {
      const shard = open()
      await idle(shard)
      const before = shard.ticks
      const start = performance.now()
      shard.waitMs = 20
      shard.flush()
      await shard.until(() => shard.ticks > before)
      // A timer of Node may come up to 1 ms early.
      expect(performance.now() - start).toBeGreaterThanOrEqual(18.5)
      await timePasses(40)
      expect(shard.ticks).toBe(before + 1)
    })

    test('the deadline may be put off, brought forward, and taken back', async () => {
      const shard = open()
      await idle(shard)
      const before = shard.ticks
      shard.waitMs = 5
      shard.flush()
      shard.waitMs = 40
      const start = performance.now()
      shard.flush()
      await shard.until(() => shard.ticks > before)
      expect(performance.now() - start).toBeGreaterThanOrEqual(38.5)
      shard.waitMs = 100_000
      shard.flush()
      shard.waitMs = 0
      shard.flush()
      await shard.until(() => shard.ticks === before + 2)
      shard.waitMs = 5
      shard.flush()
      shard.waitMs = WAIT_NONE
      shard.flush()
      await timePasses(20)
      expect(shard.ticks).toBe(before + 2)
    })

    test('nothing happens: no tick', async () => {
      const shard = open()
      await Promise.all(Array.from({ length: 10 }, () => connected(shard)))
      await idle(shard)
      const before = shard.ticks
      await timePasses(50)
      expect(shard.ticks).toBe(before)
    })

    test('microtasks and process.nextTick run after each tick', async () => {
      const shard = open()
      const { client } = await connected(shard)
      const order: string[] = []
      shard.onTick = () => {
        order.push('tick')
        queueMicrotask(() => order.push('microtask'))
        process.nextTick(() => order.push('next tick'))
        setImmediate(() => order.push('immediate'))
      }
      client.socket.write(framed(patterned(10, 1)))
      await shard.until(() => shard.frames.length === 1)
      await turn()
      await turn()
      expect(order.filter((what) => what !== 'immediate')).toEqual(['tick', 'next tick', 'microtask'])
    })

    test('the doorbell', async () => {
      const shard = open()
      await idle(shard)
      const before = shard.ticks
      native.ringDoorbell(shard.reactor.doorbell)
      native.ringDoorbell(shard.reactor.doorbell)
      await shard.until(() => shard.ticks > before)
      await turn()
      expect(shard.ticks).toBe(before + 1)
    })

    test('more events than rows come in later ticks, in order', async () => {
      const shard = open({ eventRows: 128 })
      const { connection } = await connected(shard)
      const lease = shard.takeBlocks(1)
      for (let token = 0; token < 1000; token++) shard.sendLeased(connection, lease, 1, token)
      shard.flush()
      await shard.until(() => shard.happened('sent').length === 1000)
      expect(shard.happened('sent').map((happening) => happening[2])).toEqual([...Array(1000).keys()])
    })
  })
})

/** Everything that is under way in this turn of the event loop has had its say. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
}

/** For what must not happen: that can only be seen by giving it time. */
function timePasses(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs))
}

/** Resolves once 20 turns have gone by without a tick. */
async function idle(shard: SmallShard): Promise<void> {
  for (let turns = 0, ticks = shard.ticks; turns < 20; turns++) {
    await turn()
    if (shard.ticks !== ticks) turns = 0
    ticks = shard.ticks
  }
}

/** For conditions that come about without a tick. */
async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await turn()
}

/** Gives each EVENT_NEED its room. */
function answerNeeds(shard: SmallShard): void {
  let answered = 0
  shard.onTick = () => {
    const needs = shard.happened('need')
    for (; answered < needs.length; answered++) {
      const [, connection, length] = needs[answered] as ['need', number, number]
      shard.assign(connection, shard.takeBlocks(Math.ceil(length / shard.options.blockBytes)))
    }
  }
}
