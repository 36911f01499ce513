// The driver of a group machine, against a machine that writes down what it is told.
import { describe, expect, test } from 'vitest'
import type { PartitionRoute } from '../../src/api/routes.ts'
import type { GroupEffects, GroupEvent, GroupMachine } from '../../src/coordinator/group-machine.ts'
import { Arena, createArenaMemory } from '../../src/memory/arena.ts'
import { Pieces } from '../../src/memory/pieces.ts'
import { ErrorCode } from '../../src/model/error-codes.ts'
import { type CoordinatorHost, GroupCoordinator } from '../../src/shard/group-coordinator.ts'
import { RecordBatchBuilder } from '../../src/wire/record-batch-builder.ts'
import { crc32c } from '../raft/crc32c.ts'

const BLOCK = 4096
const CALLER = { clientId: 'c', clientHost: '/127.0.0.1' }

function world(blocks = 8) {
  const heard: string[] = []
  const answers: string[] = []
  let effects!: GroupEffects
  const machine = {
    deadlineMs: Number.POSITIVE_INFINITY,
    /** What it does at the next request. */
    onRequest: (_token: number) => {},
    step(event: GroupEvent, _nowMs: number, _wallMs: number, into: GroupEffects) {
      effects = into
      if (event.type === 'appended') heard.push(`appended ${event.ticket}: ${event.error}`)
      else if (event.type === 'topics-deleted') heard.push(`deleted ${event.topicIds}`)
      else heard.push(event.type === 'time' ? 'time' : `${event.type} ${event.token}`)
      if (event.type === 'request') machine.onRequest(event.token)
    },
    nextDeadlineMs: () => machine.deadlineMs,
    replay: () => {},
    loaded: () => heard.push('loaded'),
    close: () => heard.push('closed'),
  }
  const queued: { row: number; length: number }[] = []
  const settled: GroupCoordinator[] = []
  let steps = 0
  const host: CoordinatorHost = {
    clock: { nowMs: () => 5, wallMs: () => 1_700_000_000_000 },
    builder: new RecordBatchBuilder(crc32c),
    pieces: new Pieces(new Arena(createArenaMemory(blocks * BLOCK, BLOCK))),
    appendOwn: (_caller, row, _route, _offset, length) => queued.push({ row, length }),
    onStepped: (stepped) => {
      steps++
      stepped.takeDeadline()
    },
    onSettled: (one) => settled.push(one),
  }
  const coordinator = new GroupCoordinator({} as PartitionRoute, host, machine as unknown as GroupMachine)
  const request = (name: string) =>
    coordinator.request(
      { onGroupAnswer: (response, error) => answers.push(`${name}: ${response} ${error}`) },
      11,
      9,
      CALLER,
      {},
    )
  const record = { key: new Uint8Array(2), value: new Uint8Array(100) }
  return {
    coordinator,
    machine,
    heard,
    answers,
    queued,
    settled,
    request,
    record,
    at: () => effects,
    steps: () => steps,
  }
}

test('nothing is asked of the machine before it is loaded, nor if it could not be', () => {
  const { coordinator, heard, answers, request } = world()
  expect(request('early')).toBe(0)
  coordinator.onTopicDeleted('early')
  coordinator.open()
  expect(request('on time')).toBe(1)
  coordinator.onTopicDeleted('id')
  expect(heard).toEqual(['loaded', 'deleted early', 'request 1', 'deleted id'])
  expect(answers).toEqual([`early: null ${ErrorCode.CoordinatorLoadInProgress}`])

  const broken = world()
  broken.coordinator.fail()
  broken.request('late')
  expect(broken.heard).toEqual([])
  expect(broken.answers).toEqual([`late: null ${ErrorCode.CoordinatorNotAvailable}`])
})

describe('appends', () => {
  test('are told in their order, also where a later one is settled first, and not within a step', () => {
    const { coordinator, machine, heard, queued, settled, request, record, at } = world()
    coordinator.open()
    machine.onRequest = (token) => at().append(token, [record, record])
    for (const name of ['a', 'b', 'c']) request(name)
    expect(queued.map(({ row }) => row)).toEqual([1, 2, 3])
    heard.length = 0
    coordinator.onAppended(2, ErrorCode.MessageTooLarge)
    expect(settled).toEqual([coordinator])
    coordinator.run()
    expect(heard).toEqual([])
    coordinator.onAppended(1, ErrorCode.None)
    coordinator.onAppended(3, ErrorCode.None)
    // Asked for once.
    expect(settled).toHaveLength(2)
    expect(heard).toEqual([])
    coordinator.run()
    expect(heard).toEqual(['appended 1: 0', `appended 2: ${ErrorCode.MessageTooLarge}`, 'appended 3: 0'])
  })

  test('fail when there is no memory, after those before them', () => {
    const { coordinator, machine, heard, queued, settled, request, record, at } = world(1)
    coordinator.open()
    machine.onRequest = (token) =>
      at().append(token, token === 1 ? [record] : [{ ...record, value: new Uint8Array(4050) }])
    request('fits')
    request('does not')
    expect(queued.map(({ row }) => row)).toEqual([1])
    heard.length = 0
    coordinator.run()
    expect(heard).toEqual([])
    coordinator.onAppended(1, ErrorCode.None)
    coordinator.run()
    expect(heard).toEqual(['appended 1: 0', `appended 2: ${ErrorCode.NotEnoughReplicas}`])
    expect(settled.length).toBeGreaterThan(0)
  })
})

test('an answer goes to who asked, once, and nowhere if the connection is gone', () => {
  const { coordinator, heard, answers, request, at } = world()
  coordinator.open()
  const [first, second] = [request('first'), request('second')]
  expect(coordinator.gone(first)).toBe(true)
  at().answer(first, 'late')
  at().answer(second, 'yes')
  expect(coordinator.gone(second)).toBe(false)
  expect(answers).toEqual(['second: yes 0'])
  expect(heard.slice(1)).toEqual(['request 1', 'request 2', 'gone 1'])
})

test('a deadline is told to the shard when it changes', () => {
  const { coordinator, machine, request, steps, heard } = world()
  coordinator.open()
  expect([steps(), coordinator.deadlineMs]).toEqual([0, Number.POSITIVE_INFINITY])
  machine.deadlineMs = 50
  request('a')
  request('b')
  expect([steps(), coordinator.deadlineMs]).toEqual([1, 50])
  machine.deadlineMs = 70
  coordinator.onTime()
  expect([steps(), coordinator.deadlineMs, heard.at(-1)]).toEqual([2, 70, 'time'])
})

test('with the partition everything ends: who waits is told, the machine hears no more', () => {
  const { coordinator, machine, heard, answers, settled, request, record, at } = world()
  coordinator.open()
  machine.onRequest = (token) => at().append(token, [record])
  request('waits')
  coordinator.close()
  coordinator.onAppended(1, ErrorCode.UnknownTopicOrPartition)
  coordinator.run()
  coordinator.onTime()
  request('late')
  const { NotCoordinator } = ErrorCode
  expect(answers).toEqual([`waits: null ${NotCoordinator}`, `late: null ${NotCoordinator}`])
  expect(heard).toEqual(['loaded', 'request 1', 'closed'])
  expect(settled).toEqual([])
})
