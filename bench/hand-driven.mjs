// A shard whose ticks a benchmark makes: its real loop, requests, partitions and journal, but no sockets and no disk. What
// a client sends lies in the arena as the reactor leaves it; what the shard sends is counted and is gone; what it writes
// is durable at once. So its cost is that of our JavaScript, and of the add-on's validation and checksums.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromDist } from './micro.mjs'
import { topicRecords } from './topic-records.mjs'

const { requestFrame } = await fromDist('client/frames')
const { loadSettings } = await fromDist('config/settings')
const { realEnv } = await fromDist('lib/real-env')
const { Arena } = await fromDist('memory/arena')
const { loadNative } = await fromDist('native/load')
const native = await fromDist('native/contract')
const { ShardRequests } = await fromDist('net/cold-requests')
const { connectionLimits } = await fromDist('net/connection-limits')
const { FrameLoop } = await fromDist('net/frame-loop')
const { Introductions } = await fromDist('net/introductions')
const { Requests } = await fromDist('net/requests')
const { LimitedLog } = await fromDist('observe/limited-log')
const { createLog } = await fromDist('observe/log')
const { Shard } = await fromDist('shard/shard')
const { createSharedMemory } = await fromDist('shard/shared-memory')

const ARENA_BYTES = 256 << 20
/** So that it is seldom full. */
const JOURNAL_BYTES = 2 ** 33
const PREFIX_BYTES = 4
const TICKS_A_TURN = 64
const TOPIC = 'orders'
const TOPIC_ID = 'AAECAwQFBgcICQoLDA0ODw'

export class HandDriven {
  static topic = TOPIC
  /** Frames that were answered. */
  answers = 0
  #directory
  #tables
  #view
  #onTick
  #shard
  #loop
  #failure = null
  #connections = 0
  #ticks = 0

  static async start(partitions) {
    const one = new HandDriven(partitions)
    const shard = one.#shard
    await one.#settled(shard.recover())
    await one.#settled(shard.checkpoint())
    await one.#settled(shard.open())
    return one
  }

