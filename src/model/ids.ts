// Numbers that must not be mixed up. Branded: plain numbers at run time, distinct to the compiler; each cast is a
// statement that the value was checked. Pure.

declare const brand: unique symbol
type Branded<Name extends string> = number & { readonly [brand]: Name }

/** Position of a record in a partition. An exact integer in [0, 2^53). */
export type Offset = Branded<'Offset'>
export type BrokerId = Branded<'BrokerId'>

export const offset = (value: number): Offset => value as Offset
export const brokerId = (value: number): BrokerId => value as BrokerId

/** What Kafka writes where there is no broker: no leader, controller unknown. */
export const NO_BROKER = -1
export const NO_EPOCH = -1

/** The metadata log's partition: always topic `__cluster_metadata`, partition 0. */
export const METADATA_TOPIC = '__cluster_metadata'
export const METADATA_PARTITION = 0

/** Committed offsets and groups; each partition is one coordinator's. */
export const OFFSETS_TOPIC = '__consumer_offsets'
