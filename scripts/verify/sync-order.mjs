// Is an answer to acks=all ever sent before the sync that covers its records has returned? Read off a trace of the
// broker's system calls, for every answer.
//
//   node scripts/verify/sync-order.mjs [--small]     needs strace
//
// The argument. An answer names a partition and a base offset; the journal group that carries this batch has both in its
// table of entries, at the head of its pwritev. So each answer in a sendmsg to a client has exactly one write that it
// rests on. The batch is durable once an fdatasync of the same file has returned 0 that began after this write had
// returned. strace writes down a call's begin before the kernel acts on it, and its end before the thread runs on: what
// caused a sendmsg stands before it in the trace. For acks=all, "durable" must stand before the begin of the sendmsg.
//
// That the checker can fail is shown twice: the same trace with its syncs returning later, or failing, must not pass, and
// the answers to acks=1, which wait for the write only, must be seen before their syncs.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AnswerFrames, answerReader } from '../../dist/client/frames.js'
import { produceApi } from '../../dist/wire/generated/00-produce.js'
import { startBroker } from './lib/broker.mjs'
import { Client, createTopic, PRODUCE_VERSION, produce, producedPartitions, recordBatch } from './lib/client.mjs'
import { endOf, parseTrace } from './lib/strace.mjs'
import { verify } from './lib/verify.mjs'

const TOPIC = 'traced'
const PARTITIONS = 6
const CONNECTIONS = 4
const WINDOW = 8
const GROUP_MAGIC = 0x31474a4d
const GROUP_HEADER_BYTES = 64
const GROUP_ENTRY_BYTES = 48
/** Shows the table of a group with every batch in flight in it. */
const STRING_BYTES = GROUP_HEADER_BYTES + GROUP_ENTRY_BYTES * CONNECTIONS * WINDOW

await verify('sync-order', {}, async ({ small }, { directory, check, say }) => {
  const requests = small ? 100 : 1000
  let earlyOnes = 0
  for (const shards of [1, 3]) {
    const path = join(directory, `trace-${shards}`)
    const tracer = ['strace', '-D', '-f', '-x', '-yy', '-s', `${STRING_BYTES}`, '-e', 'signal=none', '-o', path]
    const broker = await startBroker({
      directory: join(directory, `shards-${shards}`),
      shards,
      tracer: [...tracer, '-e', 'trace=pwritev,fdatasync,sendmsg'],
    })
    const admin = await Client.connect(broker.port)
    await createTopic(admin, TOPIC, PARTITIONS)
    const loads = [
      { name: 'acks=all, one in flight', acks: -1, connections: 1, window: 1, requests: requests / 5 },
      { name: 'acks=all, 32 in flight', acks: -1, connections: CONNECTIONS, window: WINDOW, requests },
      { name: 'acks=1, 32 in flight', acks: 1, connections: CONNECTIONS, window: WINDOW, requests },
    ]
    for (const each of loads) each.ports = await load(broker.port, each)
    await broker.stop()

    const events = parseTrace(readFileSync(path, 'latin1'))
    for (const { name, acks, ports, requests } of loads) {
      const { answers, unwritten, early } = judge(events, ports)
      const figures = `${answers} answers, ${unwritten} before the write, ${early} before the sync`
      const isRight = answers === requests && unwritten === 0 && (acks === 1 || early === 0)
      if (acks === 1) earlyOnes += early
      check(isRight, `${shards} shards, ${name}: ${figures}`)
    }
    const all = loads.flatMap(({ acks, ports }) => (acks === -1 ? ports : []))
    const late = judge(withLateSyncs(events), all).early
    check(late > 0, `${shards} shards: with every sync returning after the next answer, ${late} answers are caught`)
    const failed = judge(withFailedSyncs(events), all)
    check(failed.early === failed.answers, `${shards} shards: with failing syncs, ${failed.early} answers are caught`)
  }
  check(earlyOnes > 0, `${earlyOnes} answers to acks=1 are seen before their sync`)
  say('the journal is synced with fdatasync; whether the disk keeps its word is not for a trace to say')
})

