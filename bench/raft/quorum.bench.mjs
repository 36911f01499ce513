// What does a step of the quorum cost: one for each group of metadata records that is on the disk?
//
//   npm run build:ts && node bench/raft/quorum.bench.mjs [--small]
import { fromDist, question, row } from '../micro.mjs'

const { Quorum } = await fromDist('raft/quorum')
const { ZERO_UUID } = await fromDist('model/uuid')

question('The quorum machine, one voter')
const voter = { id: 1, directoryId: ZERO_UUID }
const started = { type: 'started', persisted: null, lastEpoch: 0, logEnd: 0 }
const persisted = { type: 'persisted' }
const effects = []

function leader() {
  const quorum = new Quorum(voter, [voter])
  effects.length = 0
  quorum.step(started, effects)
  quorum.step(persisted, effects)
  return quorum
}

const quorum = leader()
const synced = { type: 'synced', logEnd: 0 }
await row('records are synced, and committed', () => {
  synced.logEnd++
  effects.length = 0
  quorum.step(synced, effects)
})
await row('from the start to leading', leader)
