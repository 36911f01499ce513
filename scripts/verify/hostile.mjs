// Does the broker stand a hostile net? Frames that are no requests, and requests with something broken in them
// (lib/hostile-frames.mjs: noise, lying lengths, counts, varints and tags, valid requests of every API and version with bits
// flipped, cut, spliced, record batches that lie behind a right CRC), beside a healthy client; then connections that
// say nothing, and connections that never finish what they begin.
//
//   node scripts/verify/hostile.mjs [--small] [--seed 1]
//
// The healthy client has one connection: it produces a record (acks=all) and fetches it, one after the other, a pair every
// few milliseconds. Its p99 is compared between two runs: with harmless clients, that is as many connections that send
// ApiVersions requests at the same rate of frames and are reset after a few of them as the hostile ones are; and with the
// hostile ones. The attacker is a process of its own, held to a rate that leaves a small machine to the broker: what is
// compared is what hostile frames cost, not who gets the CPU.
//
// RSS is compared after a first part of the attack with after all of it. The arena is small here, so that it is all in
// use by then.
import { fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startBroker } from './lib/broker.mjs'
import { Client, createTopic, produce, readPartition, recordBatch } from './lib/client.mjs'
import { Healthy } from './lib/healthy.mjs'
import { HOSTILE_TOPIC } from './lib/hostile-frames.mjs'
import { megabytes, verify } from './lib/verify.mjs'

const HEALTHY_TOPIC = 'healthy'
const FRAMES = 1_000_000
const FRAMES_A_SECOND = 4000
const CONNECTIONS = 64
const WARM_UP_PART = 0.15
const RSS_GROWTH_MAX = 64 << 20
const P99_RATIO_MAX = 2
const IDLE_CONNECTIONS = 15_000
const IDLE_SECONDS = 10
/** Of one core, with thousands of idle connections. */
const IDLE_CPU_PART_MAX = 0.02
const SLOW_CONNECTIONS = 5000
const SLOW_TIMEOUT_MS = 3000
/** After its deadline a connection waits for a sweep, one a second, and for the next one if the first was to measure. */
const SLOW_SLACK_MS = 5000
const CLOCK_TICKS = 100

const attacker = fileURLToPath(new URL('./lib/attacker.mjs', import.meta.url))

