// Marks below zero that ListOffsets takes for a timestamp: Kafka's, and two of ours. Who asks by one of ours finds it again as
// the answer's timestamp; a broker that does not know it takes it for a time, and answers with a record's.
export const LATEST = -1
export const EARLIEST = -2
export const MAX_TIMESTAMP = -3
export const EARLIEST_LOCAL = -4
export const LATEST_TIERED = -5
export const EARLIEST_PENDING_UPLOAD = -6

/** Before it everything survives a power cut of the leader. */
export const DURABLE = -1001
/** Where the next record goes, whether or not consumers may read up to there. */
export const LOG_END = -1002
