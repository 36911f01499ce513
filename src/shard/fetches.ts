// The shard's read path: its own connections' fetches, wherever the partitions live, and other shards' reads of the
// partitions that live here.
//
// Owner: the shard.
import type { FetchCall, FetchContext } from '../api/01-fetch.ts'
import type { FetchPart } from '../api/fetch-part.ts'
import type { FetchSessions } from '../api/fetch-session.ts'
import type { Routes } from '../api/routes.ts'
import { Deadlines } from '../lib/deadlines.ts'
import { fromWords, highWord, lowWord } from '../lib/int64.ts'
import { List } from '../lib/list.ts'
import { Pool } from '../lib/pool.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import type { LogReader } from '../log/reader.ts'
import { Waiter } from '../log/waiters.ts'
import type { ArenaView } from '../memory/arena.ts'
import type { DescriptorHolds } from '../memory/descriptor-holds.ts'
import { releaseSlices, type SliceTables } from '../memory/slices.ts'
import { ErrorCode } from '../model/error-codes.ts'
import { COUNTER, type Counters } from '../observe/counters.ts'
import { CANCEL, FETCH, FETCH_ANSWER, WATCH, WATCH_ANSWER } from './messages.ts'
import type { Asker, Peers } from './peers.ts'

export interface FetchesOptions {
  own: number
  nodeId: number
  routes: Routes
  sessions: FetchSessions
  fetchBytesMax: number
  reader: LogReader
  tables: SliceTables
  arenas: readonly ArenaView[]
  holds: DescriptorHolds
  peers: Peers
  counters: Counters
  metadataVersion: () => number
  onReadFailure: (error: Error) => void
  /** Has a tick run soon: a file read is done outside of one. */
  wake: () => void
}

export class Fetches implements FetchContext {
  readonly #options: FetchesOptions
  readonly routes: Routes
  readonly sessions: FetchSessions
  readonly nodeId: number
  readonly fetchBytesMax: number
  readonly #deadlines = new Deadlines<FetchCall>()
  readonly #resuming = new List<FetchCall>()
  readonly #asked: Pool<AskedRead> = new Pool(() => new AskedRead(this))
  readonly #watching: Pool<AskedWatch> = new Pool(() => new AskedWatch(this))
  /** Watches of other shards on partitions here, by (thread, ticket). */
  readonly #guests = new Map<number, GuestWatch>()
  readonly #guestPool: Pool<GuestWatch> = new Pool(() => new GuestWatch(this))
  nowMs = 0

  constructor(options: FetchesOptions) {
    this.#options = options
    this.routes = options.routes
    this.sessions = options.sessions
    this.nodeId = options.nodeId
    this.fetchBytesMax = options.fetchBytesMax
  }

  nextDeadlineMs(): number {
    return this.#deadlines.nextMs()
  }

