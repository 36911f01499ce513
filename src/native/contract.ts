// The border to the kernel, as TypeScript sees it. Two implementations keep these contracts: the C++ add-on, and a
// pure-Node stand-in for one shard (MILLRACE_NATIVE=off). Every constant below is exported by the add-on too, and the
// loader asserts that both agree.
//
// Nothing here is an object per frame, per batch or per record: the two sides meet in typed arrays ("tables") that
// are made once, and a call crosses the border once per tick.

/** One SharedArrayBuffer a shard, mapped into every isolate; only its own shard hands out its blocks. */
export type ArenaBytes = Uint8Array

// ---------------------------------------------------------------------------------------------------------------
// Reactor: sockets in, sockets out.

/** Words of one row of `ReactorTables.events`. */
export const EVENT_WORDS = 4
/** `[FRAME, connection, offset, length]`: a whole frame in the own arena, its 4-byte length prefix left out. */
export const EVENT_FRAME = 1
/**
 * `[CLOSED, connection, reason, errno]`, once a connection: no more frames come. After CLOSED_BY_PEER (it sent FIN, but may
 * still read) rows for it are carried out and their tokens come back until SEND_CLOSE or SEND_FORGET; after any other
 * reason its socket is closed, and rows for it only give their tokens back. Its number is free after SEND_FORGET.
 */
export const EVENT_CLOSED = 2
/**
 * `[NEED, connection, length, key]`: a frame of `length` bytes that no block can hold, or that is longer than a connection
 * without SEND_TRUST may begin; `key` is its first four bytes (API key and version). Answer with SEND_ASSIGN or SEND_CLOSE.
 */
export const EVENT_NEED = 3
/**
 * `[SENT, connection, token, 0]`: the leased bytes of that token, and all before them on the connection, have left, or
 * never will. Exactly once a token; a row with a token below zero has none.
 */
export const EVENT_SENT = 4
/** `[DRAINED, connection, 0, 0]`: its output queue, once above `outputBytesHigh`, is empty again. */
export const EVENT_DRAINED = 5
/** `[IDLE, connection, 0, 0]`: nothing has come or left for `idleMs`; said again after as long. */
export const EVENT_IDLE = 6

/** Reasons in EVENT_CLOSED. */
export const CLOSED_BY_PEER = 0
export const CLOSED_BY_ERROR = 1
export const CLOSED_BAD_FRAME_LENGTH = 2
export const CLOSED_BY_US = 3
export const CLOSED_OUTPUT_OVERFLOW = 4
/** No SEND_TRUST came within `firstFrameMs`. */
export const CLOSED_NO_REQUEST = 5
/** A frame was begun and did not get on: see `progressMs`. */
export const CLOSED_SLOW_FRAME = 6
/** Output was blocked for `idleMs`. */
export const CLOSED_SLOW_READER = 7
/** SEND_EVICT has found that it reads nothing. */
export const CLOSED_EVICTED = 8

/** Words of one row of `ReactorTables.sends`; rows of one connection go out in the order they stand. */
export const SEND_WORDS = 8
/** `[BYTES, connection, 0, offset, length]`: from the own arena; what can't leave at once is copied, so the bytes are free after flush. */
export const SEND_BYTES = 1
/** `[LEASED, connection, arena, offset, length, 0, 0, token]`: from any arena, never copied; EVENT_SENT returns the token. */
export const SEND_LEASED = 2
/** `[FILE, connection, fd, positionLow, positionHigh, length, 0, token]`: by sendfile; EVENT_SENT returns the token. */
export const SEND_FILE = 3
/** `[CLOSE, connection]`: closed after the rows before it are sent as far as they go at once; the rest is dropped. */
export const SEND_CLOSE = 4
/** `[FORGET, connection]`: after EVENT_CLOSED only: closed like SEND_CLOSE, and the number may be used again. */
export const SEND_FORGET = 5
/**
 * `[ASSIGN, connection, offset]`: where the frame of EVENT_NEED goes: `length` bytes of the own arena from `offset` (a block's
 * start). The owner holds that block once and hands the hold over: it becomes that of the frame's EVENT_FRAME, or is given
 * up if the connection ends before.
 */
