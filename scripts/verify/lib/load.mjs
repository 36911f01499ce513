// Loads that cost the client little: requests made once and sent again and again, answers counted and not read.
import { once } from 'node:events'
import { connect } from 'node:net'
import { produceApi } from '../../../dist/wire/generated/00-produce.js'
import { fetchApi } from '../../../dist/wire/generated/01-fetch.js'
import { FETCH_VERSION, PRODUCE_VERSION, recordBatch, requestFrame, writeFetch, writeProduce } from './client.mjs'

const ACKS_ALL = -1
/** Looked for in a frame, to find where the offset stands. */
const SOME_OFFSET = 0x123456789abc

/** A batch of `records` records of `bytes` each. */
export function equalRecords(records, bytes) {
  return recordBatch(Array.from({ length: records }, () => Buffer.alloc(bytes, 'x')))
}

/** Sends `count` produce requests over each of the connections, `window` of them in flight on each. */
export async function produceLoad(port, topic, { partitions, connections, window, count, batch }) {
  await Promise.all(
    Array.from({ length: connections }, async (_, i) => {
      const link = await Link.connect(port)
      const frame = produceFrame(topic, i % partitions, batch)
      const frames = Buffer.concat(new Array(window).fill(frame))
      let sent = 0
      let answered = 0
      while (answered < count) {
        const next = Math.min(count - sent, answered + window - sent)
        link.send(frames.subarray(0, next * frame.length))
        sent += next
        answered += await link.answers()
      }
      link.close()
    }),
  )
}

/**
 * Consumers at the end of their partitions, one for each: each waits in a fetch until its producer's batch is there, then
 * fetches on. `rounds` for each partition; `ends` is where they stand.
 */
export async function tailLoad(port, topic, { partitions, rounds, batch, records, ends }) {
  await Promise.all(
    Array.from({ length: partitions }, async (_, partition) => {
      const [consumer, producer] = await Promise.all([Link.connect(port), Link.connect(port)])
      const fetch = fetchFrame(topic, partition, batch.length)
      const produce = produceFrame(topic, partition, batch)
      for (let round = 0; round < rounds; round++) {
        consumer.send(fetch.at(ends[partition]))
        producer.send(produce)
        await Promise.all([consumer.answers(), producer.answers()])
        ends[partition] += records
      }
      consumer.close()
      producer.close()
    }),
  )
}

function produceFrame(topic, partition, batch) {
  return requestFrame(produceApi.key, PRODUCE_VERSION, 1, (writer) =>
    writeProduce(writer, topic, ACKS_ALL, [[partition, batch]]),
  )
}

/** A fetch request whose offset can be set: `at(offset)` is the frame, the same memory each time. */
function fetchFrame(topic, partition, bytesMax) {
  const options = { maxWaitMs: 30_000, minBytes: 1, bytesMax }
  const frame = requestFrame(fetchApi.key, FETCH_VERSION, 1, (writer) =>
    writeFetch(writer, topic, [[partition, SOME_OFFSET]], options),
  )
  const mark = Buffer.alloc(8)
  mark.writeBigInt64BE(BigInt(SOME_OFFSET))
  const position = frame.indexOf(mark)
  return {
    at(offset) {
      frame.writeBigInt64BE(BigInt(offset), position)
      return Buffer.from(frame)
    },
  }
}

/** A socket that counts whole answers. */
class Link {
  #socket
  #header = Buffer.alloc(4)
  #headerBytes = 0
  /** Of the answer that has begun. */
  #bytesLeft = 0
  #count = 0
  #waiting = null

  static async connect(port) {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    await once(socket, 'connect')
    return new Link(socket)
  }

  constructor(socket) {
    this.#socket = socket
    socket.on('data', (bytes) => this.#onData(bytes))
  }

  send(bytes) {
    this.#socket.write(bytes)
  }

  /** How many whole answers have come since the last call: one at least. */
  async answers() {
    if (this.#count === 0) {
      await new Promise((resolve) => {
        this.#waiting = resolve
      })
    }
    const count = this.#count
    this.#count = 0
    return count
  }

  close() {
    this.#socket.destroy()
  }

  #onData(bytes) {
    for (let at = 0; at < bytes.length; ) {
      if (this.#bytesLeft === 0) {
        this.#header[this.#headerBytes++] = bytes[at++]
        if (this.#headerBytes < 4) continue
        this.#headerBytes = 0
        this.#bytesLeft = this.#header.readInt32BE(0)
      }
      const taken = Math.min(this.#bytesLeft, bytes.length - at)
      this.#bytesLeft -= taken
      at += taken
      if (this.#bytesLeft === 0) this.#count++
    }
    if (this.#count > 0) this.#waiting?.()
  }
}
