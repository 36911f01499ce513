// What shards say to each other: 16-word messages over rings. A request is answered exactly once and holds a credit until
// then. What may wait for long holds none. A WATCH or a GROUP_REQUEST is answered when there is what it waits for or when it
// was cancelled, whichever comes first.
//
// Word 0 is the kind, word 1 the sender's ticket, which the answer brings back. Requests about a partition carry its
// handle and the sender's metadata version: a receiver that has not applied that version yet parks the message.

/** `[kind, ticket, handle, version, arena, block, offset, length, acks, takesZstd]` */
export const PRODUCE = 1
/** `[kind, ticket, error, baseOffset×2, appendTime×2, logStart×2]`; an error of records brings the hold on the block back. */
export const PRODUCE_ANSWER = 2
/** `[kind, ticket, handle, version, offset×2, bytesMax, leaderEpoch, lastFetchedEpoch, takesZstd]` */
export const FETCH = 3
/** `[kind, ticket, error, highWatermark×2, logStart×2, tableOffset, rows, bytes, divergingEpoch, divergingEnd×2]`; the table lies in the sender's arena. */
export const FETCH_ANSWER = 4
/** `[kind, ticket, handle, version, highWatermark×2]`: tell me when the high watermark is another than this. */
export const WATCH = 5
/** `[kind, ticket]` */
export const WATCH_ANSWER = 6
/** `[kind, ticket, 0, version]`: of a WATCH that may have been answered already; then it means nothing. */
export const CANCEL = 7
/** `[kind, ticket, handle, version, timestamp×2, isolation, leaderEpoch]` */
export const LIST_OFFSETS = 8
/** `[kind, ticket, error, offset×2, timestamp×2, leaderEpoch]` */
export const LIST_OFFSETS_ANSWER = 9
/** `[kind, ticket, handle, version, epoch, currentLeaderEpoch]` */
export const EPOCH_END = 10
/** `[kind, ticket, error, leaderEpoch, endOffset×2]` */
export const EPOCH_END_ANSWER = 11
/** From the control thread: `[kind, 0, descriptor, listener, addressSlot]`. */
export const ACCEPTED = 12
/** `[kind, 0, 0, 0]`: memory runs short here, and you may hold some of it: drain what you have. */
export const RELIEVE = 13
/** `[kind, ticket, handle, version, offset, length, apiKey, apiVersion]`: the caller and the request, lent from the sender's arena. */
export const GROUP_REQUEST = 14
/** `[kind, ticket, error, offset, length]`: the response, lent from the sender's arena; offset -1 for none. */
export const GROUP_ANSWER = 15
/** `[kind, ticket, 0, version]`: of a GROUP_REQUEST that may have been answered already; then it means nothing. */
export const GROUP_GONE = 16
/** `[kind, ticket, handle, version, offset×2]`; without a credit: it waits for a disk. */
export const DELETE_RECORDS = 17
/** `[kind, ticket, error, logStart×2]` */
export const DELETE_RECORDS_ANSWER = 18
