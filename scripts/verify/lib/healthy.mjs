// A client that does nothing wrong, while others do: one connection, one topic of its own with one partition.
import { setTimeout as sleep } from 'node:timers/promises'
import { fetch, produce, recordBatch } from './client.mjs'

const PAUSE_MS = 2

/** Produces and fetches, and notes how long each pair took. */
export class Healthy {
  #client
  #topic
  #offset = 0
  errors = 0
  rounds = 0

  constructor(client, topic) {
    this.#client = client
    this.#topic = topic
  }

  async during(attack) {
    let isOver = false
    const done = attack.done.finally(() => {
      isOver = true
    })
    const times = []
    const startedAt = performance.now()
    while (!isOver) {
      const from = performance.now()
      await this.#round()
      times.push(performance.now() - from)
      await sleep(PAUSE_MS)
    }
    return { times, seconds: (performance.now() - startedAt) / 1000, done: await done }
  }

  async #round() {
    const batch = recordBatch([Buffer.from(`record ${this.rounds}`)])
    const { errorCode, baseOffset } = await produce(this.#client, this.#topic, 0, -1, batch)
    const [{ records }] = await fetch(this.#client, this.#topic, [[0, this.#offset]])
    this.rounds++
    if (errorCode !== 0 || baseOffset !== this.#offset || records.length === 0) this.errors++
    this.#offset++
  }
}