  constructor(partitions) {
    this.#directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
    // No record is deleted, however long it takes.
    const overrides = ['log.initial.task.delay.ms=86400000']
    const settings = { ...loadSettings({ overrides }).settings, 'millrace.journal.bytes': JOURNAL_BYTES }
    const shared = createSharedMemory(1, ARENA_BYTES)
    const arena = new Arena(shared.arenas[0])
    const env = withoutJournal(realEnv())
    const log = createLog({ level: 'fatal', thread: 'bench' })
    const clientLog = new LimitedLog(log, 0, () => 0)
    const border = {
      ...loadNative(),
      createReactor: (tables, onTick) => this.#reactor(tables, onTick),
      createDiskQueue: (_arenas, progress) => nullQueue(progress),
      ringDoorbell: () => undefined,
    }
    const onFatal = (error) => {
      this.#failure ??= error
    }
    const shardSettings = {
      own: 0,
      nodeId: 1,
      runEpoch: 1,
      logStarts: [],
      trustedTimeMs: null,
      directory: this.#directory,
      settings,
      shared,
    }
    const arenas = [arena]
    const limits = { ...connectionLimits(settings), requestsMax: 4096 }
    const clock = env.clock
    const onEnded = () => undefined
    this.#loop = new FrameLoop({
      own: 0,
      native: border,
      arena,
      arenas,
      clock,
      limits,
      log: clientLog,
      onEnded,
      onFatal,
    })
    this.#shard = new Shard({
      ...shardSettings,
      env,
      native: border,
      arena,
      arenas,
      doorbell: -1,
      log,
      wake: () => undefined,
      onFatal,
      onAccepted: () => undefined,
      onTimeTrusted: () => undefined,
    })
    const listenerNames = ['PLAINTEXT']
    const cold = new ShardRequests(
      this.#shard,
      { ...shardSettings, clusterId: 'bench', listenerNames },
      () => undefined,
    )
    const introductions = new Introductions(clientLog, listenerNames)
    this.#loop.attach(this.#shard, new Requests(this.#shard, cold, introductions, clientLog))
    this.#shard.applyMetadata({ offset: 1, epoch: 1, records: topicRecords(TOPIC, TOPIC_ID, partitions) })
  }

  connect() {
    this.#loop.accept(-1, 0, -1)
    return this.#connections - 1
  }

  /**
   * A tick in which `frames` come, each [connection, bytes]. Now and then it returns a promise: what opens files goes on
   * meanwhile.
   */
  tick(frames) {
    if (this.#failure !== null) throw this.#failure
    if (this.#tables.window[native.WINDOW_SPARE_OFFSET] < 0) return this.#whenDrained().then(() => this.tick(frames))
    const { events, window, arenas, blockHolders, blockBytes } = this.#tables
    let row = 0
    for (const [connection, bytes] of frames) {
      if (window[native.WINDOW_END] - window[native.WINDOW_OFFSET] < bytes.length) this.#nextBlock()
      const offset = window[native.WINDOW_OFFSET]
      arenas[0].set(bytes, offset)
      // To a word's end: JavaScript copies into shared memory byte by byte where words don't meet, the kernel does not.
      window[native.WINDOW_OFFSET] = (offset + bytes.length + 7) & ~7
      blockHolders[Math.floor(offset / blockBytes)]++
      events[row++] = native.EVENT_FRAME
      events[row++] = connection
      events[row++] = offset + PREFIX_BYTES
      events[row++] = bytes.length - PREFIX_BYTES
    }
    this.#onTick(frames.length)
    return this.#ticks++ % TICKS_A_TURN === 0 ? new Promise((resolve) => setImmediate(resolve)) : undefined
  }

  async close() {
    for (let i = 0; i < 4; i++) await this.tick([])
    await this.#settled(this.#shard.close())
    this.#loop.close()
    rmSync(this.#directory, { recursive: true })
  }

  /** No block for what comes: a reactor would leave it in its sockets. */
  async #whenDrained() {
    while (this.#tables.window[native.WINDOW_SPARE_OFFSET] < 0) {
      this.#onTick(0)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  #nextBlock() {
    const { window, blockHolders, blockBytes } = this.#tables
    const { WINDOW_OFFSET, WINDOW_END, WINDOW_SPARE_OFFSET, WINDOW_SPARE_END } = native
    if (window[WINDOW_SPARE_OFFSET] < 0) throw new Error('a tick brings more than a block')
    blockHolders[Math.floor((window[WINDOW_END] - 1) / blockBytes)]--
    window[WINDOW_OFFSET] = window[WINDOW_SPARE_OFFSET]
    window[WINDOW_END] = window[WINDOW_SPARE_END]
    window[WINDOW_SPARE_OFFSET] = -1
  }

  #reactor(tables, onTick) {
    this.#tables = tables
    this.#view = new DataView(tables.arenas[0].buffer)
    this.#onTick = onTick
    return {
      doorbell: -1,
      add: () => this.#connections++,
      peer: () => '127.0.0.1:9',
      close: () => undefined,
      flush: (rows) => this.#flush(rows),
    }
  }

  /** Everything leaves at once. */
  #flush(rows) {
    const { sends, events } = this.#tables
    let count = 0
    let bytesLeft = 0
    for (let row = 0, at = 0; row < rows; row++, at += native.SEND_WORDS) {
      const kind = sends[at]
      if (kind === native.SEND_CLOSE) throw new Error('the shard closed a connection')
      if (kind > native.SEND_FILE) continue
      // An answer's rows stand together, the first with its length.
      if (bytesLeft === 0) bytesLeft = PREFIX_BYTES + this.#view.getInt32(sends[at + 3])
      bytesLeft -= sends[at + (kind === native.SEND_FILE ? 5 : 4)]
      if (bytesLeft === 0) this.answers++
      const token = sends[at + 7]
      if (kind === native.SEND_BYTES || token < 0) continue
      const event = count++ * native.EVENT_WORDS
      events[event] = native.EVENT_SENT
      events[event + 1] = sends[at + 1]
      events[event + 2] = token
      events[event + 3] = 0
    }
    return count
  }

  async #settled(promise) {
    let isOver = false
    const over = promise.finally(() => {
      isOver = true
    })
    while (!isOver) {
      const turn = this.tick([])
      await (turn ?? new Promise((resolve) => setImmediate(resolve)))
    }
    await over
  }
}

/** A request as bytes; `write` writes its body. */
export function frameOf(api, version, write) {
  return requestFrame(api.key, version, 7, 'bench', write)
}

/** What is submitted is done. */
function nullQueue(progress) {
  let tickets = 0
  return {
    submit() {
      tickets = (tickets + 1) & 0x7fffffff || 1
      Atomics.store(progress, native.PROGRESS_WRITTEN, tickets)
      Atomics.store(progress, native.PROGRESS_DONE, tickets)
      return tickets
    },
    close: () => undefined,
  }
}

/** Journals of the machine's disk have nothing to write to: they are as long as they should be. */
function withoutJournal(env) {
  const file = (path) => ({
    path,
    descriptor: -1,
    size: async () => JOURNAL_BYTES / 4,
    close: async () => undefined,
    sync: async () => undefined,
  })
  const open = async (path, mode) =>
    /journal-\d+/.test(path) && mode !== 'read' ? file(path) : env.disk.open(path, mode)
  return { ...env, disk: { ...env.disk, open } }
}
