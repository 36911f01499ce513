// The start and the end of a shard on its thread: a worker (shard-worker.ts), or the control thread itself, for a whole
// broker in one thread. What it does in between is in net/frame-loop.ts and shard/shard.ts.
import type { MessagePort } from 'node:worker_threads'
import { realEnv } from './lib/real-env.ts'
import type { LogStartChange } from './log/log-start-checkpoint.ts'
import { Arena, ArenaView } from './memory/arena.ts'
import { loadNative } from './native/load.ts'
import { AddressEnds } from './net/address-counts.ts'
import { ShardRequests } from './net/cold-requests.ts'
import { connectionLimits } from './net/connection-limits.ts'
import { FrameLoop } from './net/frame-loop.ts'
import { Introductions } from './net/introductions.ts'
import { Requests } from './net/requests.ts'
import type { ShardData, ToControl, ToShard } from './net/thread-messages.ts'
import { LimitedLog } from './observe/limited-log.ts'
import { createLog } from './observe/log.ts'
import { Shard } from './shard/shard.ts'

/** The stand-in's connections are not counted by address. */
const NO_SLOT = -1

/** Starts the shard that `data` describes on the calling thread. It lives until the control thread says `end` on `port`. */
export function runShard(data: ShardData, port: MessagePort): void {
  const { own, settings, shared } = data
  const native = loadNative()
  const env = realEnv()
  const log = createLog({ level: settings['millrace.log.level'], thread: `shard-${own}` })
  const clientLog = new LimitedLog(log, settings['millrace.log.client.lines.max'], () => env.clock.nowMs())
  const post = (message: ToControl) => port.postMessage(message)
  const onFatal = (error: Error) => {
    log.fatal({ err: error }, error.message)
    post({ type: 'fatal', error })
  }

  if (settings['millrace.pin.threads']) native.pinThread(own)
  const arena = new Arena(shared.arenas[own]!)
  const arenas = shared.arenas.map((memory, shard) => (shard === own ? arena : new ArenaView(memory)))
  const ends = new AddressEnds(shared.addresses)
  const loop = new FrameLoop({
    own,
    native,
    arena,
    arenas,
    clock: env.clock,
    limits: connectionLimits(settings),
    log: clientLog,
    onEnded: (addressSlot) => ends.add(addressSlot),
    onFatal,
  })

  const doorbells = new Int32Array(shared.doorbells)
  Atomics.store(doorbells, own, loop.doorbell + 1)
  let isMute = false
  const wake = (thread: number) => {
    if (!isMute) native.ringDoorbell(Atomics.load(doorbells, thread) - 1)
  }

  const storing = new Map<number, () => void>()
  let storedIds = 0
  const storeLogStarts = (changes: readonly LogStartChange[]): Promise<void> =>
    new Promise((resolve) => {
      const id = ++storedIds
      storing.set(id, resolve)
      post({ type: 'store-log-starts', id, changes })
    })

  const shard = new Shard({
    own,
    nodeId: data.nodeId,
    runEpoch: data.runEpoch,
    directory: data.directory,
    settings,
    env,
    native,
    shared,
    arena,
    logStarts: data.logStarts,
    storeLogStarts,
    trustedTimeMs: data.trustedTimeMs,
    onTimeTrusted: (wallMs) => post({ type: 'time-trusted', wallMs }),
    arenas,
    doorbell: loop.doorbell,
    log,
    wake,
    onFatal,
    onRelieve: () => loop.evictSlowReaders(env.clock.nowMs()),
    onAccepted: (descriptor, listener, addressSlot) => loop.accept(descriptor, listener, addressSlot),
  })
  const cold = new ShardRequests(shard, data, post)
  loop.attach(shard, new Requests(shard, cold, new Introductions(clientLog, data.listenerNames), clientLog))
  const acceptor = native.createAcceptor((descriptor, listener) => loop.accept(descriptor, listener, NO_SLOT))

  port.on('message', (message: ToShard) => {
    try {
      onMessage(message)
    } catch (error) {
      onFatal(error as Error)
    }
  })

  shard.applyMetadata(data.metadata)
  post({ type: 'applied', offset: data.metadata.offset })
  shard.recover().then((report) => post({ type: 'recovered', report }), onFatal)

  function onMessage(message: ToShard): void {
    switch (message.type) {
      case 'metadata':
        shard.applyMetadata(message.batch)
        post({ type: 'applied', offset: message.batch.offset })
        wake(own)
        break
      case 'answered':
        cold.onAnswered(message)
        break
      case 'log-starts-stored':
        storing.get(message.id)!()
        storing.delete(message.id)
        break
      case 'topics-created':
        cold.onTopicsCreated(message.id, message.errors)
        break
      case 'ask-state':
        post({ type: 'state', state: loop.state() })
        break
      case 'ask-group-lags':
        shard.groupLags(message.countMax).then((lags) => post({ type: 'group-lags', lags }), onFatal)
        break
      case 'ask-partition-offsets':
        post({ type: 'partition-offsets', offsets: shard.partitionOffsets(message.countMax) })
        break
      case 'listen':
        listen(message)
        break
      case 'checkpoint':
        shard.checkpoint().then(() => post({ type: 'checkpointed' }), onFatal)
        break
      case 'open':
        shard.open().then(() => post({ type: 'opened' }), onFatal)
        break
      case 'close':
        close().catch(onFatal)
        break
      case 'abandon':
        abandon()
        break
      case 'end':
        loop.close()
        port.close()
    }
  }

  function listen({ listener, address, port, backlog }: Extract<ToShard, { type: 'listen' }>): void {
    try {
      post({ type: 'listening', listener, port: acceptor.listen(listener, address, port, backlog) })
    } catch (error) {
      post({ type: 'listen-failed', listener, message: (error as Error).message })
    }
  }

  /** Clients' sockets close first, so that nothing new comes; then what was begun becomes durable and is drained. */
  async function close(): Promise<void> {
    acceptor.close()
    loop.closeConnections()
    await loop.settled()
    await shard.close()
    // A doorbell that is closed may be rung no more: every shard is silent before the first one ends.
    isMute = true
    post({ type: 'closed' })
  }

  /** What a worker's end does for a shard of its own: nothing is finished, everything is let go. */
  function abandon(): void {
    isMute = true
    acceptor.close()
    loop.close()
    shard.abandon().catch((error) => log.warn({ err: error }, 'an abandoned shard could not let go of a file'))
    port.close()
  }
}
