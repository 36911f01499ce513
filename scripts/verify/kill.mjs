// Does what was acknowledged survive kill -9? Under a load the broker is killed at random moments, again and again, on the
// same data directory: a durable topic with acks=all, and one with millrace.durability=os with acks=1 and acks=all. After
// each kill everything is read back from offset 0.
//
//   node scripts/verify/kill.mjs [--kills 50] [--seed N] [--small]
//
// What has to hold after each kill:
//   offsets   every partition has offsets 0, 1, 2 … without a gap, and every batch is whole;
//   kept      every acknowledged batch stands at the offset that its answer named;
//   order     a plain producer's batches are there at most once each, in the order it sent them (those that were under way
//             at a kill may be missing: it does not send them again);
//   once      an idempotent producer sends again what was not answered: its batches are there exactly once, none missing.
//
// A kill takes the process, not the machine: that bytes are on the disk, not in the page cache, is for sync-order.mjs.
import { ConnectionEnded, createTopic, initProducerId, produce, readPartition, recordBatch } from './lib/client.mjs'
import { verifyKills } from './lib/kill-loop.mjs'

const TOPICS = { killed: {}, 'killed-os': { 'millrace.durability': 'os' } }
/** Of each topic. */
const PARTITIONS = 4
/** Of each kind, in each partition. */
const PRODUCERS = 2
const PLAIN_WINDOW = 8
/** As many batches as a broker remembers of a producer. */
const IDEMPOTENT_WINDOW = 5
const RECORDS = 5
const VALUE_BYTES = 100

class Producers {
  settings = {}
  lifeMsMax = 500
  #producers = []
  #found = { records: 0, acknowledged: 0 }

  get acknowledged() {
    return this.#producers.reduce((sum, producer) => sum + producer.acknowledged.length, 0)
  }

  get summary() {
    const resent = this.#producers.reduce((sum, producer) => sum + producer.resent, 0)
    return `${this.acknowledged} batches acknowledged, ${resent} sent again`
  }

  get claim() {
    const { records, acknowledged } = this.#found
    return `${records} records, ${acknowledged} of them acknowledged, all read back each time`
  }

  async begin([client]) {
    for (const [topic, configs] of Object.entries(TOPICS)) {
      await createTopic(client, topic, PARTITIONS, configs)
      for (let i = 0; i < PARTITIONS * PRODUCERS; i++) {
        for (const identity of [null, await initProducerId(client)]) {
          this.#producers.push(new Producer(this.#producers.length, topic, i % PARTITIONS, identity))
        }
      }
    }
  }

  async damage([client]) {
    const { damage, ...found } = await readBack(client, this.#producers)
    this.#found = found
    return damage
  }

  load(clients) {
    return this.#producers.map((producer, i) => producer.run(clients[i % clients.length]))
  }
}

/** Sends numbered batches to one partition, several in flight, and knows which of them were acknowledged. */
class Producer {
  id
  topic
  partition
  /** Null for a plain one. */
  identity
  #next = 0
  /** Batches without an answer, oldest first. */
  #unanswered = []
  /** Where each acknowledged batch stands. */
  acknowledged = []
  resent = 0

  constructor(id, topic, partition, identity) {
    this.id = id
    this.topic = topic
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
        const { errorCode, baseOffset } = await produce(client, this.topic, this.partition, this.#acks, bytes)
        if (errorCode !== 0) throw new Error(`producer ${this.id}, batch ${number}: error ${errorCode}`)
        this.acknowledged.push({ number, baseOffset })
      } catch (error) {
        if (!(error instanceof ConnectionEnded)) throw error
        this.#unanswered.push(number)
        return
      }
    }
  }

  get #acks() {
    return this.topic === 'killed-os' && this.identity === null ? 1 : -1
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
  for (const topic of Object.keys(TOPICS)) {
    for (let partition = 0; partition < PARTITIONS; partition++) await readPartitionBack(topic, partition)
  }
  return { damage: damage ?? damageOfAcknowledged(), records, acknowledged: acknowledgedOf(producers) }

  async function readPartitionBack(topic, partition) {
    let expected = 0
    const end = await readPartition(client, topic, partition, (bytes, at, length, offset, base) => {
      records++
      const id = bytes.readUInt32BE(at)
      const number = bytes.readUInt32BE(at + 4)
      const producer = producers[id]
      const place = `${topic}-${partition}, offset ${offset}`
      if (offset !== expected++) damage ??= `${place}: expected offset ${expected - 1}`
      const isHere = producer?.topic === topic && producer.partition === partition
      const isOurs = length === VALUE_BYTES && isHere && number < producer.sent
      if (!isOurs || bytes.readUInt32BE(at + 8) !== offset - base) damage ??= `${place}: a record that nobody sent`
      else if (offset === base) {
        if (number <= latest[id]) damage ??= `${place}: batch ${number} of producer ${id} after batch ${latest[id]}`
        latest[id] = number
        found[id].set(number, base)
      }
    })
    if (end !== expected) damage ??= `${topic}-${partition}: ${expected} records below high watermark ${end}`
  }

  function damageOfAcknowledged() {
    for (const [id, producer] of producers.entries()) {
      for (const { number, baseOffset } of producer.acknowledged) {
        const at = found[id].get(number)
        if (at !== baseOffset) return `batch ${number} of producer ${id} was acknowledged at ${baseOffset}, is at ${at}`
      }
      if (producer.identity === null) continue
      for (let number = 0; number < producer.sent; number++) {
        if (!found[id].has(number) && !producer.mayMiss(number)) return `batch ${number} of producer ${id} is missing`
      }
    }
    return null
  }
}

function acknowledgedOf(producers) {
  return producers.reduce((sum, { acknowledged }) => sum + acknowledged.length * RECORDS, 0)
}

await verifyKills('kill', () => new Producers())
