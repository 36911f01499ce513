// The other thread of the races: runs one role on the compiled classes.
import { parentPort, workerData } from 'node:worker_threads'
import { ArenaView } from '../../dist/memory/arena.js'
import { RingReader } from '../../dist/ring/reader.js'
import { SleepFlags } from '../../dist/ring/sleep.js'
import { RingWriter } from '../../dist/ring/writer.js'

const { role, iterations, ring, sleep, gate, arena } = workerData

const roles = {
  /** Sends 1 … n, each in two words of its slot, in bursts, waiting for room. */
  send() {
    const writer = new RingWriter(ring)
    for (let next = 1; next <= iterations; ) {
      for (let burst = 0; burst < 5 && next <= iterations && !writer.isFull(); burst++, next++) {
        const at = writer.claim()
        writer.words[at] = next
        writer.words[at + 15] = -next
      }
      writer.publish()
    }
  },
  /** Publishes one message at a time to a reader that sleeps in between; rings by Atomics.notify, only if it must. */
  wake() {
    const writer = new RingWriter(ring)
    const flags = new SleepFlags(sleep)
    const bell = new Int32Array(gate)
    for (let i = 1; i <= iterations; i++) {
      while (writer.isFull());
      writer.words[writer.claim()] = i
      writer.publish()
      if (flags.mustWake(0)) {
        Atomics.add(bell, 0, 1)
        Atomics.notify(bell, 0)
      }
    }
  },
  /** Sleeps by the protocol until it has taken them all; reports how often, or that it overslept. */
  sleep() {
    const flags = new SleepFlags(sleep)
    const bell = new Int32Array(gate)
    let taken = 0
    let naps = 0
    const reader = new RingReader(ring, () => taken++)
    while (taken < iterations) {
      flags.awake(0)
      reader.poll()
      const rung = Atomics.load(bell, 0)
      flags.fallAsleep(0)
      if (!reader.isEmpty()) continue
      if (taken >= iterations) break
      naps++
      if (Atomics.wait(bell, 0, rung, 5000) === 'timed-out') return { taken, naps, overslept: true }
    }
    return { taken, naps, overslept: false }
  },
  /** Each time it is handed a hold: lends it on and back while the owner looks, then gives it up. */
  lend() {
    const view = new ArenaView(arena)
    const turn = new Int32Array(gate)
    for (let i = 1; i <= iterations; i++) {
      while (Atomics.load(turn, 0) !== i);
      for (let j = 0; j < 100; j++) {
        view.hold(0)
        view.release(0)
      }
      Atomics.store(turn, 1, i)
      while (Atomics.load(turn, 0) !== -i);
      view.release(0)
      Atomics.store(turn, 1, -i)
    }
  },
}

parentPort.postMessage(roles[role]())
