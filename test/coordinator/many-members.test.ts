// A large group: heartbeats cost the same whatever its size, and next to no memory.
import { expect, test } from 'vitest'
import { GroupMachine, GroupMemory } from '../../src/coordinator/group-machine.ts'
import { bytes, SETTINGS } from './harness.ts'

const MEMBERS = 10_000
const ROUNDS = 20

test('heartbeats of 10,000 members move no timer and leave one small answer each', () => {
  let answers = 0
  let members = 0
  const joined = new Map<number, string>()
  const machine = new GroupMachine({
    settings: { ...SETTINGS, groupMaxSize: MEMBERS },
    topics: { idOf: () => undefined, nameOf: () => undefined },
    memory: new GroupMemory(Number.POSITIVE_INFINITY),
    newMemberId: (prefix) => `${prefix}-${++members}`,
  })
  let errors = 0
  const effects = {
    answer(token: number, response: unknown): void {
      answers++
      const { memberId, errorCode } = response as { memberId?: string; errorCode: number }
      errors += errorCode
      if (memberId) joined.set(token, memberId)
    },
    append(ticket: number): void {
      tickets.push(ticket)
    },
  }
  const tickets: number[] = []
  const caller = { clientId: 'c', clientHost: '/10.0.0.1' }
  const protocols = [{ name: 'range', metadata: bytes(1) }]
  const base = { groupId: 'g', sessionTimeoutMs: 45_000, rebalanceTimeoutMs: 60_000, groupInstanceId: null }
  machine.loaded(0, 0, effects)
  for (let token = 1; token <= MEMBERS; token++) {
    const request = { ...base, memberId: '', protocolType: 'p', protocols, reason: null }
    machine.step({ type: 'request', token, apiKey: 11, apiVersion: 3, caller, request }, 0, 0, effects)
  }
  let nowMs = 0
  while (joined.size < MEMBERS) {
    nowMs = machine.nextDeadlineMs()
    machine.step({ type: 'time' }, nowMs, nowMs, effects)
  }
  const events = Array.from(joined.values(), (memberId, token) => ({
    type: 'request' as const,
    token: MEMBERS + token,
    apiKey: 12,
    apiVersion: 4,
    caller,
    request: { groupId: 'g', generationId: 1, memberId, groupInstanceId: null },
  }))
  const before = answers
  const startedAt = performance.now()
  for (let round = 0; round < ROUNDS; round++) {
    nowMs += 1000
    const deadlineMs = machine.nextDeadlineMs()
    for (const event of events) machine.step(event, nowMs, nowMs, effects)
    expect(machine.nextDeadlineMs()).toBe(deadlineMs)
  }
  const microseconds = ((performance.now() - startedAt) * 1000) / (ROUNDS * MEMBERS)
  process.stdout.write(`a heartbeat among ${MEMBERS} takes ${microseconds.toFixed(2)} µs\n`)
  expect(answers - before).toBe(ROUNDS * MEMBERS)
  expect(errors).toBe(0)
})
