// Listening sockets, on the add-on and on the stand-in.
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { constants } from 'node:os'
import { afterEach, describe, expect, test } from 'vitest'
import { loadNative } from '../../src/native/load.ts'
import { SmallShard } from './small-shard.ts'

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup()
})

describe.each([
  { name: 'add-on', native: loadNative({ ...process.env, MILLRACE_NATIVE: 'on' }) },
  { name: 'stand-in', native: loadNative({ MILLRACE_NATIVE: 'off' }) },
])('$name', ({ native }) => {
  /** An acceptor whose sockets a reactor owns; what it was called with. */
  function open() {
    const shard = new SmallShard(native)
    const listeners: number[] = []
    const acceptor = native.createAcceptor((descriptor, listener) => {
      listeners.push(listener)
      shard.onAccepted(descriptor)
    })
    cleanups.push(() => {
      acceptor.close()
      shard.closeAll()
    })
    return { acceptor, listeners }
  }

  async function reaches(port: number, host: string): Promise<boolean> {
    const socket = connect({ port, host })
    cleanups.push(() => socket.destroy())
    try {
      await once(socket, 'connect')
      return true
    } catch {
      return false
    }
  }

  test('tells which of its listeners a connection came by', async () => {
    const { acceptor, listeners } = open()
    const first = acceptor.listen(10, '127.0.0.1', 0, 16)
    const second = acceptor.listen(20, '127.0.0.2', 0, 16)
    const probes = [await reaches(second, '127.0.0.2'), await reaches(first, '127.0.0.1')]
    while (listeners.length < 2) await new Promise((resolve) => setImmediate(resolve))
    expect(probes).toEqual([true, true])
    expect(listeners).toEqual([20, 10])
  })

  test('a port of its own choice, or the one asked for', async () => {
    const { acceptor } = open()
    const port = acceptor.listen(0, '127.0.0.1', 0, 16)
    expect(port).toBeGreaterThan(0)
    expect(acceptor.listen(1, '127.0.0.2', port, 16)).toBe(port)
  })

  test('an address that is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    cleanups.push(() => taken.close())
    await once(taken, 'listening')
    const { port } = taken.address() as { port: number }
    const { acceptor } = open()
    expect(() => acceptor.listen(0, '127.0.0.1', port, 16)).toThrow(
      expect.objectContaining({ code: 'EADDRINUSE', errno: constants.errno.EADDRINUSE }),
    )
  })

  test.each(['localhost', '', '127.0.0.1.5', ':::1'])('what is no numeric address: %j', (address) => {
    const { acceptor } = open()
    expect(() => acceptor.listen(0, address, 0, 16)).toThrow(expect.objectContaining({ code: 'EINVAL' }))
  })

  test.each([-1, 65_536])('what is no port: %i', (port) => {
    const { acceptor } = open()
    expect(() => acceptor.listen(0, '127.0.0.1', port, 16)).toThrow(expect.objectContaining({ code: 'EINVAL' }))
  })

  test('the unspecified IPv6 address serves both families, another one only its own', async () => {
    const { acceptor } = open()
    const both = acceptor.listen(0, '::', 0, 16)
    expect(await reaches(both, '127.0.0.1')).toBe(true)
    expect(await reaches(both, '::1')).toBe(true)
    const six = acceptor.listen(0, '::1', 0, 16)
    expect(await reaches(six, '::1')).toBe(true)
    expect(await reaches(six, '127.0.0.1')).toBe(false)
  })

  test('closed, its port is free at once', () => {
    const { acceptor } = open()
    const port = acceptor.listen(0, '127.0.0.1', 0, 16)
    acceptor.close()
    acceptor.close()
    const { acceptor: next } = open()
    expect(next.listen(0, '127.0.0.1', port, 16)).toBe(port)
    expect(() => acceptor.listen(0, '127.0.0.1', 0, 16)).toThrow()
  })
})