export const SEND_ASSIGN = 6
/** `[PAUSE, connection]`, `[RESUME, connection]`: stop and go on reading its socket. Frames already split still come. */
export const SEND_PAUSE = 7
export const SEND_RESUME = 8
/** `[TRUST, connection]`: it has sent a valid request: its frames may be long, and it need not send more. */
export const SEND_TRUST = 9
/** `[EVICT, connection, ms]`: if its output is blocked and nothing of it has left for `ms`, its end: CLOSED_EVICTED. */
export const SEND_EVICT = 10

/**
 * Words of `ReactorTables.window`: the two blocks that the next receives go to, an offset of -1 for none. The owner writes
 * only where it finds -1 (the spare, as a rule), from a tick's events on up to its flush.
 */
export const WINDOW_OFFSET = 0
export const WINDOW_END = 1
export const WINDOW_SPARE_OFFSET = 2
export const WINDOW_SPARE_END = 3
export const WINDOW_WORDS = 4

/** Words of `ReactorTables.counters`, all ever-growing and wrapping at 2^32. */
export const COUNTER_TICKS = 0
export const COUNTER_RECEIVE_CALLS = 1
export const COUNTER_SEND_CALLS = 2
export const COUNTER_SENDFILE_CALLS = 3
/** 64-bit, low word first. */
export const COUNTER_RECEIVED_BYTES = 4
export const COUNTER_SENT_BYTES = 6
export const COUNTER_SENDFILE_BYTES = 8
export const COUNTER_COPIED_OUTPUT_BYTES = 10
export const COUNTER_MOVED_INPUT_BYTES = 12
export const COUNTER_WORDS = 16

/** `flush`'s `waitMs`: leave the deadline as it is, or have none. */
export const WAIT_UNCHANGED = -2
export const WAIT_NONE = -1

export interface ReactorTables {
  /** Every shard's arena by shard number. */
  arenas: readonly ArenaBytes[]
  /** The number of the own arena: frames are received into it, SEND_BYTES and SEND_ASSIGN speak of it. */
  own: number
  /**
   * How many holders each block of the own arena has. The reactor adds one for each EVENT_FRAME, which the receiver of
   * the event gives back; it takes one away when it has done with a window block. Plain words of one thread.
   */
  blockHolders: Int32Array
  /** At least 32 KiB. */
  blockBytes: number
  /** The receive window. The owner puts in blocks it holds once (one holder); the reactor gives that hold up when a block is full. */
  window: Int32Array
  /**
   * At least 128 rows. A receive takes no more bytes than these have room for, 12 a row: 21,848 rows let it take the 256 KiB
   * that it takes at most.
   */
  events: Int32Array
  sends: Int32Array
  counters: Int32Array
  /** Frames longer than this close the connection (CLOSED_BAD_FRAME_LENGTH), as do frames shorter than 8 bytes. */
  frameBytesMax: number
  /** Output queued for a connection beyond this closes it (CLOSED_OUTPUT_OVERFLOW): copied bytes only, leases don't count. */
  outputBytesMax: number
  /** Above this EVENT_DRAINED is sent once the queue is empty again. */
  outputBytesHigh: number
  /** At most this many connections; `add` refuses more (ENOBUFS). */
  connectionsMax: number
  /** A longer frame asks (EVENT_NEED) until SEND_TRUST. */
  firstFrameBytesMax: number
  /** What a connection has for SEND_TRUST to come. */
  firstFrameMs: number
  /**
   * Of a frame that is begun 4 KiB and a 64th of its length, or its end, must come in each such interval; in each second
   * while frames wait for memory. Time in which its socket is not read does not count.
   */
  progressMs: number
  idleMs: number
}

/**
 * One shard's sockets: receives into the arena, splits length-prefixed frames, calls back once a tick, sends at its end.
 *
 * Thread:  the one that made it; `close` before that thread's environment goes.
 * Memory:  input goes bump-wise into the window's blocks, shared by all connections, so that small frames lie dense. A
 *          frame that does not fit the rest of its block is moved to the next block; one longer than a block asks
 *          (EVENT_NEED). Of an unfinished frame up to 4 KiB are kept outside the arena, so an idle connection holds none.
 *          With no block left in the window no socket is read: back-pressure is TCP's.
 * Order:   `tick(events)` is called after each poll that brought events, a doorbell or the deadline, or that used up a block
 *          of the window, so that another one can be put in: what waits for it goes on in the flush. One receive a
 *          connection a tick. The callback ends with exactly one `flush`; `flush` may also be called from outside a tick.
 * Time:    deadlines are looked at once a second at most, and not before one is due: no timer for each connection.
 * Errors:  the constructor and `add` throw `{ code, errno }`; a socket's errors are EVENT_CLOSED.
 */