  /** Ends the waits whose time is up and goes on with fetches whose partitions have grown. Once a tick. */
  run(): void {
    for (let call = this.#deadlines.popDue(this.nowMs); call !== undefined; call = this.#deadlines.popDue(this.nowMs)) {
      call.onDeadline()
    }
    // A resumed call may be put here again by a partition that grew meanwhile.
    for (let i = 0; i < this.#resuming.count; i++) this.#resuming.at(i).resume()
    this.#resuming.clear()
  }

  read(part: FetchPart, bytesMax: number): void {
    const route = part.route!
    const { own, peers, metadataVersion } = this.#options
    if (route.shard === own) {
      this.#readHere(part, bytesMax)
      return
    }
    this.#options.counters.add(COUNTER.peerFetches, 1)
    const asked = this.#asked.take()
    asked.part = part
    asked.peer = route.shard
    const { draft } = peers
    draft[0] = FETCH
    draft[1] = peers.issueTicket(asked)
    draft[2] = route.handle
    draft[3] = metadataVersion()
    draft[4] = lowWord(part.fetchOffset)
    draft[5] = highWord(part.fetchOffset)
    draft[6] = bytesMax
    draft[7] = part.currentLeaderEpoch
    draft[8] = part.lastFetchedEpoch
    draft[9] = part.call.takesZstd ? 1 : 0
    peers.ask(route.shard)
  }

  watch(part: FetchPart): void {
    const route = part.route
    if (route === null) return
    const { own, peers, metadataVersion } = this.#options
    if (route.shard === own) {
      const { log } = route
      if (log === null || log.highWatermark !== part.highWatermark) part.onGrown()
      else log.waiters.add(part)
      return
    }
    const watching = this.#watching.take()
    watching.part = part
    const { draft } = peers
    draft[0] = WATCH
    draft[1] = peers.issueTicket(watching)
    draft[2] = route.handle
    draft[3] = metadataVersion()
    draft[4] = lowWord(part.highWatermark)
    draft[5] = highWord(part.highWatermark)
    watching.ticket = draft[1]!
    watching.peer = route.shard
    part.watch = watching
    peers.tell(route.shard)
  }

  unwatch(part: FetchPart): void {
    part.leave()
    const watching = part.watch as AskedWatch | null
    if (watching === null) return
    part.watch = null
    watching.part = null
    const { peers, metadataVersion } = this.#options
    const { draft } = peers
    draft[0] = CANCEL
    draft[1] = watching.ticket
    draft[2] = 0
    draft[3] = metadataVersion()
    peers.tell(watching.peer)
  }

  /** Calls that a partition, a deadline or a cancel has put back since the last `run`. */
  get hasResuming(): boolean {
    return this.#resuming.count > 0
  }

  resumeLater(call: FetchCall): void {
    this.#resuming.push(call)
  }

  addDeadline(call: FetchCall): void {
    this.#deadlines.add(call)
  }

  removeDeadline(call: FetchCall): void {
    this.#deadlines.remove(call)
  }

  release(part: FetchPart): void {
    if (part.rows > 0) {
      const { arenas, holds } = this.#options
      releaseSlices(arenas, holds, part.tableArena, part.tableOffset, part.rows)
    }
    part.rows = 0
    part.byteLength = 0
  }

  onReadAnswer(asked: AskedRead, words: Int32Array, at: number): void {
    const part = asked.part!
    part.error = words[at + 2]!
    part.highWatermark = fromWords(words[at + 3]!, words[at + 4]!)
    part.logStartOffset = fromWords(words[at + 5]!, words[at + 6]!)
    part.tableArena = asked.peer
    part.tableOffset = words[at + 7]!
    part.rows = words[at + 8]!
    part.byteLength = words[at + 9]!
    part.divergingEpoch = words[at + 10]!
    part.divergingEndOffset = fromWords(words[at + 11]!, words[at + 12]!)
    asked.part = null
    this.#asked.give(asked)
    part.call.onRead(part)
  }

  onWatchAnswer(watching: AskedWatch): void {
    const { part } = watching
    watching.part = null
    this.#watching.give(watching)
    if (part === null) return
    part.watch = null
    part.onGrown()
  }

  // --- for other shards ---------------------------------------------------------------------------------------------

  onPeerFetch(thread: number, words: Int32Array, at: number): void {
    const ticket = words[at + 1]!
    const route = this.routes.byHandle(words[at + 2]!)
    const offset = fromWords(words[at + 4]!, words[at + 5]!)
    const bytesMax = words[at + 6]!
    const log = route?.log ?? null
    const takesZstd = words[at + 9] === 1
    const error = log === null ? ErrorCode.UnknownTopicOrPartition : checkRead(log, offset, words[at + 7]!, takesZstd)
    if (log === null || error !== ErrorCode.None) {
      this.#answerPeerFetch(thread, ticket, log, error, false)
      return
    }
    const diverging = log.leaderEpochs.divergence(words[at + 8]!, offset, log.endOffset)
    const { reader, counters } = this.#options
    if (diverging !== null || offset >= log.highWatermark) {
      this.#answerPeerFetch(thread, ticket, log, error, false, diverging)
    } else if (reader.isInMemory(log, offset)) {
      const isRead = reader.readMemory(log, offset, bytesMax)
      if (isRead) counters.add(COUNTER.fetchedMemoryBytes, this.#options.tables.byteLength)
      this.#answerPeerFetch(thread, ticket, log, error, isRead)
    } else if (reader.readOpenFile(log, offset, bytesMax)) {
      counters.add(COUNTER.fetchedFileBytes, this.#options.tables.byteLength)
      this.#answerPeerFetch(thread, ticket, log, error, true)
    } else this.#readFileForPeer(thread, ticket, log, offset, bytesMax)
  }

  onPeerWatch(thread: number, words: Int32Array, at: number): void {
    const ticket = words[at + 1]!
    const log = this.routes.byHandle(words[at + 2]!)?.log ?? null
    const seen = fromWords(words[at + 4]!, words[at + 5]!)
    if (log === null || log.isClosed || log.highWatermark !== seen) {
      this.#answerPeerWatch(thread, ticket)
      return
    }
    const guest = this.#guestPool.take()
    guest.thread = thread
    guest.ticket = ticket
    this.#guests.set(guestKey(thread, ticket), guest)
    log.waiters.add(guest)
  }

  onPeerCancel(thread: number, words: Int32Array, at: number): void {
    const guest = this.#guests.get(guestKey(thread, words[at + 1]!))
    if (guest !== undefined) this.endGuestWatch(guest)
  }

  endGuestWatch(guest: GuestWatch): void {
    guest.leave()
    this.#guests.delete(guestKey(guest.thread, guest.ticket))
    this.#answerPeerWatch(guest.thread, guest.ticket)
    this.#guestPool.give(guest)
  }

  #readHere(part: FetchPart, bytesMax: number): void {
    const { reader, tables, own, counters } = this.#options
    const log = part.route!.log
    if (log === null) {
      part.refuse(ErrorCode.NotLeaderOrFollower)
      part.call.onRead(part)
      return
    }
    const { fetchOffset } = part
    part.error = checkRead(log, fetchOffset, part.currentLeaderEpoch, part.call.takesZstd)
    part.highWatermark = log.highWatermark
    part.logStartOffset = log.logStartOffset
    const diverging = log.leaderEpochs.divergence(part.lastFetchedEpoch, fetchOffset, log.endOffset)
    if (part.error !== ErrorCode.None) part.refuse(part.error)
    else if (diverging !== null) {
      part.divergingEpoch = diverging.epoch
      part.divergingEndOffset = diverging.endOffset
    } else if (fetchOffset < log.highWatermark) {
      if (reader.isInMemory(log, fetchOffset)) {
        if (reader.readMemory(log, fetchOffset, bytesMax)) takeTable(part, tables, own)
        counters.add(COUNTER.fetchedMemoryBytes, part.byteLength)
      } else if (reader.readOpenFile(log, fetchOffset, bytesMax)) {
        takeTable(part, tables, own)
        counters.add(COUNTER.fetchedFileBytes, part.byteLength)
      } else {
        this.#readFileHere(part, log, bytesMax)
        return
      }
    }
    part.call.onRead(part)
  }

  #readFileHere(part: FetchPart, log: PartitionLog, bytesMax: number): void {
    const { reader, own, onReadFailure, wake, counters } = this.#options
    const takeIt = (tables: SliceTables) => {
      takeTable(part, tables, own)
      counters.add(COUNTER.fetchedFileBytes, tables.byteLength)
    }
    reader
      .readFile(log, part.fetchOffset, bytesMax, takeIt)
      .catch((failure: Error) => {
        onReadFailure(failure)
        part.refuse(ErrorCode.KafkaStorageError)
      })
      .then(() => {
        part.call.onRead(part)
        wake()
      })
  }

  #readFileForPeer(thread: number, ticket: number, log: PartitionLog, offset: number, bytesMax: number): void {
    const { reader, onReadFailure, wake, counters } = this.#options
    const answerIt = (tables: SliceTables) => {
      counters.add(COUNTER.fetchedFileBytes, tables.byteLength)
      this.#answerPeerFetch(thread, ticket, log, ErrorCode.None, true)
    }
    reader
      .readFile(log, offset, bytesMax, answerIt)
      .then(
        (isRead) => {
          if (!isRead) this.#answerPeerFetch(thread, ticket, log, ErrorCode.None, false)
        },
        (failure: Error) => {
          onReadFailure(failure)
          this.#answerPeerFetch(thread, ticket, log, ErrorCode.KafkaStorageError, false)
        },
      )
      .then(wake)
  }

