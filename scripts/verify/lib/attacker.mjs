// A process of its own that attacks a broker, so that its work is not the healthy client's: started by hostile.mjs with
// the attack as its argument, JSON; what it has done goes to its parent when it is through.
//
// Attacks: `frames` (hostile-frames.mjs, several to a connection, most connections reset, some half-closed or left in the
// middle of a frame), `harmless` (as many connections, ApiVersions requests at the same rate), `idle` and `slow` (hold
// connections: that say nothing after one request; that begin a frame and send a byte now and then).
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { requestFrame } from './client.mjs'
import { HostileFrames } from './hostile-frames.mjs'

const attack = JSON.parse(process.argv[2])
const done = { frames: 0, bytes: 0, connections: 0, closed: 0, answers: 0 }
let nextAddress = 0

/** From another address of the loopback net each time: ports are scarce. */
async function dial(port) {
  nextAddress = (nextAddress + 1) % 64
  const socket = connect({ host: '127.0.0.1', port, localAddress: `127.0.0.${2 + nextAddress}`, noDelay: true })
  socket.on('error', () => undefined)
  const ended = new Promise((resolve) => socket.once('close', resolve))
  await Promise.race([once(socket, 'connect').catch(() => undefined), ended])
  done.connections++
  return { socket, ended }
}

/** Resolves when `count` more units may go: `perSecond` of them, whatever was lost to waiting is not made good. */
class Pace {
  #perSecond
  #nextMs = performance.now()

  constructor(perSecond) {
    this.#perSecond = perSecond
  }

  async take(count) {
    const nowMs = performance.now()
    this.#nextMs = Math.max(this.#nextMs, nowMs - 50) + (count * 1000) / this.#perSecond
    if (this.#nextMs > nowMs + 1) await sleep(this.#nextMs - nowMs)
  }
}

async function attackByFrames({ port, seed, frames, connections, perSecond }) {
  const source = new HostileFrames(seed)
  const pace = new Pace(perSecond)
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (done.frames < frames) {
        const count = 1 + source.below(8)
        await pace.take(count)
        const pieces = Array.from({ length: count }, () => source.next())
        const { socket, ended } = await dial(port)
        socket.on('data', () => {
          done.answers++
        })
        if (source.below(8) === 0) socket.pause()
        const bytes = Buffer.concat(pieces)
        const ending = source.below(8)
        socket.write(ending === 0 ? bytes.subarray(0, bytes.length - 1 - source.below(8)) : bytes)
        done.frames += count
        done.bytes += bytes.length
        if (ending === 1) socket.end()
        const isClosed = await Promise.race([ended.then(() => true), sleep(20, false)])
        if (isClosed) done.closed++
        else if (ending % 2 === 0) socket.resetAndDestroy()
        else socket.destroy()
        await ended
      }
    }),
  )
}

async function sendHarmless({ port, frames, connections, perSecond }) {
  const frame = requestFrame(18, 0, 7, () => undefined)
  const pace = new Pace(perSecond)
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (done.frames < frames) {
        const { socket, ended } = await dial(port)
        // As many to a connection as an attacker's.
        await pace.take(4)
        socket.on('data', () => {
          done.answers++
        })
        socket.write(Buffer.concat([frame, frame, frame, frame]))
        done.frames += 4
        await Promise.race([ended, sleep(20)])
        socket.resetAndDestroy()
        await ended
      }
    }),
  )
}

async function holdIdle({ port, connections }) {
  const frame = requestFrame(18, 0, 7, () => undefined)
  const held = await openMany(port, connections, async ({ socket }) => {
    socket.write(frame)
    await once(socket, 'data')
  })
  process.send({ open: held.length })
  await Promise.all(held.map(({ ended }) => ended))
}

/** Half of them never send more than a part of a header, half begin a long frame. */
async function holdSlow({ port, connections, everyMs }) {
  const held = await openMany(port, connections, async ({ socket }, i) => {
    const frame = requestFrame(0, 12, 7, (writer) => writer.writeRaw(Buffer.alloc(32768)))
    socket.write(frame.subarray(0, i % 2 === 0 ? 6 : 20000))
  })
  process.send({ open: held.length })
  const dripping = setInterval(() => {
    for (const { socket } of held) if (!socket.destroyed) socket.write('x')
  }, everyMs)
  await Promise.all(held.map(({ ended }) => ended))
  clearInterval(dripping)
  done.closed = held.length
}

async function openMany(port, count, begin) {
  const held = []
  for (let i = 0; i < count; ) {
    const some = Array.from({ length: Math.min(100, count - i) }, async (_, j) => {
      const link = await dial(port)
      await begin(link, i + j)
      return link
    })
    i += some.length
    held.push(...(await Promise.all(some)))
  }
  return held.filter(({ socket }) => !socket.destroyed)
}

const attacks = { frames: attackByFrames, harmless: sendHarmless, idle: holdIdle, slow: holdSlow }
process.once('disconnect', () => process.exit(0))
await attacks[attack.kind](attack)
process.send(done, () => process.exit(0))
