// What does a shard's thread pay for its sockets?
//
//   receive   CPU-seconds per GB received in frames of 128 KiB over 4 connections (nothing is done with them)
//   echo      CPU-microseconds per small request, 100 connections with one request each under way, and how many
//             requests share a tick
//   file      CPU-seconds per GB sent from a cached file in responses of 1 MiB
//
// The reactor under test runs in a worker and is charged by its thread's own clock (/proc/thread-self/schedstat). The
// peer is a reactor too, in the main thread, so that it can keep up; its CPU is printed beside.
// Floors measured in C (compare within one run: they move with the machine's load): receive 0.155-0.18 CPU-s/GB in a Node worker, 5.2 us per small request, sendfile 0.09 CPU-s/GB.
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { isSmall, question } from '../micro.mjs'
import { addon, print } from './measure.mjs'

const { EVENT_WORDS, EVENT_FRAME, SEND_WORDS, SEND_BYTES, SEND_FILE, COUNTER_TICKS, COUNTER_RECEIVE_CALLS } =
  addon.constants

const blockBytes = 1024 * 1024
const blocks = 32
/** Behind the blocks: what is sent from there stays as it is. */
const stillOffset = blocks * blockBytes

function makeShard(onFrame) {
  const arena = new Uint8Array(new SharedArrayBuffer(stillOffset + 8 * blockBytes))
  const tables = {
    arenas: [arena],
    own: 0,
    blockHolders: new Int32Array(blocks + 8),
    blockBytes,
    window: new Int32Array(4).fill(-1),
    events: new Int32Array(21_848 * EVENT_WORDS),
    sends: new Int32Array(4096 * SEND_WORDS),
    counters: new Int32Array(new SharedArrayBuffer(64)),
    frameBytesMax: 100 * 1024 * 1024,
    firstFrameBytesMax: 100 * 1024 * 1024,
    firstFrameMs: 600_000,
    progressMs: 600_000,
    idleMs: 600_000,
    outputBytesMax: 100 * 1024 * 1024,
    outputBytesHigh: 1024 * 1024,
    connectionsMax: 1000,
  }
  const { blockHolders, window, events, sends, counters } = tables
  const shard = { arena, counters, reactor: undefined, frames: 0, frameBytes: 0, rows: 0, send, flush }
  const release = []

  function send(kind, connection, b, c, d, e = 0, f = 0) {
    const at = shard.rows++ * SEND_WORDS
    sends[at] = kind
    sends[at + 1] = connection
    sends[at + 2] = b
    sends[at + 3] = c
    sends[at + 4] = d
    sends[at + 5] = e
    sends[at + 7] = f
  }
  function flush() {
    if (window[2] < 0) {
      const free = blockHolders.indexOf(0)
      if (free >= 0 && free < blocks) {
        blockHolders[free] = 1
        window[2] = free * blockBytes
        window[3] = window[2] + blockBytes
      }
    }
    const count = shard.rows
    shard.rows = 0
    shard.reactor.flush(count, -2)
  }
  shard.reactor = new addon.Reactor(tables, (rows) => {
    let released = 0
    for (let row = 0; row < rows; row++) {
      const at = row * EVENT_WORDS
      if (events[at] !== EVENT_FRAME) continue
      const offset = events[at + 2]
      const length = events[at + 3]
      shard.frames++
      shard.frameBytes += length
      onFrame(shard, events[at + 1], offset, length)
      release[released++] = Math.floor(offset / blockBytes)
    }
    flush()
    for (let index = 0; index < released; index++) blockHolders[release[index]]--
  })
  flush()
  return shard
}