  #answerPeerFetch(
    thread: number,
    ticket: number,
    log: PartitionLog | null,
    error: number,
    isRead: boolean,
    diverging: { epoch: number; endOffset: number } | null = null,
  ): void {
    const { peers, tables } = this.#options
    const at = peers.claim(thread)
    const words = peers.wordsTo(thread)
    const highWatermark = log === null || error !== ErrorCode.None ? -1 : log.highWatermark
    const logStartOffset = log === null || error !== ErrorCode.None ? -1 : log.logStartOffset
    words[at] = FETCH_ANSWER
    words[at + 1] = ticket
    words[at + 2] = error
    words[at + 3] = lowWord(highWatermark)
    words[at + 4] = highWord(highWatermark)
    words[at + 5] = lowWord(logStartOffset)
    words[at + 6] = highWord(logStartOffset)
    words[at + 7] = isRead ? tables.offset : 0
    words[at + 8] = isRead ? tables.count : 0
    words[at + 9] = isRead ? tables.byteLength : 0
    words[at + 10] = diverging === null ? -1 : diverging.epoch
    words[at + 11] = lowWord(diverging === null ? -1 : diverging.endOffset)
    words[at + 12] = highWord(diverging === null ? -1 : diverging.endOffset)
  }

  #answerPeerWatch(thread: number, ticket: number): void {
    const { peers } = this.#options
    const { draft } = peers
    draft[0] = WATCH_ANSWER
    draft[1] = ticket
    peers.tell(thread)
  }
}

