import { expect, test } from 'vitest'
import { type ElectionState, majorityEnd, Quorum, type QuorumEffect, type QuorumEvent } from '../../src/raft/quorum.ts'
import { uuid } from '../metadata/records.ts'

const self = { id: 1, directoryId: uuid(1) }

function play() {
  const quorum = new Quorum(self, [self])
  const history = (event: QuorumEvent): QuorumEffect[] => {
    const effects: QuorumEffect[] = []
    quorum.step(event, effects)
    return effects
  }
  return { quorum, history }
}

const vote = (leaderEpoch: number, leaderId: number): ElectionState => ({
  leaderEpoch,
  leaderId,
  votedId: 1,
  votedDirectoryId: uuid(1),
})

test('a new node votes for itself, and leads once the vote is on disk', () => {
  const { quorum, history } = play()
  expect(history({ type: 'started', persisted: null, lastEpoch: 0, logEnd: 0 })).toEqual([
    { type: 'persist', state: vote(1, -1) },
  ])
  expect(quorum.role).toBe('candidate')
  expect(history({ type: 'persisted' })).toEqual([
    { type: 'persist', state: vote(1, 1) },
    { type: 'append-leader-change', epoch: 1, leaderId: 1, voters: [self], granting: [self] },
    { type: 'lead', epoch: 1 },
  ])
  expect([quorum.role, quorum.leaderId, quorum.epoch]).toEqual(['leader', 1, 1])
})

test('nothing is committed before a record of the own epoch is on disk', () => {
  const { quorum, history } = play()
  history({ type: 'started', persisted: vote(4, 1), lastEpoch: 4, logEnd: 100 })
  expect(history({ type: 'synced', logEnd: 100 })).toEqual([])
  history({ type: 'persisted' })
  expect(history({ type: 'synced', logEnd: 100 })).toEqual([])
  expect(history({ type: 'synced', logEnd: 101 })).toEqual([{ type: 'commit', to: 101 }])
  expect(history({ type: 'synced', logEnd: 101 })).toEqual([])
  expect(history({ type: 'synced', logEnd: 140 })).toEqual([{ type: 'commit', to: 140 }])
  expect(() => history({ type: 'synced', logEnd: 139 })).toThrow('does not shrink')
  expect(quorum.highWatermark).toBe(140)
})

test('the epoch goes on from the vote or from the log, whichever is later', () => {
  for (const [persisted, lastEpoch, expected] of [
    [vote(4, 1), 2, 5],
    [vote(2, 1), 4, 5],
    [null, 7, 8],
  ] as const) {
    const { quorum, history } = play()
    history({ type: 'started', persisted, lastEpoch, logEnd: 10 })
    expect(quorum.epoch).toBe(expected)
  }
})

test('a second sync of the state makes no second leader', () => {
  const { history } = play()
  history({ type: 'started', persisted: null, lastEpoch: 0, logEnd: 0 })
  history({ type: 'persisted' })
  expect(history({ type: 'persisted' })).toEqual([])
})

test('what a majority holds', () => {
  expect(majorityEnd([7])).toBe(7)
  expect(majorityEnd([7, 3, 5])).toBe(5)
  expect(majorityEnd([9, 0, 4, 8])).toBe(4)
})

test('other voters are refused for now', () => {
  expect(() => new Quorum(self, [self, { id: 2, directoryId: uuid(2) }])).toThrow('this node alone')
})