export interface Reactor {
  /**
   * Takes a connected stream socket's descriptor and owns it: a socket that it refuses (by throwing) is closed. Sets
   * non-blocking and TCP_NODELAY. Returns the connection's number.
   */
  add(descriptor: number): number
  /**
   * Carries out the first `sendCount` rows of `sends`, then arms the deadline: `tick` is called `waitMs` from now at the
   * latest (or WAIT_UNCHANGED, WAIT_NONE). Returns how many rows it wrote to `events` from the start (EVENT_SENT,
   * EVENT_CLOSED, EVENT_DRAINED), for the caller to handle now: they are not repeated in a tick.
   */
  flush(sendCount: number, waitMs: number): number
  /** The descriptor that other threads ring with `ringDoorbell` to have `tick` called (the stand-in has none: -1). */
  readonly doorbell: number
  /** The peer's address and port, as text for a log line; empty for a number that is free. */
  peer(connection: number): string
  /**
   * Closes every socket, gives up the window's and the unfinished frames' holds and stops polling; no event comes any more,
   * tokens that are out are void. Nobody may ring the doorbell after it. Safe to call twice.
   */
  close(): void
}
export type OnTick = (eventCount: number) => void

// ---------------------------------------------------------------------------------------------------------------
// Acceptor: listening sockets, on the control thread.

/**
 * Listens and hands accepted descriptors to its callback: `(descriptor, listener, address)`, where `listener` is what
 * `listen` was called with and `address` is the peer's, without its port. The descriptor belongs to the callee. Out of descriptors (EMFILE): accepting rests 100 ms, and the
 * connection waits in the backlog.
 */
export interface Acceptor {
  /** Binds a numeric address (IPv4 or IPv6) with SO_REUSEADDR; port 0 picks one. Returns the bound port. Throws `{ code, errno }`. */
  listen(listener: number, address: string, port: number, backlog: number): number
  /** Accepts nothing for so long: what connects meanwhile waits in the backlog. */
  rest(ms: number): void
  close(): void
}
export type OnAccepted = (descriptor: number, listener: number, address: string) => void

// ---------------------------------------------------------------------------------------------------------------
// DiskQueue: writes and syncs off the event loop.

/** Words of a queue's `progress` (shared memory, read with Atomics). Tickets count from 1; after 2^31 - 1 comes 1 again. */
export const PROGRESS_WRITTEN = 0
/** The last ticket that is done: written, and synced where asked. */
export const PROGRESS_DONE = 1
/** The ticket whose write or sync failed first, and its errno, set before it; no later ticket is carried out or counted. */
export const PROGRESS_FAILED = 2
export const PROGRESS_ERRNO = 3
export const PROGRESS_WORDS = 4

/** Words of one row of a slice table: arena, offset, length. */
export const SLICE_WORDS = 3

/** Flags of `DiskQueue.submit`. */
/** Gather into the queue's own aligned buffer, pad with zeros to 4 KiB, one write. Needs position % 4096 = 0. */
export const DISK_ALIGNED = 1
/** fdatasync after the write. With no slices: only the sync. */
export const DISK_SYNC = 2
/** Ring the doorbell when written too, not only when done. */
export const DISK_RING_WRITTEN = 4

/**
 * One thread that carries out writes in the order they were submitted.
 *
 * Thread:  submit from the one that made it. Completion is published in `progress` and by the reactor's doorbell.
 * Memory:  the slices' bytes are read until the ticket is written: leave them alone till then. The table itself is copied.
 *          Arenas and progress are held until `close`. The doorbell is duplicated: the reactor may close first.
 * Errors:  the first failure stops the queue for good (a failed sync is never retried). `submit` throws RangeError for a
 *          slice outside of its arena, more than `alignedBytesMax`, or a position that is none.
 * Ending:  an environment that goes without `close` ends the thread after the write or sync it is at, and drops the rest.
 */
export interface DiskQueue {
  /**
   * Writes the slices one after the other to `descriptor` at `position`. Returns the ticket, or 0 if 64 are under way.
   */
  submit(descriptor: number, position: number, slices: Int32Array, sliceCount: number, flags: number): number
  /**
   * Waits for what is under way, then ends the thread. (The stand-in can't wait: it carries it out afterwards, so leave
   * descriptors open until PROGRESS_DONE says so.) Safe to call twice.
   */
  close(): void
}

