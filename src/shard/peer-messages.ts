// Messages between shards, by kind: what comes in goes to appends, fetches, queries, deletions or groups; produce requests
// for other shards go out.
//
// Owner: the shard. A request from a peer that knows newer metadata waits until this shard has applied it, so that a
// handle always means the same partition to both.
import type { ProduceCall } from '../api/00-produce.ts'
import { isOfRecords } from '../api/record-errors.ts'
import type { PartitionRoute } from '../api/routes.ts'
import { fromWords, highWord, lowWord } from '../lib/int64.ts'
import { Pool } from '../lib/pool.ts'
import { MESSAGE_WORDS } from '../ring/descriptor.ts'
import type { Append } from './append.ts'
import type { Appends } from './appends.ts'
import * as message from './messages.ts'
import type { Asker } from './peers.ts'
import type { Shard } from './shard.ts'

export class PeerMessages {
  readonly #shard: Shard
  readonly #appends: Appends
  readonly #onAccepted: (descriptor: number, listener: number, addressSlot: number) => void
  readonly #produces: Pool<AskedProduce> = new Pool(() => new AskedProduce(this.#shard, this.#produces))
  /** Requests about metadata that is not applied here yet, oldest first. */
  #parked: { thread: number; words: Int32Array }[] = []

  constructor(
    shard: Shard,
    appends: Appends,
    onAccepted: (descriptor: number, listener: number, addressSlot: number) => void,
  ) {
    this.#shard = shard
    this.#appends = appends
    this.#onAccepted = onAccepted
  }

  onMessage(thread: number, words: Int32Array, at: number): void {
    const { deletions, fetches, groups, peers, queries } = this.#shard
    switch (words[at]) {
      case message.PRODUCE_ANSWER:
      case message.FETCH_ANSWER:
      case message.LIST_OFFSETS_ANSWER:
      case message.EPOCH_END_ANSWER:
        peers.settle(thread, words, at)
        return
      case message.WATCH_ANSWER:
      case message.GROUP_ANSWER:
      case message.DELETE_RECORDS_ANSWER:
        peers.settleTold(words, at)
        return
      case message.RELIEVE:
        this.#shard.relieve()
        return
      case message.ACCEPTED:
        this.#onAccepted(words[at + 2]!, words[at + 3]!, words[at + 4]!)
        return
    }
    if (words[at + 3]! > this.#shard.metadataVersion) {
      this.#parked.push({ thread, words: words.slice(at, at + MESSAGE_WORDS) })
      return
    }
    switch (words[at]) {
      case message.PRODUCE:
        this.#onProduce(thread, words, at)
        return
      case message.FETCH:
        fetches.onPeerFetch(thread, words, at)
        return
      case message.WATCH:
        fetches.onPeerWatch(thread, words, at)
        return
      case message.CANCEL:
        fetches.onPeerCancel(thread, words, at)
        return
      case message.LIST_OFFSETS:
        queries.onPeerListOffsets(thread, words, at)
        return
      case message.EPOCH_END:
        queries.onPeerEpochEnd(thread, words, at)
        return
      case message.DELETE_RECORDS:
        deletions.onPeerRequest(thread, words, at)
        return
      case message.GROUP_REQUEST:
        groups.onPeerRequest(thread, words, at)
        return
      case message.GROUP_GONE:
        groups.onPeerGone(thread, words, at)
    }
  }

  onMetadataApplied(): void {
    if (this.#parked.length === 0) return
    const parked = this.#parked
    this.#parked = []
    for (const { thread, words } of parked) this.onMessage(thread, words, 0)
  }

  /** The block is held for the message; whoever appends or refuses it gives that hold back (see `Appends.refuse`). */
  askProduce(call: ProduceCall, row: number, route: PartitionRoute, offset: number, length: number): void {
    const { peers, metadataVersion, options } = this.#shard
    const asked = this.#produces.take()
    asked.call = call
    asked.row = row
    const { draft } = peers
    draft[0] = message.PRODUCE
    draft[1] = peers.issueTicket(asked)
    draft[2] = route.handle
    draft[3] = metadataVersion
    draft[4] = options.own
    draft[5] = call.block
    draft[6] = offset
    draft[7] = length
    draft[8] = call.acks
    draft[9] = call.takesZstd ? 1 : 0
    peers.ask(route.shard)
  }

  answerProduce(append: Append, error: number): void {
    const { peers } = this.#shard
    const at = peers.claim(append.fromShard)
    const words = peers.wordsTo(append.fromShard)
    const logStartOffset = append.log === null ? -1 : append.log.logStartOffset
    words[at] = message.PRODUCE_ANSWER
    words[at + 1] = append.ticket
    words[at + 2] = error
    words[at + 3] = lowWord(append.baseOffset)
    words[at + 4] = highWord(append.baseOffset)
    words[at + 5] = lowWord(append.appendTimeMs)
    words[at + 6] = highWord(append.appendTimeMs)
    words[at + 7] = lowWord(logStartOffset)
    words[at + 8] = highWord(logStartOffset)
  }

  #onProduce(thread: number, words: Int32Array, at: number): void {
    const append = this.#appends.take()
    append.fromShard = thread
    append.ticket = words[at + 1]!
    append.arena = words[at + 4]!
    append.block = words[at + 5]!
    append.offset = words[at + 6]!
    append.length = words[at + 7]!
    append.acks = words[at + 8]!
    append.takesZstd = words[at + 9] === 1
    this.#shard.queueAppend(append, this.#shard.routes.byHandle(words[at + 2]!))
  }
}

/** A partition's part of a produce request, asked of another shard. */
class AskedProduce implements Asker {
  readonly #shard: Shard
  readonly #pool: Pool<AskedProduce>
  call: ProduceCall | null = null
  row = 0

  constructor(shard: Shard, pool: Pool<AskedProduce>) {
    this.#shard = shard
    this.#pool = pool
  }

  onAnswer(words: Int32Array, at: number): void {
    const { row } = this
    const call = this.call!
    const { block } = call
    const baseOffset = fromWords(words[at + 3]!, words[at + 4]!)
    const appendTimeMs = fromWords(words[at + 5]!, words[at + 6]!)
    const logStartOffset = fromWords(words[at + 7]!, words[at + 8]!)
    const error = words[at + 2]!
    this.call = null
    this.#pool.give(this)
    call.onAppended(row, error, baseOffset, appendTimeMs, logStartOffset)
    if (isOfRecords(error)) this.#shard.arena.release(block)
  }
}
