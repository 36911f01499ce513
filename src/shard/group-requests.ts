// Requests about groups on their way to the coordinator, on this shard or another, and its answers on their way back.
//
// Owner: the shard. Between shards a request is a message that lends its bytes: the caller, then the request in the
// client's version. The answer lends bytes likewise. They hold no credits, since some wait for minutes: each is told, and
// answered once, also when it was cancelled.
import type { ColdCall } from '../api/cold-call.ts'
import type { GroupAnswer, GroupCalls } from '../api/group-calls.ts'
import { groupPartition } from '../api/group-calls.ts'
import { type AnyGroupCodec, type GroupCodec, groupCodecs, waitsForOthers } from '../api/group-codecs.ts'
import type { PartitionRoute, Routes } from '../api/routes.ts'
import type { Caller } from '../coordinator/group-machine.ts'
import type { ArenaView } from '../memory/arena.ts'
import type { Pieces } from '../memory/pieces.ts'
import { ErrorCode } from '../model/error-codes.ts'
import { OFFSETS_TOPIC } from '../model/ids.ts'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'
import type { Coordinators } from './coordinators.ts'
import type { GroupAsker, GroupCoordinator } from './group-coordinator.ts'
import { GROUP_ANSWER, GROUP_GONE, GROUP_REQUEST } from './messages.ts'
import type { Asker, Peers } from './peers.ts'

/** The bytes are our own: how much they may become is bounded by what they were made from. */
const DECODED_BYTES_MAX = 2 ** 40

export interface GroupRequestsOptions {
  own: number
  routes: Routes
  coordinators: Coordinators
  arenas: readonly ArenaView[]
  /** For messages, which are read soon. */
  pieces: Pieces
  peers: Peers
  metadataVersion: () => number
  /** Has a tick run soon. */
  wake: () => void
}

export class GroupRequests {
  readonly #options: GroupRequestsOptions
  readonly #writer = new Writer()
  readonly #reader = new Reader()
  /** Requests of other shards that are not answered yet, by (thread, ticket). */
  readonly #guests = new Map<number, { coordinator: GroupCoordinator; token: number }>()

  constructor(options: GroupRequestsOptions) {
    this.#options = options
  }

  /** What a handler asks with: on behalf of `caller`, whose request is `call`. */
  callsOf(caller: Caller, apiVersion: number, call: ColdCall): GroupCalls {
    const routes = () => this.#options.routes.topicByName(OFFSETS_TOPIC)?.partitions ?? []
    const askAt = <Request, Response>(
      route: PartitionRoute | undefined,
      codec: GroupCodec<Request, Response>,
      request: Request,
    ) =>
      new Promise<GroupAnswer<Response>>((resolve) => {
        const onGroupAnswer = (response: unknown, error: ErrorCode) => {
          call.onGone = null
          resolve(response === null ? { response, error } : { response: response as Response, error: null })
        }
        const cancel = this.#ask({ onGroupAnswer }, route, codec, apiVersion, caller, request)
        if (cancel !== null && waitsForOthers(codec)) call.onGone = cancel
      })
    return {
      ask: (codec, groupId, request) => {
        const partitions = routes()
        const route = partitions[groupPartition(groupId, partitions.length)]
        return askAt(route, codec, request)
      },
      askAll: (codec, request) => Promise.all(routes().map((route) => askAt(route, codec, request))),
    }
  }

