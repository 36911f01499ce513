// What does a message between two shards cost, alone and among others of its tick, to one that spins and to one that
// sleeps? A produce for another shard's partition is two of them.
//
//   npm run build:ts && node bench/ring/ring.bench.mjs [--small]
//
// Across threads a message is sent and answered; the asking thread spins until the last answer is there, so the figures
// need two free cores. The sleeper's bell is Atomics.notify: a doorbell adds a write to an eventfd and a turn of libuv.
import { Worker } from 'node:worker_threads'
import { fromDist, question, row } from '../micro.mjs'

const { createRingMemory, MESSAGE_WORDS } = await fromDist('ring/descriptor')
const { RingReader } = await fromDist('ring/reader')
const { RingWriter } = await fromDist('ring/writer')
const { createSleepMemory, SleepFlags } = await fromDist('ring/sleep')

const SLOTS = 1024
const BATCHES = [1, 16, 256]

class Link {
  #writer
  #reader
  #flags
  #bell
  #worker

  constructor(sleeps) {
    const [requests, answers] = [createRingMemory(SLOTS), createRingMemory(SLOTS)]
    const sleep = createSleepMemory(1)
    const bell = new SharedArrayBuffer(4)
    this.#writer = new RingWriter(requests)
    this.#reader = new RingReader(answers, () => undefined)
    this.#flags = new SleepFlags(sleep)
    this.#bell = new Int32Array(bell)
    const workerData = { requests, answers, sleep, bell, sleeps }
    this.#worker = new Worker(new URL('./echo-worker.mjs', import.meta.url), { workerData })
  }

  roundTrip(count) {
    send(this.#writer, count)
    this.#wake()
    for (let left = count; left > 0; ) left -= this.#reader.poll()
  }

  close() {
    this.#writer.words[this.#writer.claim()] = -1
    this.#writer.publish()
    this.#wake()
    return new Promise((resolve) => this.#worker.once('exit', resolve))
  }

  #wake() {
    if (!this.#flags.mustWake(0)) return
    Atomics.add(this.#bell, 0, 1)
    Atomics.notify(this.#bell, 0)
  }
}

question('A message of 16 words through a ring')
for (const batch of BATCHES) {
  const memory = createRingMemory(SLOTS)
  const writer = new RingWriter(memory)
  let sum = 0
  const reader = new RingReader(memory, (words, at) => {
    sum += words[at + MESSAGE_WORDS - 1]
  })
  await row(
    `written, published and taken on one thread, ${batch} at a time`,
    () => {
      send(writer, batch)
      reader.poll()
      return sum
    },
    batch,
  )
}
for (const sleeps of [false, true]) {
  const link = new Link(sleeps)
  for (const batch of BATCHES) {
    const who = sleeps ? 'one that sleeps' : 'one that spins'
    await row(`to ${who} and back, ${batch} at a time`, () => link.roundTrip(batch), batch)
  }
  await link.close()
}

function send(writer, count) {
  const { words } = writer
  for (let i = 0; i < count; i++) {
    const at = writer.claim()
    for (let word = 0; word < MESSAGE_WORDS; word++) words[at + word] = word
  }
  writer.publish()
}
