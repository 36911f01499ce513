// Fetch sessions as a table: what it keeps, and who goes when there is no room.
import { expect, test } from 'vitest'
import { type FetchSession, FetchSessions } from '../../src/api/fetch-session.ts'

const NAME = 'x'.repeat(1000)
/** Of one partition of such a topic. */
const BYTES = 2256

function sessionsOf(bytesMax: number) {
  let id = 0
  return new FetchSessions(100, bytesMax, { uint32: () => ++id, bytes: () => new Uint8Array(0) })
}

function add(session: FetchSession, partition: number): void {
  const counts = { fetchOffset: 0, bytesMax: 0, currentLeaderEpoch: -1, lastFetchedEpoch: -1 }
  const sent = { sentHighWatermark: -1, sentLogStartOffset: -1, mustSend: true, index: -1 }
  session.add(NAME, { topic: NAME, topicId: '', partition, ...counts, ...sent })
}

test('what all partitions take is bounded: the session that was used longest ago goes', () => {
  const sessions = sessionsOf(10 * BYTES)
  const [a, b, c] = [sessions.create(false)!, sessions.create(false)!, sessions.create(false)!]
  for (const session of [a, b, c]) {
    for (let partition = 0; partition < 3; partition++) add(session, partition)
    sessions.measure(session)
  }
  expect([a, b, c].every(({ id }) => sessions.find(id) !== undefined)).toBe(true)
  sessions.find(a.id)
  for (let partition = 3; partition < 5; partition++) add(c, partition)
  sessions.find(c.id)
  sessions.measure(c)
  expect([a, b, c].map(({ id }) => sessions.find(id) !== undefined)).toEqual([true, false, true])
})

test('what was forgotten or removed counts no more; a session that is too large by itself is not kept', () => {
  const sessions = sessionsOf(3 * BYTES)
  const kept = sessions.create(false)!
  add(kept, 0)
  sessions.measure(kept)
  for (let round = 0; round < 20; round++) {
    const session = sessions.create(false)!
    add(session, 0)
    add(session, 1)
    sessions.measure(session)
    session.remove(NAME, 0)
    sessions.measure(session)
    if (round % 2 === 0) session.remove(NAME, 1)
    sessions.measure(session)
    sessions.remove(session.id)
    expect(sessions.find(kept.id)).toBe(kept)
  }
  const large = sessions.create(false)!
  for (let partition = 0; partition < 4; partition++) add(large, partition)
  sessions.measure(large)
  expect(sessions.find(large.id)).toBeUndefined()
})