function threadCpuSeconds() {
  return Number(readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')[0]) / 1e9
}

if (isMainThread) await main()
else serve()

// --- the reactor under test

function serve() {
  const responses = {
    receive: () => {},
    echo: (shard, connection, offset, length) => shard.send(SEND_BYTES, connection, 0, offset - 4, length + 4),
    file: (shard, connection) => {
      shard.send(SEND_BYTES, connection, 0, stillOffset, 4)
      shard.send(SEND_FILE, connection, workerData.file, 0, 0, 1024 * 1024, 0)
    },
  }
  const shard = makeShard(responses[workerData.part])
  new DataView(shard.arena.buffer).setInt32(stillOffset, 1024 * 1024)
  parentPort.on('message', (message) => {
    if (message === 'measure') {
      const { frames, frameBytes, counters } = shard
      const [ticks, receives] = [counters[COUNTER_TICKS], counters[COUNTER_RECEIVE_CALLS]]
      parentPort.postMessage({ cpu: threadCpuSeconds(), frames, frameBytes, ticks, receives })
    } else if (message === 'close') {
      shard.reactor.close()
      parentPort.close()
    } else shard.reactor.add(message)
  })
}

// --- the peer

async function main() {
  const seconds = isSmall ? 0.1 : 1.5
  question('What does a shard pay for its sockets?')
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  const file = openSync(join(folder, 'segment'), 'w+')
  writeSync(file, Buffer.alloc(1024 * 1024, 7))
  const request = Buffer.alloc(104, 1)
  request.writeInt32BE(100)
  const receive = await measure('receive', 4, Buffer.alloc(0), seconds)
  const receiveKb = receive.bytes / receive.receives / 1e3
  report('receive', receive, `${perGb(receive)} CPU-s/GB, ${receiveKb.toFixed(0)} KB a receive`)
  const echo = await measure('echo', 100, request, seconds)
  report(
    'echo',
    echo,
    `${((echo.cpu / echo.frames) * 1e6).toFixed(2)} us/request, ${(echo.frames / echo.ticks).toFixed(1)} requests a tick`,
  )
  const files = await measure('file', 4, request, seconds, file)
  report('file', files, `${perGb(files)} CPU-s/GB`)
  closeSync(file)
  rmSync(folder, { recursive: true })
  process.exit(0)
}

function perGb({ cpu, bytes }) {
  return (cpu / (bytes / 1e9)).toFixed(3)
}

function report(name, { wall, cpu, peerCpu, bytes, frames }, result) {
  const rate = name !== 'echo' ? `${(bytes / wall / 1e9).toFixed(2)} GB/s` : `${Math.round(frames / wall / 1000)} k/s`
  const [own, other] = [cpu, peerCpu].map((seconds) => ((seconds / wall) * 100).toFixed(0))
  print(`${name.padEnd(8)} ${result}; ${rate}; thread ${own} %, peer ${other} % of a core`)
}

async function measure(part, connectionCount, request, seconds, file) {
  const worker = new Worker(new URL(import.meta.url), { workerData: { part, file } })
  const acceptor = new addon.Acceptor((descriptor) => worker.postMessage(descriptor))
  const port = acceptor.listen(0, '127.0.0.1', 0, 1000)
  // The peer answers every frame with the next request.
  const peer = makeShard((shard, connection) => {
    if (!isOver) shard.send(SEND_BYTES, connection, 0, stillOffset, request.length)
  })
  let isOver = false
  peer.arena.set(request, stillOffset)
  const sockets = []
  for (let index = 0; index < connectionCount; index++) {
    const socket = connect({ port, host: '127.0.0.1' }).pause()
    socket.on('error', () => {})
    await new Promise((resolve) => socket.on('connect', resolve))
    sockets.push(socket)
  }
  const ask = () =>
    new Promise((resolve) => {
      worker.once('message', resolve)
      worker.postMessage('measure')
    })
  if (part === 'receive') {
    const frames = Buffer.alloc(8 * (128 * 1024 + 4), 1)
    for (let index = 0; index < 8; index++) frames.writeInt32BE(128 * 1024, index * (128 * 1024 + 4))
    const feed = (socket) => {
      if (!isOver) socket.write(frames, () => feed(socket))
    }
    for (const socket of sockets) feed(socket)
  } else {
    // The sockets' descriptors are lent to the peer's reactor; Node does not read them.
    const connections = sockets.map((socket) => peer.reactor.add(socket._handle.fd))
    for (const connection of connections) peer.send(SEND_BYTES, connection, 0, stillOffset, request.length)
    peer.flush()
  }
  await new Promise((resolve) => setTimeout(resolve, isSmall ? 50 : 300))
  const start = { ...(await ask()), wall: performance.now(), peerCpu: threadCpuSeconds() }
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
  const end = { ...(await ask()), wall: performance.now(), peerCpu: threadCpuSeconds() }
  isOver = true
  acceptor.close()
  worker.postMessage('close')
  await new Promise((resolve) => worker.once('exit', resolve))
  const cpu = end.cpu - start.cpu
  const frames = end.frames - start.frames
  const frameBytes = end.frameBytes - start.frameBytes
  return {
    cpu,
    frames,
    frameBytes,
    bytes: part === 'file' ? frames * 1024 * 1024 : frameBytes,
    ticks: (end.ticks - start.ticks) >>> 0,
    receives: (end.receives - start.receives) >>> 0,
    wall: (end.wall - start.wall) / 1000,
    peerCpu: end.peerCpu - start.peerCpu,
  }
}