/** A read asked of another shard. */
class AskedRead implements Asker {
  readonly #owner: Fetches
  part: FetchPart | null = null
  peer = 0

  constructor(owner: Fetches) {
    this.#owner = owner
  }

  onAnswer(words: Int32Array, at: number): void {
    this.#owner.onReadAnswer(this, words, at)
  }
}

/** A watch asked of another shard: answered once, even when it was cancelled. */
class AskedWatch implements Asker {
  readonly #owner: Fetches
  /** Null once cancelled. */
  part: FetchPart | null = null
  ticket = 0
  peer = 0

  constructor(owner: Fetches) {
    this.#owner = owner
  }

  onAnswer(): void {
    this.#owner.onWatchAnswer(this)
  }
}

/** Another shard's watch on a partition here. */
class GuestWatch extends Waiter {
  readonly #owner: Fetches
  thread = 0
  ticket = 0

  constructor(owner: Fetches) {
    super()
    this.#owner = owner
  }

  override onGrown(): void {
    this.#owner.endGuestWatch(this)
  }
}

/** As in Kafka the topic's own codec counts, not that of a producer whose batches are kept as they came. */
function checkRead(log: PartitionLog, offset: number, currentLeaderEpoch: number, takesZstd: boolean): number {
  if (!takesZstd && log.config.compressionType === 'zstd') return ErrorCode.UnsupportedCompressionType
  const error = log.checkLeaderEpoch(currentLeaderEpoch)
  return error === ErrorCode.None ? log.checkReadable(offset) : error
}

function takeTable(part: FetchPart, tables: SliceTables, own: number): void {
  part.tableArena = own
  part.tableOffset = tables.offset
  part.rows = tables.count
  part.byteLength = tables.byteLength
}

function guestKey(thread: number, ticket: number): number {
  return thread * 2 ** 32 + ticket
}
