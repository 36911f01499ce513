// Frames that no honest client sends: noise, lies about lengths and counts, and valid requests of every API and version with
// something broken in them. The same seed makes the same frames.
import { readFileSync } from 'node:fs'
import { apis, requestHeaderVersion } from '../../../dist/wire/generated/apis.js'
import { crc32c, recordBatch, requestFrame, writeFetch, writeProduce } from './client.mjs'
import { seededRandom } from './verify.mjs'

const GOLDENS = new URL('../../../test/wire/golden/messages.jsonl', import.meta.url)
/** The topic that the golden messages speak of: it is there, so that what is broken is met with beyond the decoding. */
export const HOSTILE_TOPIC = 'topic-0'
const CREATE_TOPICS = 19
const CREATE_PARTITIONS = 37
const PREFIX_BYTES = 4
const BATCH_CRC_AT = 17
const BATCH_CRC_FROM = 21
const FRAME_BYTES_MIN = 8

const LYING_INT32S = [-1, -2, -2147483648, 2147483647, 1 << 30, 1 << 20, 65536, 0]
const LYING_INT64S = [2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 32n, -1n, -7n]
const LYING_VARINTS = [
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80],
  [0x80, 0x80, 0x04],
  [0xff, 0x7f],
]

/** Every request that Apache Kafka's own classes made for the wire tests, and some that this broker can carry out. */
function validRequests(random) {
  const names = new Map(apis.map(({ key, name }) => [`${name}Request`, key]))
  const requests = []
  for (const line of readFileSync(GOLDENS, 'utf8').trim().split('\n')) {
    const { message, version, hex } = JSON.parse(line)
    const key = names.get(message)
    // What these create is there for good, and would count as a leak.
    if (key === undefined || key === CREATE_TOPICS || key === CREATE_PARTITIONS) continue
    const body = Buffer.from(hex, 'hex')
    requests.push(requestFrame(key, version, 7, (writer) => writer.writeRaw(body)))
  }
  const batch = recordBatch([Buffer.from('one'), Buffer.alloc(100, 'x')])
  const broken = Array.from({ length: 8 }, () => brokenBatch(batch, random))
  const produce = (records, acks) =>
    requestFrame(0, 12, 7, (writer) => writeProduce(writer, HOSTILE_TOPIC, acks, [[0, records]]))
  const fetch = (offset, options) =>
    requestFrame(1, 12, 7, (writer) => writeFetch(writer, HOSTILE_TOPIC, [[0, offset]], options))
  for (const each of broken) requests.push(produce(each, -1))
  requests.push(produce(batch, 1), produce(batch, 0), produce(batch, -2), fetch(0), fetch(1), fetch(2 ** 52))
  requests.push(fetch(0, { maxWaitMs: 2 ** 31 - 1, minBytes: 2 ** 31 - 1 }), fetch(0, { bytesMax: -1 }))
  return requests
}

/** Something in it is not true, but its CRC is right. */
function brokenBatch(batch, random) {
  const copy = Buffer.from(batch)
  copy[BATCH_CRC_FROM + Math.floor(random() * (copy.length - BATCH_CRC_FROM))] ^= 1 << Math.floor(random() * 8)
  copy.writeUInt32BE(crc32c(copy, BATCH_CRC_FROM, copy.length - BATCH_CRC_FROM, 0), BATCH_CRC_AT)
  return copy
}

export class HostileFrames {
  #random
  #valid

  constructor(seed) {
    this.#random = seededRandom(seed)
    this.#valid = validRequests(this.#random)
  }

