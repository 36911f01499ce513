// Do a consumer's bytes leave the disk without passing through the broker, and does a consumer that waits cost nothing?
//
//   node scripts/verify/sendfile.mjs [--small]     needs kcat, strace, and apt's package lists for the corpus
//
// Sent: a corpus is produced, the broker restarted, so that nothing is left in its memory, and all of it consumed. At
// least 95 % of the bytes sent must have left by sendfile, by the broker's counters and by a trace of its calls, which must
// agree to the byte.
//
// Idle: one fetch of every partition at its end, on three shards, that may wait 30 seconds for one byte. Between its
// arrival and its timeout no thread of the broker may run: the kernel counts every time that a thread is switched in. And
// the shards' ticks, told at the end, must be as many as in a broker whose fetch waited a fraction of a second: what a
// fetch costs (on the shard of its connection its arrival and its timeout; on the others the question, the watch and its
// cancellation) does not depend on how long it waits. The switches are counted with V8's memory reducer off, which is no
// part of the broker: after a start or a load it collects garbage up to three times, eight seconds apart, in each thread
// that has been quiet. The ticks are counted with it on, as the broker runs.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startBroker } from './lib/broker.mjs'
import { Client, createTopic, fetch } from './lib/client.mjs'
import { readCorpus, splitLines } from './lib/corpus.mjs'
import { kcat, produceParts } from './lib/kcat.mjs'
import { parseTrace } from './lib/strace.mjs'
import { megabytes, verify } from './lib/verify.mjs'

const PARTITIONS = 6
const SHARDS = 3
const SENDFILE_PART_MIN = 0.95
const SETTLE_MS = 1000
const SHORT_WAIT_MS = 500
const TICKS_MORE_MAX = 2

await verify('sendfile', {}, async ({ small }, { directory, check, say }) => {
  for (const shards of [1, SHARDS]) await sent(shards, small ? 2_000_000 : undefined)
  await idle(small ? 4000 : 30_000)

  async function sent(shards, bytesMax) {
    const data = { directory: join(directory, `sent-${shards}`), shards }
    const corpus = readCorpus(bytesMax)
    const before = await startBroker(data)
    await produceParts(before.port, 'sent', splitLines(corpus, PARTITIONS))
    await before.stop()

    const path = join(directory, `trace-${shards}`)
    const tracer = [
      'strace',
      '-D',
      '-f',
      '-yy',
      '-s',
      '0',
      '-e',
      'signal=none',
      '-e',
      'trace=sendfile,sendmsg',
      '-o',
      path,
    ]
    const broker = await startBroker({ ...data, tracer })
    let consumed = 0
    const onOutput = (bytes) => {
      consumed += bytes.length
    }
    await kcat(broker.port, ['-C', '-t', 'sent', '-o', 'beginning', '-e', '-q'], { onOutput })
    const counters = await broker.stop()
    const sum = (name) => counters.shards.reduce((total, shard) => total + shard[name], 0)
    check(consumed === corpus.length, `${shards} shards: ${megabytes(consumed)} of text consumed after a restart`)
    const part = sum('sendfileBytes') / sum('sentBytes')
    const figures = `${megabytes(sum('sendfileBytes'))} of ${megabytes(sum('sentBytes'))}`
    check(part >= SENDFILE_PART_MIN, `${shards} shards: ${(part * 100).toFixed(2)} % by sendfile (${figures})`)

    const traced = { sendfile: { calls: 0, bytes: 0 }, sendmsg: { calls: 0, bytes: 0 } }
    for (const { call, isBegin, begin, result } of parseTrace(readFileSync(path, 'latin1'))) {
      if (isBegin || !(result > 0) || !begin.text.includes('<TCP:')) continue
      traced[call].calls++
      traced[call].bytes += result
    }
    const { sendfile, sendmsg } = traced
    const same = sendfile.bytes === sum('sendfileBytes') && sendfile.bytes + sendmsg.bytes === sum('sentBytes')
    const calls = `${sendfile.calls} sendfile calls, ${sendmsg.calls} sendmsg calls with ${megabytes(sendmsg.bytes)}`
    check(same, `${shards} shards: the trace has the same bytes: ${calls}`)
  }

  async function idle(waitMs) {
    const [long, quiet] = await Promise.all([
      waitingFetch('long', waitMs),
      waitingFetch('quiet', waitMs, ['--no-memory-reducer']),
    ])
    const short = await waitingFetch('short', SHORT_WAIT_MS)
    const late = long.elapsedMs - waitMs
    check(late >= 0 && late < 100, `a fetch of ${waitMs} ms is answered ${late.toFixed(1)} ms after its time, empty`)
    const { watchedMs, switches, switchesBefore } = quiet
    const woken = switches.filter(({ count }) => count > 0)
    const who = woken.map(({ name, count }) => `${name} ${count}`).join(', ')
    const what = `${switches.length} threads with ${switchesBefore} switches so far, watched for ${watchedMs} ms`
    check(switchesBefore > 0 && woken.length === 0, `${what}: ${woken.length} were switched in ${who}`)
    for (let shard = 0; shard < SHARDS; shard++) {
      const ticks = `${long.ticks[shard]} ticks with the long wait, ${short.ticks[shard]} with one of ${SHORT_WAIT_MS} ms`
      check(long.ticks[shard] - short.ticks[shard] <= TICKS_MORE_MAX, `shard ${shard}: ${ticks}`)
    }
  }

  async function waitingFetch(name, maxWaitMs, nodeArguments = []) {
    const broker = await startBroker({ directory: join(directory, `idle-${name}`), shards: SHARDS, nodeArguments })
    const client = await Client.connect(broker.port)
    await createTopic(client, 'idle', PARTITIONS)
    const ends = Array.from({ length: PARTITIONS }, (_, partition) => [partition, 0])
    const startedAt = performance.now()
    const answer = fetch(client, 'idle', ends, { maxWaitMs, minBytes: 1 })
    const watchedMs = maxWaitMs - 2 * SETTLE_MS
    let switches = []
    let switchesBefore = 0
    if (watchedMs > 0) {
      await sleep(SETTLE_MS)
      const before = switchCounts(broker.pid)
      await sleep(watchedMs)
      for (const { count } of before.values()) switchesBefore += count
      const after = switchCounts(broker.pid)
      switches = [...after].map(([thread, { name, count }]) => ({
        name,
        count: count - (before.get(thread)?.count ?? 0),
      }))
    }
    const partitions = await answer
    const elapsedMs = performance.now() - startedAt
    if (partitions.some(({ records }) => records.length > 0)) throw new Error('an idle fetch got records')
    if (name === 'long') say(`the fetch watches ${partitions.length} partitions`)
    const { shards } = await broker.stop()
    return { elapsedMs, watchedMs, switches, switchesBefore, ticks: shards.map(({ ticks }) => ticks) }
  }
})

/** How often each thread of the process was switched in, by its id. */
function switchCounts(pid) {
  const counts = new Map()
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const status = readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8')
    const name = /^Name:\s*(.*)$/m.exec(status)[1]
    let count = 0
    for (const [, switches] of status.matchAll(/^(?:non)?voluntary_ctxt_switches:\s*(\d+)$/gm))
      count += Number(switches)
    counts.set(thread, { name: `${name}/${thread}`, count })
  }
  return counts
}
