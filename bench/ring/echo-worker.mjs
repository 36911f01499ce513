// The other thread of ring.bench.mjs: answers each message with one, and publishes them together. It spins, or it sleeps
// as a shard does: it says so, looks once more, and waits for its bell.
import { workerData } from 'node:worker_threads'
import { RingReader } from '../../dist/ring/reader.js'
import { SleepFlags } from '../../dist/ring/sleep.js'
import { RingWriter } from '../../dist/ring/writer.js'

const { requests, answers, sleep, bell, sleeps } = workerData
const flags = new SleepFlags(sleep)
const word = new Int32Array(bell)
const writer = new RingWriter(answers)
let isOver = false
const reader = new RingReader(requests, (words, at) => {
  if (words[at] < 0) isOver = true
  writer.words[writer.claim()] = words[at]
})

while (!isOver) {
  if (reader.poll() > 0) writer.publish()
  else if (sleeps) {
    const rung = Atomics.load(word, 0)
    flags.fallAsleep(0)
    if (reader.isEmpty()) Atomics.wait(word, 0, rung)
    flags.awake(0)
  }
}
