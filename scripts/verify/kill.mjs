// Does what was acknowledged survive kill -9? Under a load of acks=all the broker is killed at random moments, again and
// again, on the same data directory. After each kill everything is read back from offset 0.
//
//   node scripts/verify/kill.mjs [--kills 50] [--seed N] [--small]
//
// What has to hold after each kill:
//   offsets   every partition has offsets 0, 1, 2 … without a gap, and every batch is whole;
//   kept      every acknowledged batch stands at the offset that its answer named;
//   order     a plain producer's batches are there at most once each, in the order it sent them (those that were under way
//             at a kill may be missing: it does not send them again);
//   once      an idempotent producer sends again what was not answered: its batches are there exactly once, none missing.
// Some restarts are killed before they are ready. `changing` starts each life with another number of shards.
//
// A kill takes the process, not the machine: that bytes are on the disk, not in the page cache, is for sync-order.mjs.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { launchBroker, startBroker } from './lib/broker.mjs'
import {
  Client,
  ConnectionEnded,
  createTopic,
  initProducerId,
  produce,
  readPartition,
  recordBatch,
} from './lib/client.mjs'
import { seededRandom, verify } from './lib/verify.mjs'

const TOPIC = 'killed'
const PARTITIONS = 6
const CONNECTIONS = 4
/** Of each kind, in each partition. */
const PRODUCERS = 2
const PLAIN_WINDOW = 8
/** As many batches as a broker remembers of a producer. */
const IDEMPOTENT_WINDOW = 5
const RECORDS = 5
const VALUE_BYTES = 100
const LIFE_MS_MAX = 500
const RECOVERY_MS_MAX = 800
const RECOVERY_KILLS_PART = 0.3

async function killAgainAndAgain(shardsByLife, kills, random, { directory, check, say }) {
  const name = shardsByLife.length > 1 ? 'changing shards' : `${shardsByLife[0]} shards`
  const data = join(directory, name.replace(' ', '-'))
  const producers = []
  let recoveryKills = 0
  let damage = null
  let counts = { records: 0, acknowledged: 0 }
  let life = 0
  for (; life <= kills && damage === null; life++) {
    const settings = { directory: data, shards: shardsByLife[life % shardsByLife.length] }
    if (life > 0 && random() < RECOVERY_KILLS_PART) {
      const early = launchBroker(settings)
      await sleep(random() * RECOVERY_MS_MAX)
      await early.kill()
      recoveryKills++
    }
    const broker = await startBroker(settings)
    const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => Client.connect(broker.port)))
    if (life === 0) {
      await createTopic(clients[0], TOPIC, PARTITIONS)
      for (let i = 0; i < PARTITIONS * PRODUCERS; i++) {
        producers.push(new Producer(producers.length, i % PARTITIONS, null))
        producers.push(new Producer(producers.length, i % PARTITIONS, await initProducerId(clients[0])))
      }
    } else {
      ;({ damage, ...counts } = await readBack(clients[0], producers))
      if (damage !== null || life === kills) {
        await broker.kill()
        break
      }
    }
    const loads = producers.map((producer, i) => producer.run(clients[i % CONNECTIONS]))
    await sleep(random() * LIFE_MS_MAX)
    await broker.kill()
    await Promise.all(loads)
  }
  const batches = producers.reduce((sum, producer) => sum + producer.acknowledged.length, 0)
  const resent = producers.reduce((sum, producer) => sum + producer.resent, 0)
  say(`${name}: ${batches} batches acknowledged, ${resent} sent again, ${recoveryKills} more kills during recovery`)
  const what = `${counts.records} records, ${counts.acknowledged} of them acknowledged`
  check(
    damage === null,
    `${name}: ${life} kills, ${what}, all read back each time${damage === null ? '' : `: ${damage}`}`,
  )
  check(batches > kills, `${name}: there was a load`)
}

/** Sends numbered batches to one partition, several in flight, and knows which of them were acknowledged. */
class Producer {
  id
  partition
  /** Null for a plain one. */
  identity
  #next = 0
  /** Batches without an answer, oldest first. */
  #unanswered = []
  /** Where each acknowledged batch stands. */
  acknowledged = []
  resent = 0