await verify('hostile', { seed: { type: 'string', default: '1' } }, async ({ small, seed }, report) => {
  const { directory, check, say } = report
  const part = small ? 0.03 : 1
  await withFrames(FRAMES * part, Number(seed))
  await withIdle(Math.round(IDLE_CONNECTIONS * part))
  await withSlow(Math.round(SLOW_CONNECTIONS * part))

  async function withFrames(frames, firstSeed) {
    const broker = await startBroker({
      directory: join(directory, 'frames'),
      settings: {
        'millrace.arena.bytes': 64 << 20,
        'socket.request.max.bytes': 32 << 20,
        'millrace.journal.bytes': 16 << 20,
        'auto.create.topics.enable': false,
      },
    })
    const client = await Client.connect(broker.port)
    await createTopic(client, HOSTILE_TOPIC, 6)
    await createTopic(client, HEALTHY_TOPIC, 1)
    const healthy = new Healthy(client, HEALTHY_TOPIC)
    const run = async (kind, count, runSeed) => {
      const attack = { kind, port: broker.port, seed: runSeed, frames: count, connections: CONNECTIONS }
      return await healthy.during(start({ ...attack, perSecond: FRAMES_A_SECOND }))
    }
    say(`frames of seeds ${firstSeed} and ${firstSeed + 1}`)
    const warm = await run('frames', Math.round(frames * WARM_UP_PART), firstSeed)
    const rssBefore = rssBytes(broker.pid)
    const beside = await run('harmless', Math.round(frames * WARM_UP_PART))
    const attacked = await run('frames', Math.round(frames * (1 - WARM_UP_PART)), firstSeed + 1)
    const rssAfter = rssBytes(broker.pid)
    let records = 0
    await readPartition(client, HEALTHY_TOPIC, 0, () => records++)
    client.close()
    const logBytes = broker.log.length
    const { shards } = await broker.stop()
    const sent = warm.done.frames + attacked.done.frames
    const closed = shards.reduce((sum, { connectionsEnded }) => sum + connectionsEnded, 0)
    const whole = shards.reduce((sum, each) => sum + each.frames, 0) - 2 * healthy.rounds - beside.done.frames
    check(
      sent >= frames,
      `${sent} hostile frames over ${closed} connections, ${whole} of them whole: the broker is there`,
    )
    check(healthy.errors === 0 && records === healthy.rounds, `the healthy client: ${records} records, none lost`)
    const growth = rssAfter - rssBefore
    check(growth <= RSS_GROWTH_MAX, `RSS ${megabytes(rssBefore)} → ${megabytes(rssAfter)}`)
    const [quiet, loud] = [beside, attacked].map(({ times }) => percentile(times, 0.99))
    const rates = [beside, attacked].map(({ done, seconds }) => `${Math.round(done.frames / seconds)}/s`)
    check(
      loud <= P99_RATIO_MAX * quiet,
      `healthy p99: ${quiet.toFixed(2)} ms beside ${rates[0]} harmless frames, ${loud.toFixed(2)} ms beside ${rates[1]} hostile`,
    )
    const medians = [beside, attacked].map(({ times }) => percentile(times, 0.5).toFixed(2))
    say(`healthy medians: ${medians[0]} and ${medians[1]} ms; the log has ${megabytes(logBytes)}`)
  }

  async function withIdle(count) {
    const broker = await startBroker({ directory: join(directory, 'idle'), shards: 2 })
    const rssBefore = rssBytes(broker.pid)
    const attack = start({ kind: 'idle', port: broker.port, connections: count })
    const { open } = await attack.opened
    const rss = rssBytes(broker.pid) - rssBefore
    const before = cpuSeconds(broker.pid)
    await sleep(IDLE_SECONDS * 1000)
    const cpuPart = (cpuSeconds(broker.pid) - before) / IDLE_SECONDS
    const client = await Client.connect(broker.port)
    await createTopic(client, HEALTHY_TOPIC, 1)
    const [{ errorCode }] = [await produce(client, HEALTHY_TOPIC, 0, -1, recordBatch([Buffer.from('x')]))]
    client.close()
    check(open === count && errorCode === 0, `${open} idle connections held, ${(rss / open / 1000).toFixed(1)} kB each`)
    check(cpuPart <= IDLE_CPU_PART_MAX, `the broker took ${(cpuPart * 100).toFixed(2)} % of a core beside them`)
    attack.end()
    await broker.stop()
  }

  async function withSlow(count) {
    const broker = await startBroker({
      directory: join(directory, 'slow'),
      shards: 2,
      settings: {
        'millrace.first.request.timeout.ms': SLOW_TIMEOUT_MS,
        'millrace.request.progress.timeout.ms': SLOW_TIMEOUT_MS,
      },
    })
    const attack = start({ kind: 'slow', port: broker.port, connections: count, everyMs: 500 })
    await attack.opened
    const startedAt = performance.now()
    const { closed, connections } = await attack.done
    const ms = performance.now() - startedAt
    check(connections === count, `${connections} connections that begin and do not get on (${closed} open at a time)`)
    check(ms <= SLOW_TIMEOUT_MS + SLOW_SLACK_MS, `all closed ${Math.round(ms)} ms after the last had come`)
    const client = await Client.connect(broker.port)
    await createTopic(client, HEALTHY_TOPIC, 1)
    client.close()
    await broker.stop()
  }
})

/** Starts the attacker; `opened` and `done` resolve to what it says. */
function start(attack) {
  const child = fork(attacker, [JSON.stringify(attack)])
  let open
  const opened = new Promise((resolve) => {
    open = resolve
  })
  const done = new Promise((resolve, reject) => {
    let last
    child.on('message', (message) => {
      if ('open' in message) open(message)
      else last = message
    })
    child.on('exit', () => (last === undefined ? reject(new Error('the attacker failed')) : resolve(last)))
  })
  done.catch(() => undefined)
  return { opened, done, end: () => child.kill() }
}

function percentile(times, part) {
  return times.sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * part))]
}

function rssBytes(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024
}

function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS
}
