// The add-on's reactor and acceptor across threads and processes, and how they end.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, test } from 'vitest'
import { COUNTER_RECEIVE_CALLS, COUNTER_TICKS, COUNTER_WORDS, WAIT_NONE } from '../../src/native/contract.ts'
import { addonPath, loadNative } from '../../src/native/load.ts'
import { framed } from './small-shard.ts'

const native = loadNative({ ...process.env, MILLRACE_NATIVE: 'on' })
const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup()
})

interface Thread {
  worker: Worker
  doorbell: number
  counters: Int32Array
}

async function startThread(
  options: { waitMs?: number; hangsAfter?: number; hasBlocks?: boolean } = {},
): Promise<Thread> {
  const counters = new Int32Array(new SharedArrayBuffer(COUNTER_WORDS * 4))
  const worker = new Worker(new URL('./reactor-worker.mjs', import.meta.url), {
    workerData: {
      addonPath: addonPath(),
      arena: new Uint8Array(new SharedArrayBuffer(1024 * 1024)),
      counters,
      waitMs: options.waitMs ?? WAIT_NONE,
      hangsAfter: options.hangsAfter ?? 0,
      hasBlocks: options.hasBlocks ?? true,
    },
  })
  cleanups.push(() => void worker.terminate())
  const [{ doorbell }] = await once(worker, 'message')
  return { worker, doorbell, counters }
}

/** A listening socket of this thread, whose descriptors go to `take`. */
function listen(take: (descriptor: number) => void): number {
  const acceptor = native.createAcceptor(take)
  cleanups.push(() => acceptor.close())
  return acceptor.listen(0, '127.0.0.1', 0, 128)
}

function dial(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  socket.on('error', () => {})
  cleanups.push(() => socket.destroy())
  return socket
}

describe('threads', () => {
  test('a descriptor accepted here works in the reactor of another thread', async () => {
    const threads = [await startThread(), await startThread()]
    let next = 0
    const port = listen((descriptor) => threads[next++ % 2]!.worker.postMessage(descriptor))
    const echoes = await Promise.all(
      Array.from({ length: 10 }, async (_, index) => {
        const socket = dial(port)
        const request = framed(Buffer.alloc(100 + index, index))
        socket.write(request)
        let answer = Buffer.alloc(0)
        while (answer.length < request.length) {
          const [chunk] = await once(socket, 'data')
          answer = Buffer.concat([answer, chunk])
        }
        return answer.equals(request)
      }),
    )
    expect(echoes).toEqual(Array(10).fill(true))
    for (const { counters } of threads) expect(counters[COUNTER_TICKS]).toBeGreaterThanOrEqual(1)
  })

  test('the doorbell of another thread', async () => {
    const { worker, doorbell, counters } = await startThread()
    native.ringDoorbell(doorbell)
    expect(await once(worker, 'message')).toEqual(['rung'])
    expect(counters[COUNTER_TICKS]).toBe(1)
  })

  test('an idle reactor does not tick', async () => {
    const { worker, doorbell, counters } = await startThread()
    await new Promise((resolve) => setTimeout(resolve, 50))
    native.ringDoorbell(doorbell)
    await once(worker, 'message')
    expect(counters[COUNTER_TICKS]).toBe(1)
  })

  test('sockets that have bytes, but no block to go to, do not keep it busy', async () => {
    const { worker, counters } = await startThread({ hasBlocks: false })
    let lastDescriptor = 0
    const port = listen((descriptor) => {
      lastDescriptor = descriptor
      worker.postMessage(descriptor)
    })
    const sockets = Array.from({ length: 5 }, () => dial(port))
    await Promise.all(
      sockets.map((socket) => new Promise<void>((resolve) => socket.write(framed(Buffer.alloc(100)), () => resolve()))),
    )
    const loops = async () => {
      worker.postMessage('loops')
      return Number((await once(worker, 'message'))[0])
    }
    await loops()
    const before = await loops()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect((await loops()) - before).toBeLessThan(20)
    expect(lastDescriptor).toBeGreaterThan(0)
    expect([counters[COUNTER_TICKS], counters[COUNTER_RECEIVE_CALLS]]).toEqual([0, 0])
  })

  test('a closed reactor lets its thread end', async () => {
    const { worker } = await startThread()
    worker.postMessage('close')
    expect(await once(worker, 'exit')).toEqual([0])
  })

  test('50 threads terminated with open connections under traffic', async () => {
    for (let round = 0; round < 50; round++) {
      // In every fifth the tick itself never ends: only termination gets it out.
      const { worker } = await startThread({ waitMs: 0, hangsAfter: round % 5 === 0 ? 3 : 0 })
      const port = listen((descriptor) => worker.postMessage(descriptor))
      const sockets = Array.from({ length: 4 }, () => dial(port))
      const requests = Buffer.concat(Array.from({ length: 50 }, (_, index) => framed(Buffer.alloc(10 + 7 * index))))
      for (const socket of sockets) socket.write(requests.subarray(0, requests.length - (round % 40)))
      await once(worker, 'message')
      await worker.terminate()
      for (const cleanup of cleanups.splice(0).reverse()) cleanup()
    }
  })
})