// ---------------------------------------------------------------------------------------------------------------
// Batches.

/** Words of one row of `runs`: arena, offset, length, most batches to accept (the low 16 bits) and flags. */
export const RUN_WORDS = 4
export const RUN_BATCHES_MAX_MASK = 0xffff
/**
 * Flag of a run: it comes from a log of the cluster's own (replay, replication), not from a client. Then these are no
 * faults: control batches, a base offset other than 0, gaps in the offset deltas and batches emptied (compaction), a
 * producer id without a sequence, an empty run.
 */
export const RUN_TRUSTED = 1 << 16
/**
 * Words of one row of `runResults`: status, how many batches are good, the first one's row in `batches`, and where
 * validation stopped: the arena's offset of the batch at fault (or first left out), the run's end if OK.
 */
export const RUN_RESULT_WORDS = 4

/** Statuses of a run. A client's run that is not OK is refused as a whole; a replay may use the good batches before the fault. */
export const RUN_OK = 0
/** Truncated, a length that lies, or a header field out of its range (compression codec). */
export const RUN_CORRUPT = 1
/** The CRC-32C of attributes..end differs. */
export const RUN_BAD_CRC = 2
/** A magic other than 2. */
export const RUN_BAD_MAGIC = 3
/**
 * Well-formed, but against a rule: no batch, record count, offset deltas not 0..n-1, a record that overruns or does not
 * fill its length; from a client also a control batch, a base offset other than 0, a producer id without a sequence.
 */
export const RUN_INVALID_RECORD = 4
/** More batches than accepted. */
export const RUN_TOO_MANY = 5
/** No room in `batches` any more: validate the rest, from where this stopped, in the next call. */
export const RUN_TABLE_FULL = 6

/** Words of one row of `batches`. */
export const BATCH_WORDS = 16
export const BATCH_OFFSET = 0 // of the batch's first byte in the arena
export const BATCH_LENGTH = 1 // whole, with the 12 bytes before its length field's count
export const BATCH_RECORD_COUNT = 2
export const BATCH_ATTRIBUTES = 3
export const BATCH_PRODUCER_ID = 4 // 64-bit, low word first
export const BATCH_PRODUCER_EPOCH = 6
export const BATCH_BASE_SEQUENCE = 7
export const BATCH_MAX_TIMESTAMP = 8 // 64-bit, low word first
export const BATCH_LAST_OFFSET_DELTA = 10
export const BATCH_CRC = 11
export const BATCH_LEADER_EPOCH = 12
export const BATCH_FLAGS = 13
export const BATCH_BASE_OFFSET = 14 // 64-bit, low word first, as it came

/** Bit of BATCH_FLAGS: a record has a null key (known for uncompressed batches only). */
export const BATCH_HAS_NULL_KEY = 1

/**
 * Validates runs of record batches (format v2) where they lie. Uncompressed batches are walked record by record;
 * compressed ones are not opened. Words that hold an offset or a length are unsigned (`>>> 0`).
 *
 * Order:  one batch is checked for 61 bytes, length, magic, CRC, codec, counts and client's rules, records, in this
 *         order; the first fault is the run's status. Runs don't influence each other, but for the room in `batches`.
 * Errors: throws RangeError for a run outside of its arena or tables that are too short.
 */
export interface BatchValidator {
  validate(runs: Int32Array, runCount: number, runResults: Int32Array, batches: Int32Array): void
}

// ---------------------------------------------------------------------------------------------------------------

/** What an implementation offers; `src/native/load.ts` picks one. */
export interface Native {
  readonly kind: 'addon' | 'stand-in'
  createReactor(tables: ReactorTables, onTick: OnTick): Reactor
  createAcceptor(onAccepted: OnAccepted): Acceptor
  createDiskQueue(
    arenas: readonly ArenaBytes[],
    progress: Int32Array,
    doorbell: number,
    alignedBytesMax: number,
  ): DiskQueue
  createBatchValidator(arenas: readonly ArenaBytes[]): BatchValidator
  /** CRC-32C (Castagnoli) of `bytes[offset, offset + length)`, going on from `seed` (0 to start). Unsigned. */
  crc32c(bytes: Uint8Array, offset: number, length: number, seed: number): number
  /** Has the reactor whose `doorbell` this is tick soon. From any thread. */
  ringDoorbell(doorbell: number): void
  /** Pins the calling thread to one CPU. Throws `{ code, errno }`. */
  pinThread(cpu: number): void
}
