// The read side of the engine: what a shard answers to a fetch is a table of where the bytes lie, in arenas and in segment
// files; they are copied out, and the holds given back at once.
//
// Owner: the calling thread.
import { read as readDescriptor } from 'node:fs'
import { promisify } from 'node:util'
import type { PartitionRoute } from '../api/routes.ts'
import { fromWords, highWord, lowWord } from '../lib/int64.ts'
import { releaseSlices, SLICE_MEMORY, SLICE_ROW_WORDS } from '../memory/slices.ts'
import { ErrorCode } from '../model/error-codes.ts'
import { FETCH, LIST_OFFSETS } from '../shard/messages.ts'
import type { CallingPeer } from './calling-peer.ts'
import { type EngineError, LogReadError, readError } from './errors.ts'

const NO_EPOCH = -1
/** Marks that LIST_OFFSETS takes for a timestamp. */
const LATEST = -1
const EARLIEST = -2

/** A partition as reads know it. */
export interface ReadTarget {
  readonly route: PartitionRoute
  readonly name: string
}

export interface Fetched {
  /** Whole batches, the first of which holds the offset; none at the end, or when the shard had no memory to answer. */
  readonly bytes: Buffer
  /** Where what may be read ends. */
  readonly highWatermark: number
}

export class Reads {
  readonly #peer: CallingPeer
  readonly #underWay = new Set<Promise<unknown>>()
  #failure: EngineError | null = null

  constructor(peer: CallingPeer) {
    this.#peer = peer
  }

  /** About `bytesMax` bytes from the batch that holds `offset` on; a single batch may be longer. */
  fetch(target: ReadTarget, offset: number, bytesMax: number): Promise<Fetched> {
    return this.#track(() => this.#fetch(target, offset, bytesMax))
  }

  startOffset(target: ReadTarget): Promise<number> {
    return this.#offsetFor(target, EARLIEST)
  }

  endOffset(target: ReadTarget): Promise<number> {
    return this.#offsetFor(target, LATEST)
  }

  /** Of the first record with this timestamp or a later one; -1 if there is none. */
  offsetAt(target: ReadTarget, timestampMs: number): Promise<number> {
    return this.#offsetFor(target, timestampMs)
  }

  /** Resolves when records may be read beyond `highWatermark`, or the partition is gone, or the signal says to stop. */
  async grown({ route }: ReadTarget, highWatermark: number, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) return
    if (this.#failure !== null) throw this.#failure
    const words = [lowWord(highWatermark), highWord(highWatermark)] as const
    const { changed, cancel } = this.#peer.watch(route.shard, route.handle, words)
    signal?.addEventListener('abort', cancel)
    try {
      await changed
    } finally {
      signal?.removeEventListener('abort', cancel)
    }
  }

  /** Reads no more: resolves when what was asked for before is read. */
  async settle(reason: EngineError): Promise<void> {
    this.#failure ??= reason
    await Promise.allSettled(this.#underWay)
  }

  async #fetch({ route, name }: ReadTarget, offset: number, bytesMax: number): Promise<Fetched> {
    const args = [lowWord(offset), highWord(offset), bytesMax, NO_EPOCH, NO_EPOCH, 1]
    const words = await this.#peer.request(route.shard, FETCH, route.handle, args)
    const error = words[2]!
    if (error !== ErrorCode.None) throw readError(error, name, offset)
    const highWatermark = fromWords(words[3]!, words[4]!)
    const [tableOffset, rows, byteLength] = [words[7]!, words[8]!, words[9]!]
    // Its own memory: what is read may be kept.
    const bytes = Buffer.allocUnsafeSlow(byteLength)
    if (rows === 0) return { bytes, highWatermark }
    const { arenas, holds } = this.#peer
    try {
      await this.#copy(bytes, route.shard, tableOffset, rows)
    } catch (cause) {
      throw new LogReadError(`${name}: a read of its segment failed`, { cause })
    } finally {
      releaseSlices(arenas, holds, route.shard, tableOffset, rows)
    }
    return { bytes, highWatermark }
  }

  async #copy(into: Buffer, shard: number, tableOffset: number, rows: number): Promise<void> {
    const { arenas } = this.#peer
    const words = arenas[shard]!.words
    let position = 0
    for (let i = 0, row = tableOffset >> 2; i < rows; i++, row += SLICE_ROW_WORDS) {
      if (words[row] === SLICE_MEMORY) {
        const [offset, length] = [words[row + 2]!, words[row + 3]!]
        into.set(arenas[words[row + 1]!]!.bytes.subarray(offset, offset + length), position)
        position += length
      } else {
        const length = words[row + 4]!
        const part = into.subarray(position, position + length)
        await readWhole(words[row + 1]!, part, fromWords(words[row + 2]!, words[row + 3]!))
        position += length
      }
    }
  }

  async #offsetFor({ route, name }: ReadTarget, timestamp: number): Promise<number> {
    const args = [lowWord(timestamp), highWord(timestamp), NO_EPOCH]
    const words = await this.#track(() => this.#peer.request(route.shard, LIST_OFFSETS, route.handle, args))
    const error = words[2]!
    if (error !== ErrorCode.None) throw readError(error, name, timestamp)
    return fromWords(words[3]!, words[4]!)
  }

  #track<Result>(begin: () => Promise<Result>): Promise<Result> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    const work = begin()
    this.#underWay.add(work)
    const forget = () => this.#underWay.delete(work)
    work.then(forget, forget)
    return work
  }
}

const readSome = promisify(readDescriptor)

/** The descriptor is a segment's, held for us: the shard does not close it meanwhile. */
async function readWhole(descriptor: number, into: Buffer, position: number): Promise<void> {
  for (let done = 0; done < into.length; ) {
    const { bytesRead } = await readSome(descriptor, into, done, into.length - done, position + done)
    if (bytesRead === 0) throw new Error(`the segment ends before ${position + into.length}`)
    done += bytesRead
  }
}