describe('processes', () => {
  const preamble = `
    const addon = require(${JSON.stringify(addonPath())})
    const tables = {
      arenas: [new Uint8Array(new SharedArrayBuffer(1 << 20))], own: 0, blockHolders: new Int32Array(16),
      blockBytes: 65536, window: new Int32Array([0, 65536, -1, -1]), events: new Int32Array(4096),
      sends: new Int32Array(4096), counters: new Int32Array(16), frameBytesMax: 1e6, outputBytesMax: 1e6,
      outputBytesHigh: 1e5, connectionsMax: 10, firstFrameBytesMax: 1e6, firstFrameMs: 1e6, progressMs: 1e6, idleMs: 1e6,
    }
    const reactor = new addon.Reactor(tables, (rows) => { onTick(rows); reactor.flush(0, -1) })
    const acceptor = new addon.Acceptor((descriptor) => onAccepted(descriptor))
    const port = acceptor.listen(0, '127.0.0.1', 0, 10)
    reactor.flush(0, 0)
  `
  const run = (script: string) => spawnSync(process.execPath, ['-e', preamble + script], { encoding: 'utf8' })

  test('process.exit in a tick', () => {
    const { status, stderr } = run('var onTick = () => process.exit(7)')
    expect({ status, stderr }).toEqual({ status: 7, stderr: '' })
  })

  test('what a tick throws is an uncaught exception like any other', () => {
    const { status, stdout, stderr } = run(`
      process.on('uncaughtException', (error) => { console.log(error.message); process.exitCode = 3; reactor.close(); acceptor.close() })
      var onTick = () => { throw new Error('from a tick') }`)
    expect({ status, stdout, stderr }).toEqual({ status: 3, stdout: 'from a tick\n', stderr: '' })
  })

  test('with both closed the process ends by itself', () => {
    const { status, stderr } = run('var onTick = () => { reactor.close(); acceptor.close() }')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })

  test('bad tables are refused', () => {
    const { status, stdout, stderr } = run(`
      var onTick = () => {}
      const refusals = [() => new addon.Reactor(), () => new addon.Reactor(tables), () => reactor.flush.call({}, 0, 0)]
      for (const wrong of [{ own: 1 }, { blockBytes: 1000 }, { events: new Int32Array(4) }, { sends: [] }, { arenas: [1] },
        { counters: new Int32Array(3) }, { connectionsMax: -1 }, { blockHolders: new Int32Array(3) }, { window: 7 }]) {
        refusals.push(() => new addon.Reactor({ ...tables, ...wrong }, () => {}))
      }
      for (const refusal of refusals) {
        try { refusal(); console.log('taken:', refusal.toString()) } catch (error) { console.log(error.constructor.name) }
      }
      process.exit(0)`)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toBe('TypeError\n'.repeat(12))
  })

  test('out of descriptors, accepting rests 100 ms, and then goes on', async () => {
    // The child leaves itself room for 5 of the 10, and makes more once it has had to stop.
    const script = `${preamble}
      var onTick = () => {}
      const { closeSync, openSync } = require('node:fs')
      const taken = []
      let lastAt = 0
      let longest = 0
      var onAccepted = (descriptor) => {
        taken.push(descriptor)
        longest = Math.max(longest, taken.length === 6 ? performance.now() - lastAt : 0)
        lastAt = performance.now()
        if (taken.length === 5) setTimeout(() => { for (const one of taken) closeSync(one) }, 20)
        if (taken.length === 10) { console.log('rested', longest); process.exit(0) }
      }
      console.log(port)
      const fillers = []
      try { for (;;) fillers.push(openSync('/dev/null')) } catch {}
      for (const filler of fillers.slice(-5)) closeSync(filler)`
    const child = spawn('/bin/sh', ['-c', 'ulimit -n 60; exec "$0" -e "$1"', process.execPath, script])
    cleanups.push(() => child.kill())
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    await once(child.stdout, 'data')
    for (let count = 0; count < 10; count++) dial(Number(output))
    expect(await once(child, 'exit')).toEqual([0, null])
    expect(Number(/rested (.+)/.exec(output)![1])).toBeGreaterThan(90)
  })
})