  constructor(id, partition, identity) {
    this.id = id
    this.partition = partition
    this.identity = identity
  }

  /** How many batches it ever sent. */
  get sent() {
    return this.#next
  }

  /** Batches that may be missing now. */
  mayMiss(number) {
    return this.#unanswered.includes(number)
  }

  /** Sends until the connection ends. */
  async run(client) {
    const again = this.identity === null ? [] : this.#unanswered
    this.#unanswered = []
    const window = this.identity === null ? PLAIN_WINDOW : IDEMPOTENT_WINDOW
    const lanes = []
    const turns = { again }
    for (let i = 0; i < window; i++) lanes.push(this.#lane(client, turns))
    await Promise.all(lanes)
    this.#unanswered.push(...turns.again)
    this.#unanswered.sort((a, b) => a - b)
  }

  async #lane(client, turns) {
    for (;;) {
      if (turns.again.length > 0) this.resent++
      const number = turns.again.shift() ?? this.#next++
      try {
        const bytes = this.#batch(number)
        const { errorCode, baseOffset } = await produce(client, TOPIC, this.partition, -1, bytes)
        if (errorCode !== 0) throw new Error(`producer ${this.id}, batch ${number}: error ${errorCode}`)
        this.acknowledged.push({ number, baseOffset })
      } catch (error) {
        if (!(error instanceof ConnectionEnded)) throw error
        this.#unanswered.push(number)
        return
      }
    }
  }

  #batch(number) {
    const values = Array.from({ length: RECORDS }, (_, index) => {
      const value = Buffer.alloc(VALUE_BYTES, 'x')
      value.writeUInt32BE(this.id, 0)
      value.writeUInt32BE(number, 4)
      value.writeUInt32BE(index, 8)
      return value
    })
    const { identity } = this
    return recordBatch(values, identity === null ? {} : { ...identity, baseSequence: number * RECORDS })
  }
}

/** Reads everything and resolves to what is wrong with it, or null. */
async function readBack(client, producers) {
  /** For each producer, where each of its batches stands. */
  const found = producers.map(() => new Map())
  const latest = producers.map(() => -1)
  let records = 0
  let damage = null
  for (let partition = 0; partition < PARTITIONS; partition++) {
    let expected = 0
    const end = await readPartition(client, TOPIC, partition, (bytes, at, length, offset, base) => {
      records++
      const id = bytes.readUInt32BE(at)
      const number = bytes.readUInt32BE(at + 4)
      const place = `partition ${partition}, offset ${offset}`
      if (offset !== expected++) damage ??= `${place}: expected offset ${expected - 1}`
      const isOurs = length === VALUE_BYTES && producers[id]?.partition === partition && number < producers[id].sent
      if (!isOurs || bytes.readUInt32BE(at + 8) !== offset - base) damage ??= `${place}: a record that nobody sent`
      else if (offset === base) {
        if (number <= latest[id]) damage ??= `${place}: batch ${number} of producer ${id} after batch ${latest[id]}`
        latest[id] = number
        found[id].set(number, base)
      }
    })
    if (end !== expected) damage ??= `partition ${partition}: ${expected} records below high watermark ${end}`
  }
  let acknowledged = 0
  for (const [id, producer] of producers.entries()) {
    for (const { number, baseOffset } of producer.acknowledged) {
      acknowledged += RECORDS
      const at = found[id].get(number)
      if (at !== baseOffset)
        damage ??= `batch ${number} of producer ${id} was acknowledged at ${baseOffset}, is at ${at}`
    }
    if (producer.identity === null) continue
    for (let number = 0; number < producer.sent; number++) {
      if (!found[id].has(number) && !producer.mayMiss(number)) damage ??= `batch ${number} of producer ${id} is missing`
    }
  }
  return { damage, records, acknowledged }
}

const options = { kills: { type: 'string' }, seed: { type: 'string' } }
await verify('kill', options, async ({ small, kills = small ? '4' : '50', seed = `${Date.now() % 1e6}` }, report) => {
  const random = seededRandom(Number(seed))
  report.say(`seed ${seed}: ${kills} kills each`)
  for (const shards of [[1], [3], [3, 1, 2]]) await killAgainAndAgain(shards, Number(kills), random, report)
})