  /** Returns what cancels it: then it is not answered any more. Null if it is answered already. */
  #ask(
    asker: GroupAsker,
    route: PartitionRoute | undefined,
    codec: AnyGroupCodec,
    apiVersion: number,
    caller: Caller,
    request: unknown,
  ): (() => void) | null {
    const { own, coordinators } = this.#options
    if (route !== undefined && route.shard !== own)
      return this.#askPeer(asker, route, codec, apiVersion, caller, request)
    const coordinator = route === undefined ? undefined : coordinators.byHandle(route.handle)
    if (coordinator === undefined) {
      asker.onGroupAnswer(null, ErrorCode.NotCoordinator)
      return null
    }
    let isAnswered = false
    const once: GroupAsker = {
      onGroupAnswer(response, error) {
        isAnswered = true
        asker.onGroupAnswer(response, error)
      },
    }
    const token = coordinator.request(once, codec.key, apiVersion, caller, request)
    return isAnswered ? null : () => coordinator.gone(token)
  }

  #askPeer(
    asker: GroupAsker,
    route: PartitionRoute,
    codec: AnyGroupCodec,
    apiVersion: number,
    caller: Caller,
    request: unknown,
  ): (() => void) | null {
    const { peers, metadataVersion, wake } = this.#options
    const offset = this.#lend((writer) => {
      writer.writeString(caller.clientId, true)
      writer.writeString(caller.clientHost, true)
      codec.writeRequest(writer, apiVersion, request)
    })
    if (offset < 0) {
      asker.onGroupAnswer(null, ErrorCode.CoordinatorNotAvailable)
      return null
    }
    const asked = new AskedCoordinator(this, asker, route.shard, codec, apiVersion)
    const ticket = peers.issueTicket(asked)
    const { draft } = peers
    draft[0] = GROUP_REQUEST
    draft[1] = ticket
    draft[2] = route.handle
    draft[3] = metadataVersion()
    draft[4] = offset
    draft[5] = this.#writer.mark
    draft[6] = codec.key
    draft[7] = apiVersion
    peers.tell(route.shard)
    wake()
    return () => {
      asked.cancel()
      draft[0] = GROUP_GONE
      draft[1] = ticket
      draft[2] = 0
      draft[3] = metadataVersion()
      peers.tell(route.shard)
      wake()
    }
  }

  /** The response that another shard lends, as an object; the loan ends. */
  readAnswer(
    thread: number,
    words: Int32Array,
    at: number,
    { codec, apiVersion }: { codec: AnyGroupCodec; apiVersion: number },
  ): unknown {
    return this.#read(thread, words[at + 3]!, words[at + 4]!, (reader) => codec.readResponse(reader, apiVersion))
  }

  onPeerRequest(thread: number, words: Int32Array, at: number): void {
    const ticket = words[at + 1]!
    const codec = groupCodecs.get(words[at + 6]!)!
    const apiVersion = words[at + 7]!
    const { caller, request } = this.#read(thread, words[at + 4]!, words[at + 5]!, (reader) => ({
      caller: { clientId: reader.readString(true), clientHost: reader.readString(true) },
      request: codec.readRequest(reader, apiVersion),
    }))
    const coordinator = this.#options.coordinators.byHandle(words[at + 2]!)
    if (coordinator === undefined) {
      this.#answerPeer(thread, ticket, ErrorCode.NotCoordinator, -1, 0)
      return
    }
    const key = guestKey(thread, ticket)
    let isAnswered = false
    const onGroupAnswer = (response: unknown, error: ErrorCode) => {
      isAnswered = true
      this.#guests.delete(key)
      const offset = response === null ? -1 : this.#lend((writer) => codec.writeResponse(writer, apiVersion, response))
      const isShort = response !== null && offset < 0
      this.#answerPeer(thread, ticket, isShort ? ErrorCode.CoordinatorNotAvailable : error, offset, this.#writer.mark)
    }
    const token = coordinator.request({ onGroupAnswer }, codec.key, apiVersion, caller, request)
    if (!isAnswered) this.#guests.set(key, { coordinator, token })
  }

  onPeerGone(thread: number, words: Int32Array, at: number): void {
    const ticket = words[at + 1]!
    const key = guestKey(thread, ticket)
    const guest = this.#guests.get(key)
    if (guest === undefined) return
    this.#guests.delete(key)
    guest.coordinator.gone(guest.token)
    this.#answerPeer(thread, ticket, ErrorCode.None, -1, 0)
  }

  #answerPeer(thread: number, ticket: number, error: ErrorCode, offset: number, length: number): void {
    const { peers, wake } = this.#options
    const { draft } = peers
    draft[0] = GROUP_ANSWER
    draft[1] = ticket
    draft[2] = error
    draft[3] = offset
    draft[4] = length
    peers.tell(thread)
    wake()
  }

  /** Writes into the own arena, for another shard to read; `writer.mark` is the length. -1: no memory. */
  #lend(write: (writer: Writer) => void): number {
    const writer = this.#writer
    writer.rewind()
    write(writer)
    return this.#options.pieces.put(writer.written())
  }

  /** Reads what another shard lends; the loan ends. */
  #read<T>(thread: number, offset: number, length: number, read: (reader: Reader) => T): T {
    const arena = this.#options.arenas[thread]!
    const reader = this.#reader
    reader.reset(arena.bytes, arena.view, offset, offset + length, DECODED_BYTES_MAX)
    const value = read(reader)
    arena.release(arena.blockOf(offset))
    return value
  }
}

/** A request asked of another shard. */
class AskedCoordinator implements Asker {
  readonly #owner: GroupRequests
  /** Null once cancelled. */
  #asker: GroupAsker | null
  readonly #thread: number
  readonly codec: AnyGroupCodec
  readonly apiVersion: number

  constructor(owner: GroupRequests, asker: GroupAsker, thread: number, codec: AnyGroupCodec, apiVersion: number) {
    this.#owner = owner
    this.#asker = asker
    this.#thread = thread
    this.codec = codec
    this.apiVersion = apiVersion
  }

  cancel(): void {
    this.#asker = null
  }

  onAnswer(words: Int32Array, at: number): void {
    const error = words[at + 2]! as ErrorCode
    const response = words[at + 3]! < 0 ? null : this.#owner.readAnswer(this.#thread, words, at, this)
    this.#asker?.onGroupAnswer(response, error)
  }
}

function guestKey(thread: number, ticket: number): number {
  return thread * 2 ** 32 + ticket
}
