// A process that appends until it is killed: its values say where they belong, and its lines what it was answered.
//
//   node appender.mjs DIRECTORY os|durable
//
//   os        each partition's record at offset n is `n`; a line for each flush: how far each partition is flushed
//   durable   records with values of their own; a line for each answer: partition, offset, value
import { writeSync } from 'node:fs'

const { Engine } = await import(new URL('../../dist/index.js', import.meta.url).href)
const [, , dir, durability] = process.argv
const PARTITIONS = 3
const AWAITERS = 16

const engine = await Engine.open({ dir, settings: { 'millrace.journal.bytes': 12 << 20 } })
const log = await engine.topic('events', { partitions: PARTITIONS, durability })
const next = []
for (let partition = 0; partition < PARTITIONS; partition++) next.push((await log.offsets(partition)).end)

if (durability === 'os') await appendAndFlush()
else await Promise.all(Array.from({ length: AWAITERS }, (_, id) => appendDurable(id)))

async function appendAndFlush() {
  for (let turn = 0; ; turn++) {
    for (let i = 0; i < 5000; i++) {
      const partition = (turn + i) % PARTITIONS
      while (!log.append(partition, { value: `${next[partition]}` })) await engine.ready()
      next[partition]++
    }
    const appended = next.join(' ')
    await log.flush()
    writeSync(1, `${appended}\n`)
  }
}

async function appendDurable(id) {
  const partition = id % PARTITIONS
  for (let count = 0; ; count++) {
    const value = `${process.pid}-${id}-${count}`
    const offset = await log.appendDurable(partition, { value })
    writeSync(1, `${partition} ${offset} ${value}\n`)
  }
}
