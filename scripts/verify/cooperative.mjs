// Does consumption go on while a group rebalances? Three members consume 60 partitions, with cooperative-sticky assignment,
// while records keep coming to every partition; a fourth joins.
//
//   node scripts/verify/cooperative.mjs     needs kcat
//
// Only what must move may move: a quarter of the partitions, each to the new member. All others go on, without a gap of
// more than 200 ms between two records of a partition as they come out of a consumer (produced every 20 ms). The gap is what
// a person at the consumers' output sees: it has in it whatever the machine does meanwhile, so run this on a quiet one. How
// long the producer itself paused is printed beside it.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { startBroker } from './lib/broker.mjs'
import { Client, createTopic, PRODUCE_VERSION, producedPartitions, recordBatch, writeProduce } from './lib/client.mjs'
import { verify } from './lib/verify.mjs'

const TOPIC = 'tiles'
const PARTITIONS = 60
const PRODUCE_KEY = 0
const EVERY_MS = 20
const GAP_MS_MAX = 200
const SETTLED_MS = 2000
const SETTLES_WITHIN_MS = 60_000
const MEMBER_SECONDS_MAX = 150

/** What came of each partition: from which member, when last, and the longest time between two. */
class Board {
  #owners = new Array(PARTITIONS).fill(-1)
  #lastMs = new Array(PARTITIONS).fill(0)
  #gapsMs = new Array(PARTITIONS).fill(0)
  #changedMs = performance.now()

  onRecord(member, partition) {
    const nowMs = performance.now()
    if (this.#lastMs[partition] > 0) {
      this.#gapsMs[partition] = Math.max(this.#gapsMs[partition], nowMs - this.#lastMs[partition])
    }
    this.#lastMs[partition] = nowMs
    if (this.#owners[partition] === member) return
    this.#owners[partition] = member
    this.#changedMs = nowMs
  }

  owners() {
    return [...this.#owners]
  }

  restart() {
    this.#gapsMs.fill(0)
  }

  /** Up to now, those that are still open counted in. */
  gapsMs() {
    const nowMs = performance.now()
    return this.#gapsMs.map((gap, partition) => Math.max(gap, nowMs - this.#lastMs[partition]))
  }

  /** Resolves when the members have had so many partitions each for a while, in any order. */
  async settles(shares) {
    const startedAt = performance.now()
    for (;;) {
      const found = shares.map((_, member) => this.#owners.filter((owner) => owner === member).length)
      if (`${found}` === `${shares}` && performance.now() - this.#changedMs > SETTLED_MS) return
      if (performance.now() - startedAt > SETTLES_WITHIN_MS) throw new Error(`the group did not settle: ${found}`)
      await sleep(EVERY_MS)
    }
  }
}

function join(port, member, board) {
  const settings = [
    'partition.assignment.strategy=cooperative-sticky',
    'auto.offset.reset=earliest',
    'fetch.wait.max.ms=20',
    `client.id=member-${member}`,
  ].flatMap((setting) => ['-X', setting])
  const child = spawn('timeout', [
    `${MEMBER_SECONDS_MAX}`,
    'kcat',
    ...['-b', `127.0.0.1:${port}`, '-u', '-q', '-f', '%p\n'],
    ...settings,
    ...['-G', 'tilers', TOPIC],
  ])
  child.stderr.resume()
  createInterface(child.stdout).on('line', (line) => board.onRecord(member, Number(line)))
  return child
}

/** A record for every partition every 20 ms, till `end`, which resolves to the longest time between two. */
function feedAll(client) {
  const batches = Array.from({ length: PARTITIONS }, (_, partition) => [partition, recordBatch([Buffer.from('x')])])
  let isEnding = false
  let pauseMs = 0
  const done = run()
  async function run() {
    let lastMs = performance.now()
    while (!isEnding) {
      const write = (writer) => writeProduce(writer, TOPIC, 1, batches)
      const errors = producedPartitions(await client.request(PRODUCE_KEY, PRODUCE_VERSION, write))
      const failed = errors.find(({ errorCode }) => errorCode !== 0)
      if (failed !== undefined) throw new Error(`produce: error ${failed.errorCode}`)
      const nowMs = performance.now()
      pauseMs = Math.max(pauseMs, nowMs - lastMs)
      lastMs = nowMs
      await sleep(EVERY_MS)
    }
  }
  return {
    async end() {
      isEnding = true
      await done
      client.close()
      return pauseMs
    },
  }
}

await verify('cooperative', {}, async (_options, { directory, check, say }) => {
  const broker = await startBroker({ directory, shards: 2 })
  const client = await Client.connect(broker.port)
  await createTopic(client, TOPIC, PARTITIONS)
  const board = new Board()
  const members = []
  const feed = feedAll(client)
  try {
    for (let member = 0; member < 3; member++) members.push(join(broker.port, member, board))
    await board.settles([20, 20, 20])
    const before = board.owners()
    board.restart()
    members.push(join(broker.port, 3, board))
    await board.settles([15, 15, 15, 15])
    const after = board.owners()
    const moved = before.flatMap((owner, partition) => (owner === after[partition] ? [] : [partition]))
    const toNew = moved.filter((partition) => after[partition] === 3)
    check(moved.length === PARTITIONS / 4, `${moved.length} of ${PARTITIONS} partitions moved`)
    check(toNew.length === moved.length, `${toNew.length} of them to the member that joined`)
    const isMoved = new Set(moved)
    const gaps = board.gapsMs()
    const stayed = Math.max(...gaps.filter((_, partition) => !isMoved.has(partition)))
    const went = Math.max(...moved.map((partition) => gaps[partition]))
    check(stayed <= GAP_MS_MAX, `where nothing moved the longest gap was ${stayed.toFixed(0)} ms`)
    say(`of those that moved it was ${went.toFixed(0)} ms`)
  } finally {
    for (const member of members) member.kill('SIGTERM')
    say(`the producer paused for ${(await feed.end()).toFixed(0)} ms at most`)
  }
})
