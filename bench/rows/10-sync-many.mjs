// How many batches a second reach stable storage when a hundred producers write to a hundred partitions?
import { syncedRow } from '../compare/synced-row.mjs'

export default syncedRow({
  number: 10,
  name: 'sync-many',
  title: 'Sync per batch, 100 partitions, 100 producers, one record of 1 KB at a time',
  floor: '219 µs: one sync for 100 partitions',
  ceiling: '100 connections, 100 partitions',
  target: 'answered batches/s ≥ 15×',
  targets: { requests: { ratio: 15 } },
  mode: 'partitions',
  partitions: 100,
  connections: 100,
})
