// How many records a second go into what a Node program would otherwise append to: not durable, and durable with as many
// awaiting at a time as there would be requests. The partners of rows 18 and 19, calibrated by themselves.
//
//   node bench/embedded.mjs [--stores lmdb,pino] [--directory=PATH] [--small]
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { describeMachine, probeSync } from './compare/machine.mjs'
import { digits } from './compare/statistics.mjs'
import { stores } from './peers/embedded.mjs'

const RECORD = Buffer.alloc(100, 'x')
/** Handed over before the event loop turns. */
const BURST = 10_000
const AWAITERS = 64

const { values: given } = parseArgs({
  options: {
    stores: { type: 'string', default: Object.keys(stores).join() },
    directory: { type: 'string', default: tmpdir() },
    small: { type: 'boolean', default: false },
  },
})
const seconds = given.small ? 0.3 : 10
const directory = mkdtempSync(join(given.directory, 'millrace-embedded-'))

console.log(
  Object.entries(describeMachine(directory))
    .map(([key, value]) => `# ${key}: ${value}`)
    .join('\n'),
)
console.log(`# 4 KiB sync ${digits(probeSync(directory, 64))} µs\n`)
console.log(`| store | not durable, M/s | durable, ${AWAITERS} awaiting, /s |\n|---|---|---|`)
for (const name of given.stores.split(',')) {
  const fast = await measure(name, { isDurable: false }, BURST)
  const durable = await measure(name, { isDurable: true }, AWAITERS)
  console.log(`| ${name} | ${digits(fast / 1e6)} | ${digits(durable)} |`)
}
rmSync(directory, { recursive: true })

/** Bursts, each awaited before the next, so that memory stays bounded and nothing is counted that is not done. */
async function measure(name, options, burst) {
  const folder = join(directory, `${name}-${options.isDurable}`)
  mkdirSync(folder)
  const store = await stores[name](folder, options)
  const startedAt = performance.now()
  let records = 0
  while (performance.now() - startedAt < seconds * 1000) {
    for (let index = 0; index < burst; index++) store.append(RECORD)
    await store.settled()
    records += burst
  }
  const rate = records / ((performance.now() - startedAt) / 1000)
  await store.close()
  rmSync(folder, { recursive: true })
  return rate
}
