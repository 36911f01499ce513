import { expect, test } from 'vitest'
import { Arena, ArenaView, createArenaMemory } from '../../src/memory/arena.ts'
import { Pieces } from '../../src/memory/pieces.ts'

const BLOCK = 4096

test('pieces lie densely, and their blocks are free when all of them are given back, on whichever thread', () => {
  const memory = createArenaMemory(4 * BLOCK, BLOCK)
  const arena = new Arena(memory)
  const elsewhere = new ArenaView(memory)
  const pieces = new Pieces(arena)
  const put = (length: number, fill: number) => pieces.put(new Uint8Array(length).fill(fill))
  const first = [put(1000, 1), put(2000, 2), put(1096, 3)]
  expect(first).toEqual([0, 1000, 3000])
  // A block each from here on; the last is longer than one.
  const second = put(4000, 4)
  const long = put(5000, 5)
  expect([second, long]).toEqual([BLOCK, 2 * BLOCK])
  expect(put(200, 6)).toBe(-1)
  expect([0, 1000, 3000, BLOCK, 2 * BLOCK + 4999].map((at) => arena.bytes[at])).toEqual([1, 2, 3, 4, 5])

  elsewhere.release(elsewhere.blockOf(long))
  expect(put(4096, 7)).toBe(2 * BLOCK)
  for (const offset of first) elsewhere.release(elsewhere.blockOf(offset))
  elsewhere.release(elsewhere.blockOf(second))
  expect([put(4096, 8), put(4096, 9)]).toEqual([0, BLOCK])
})
