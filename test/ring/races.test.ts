// Races of two real threads, as jcstress tells them: what may be seen is counted, what must not be seen fails.
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { Arena, createArenaMemory } from '../../src/memory/arena.ts'
import { createRingMemory } from '../../src/ring/descriptor.ts'
import { RingReader } from '../../src/ring/reader.ts'
import { createSleepMemory } from '../../src/ring/sleep.ts'

const script = new URL('./race-worker.mjs', import.meta.url)

function run(workerData: Record<string, unknown>): Promise<{ taken: number; naps: number; overslept: boolean }> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(script, { workerData })
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}

test('a reader sees whole messages, in order, each once', async () => {
  const iterations = 100_000
  const ring = createRingMemory(16)
  const outcomes = { whole: 0, torn: 0, 'out of order': 0 }
  let expected = 1
  const reader = new RingReader(ring, (words, at) => {
    const value = words[at]!
    if (words[at + 15] !== -value) outcomes.torn++
    else if (value !== expected) outcomes['out of order']++
    else outcomes.whole++
    expected++
  })
  const sending = run({ role: 'send', iterations, ring })
  while (expected <= iterations) {
    for (let i = 0; i < 2000; i++) reader.poll()
    await new Promise((resolve) => setImmediate(resolve))
  }
  await sending
  expect(outcomes).toEqual({ whole: iterations, torn: 0, 'out of order': 0 })
})

test('no wake-up is lost', async () => {
  const iterations = 40_000
  const shared = {
    iterations,
    ring: createRingMemory(64),
    sleep: createSleepMemory(1),
    gate: new SharedArrayBuffer(4),
  }
  const [slept] = await Promise.all([run({ role: 'sleep', ...shared }), run({ role: 'wake', ...shared })])
  expect([slept.taken, slept.overslept]).toEqual([iterations, false])
  // It did sleep, or nothing was tried.
  expect(slept.naps).toBeGreaterThan(0)
})

test('a block is free exactly when the other thread has given its hold back', async () => {
  const iterations = 2000
  const memory = createArenaMemory(4096, 4096)
  const arena = new Arena(memory)
  const gate = new SharedArrayBuffer(8)
  const turn = new Int32Array(gate)
  const lending = run({ role: 'lend', iterations, arena: memory, gate })
  const outcomes = { 'held while it has it': 0, 'free too early': 0, 'free after': 0, 'never free': 0 }
  for (let i = 1; i <= iterations; i++) {
    arena.allocate(1)
    // Handed over: the hold that allocation made is the other thread's now.
    Atomics.store(turn, 0, i)
    let isEarly = false
    while (Atomics.load(turn, 1) !== i) if (arena.heldBytes() === 0) isEarly = true
    outcomes[isEarly ? 'free too early' : 'held while it has it']++
    Atomics.store(turn, 0, -i)
    while (Atomics.load(turn, 1) !== -i) arena.heldBytes()
    outcomes[arena.heldBytes() === 0 ? 'free after' : 'never free']++
    if (i % 500 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  await lending
  expect(outcomes).toEqual({
    'held while it has it': iterations,
    'free too early': 0,
    'free after': iterations,
    'never free': 0,
  })
})
