// What a partition knows of its idempotent producers: for each producer id its epoch and its last five batches, so that
// a retry is recognised and a gap refused (KIP-98, KIP-360).
//
// Pure. Owner: the shard of the partition. It follows the log: `check` before an append, `record` after it, and the same
// `record` on replay. State as of an earlier offset is what is left when the later batches are taken away.
import { ErrorCode } from '../model/error-codes.ts'

const BATCHES_REMEMBERED = 5
const SEQUENCE_LIMIT = 2 ** 31

export interface ProducerBatch {
  baseSequence: number
  lastSequence: number
  baseOffset: number
  maxTimestamp: number
}

interface Producer {
  epoch: number
  lastTimestamp: number
  /** Oldest first. */
  batches: ProducerBatch[]
}

/** What `check` says of a batch: a Kafka error code, or one of these. */
export const SEQUENCE_OK = 0
export const SEQUENCE_DUPLICATE = -100

export class ProducerState {
  readonly #producers = new Map<number, Producer>()
  /** Where the duplicate that `check` found was appended, and when. */
  duplicateOffset = -1
  duplicateTimestamp = -1

  get size(): number {
    return this.#producers.size
  }

  /** SEQUENCE_OK, SEQUENCE_DUPLICATE (then see `duplicateOffset`), or the code that refuses the batch. */
  check(producerId: number, epoch: number, baseSequence: number, recordCount: number): number {
    const producer = this.#producers.get(producerId)
    // KIP-360: a producer that this partition has no state of (expired, or new here) may start anywhere.
    if (producer === undefined) return SEQUENCE_OK
    if (epoch < producer.epoch) return ErrorCode.InvalidProducerEpoch
    if (epoch > producer.epoch) return baseSequence === 0 ? SEQUENCE_OK : ErrorCode.OutOfOrderSequenceNumber
    const lastSequence = sequenceAfter(baseSequence, recordCount - 1)
    for (let i = producer.batches.length - 1; i >= 0; i--) {
      const batch = producer.batches[i]!
      if (batch.baseSequence !== baseSequence || batch.lastSequence !== lastSequence) continue
      this.duplicateOffset = batch.baseOffset
      this.duplicateTimestamp = batch.maxTimestamp
      return SEQUENCE_DUPLICATE
    }
    const newest = producer.batches.at(-1)
    if (newest === undefined || baseSequence === sequenceAfter(newest.lastSequence, 1)) return SEQUENCE_OK
    return ErrorCode.OutOfOrderSequenceNumber
  }

  record(
    producerId: number,
    epoch: number,
    baseSequence: number,
    recordCount: number,
    baseOffset: number,
    maxTimestamp: number,
    nowMs: number,
  ): void {
    let producer = this.#producers.get(producerId)
    if (producer === undefined) {
      producer = { epoch, lastTimestamp: nowMs, batches: [] }
      this.#producers.set(producerId, producer)
    }
    if (producer.epoch !== epoch) {
      producer.epoch = epoch
      producer.batches.length = 0
    }
    producer.lastTimestamp = nowMs
    const lastSequence = sequenceAfter(baseSequence, recordCount - 1)
    // The oldest entry is used again: a steady producer costs no object a batch.
    const full = producer.batches.length === BATCHES_REMEMBERED
    const entry = full ? producer.batches[0]! : { baseSequence: 0, lastSequence: 0, baseOffset: 0, maxTimestamp: 0 }
    if (full) producer.batches.copyWithin(0, 1)
    else producer.batches.push(entry)
    producer.batches[producer.batches.length - 1] = entry
    entry.baseSequence = baseSequence
    entry.lastSequence = lastSequence
    entry.baseOffset = baseOffset
    entry.maxTimestamp = maxTimestamp
  }

  /** Forgets producers that have not written since `beforeMs` (producer.id.expiration.ms). */
  expire(beforeMs: number): void {
    for (const [id, producer] of this.#producers) if (producer.lastTimestamp < beforeMs) this.#producers.delete(id)
  }

  /** Batches from `offset` on are gone, and producers that then have none. */
  truncateFrom(offset: number): void {
    for (const [id, producer] of this.#producers) {
      producer.batches = producer.batches.filter(({ baseOffset }) => baseOffset < offset)
      if (producer.batches.length === 0) this.#producers.delete(id)
    }
  }

  /** The state as of `endOffset`: batches at or beyond it left out, and producers that then have none. */
  *asOf(
    endOffset: number,
  ): Generator<{ producerId: number; epoch: number; lastTimestamp: number; batches: ProducerBatch[] }> {
    for (const [producerId, { epoch, lastTimestamp, batches }] of this.#producers) {
      const before = batches.filter((batch) => batch.baseOffset < endOffset)
      if (before.length > 0) yield { producerId, epoch, lastTimestamp, batches: before }
    }
  }
}

/** Sequences run 0 … 2^31-1 and wrap to 0. */
export function sequenceAfter(sequence: number, step: number): number {
  return (sequence + step) % SEQUENCE_LIMIT
}
