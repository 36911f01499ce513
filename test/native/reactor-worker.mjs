// A shard's thread for reactor-threads.test.ts: echoes frames on the connections whose descriptors it is sent.
import { createRequire } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'

const { addonPath, arena, counters, waitMs, hangsAfter, hasBlocks } = workerData
const addon = createRequire(import.meta.url)(addonPath)
const { EVENT_WORDS, EVENT_FRAME, EVENT_CLOSED, SEND_WORDS, SEND_BYTES, SEND_FORGET } = addon.constants

const blockBytes = 64 * 1024
const blocks = arena.byteLength / blockBytes
const tables = {
  arenas: [arena],
  own: 0,
  blockHolders: new Int32Array(blocks),
  blockBytes,
  window: new Int32Array(4).fill(-1),
  events: new Int32Array(1024 * EVENT_WORDS),
  sends: new Int32Array(1024 * SEND_WORDS),
  counters,
  frameBytesMax: 1_000_000,
  outputBytesMax: 1_000_000,
  outputBytesHigh: 100_000,
  connectionsMax: 100,
  firstFrameBytesMax: 1 << 20,
  firstFrameMs: 600_000,
  progressMs: 600_000,
  idleMs: 600_000,
}
const { blockHolders, window, events, sends } = tables

function refill() {
  if (window[2] >= 0 || !hasBlocks) return
  const free = blockHolders.indexOf(0)
  if (free < 0) return
  blockHolders[free]++
  window[2] = free * blockBytes
  window[3] = window[2] + blockBytes
}

const echoed = []
let ticks = 0

function tick(rows) {
  if (++ticks === hangsAfter) for (;;);
  let sendCount = 0
  for (let row = 0; row < rows; row++) {
    const [kind, connection, offset, length] = events.subarray(row * EVENT_WORDS, (row + 1) * EVENT_WORDS)
    if (kind === EVENT_FRAME) {
      // Back with its prefix, which lies before it.
      sends.set([SEND_BYTES, connection, 0, offset - 4, length + 4], SEND_WORDS * sendCount++)
      echoed.push(offset)
    } else if (kind === EVENT_CLOSED) {
      sends.set([SEND_FORGET, connection], SEND_WORDS * sendCount++)
    }
  }
  refill()
  reactor.flush(sendCount, waitMs)
  for (const offset of echoed.splice(0)) blockHolders[Math.floor(offset / blockBytes)]--
  if (rows === 0) parentPort.postMessage('rung')
}

const reactor = new addon.Reactor(tables, tick)
refill()
reactor.flush(0, waitMs)
parentPort.on('message', (message) => {
  if (message === 'close') {
    reactor.close()
    parentPort.close()
  } else if (message === 'loops') {
    parentPort.postMessage(performance.nodeTiming.uvMetricsInfo.loopCount)
  } else reactor.add(message)
})
parentPort.postMessage({ doorbell: reactor.doorbell })
