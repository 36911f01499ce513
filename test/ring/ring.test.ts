import { expect, test } from 'vitest'
import { createRingMemory, HEAD_WORD, TAIL_WORD } from '../../src/ring/descriptor.ts'
import { RingReader } from '../../src/ring/reader.ts'
import { createSleepMemory, SleepFlags } from '../../src/ring/sleep.ts'
import { RingWriter } from '../../src/ring/writer.ts'

function ringAt(count: number, capacity = 8) {
  const memory = createRingMemory(capacity)
  const words = new Int32Array(memory)
  words[HEAD_WORD] = count
  words[TAIL_WORD] = count
  const taken: number[] = []
  const reader = new RingReader(memory, (slots, at) => taken.push(slots[at]!))
  return { writer: new RingWriter(memory), reader, taken }
}

test.each([0, 2 ** 31 - 3, -3])('messages come in order and only once published, counts beginning at %i', (start) => {
  const { writer, reader, taken } = ringAt(start)
  const sent: number[] = []
  for (let round = 0; round < 20; round++) {
    const count = 1 + (round % 8)
    for (let i = 0; i < count; i++) {
      writer.words[writer.claim()] = round * 10 + i
      sent.push(round * 10 + i)
    }
    expect(writer.freeSlots()).toBe(8 - count)
    expect([reader.isEmpty(), reader.poll()]).toEqual([true, 0])
    expect([writer.hasClaimed(), writer.publish(), writer.publish(), writer.hasClaimed()]).toEqual([
      true,
      true,
      false,
      false,
    ])
    expect([reader.isEmpty(), reader.poll(), reader.isEmpty()]).toEqual([false, count, true])
  }
  expect(taken).toEqual(sent)
})

test.each([0, 2 ** 31 - 3])('a full ring says so and takes no more, counts beginning at %i', (start) => {
  const { writer, reader } = ringAt(start)
  for (let i = 0; i < 8; i++) {
    expect(writer.isFull()).toBe(false)
    writer.claim()
  }
  expect(writer.isFull()).toBe(true)
  expect(() => writer.claim()).toThrow('never fills')
  writer.publish()
  expect(writer.isFull()).toBe(true)
  reader.poll()
  expect(writer.freeSlots()).toBe(8)
})

test('what is published while a poll runs is for the next one', () => {
  const memory = createRingMemory(4)
  const writer = new RingWriter(memory)
  let count = 0
  const reader = new RingReader(memory, () => {
    count++
    writer.claim()
    writer.publish()
  })
  writer.claim()
  writer.publish()
  expect([reader.poll(), count]).toEqual([1, 1])
  expect([reader.poll(), count]).toEqual([1, 2])
})

test('one waker wakes a sleeper, and nobody wakes one that is awake', () => {
  const sleep = new SleepFlags(createSleepMemory(2))
  expect(sleep.mustWake(1)).toBe(false)
  sleep.fallAsleep(1)
  expect([sleep.mustWake(0), sleep.mustWake(1), sleep.mustWake(1)]).toEqual([false, true, false])
  sleep.fallAsleep(1)
  sleep.awake(1)
  expect(sleep.mustWake(1)).toBe(false)
})