  below(count) {
    return Math.floor(this.#random() * count)
  }

  oneOf(list) {
    return list[this.below(list.length)]
  }

  /** What is sent may well be a request: some of these change what means nothing. */
  next() {
    const kind = this.below(20)
    if (kind === 0) return this.#noise()
    if (kind === 1) return this.#badLength()
    if (kind === 2) return this.#strangeKey()
    if (kind === 3) return this.#tagBomb()
    const frame = Buffer.from(this.oneOf(this.#valid))
    if (kind === 4) return this.#cut(frame)
    if (kind === 5) return this.#spliced(frame)
    if (kind < 9) return this.#inserted(frame, this.oneOf(LYING_VARINTS))
    if (kind < 12) return this.#overwritten(frame, 4, (at) => frame.writeInt32BE(this.oneOf(LYING_INT32S), at))
    if (kind < 14) return this.#overwritten(frame, 8, (at) => frame.writeBigInt64BE(this.oneOf(LYING_INT64S), at))
    if (kind === 14) return this.#strangeClient(frame)
    if (kind === 15) return frame
    return this.#flipped(frame)
  }

  #noise() {
    const bytes = Buffer.alloc(PREFIX_BYTES + FRAME_BYTES_MIN + this.below(600))
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.below(256)
    if (this.below(2) === 0) bytes.writeInt32BE(bytes.length - PREFIX_BYTES)
    return bytes
  }

  #badLength() {
    const bytes = Buffer.alloc(64)
    bytes.writeInt32BE(this.oneOf([-1, -2147483648, 2147483647, 0, 1, 7, 104857601, 0x47455420]))
    return bytes
  }

  #strangeKey() {
    const bytes = Buffer.alloc(PREFIX_BYTES + 64)
    bytes.writeInt32BE(64)
    bytes.writeInt16BE(this.oneOf([-1, -32768, 32767, 1000, 4, 5, 6, 7, 58, 90, ...apis.map(({ key }) => key)]), 4)
    bytes.writeInt16BE(this.oneOf([-1, -32768, 32767, 0, 1, 14, 19, 99]), 6)
    return bytes
  }

  /** Thousands of tags where none are due, in a header or a body. */
  #tagBomb() {
    const { key, maxVersion } = this.oneOf(apis)
    const tags = this.oneOf([30, 3000, 30000])
    const count = this.oneOf([tags, tags * 1000, 2 ** 31])
    const bomb = Buffer.alloc(2 * tags)
    for (let i = 0; i < tags; i++) bomb[2 * i] = i & 0x7f
    return this.#inserted(
      requestFrame(key, maxVersion, 7, () => undefined),
      [...varint(count), ...bomb],
    )
  }

  #cut(frame) {
    const length = FRAME_BYTES_MIN + this.below(Math.max(1, frame.length - PREFIX_BYTES - FRAME_BYTES_MIN))
    const cut = frame.subarray(0, PREFIX_BYTES + length)
    cut.writeInt32BE(cut.length - PREFIX_BYTES)
    return cut
  }

  /** One request's header, another's body. */
  #spliced(frame) {
    const other = this.oneOf(this.#valid)
    const headerBytes = PREFIX_BYTES + FRAME_BYTES_MIN
    return sized(Buffer.concat([frame.subarray(0, headerBytes), other.subarray(headerBytes)]))
  }

  #inserted(frame, bytes) {
    const at = this.#somewhere(frame, 0)
    const skipped = this.below(2)
    return sized(Buffer.concat([frame.subarray(0, at), Buffer.from(bytes), frame.subarray(at + skipped)]))
  }

  #overwritten(frame, bytes, write) {
    const at = this.#somewhere(frame, bytes)
    if (at + bytes <= frame.length) write(at)
    return frame
  }

  #flipped(frame) {
    for (let flips = 1 + this.below(8); flips > 0; flips--) frame[this.#somewhere(frame, 1)] ^= 1 << this.below(8)
    return frame
  }

  #strangeClient(frame) {
    const key = frame.readInt16BE(4)
    const version = frame.readInt16BE(6)
    const idBytes = this.oneOf([0, 1, 1000, 32767])
    const id = Buffer.alloc(2 + idBytes, this.oneOf([0xff, 0x00, 0x1b, 0xc0]))
    id.writeInt16BE(this.oneOf([idBytes, idBytes, -1, -2, 32767]))
    const headerEnd = PREFIX_BYTES + FRAME_BYTES_MIN
    const bodyAt = headerEnd + 2 + frame.readInt16BE(headerEnd) + (requestHeaderVersion(key, version) === 2 ? 1 : 0)
    return sized(Buffer.concat([frame.subarray(0, headerEnd), id, frame.subarray(bodyAt)]))
  }

  /** A place behind key, version and correlation id, `bytes` before the end if there is room. */
  #somewhere(frame, bytes) {
    const from = PREFIX_BYTES + FRAME_BYTES_MIN
    return from + this.below(Math.max(1, frame.length - bytes - from))
  }
}

function sized(frame) {
  frame.writeInt32BE(frame.length - PREFIX_BYTES)
  return frame
}

function varint(value) {
  const bytes = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest]
    bytes.push((rest % 128) | 128)
  }
}