/** Resolves to the ports of the connections that carried it, and nothing else. */
async function load(port, { acks, connections, window, requests }) {
  const clients = await Promise.all(Array.from({ length: connections }, () => Client.connect(port)))
  let left = requests
  const lane = async (client) => {
    while (left > 0) {
      const partition = left-- % PARTITIONS
      const { errorCode } = await produce(client, TOPIC, partition, acks, recordBatch([Buffer.alloc(100, 'x')]))
      if (errorCode !== 0) throw new Error(`produce: error ${errorCode}`)
    }
  }
  await Promise.all(clients.flatMap((client) => Array.from({ length: window }, () => lane(client))))
  const ports = clients.map((client) => client.localPort)
  for (const client of clients) client.close()
  return ports
}

/** Counts the answers to the clients' ports, and those of them that left too early. */
function judge(events, ports) {
  /** Batches in journal writes that have returned: '<partition>:<base offset>' to whether they are durable. */
  const isDurable = new Map()
  /** By journal file: batches written and not durable. */
  const written = new Map()
  /** What a sync under way will cover, by its begin. */
  const covered = new Map()
  const result = { answers: 0, unwritten: 0, early: 0 }
  for (const event of events) {
    const { call, isBegin, begin } = event
    const file = /<([^>]*\.journal-\d+)>/.exec(begin.text.slice(0, 400))?.[1]
    if (call === 'pwritev' && file !== undefined && !isBegin && event.result > 0) {
      const batches = entriesOf(begin.strings[0])
      for (const batch of batches) isDurable.set(batch, false)
      written.set(file, [...(written.get(file) ?? []), ...batches])
    } else if (call === 'fdatasync' && file !== undefined) {
      if (isBegin) {
        covered.set(event, written.get(file) ?? [])
        written.set(file, [])
      } else if (event.result === 0) for (const batch of covered.get(begin)) isDurable.set(batch, true)
      else written.set(file, [...covered.get(begin), ...written.get(file)])
    } else if (call === 'sendmsg' && isBegin && ports.includes(peerPort(begin))) {
      for (const batch of answered(event)) {
        result.answers++
        if (!isDurable.has(batch)) result.unwritten++
        else if (!isDurable.get(batch)) result.early++
      }
    }
  }
  return result
}

/** The batches in a journal group, from its table. */
function entriesOf(bytes) {
  if (bytes.readUInt32LE(0) !== GROUP_MAGIC) throw new Error('a journal write that is no group')
  const count = bytes.readUInt32LE(32)
  return Array.from({ length: count }, (_, i) => {
    const at = GROUP_HEADER_BYTES + i * GROUP_ENTRY_BYTES
    return `${bytes.readInt32LE(at + 16)}:${bytes.readBigUInt64LE(at + 24)}`
  })
}

/** The batches that the answers in a sendmsg acknowledge. */
function answered(begin) {
  const bytes = Buffer.concat(begin.strings)
  const sent = endOf(begin).result
  if (sent !== bytes.length) throw new Error(`an answer was sent in parts: ${sent} of ${bytes.length} bytes`)
  const batches = []
  let framedBytes = 0
  new AnswerFrames().take(bytes, (frame) => {
    framedBytes += 4 + frame.length
    const reader = answerReader(frame, produceApi.key, PRODUCE_VERSION, frame.readInt32BE(0))
    for (const { partition, errorCode, baseOffset } of producedPartitions(reader)) {
      if (errorCode !== 0) throw new Error(`produce: error ${errorCode}`)
      batches.push(`${partition}:${baseOffset}`)
    }
  })
  if (framedBytes !== bytes.length) throw new Error(`${bytes.length - framedBytes} bytes of an answer were sent`)
  return batches
}

function peerPort({ text }) {
  return Number(/TCP:\[[^\]]*->[^\]]*:(\d+)\]/.exec(text.slice(0, 200))?.[1])
}

/** The trace as it would be if every journal sync returned after the next answer to anyone. */
function withLateSyncs(events) {
  const doctored = []
  let held = []
  for (const event of events) {
    if (event.call === 'fdatasync' && !event.isBegin) {
      held.push(event)
      continue
    }
    doctored.push(event)
    if (event.call === 'sendmsg' && event.isBegin) {
      doctored.push(...held)
      held = []
    }
  }
  return [...doctored, ...held]
}

function withFailedSyncs(events) {
  return events.map((event) => (event.call === 'fdatasync' && !event.isBegin ? { ...event, result: -1 } : event))
}
