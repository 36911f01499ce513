// How long does a producer wait until its one record is on stable storage?
import { syncedRow } from '../compare/synced-row.mjs'

export default syncedRow({
  number: 9,
  name: 'sync-one',
  title: 'Sync per batch, one partition, one record of 1 KB at a time',
  floor: '87–130 µs: 4 KiB write and fdatasync in a prewritten file',
  ceiling: 'one connection',
  target: 'p50 ≥ 2.5×, p99 ≥ 5×',
  targets: { p50: { ratio: 2.5 }, p99: { ratio: 5 } },
  mode: 'produce',
  partitions: 1,
  connections: 1,
})
